import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../../support/server.js';
import {
  accepted,
  allTables,
  balanceOf,
  balanceTables,
  entriesOf,
  eur,
  eventsOf,
  ledgerOf,
  ledgerProblems,
  make,
  makeBucket,
  makeBuckets,
  makeReservation,
  read,
} from './balances.js';
import { create, transports, remove, unknownWord, update, type Transport, type Outcome } from './transports.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

let names = 0;
const name = (what: string): string => `${what}-${++names}`;
const party = (id: string): object => ({ id, '@referredType': 'Individual' });
const data = (amount: number, units: string): object => ({ amount, units });
const dataBucket = async (amount: number, units: string, attributes: object = {}): Promise<string> =>
  (await make(server, 'Bucket', { usageType: 'data', remainingValue: data(amount, units), ...attributes })).id;
const transfer = (door: Transport, input: object, key?: string): Promise<Outcome> =>
  create(server, door, 'TransferBalance', { amount: eur(5), ...input }, { key });
const remaining = async (...ids: string[]): Promise<number[]> =>
  Promise.all(ids.map(async (id) => (await balanceOf(server, id))[0]));

describe.each(transports)('a transfer through %s', (door) => {
  it('takes from one bucket what it gives the other, and tells both', async () => {
    const [from, to] = [await makeBucket(server, 20), await makeBucket(server, 1, { usageType: 'other' })];
    const outcome = await transfer(door, { bucket: { id: from }, receiverBucket: { id: to }, reason: 'birthday' });
    const made = accepted(outcome);
    expect(made).toMatchObject({
      status: 'completed',
      amount: eur(5),
      usageType: 'monetary',
      receiverBucketUsageType: 'other',
      reason: 'birthday',
      confirmationDate: '2026-03-01T12:00:00.000Z',
    });
    expect(made.impactedBucket).toMatchObject([
      {
        bucket: { id: from },
        amountBefore: eur(20),
        amountAfter: eur(15),
        item: [{ itemType: 'transferOut', amount: eur(5) }],
      },
      {
        bucket: { id: to },
        amountBefore: eur(1),
        amountAfter: eur(6),
        item: [{ itemType: 'transferIn', amount: eur(5) }],
      },
    ]);
    expect(await ledgerOf(server, from)).toEqual(['1 opening 20 0 → 20 0 EUR', '2 transferOut -5 0 → 15 0 EUR']);
    expect(await ledgerOf(server, to)).toEqual(['1 opening 1 0 → 1 0 EUR', '2 transferIn 5 0 → 6 0 EUR']);
    for (const id of [from, to])
      expect((await entriesOf(server, id)).at(-1)).toMatchObject({ actionKind: 'transferBalance', actionId: made.id });
    expect(await eventsOf(server, made.id)).toEqual(['TransferBalanceCreateEvent']);
    expect((await read(server, 'TransferBalance', made.id)).impactedBucket).toHaveLength(2);
  });

  it('draws on several buckets in burn order, and gives to exactly one', async () => {
    const product = { id: name('draws') };
    const late = await makeBucket(server, 10, {
      product: [product],
      validFor: { endDateTime: '2026-06-01T00:00:00.000Z' },
    });
    const first = await makeBucket(server, 1, { product: [product], priority: 1 });
    const empty = await makeBucket(server, 0, { product: [product] });
    const soon = await makeBucket(server, 2, {
      product: [product],
      validFor: { endDateTime: '2026-05-01T00:00:00.000Z' },
    });
    await makeBucket(server, 50, { product: [product], status: 'suspended' });
    const to = await makeBucket(server, 0);
    const made = accepted(await transfer(door, { product, receiverBucket: { id: to } }));
    expect(await remaining(first, soon, late, empty, to)).toEqual([0, 0, 8, 0, 5]);
    expect(made.impactedBucket.map((impact: any) => impact.bucket.id)).toEqual([first, soon, late, to]);
    expect((await transfer(door, { product, amount: eur(8.01), receiverBucket: { id: to } })).code).toBe(
      'INSUFFICIENT_REMAINING',
    );
    expect(await remaining(first, soon, late, empty, to)).toEqual([0, 0, 8, 0, 5]);
  });

  it.each<[string, () => object, (id: string) => object]>([
    ['receiverProduct', () => ({ product: [{ id: name('product') }] }), (id) => ({ receiverProduct: { id } })],
    [
      'receiverLogicalResource by id',
      () => ({ logicalResource: [{ id: name('resource') }] }),
      (id) => ({ receiverLogicalResource: { id } }),
    ],
    [
      'receiverLogicalResource by value',
      () => ({ logicalResource: [{ id: name('resource'), value: name('msisdn') }] }),
      () => ({ receiverLogicalResource: { value: `msisdn-${names}` } }),
    ],
    [
      'receiverPartyAccount',
      () => ({ partyAccount: { id: name('account') } }),
      (id) => ({ receiverPartyAccount: { id } }),
    ],
    ['receiver', () => ({ relatedParty: [party(name('friend'))] }), (id) => ({ receiver: party(id) })],
  ])('finds the receiver by %s', async (_what, owner, locator) => {
    const attributes = owner();
    const to = await makeBucket(server, 0, attributes);
    // Counts something else, so it is not meant.
    await dataBucket(1, 'MB', attributes);
    const from = await makeBucket(server, 20);
    accepted(await transfer(door, { bucket: { id: from }, ...locator(idOf(attributes)) }));
    expect(await remaining(from, to)).toEqual([15, 5]);
  });

  it("tells the receiver's buckets apart by what they are for", async () => {
    const receiver = name('receiver');
    const owner = { product: [{ id: receiver }] };
    const [main, bonus] = [
      await makeBucket(server, 0, owner),
      await makeBucket(server, 0, { ...owner, usageType: 'bonus' }),
    ];
    const from = await makeBucket(server, 20);
    const input = { bucket: { id: from }, receiverProduct: { id: receiver } };
    expect((await transfer(door, input)).code).toBe('BUCKET_AMBIGUOUS');
    accepted(await transfer(door, { ...input, receiverBucketUsageType: 'bonus' }));
    expect(await remaining(from, main, bonus)).toEqual([15, 0, 5]);
  });

  it('never leads back to the bucket it comes from', async () => {
    const product = { id: name('family') };
    const from = await makeBucket(server, 20, { product: [product] });
    expect((await transfer(door, { bucket: { id: from }, receiverProduct: product })).code).toBe('BUCKET_UNKNOWN');
    expect((await transfer(door, { product, receiverProduct: product })).code).not.toBeUndefined();
    expect((await transfer(door, { product, receiverBucket: { id: from } })).code).toBe('BUCKET_UNKNOWN');
    expect(await ledgerOf(server, from)).toHaveLength(1);
    const other = await makeBucket(server, 3, { product: [product] });
    accepted(await transfer(door, { bucket: { id: from }, receiverProduct: product }));
    expect(await remaining(from, other)).toEqual([15, 8]);
    accepted(await transfer(door, { product, receiverBucket: { id: from }, amount: eur(8) }));
    expect(await remaining(from, other)).toEqual([23, 0]);
  });

  it('fills a bucket without a value, which then counts what it got', async () => {
    const [from, to] = [await makeBucket(server, 20), await makeBucket(server, undefined)];
    accepted(
      await transfer(door, {
        bucket: { id: from },
        receiverBucket: { id: to },
        transferCost: eur(1),
        costOwner: 'receiver',
      }),
    );
    expect((await read(server, 'Bucket', to)).remainingValue).toEqual(eur(4));
  });

  it('leaves what is reserved where it is', async () => {
    const [from, to] = [await makeBucket(server, 10), await makeBucket(server, 0)];
    await makeReservation(server, from, 6);
    expect((await transfer(door, { bucket: { id: from }, receiverBucket: { id: to } })).code).toBe(
      'INSUFFICIENT_REMAINING',
    );
    accepted(await transfer(door, { bucket: { id: from }, receiverBucket: { id: to }, amount: eur(4) }));
    expect([await balanceOf(server, from), await balanceOf(server, to)]).toEqual([
      [0, 6],
      [4, 0],
    ]);
  });

  describe('with a cost', () => {
    const rows: { costOwner?: string; from: number; to: number; left: [number, number]; when: string }[] = [
      { when: 'nobody is named', from: 20, to: 0, left: [14, 5] },
      { when: 'the originator pays', costOwner: 'originator', from: 6, to: 0, left: [0, 5] },
      { when: 'the receiver pays', costOwner: 'receiver', from: 5, to: 0, left: [0, 4] },
      { when: 'the receiver pays, and had something', costOwner: 'receiver', from: 20, to: 7, left: [15, 11] },
    ];
    it.each(rows)(
      'of 1, when $when, leaves the right sums',
      async ({ costOwner, from: opening, to: receiving, left }) => {
        const [from, to] = [await makeBucket(server, opening), await makeBucket(server, receiving)];
        const input = {
          bucket: { id: from },
          receiverBucket: { id: to },
          transferCost: eur(1),
          ...(costOwner && { costOwner }),
        };
        const made = accepted(await transfer(door, input));
        expect(made.transferCost).toEqual(eur(1));
        expect(await remaining(from, to)).toEqual(left);
        const payer = costOwner === 'receiver' ? to : from;
        expect((await entriesOf(server, payer)).map(({ entryType }) => entryType)).toEqual([
          'opening',
          costOwner === 'receiver' ? 'transferIn' : 'transferOut',
          'transferCost',
        ]);
        const impact = made.impactedBucket.find(({ bucket }: any) => bucket.id === payer);
        expect(impact.item.map(({ itemType }: any) => itemType)).toContain('transferCost');
        for (const id of [from, to]) expect(await ledgerProblems(server, id)).toEqual([]);
      },
    );

    it('takes it from the next bucket when the first is empty', async () => {
      const product = { id: name('cost') };
      const [first, second] = [
        await makeBucket(server, 5, { product: [product], priority: 1 }),
        await makeBucket(server, 5, { product: [product], priority: 2 }),
      ];
      const to = await makeBucket(server, 0);
      accepted(await transfer(door, { product, receiverBucket: { id: to }, transferCost: eur(2) }));
      expect(await remaining(first, second, to)).toEqual([0, 3, 5]);
    });

    it.each<[string, object, [number, number]]>([
      ['originator', { transferCost: { amount: 500, units: 'kB' } }, [0.4995, 500]],
      ['receiver', { transferCost: { amount: 0.001, units: 'GB' }, costOwner: 'receiver' }, [0.5, 499]],
    ])('in other units of the same kind takes it from the %s exactly', async (_who, cost, left) => {
      const [from, to] = [await dataBucket(1, 'GB'), await dataBucket(0, 'MB')];
      accepted(
        await transfer(door, { bucket: { id: from }, receiverBucket: { id: to }, amount: data(500, 'MB'), ...cost }),
      );
      expect(await remaining(from, to)).toEqual(left);
    });
  });

  it('under a key happens once, whichever door repeats it', async () => {
    const [from, to] = [await makeBucket(server, 20), await makeBucket(server, 0)];
    const input = { bucket: { id: from }, receiverBucket: { id: to } };
    const key = name('transfer');
    const made = accepted(await transfer(door, input, key));
    for (const other of transports) {
      const again = await transfer(other, input, key);
      expect([again.replayed, again.resource.id]).toEqual([true, made.id]);
    }
    expect(await remaining(from, to)).toEqual([15, 5]);
    expect((await transfer(door, { ...input, transferCost: eur(1) }, key)).code).toBe('IDEMPOTENCY_KEY_REUSED');
    const refusedKey = name('refused');
    const refused = await transfer(door, { ...input, amount: eur(100) }, refusedKey);
    await make(server, 'TopupBalance', { bucket: { id: from }, amount: eur(200) });
    const again = await transfer(door, { ...input, amount: eur(100) }, refusedKey);
    expect([again.code, again.reference, again.replayed]).toEqual(['INSUFFICIENT_REMAINING', refused.reference, true]);
  });

  it('changes by PATCH only in what describes it', async () => {
    const [from, to] = [await makeBucket(server, 20), await makeBucket(server, 0)];
    const { id } = accepted(await transfer(door, { bucket: { id: from }, receiverBucket: { id: to } }));
    expect(accepted(await update(server, door, 'TransferBalance', id, { description: 'a gift' })).description).toBe(
      'a gift',
    );
    for (const input of [
      { amount: eur(1) },
      { transferCost: eur(1) },
      { receiverBucket: { id: from } },
      { costOwner: 'receiver' },
    ]) {
      expect((await update(server, door, 'TransferBalance', id, input)).status).toBe(409);
    }
    accepted(await remove(server, door, 'TransferBalance', id));
    expect(await remaining(from, to)).toEqual([15, 5]);
    expect(await ledgerProblems(server, to)).toEqual([]);
  });
});

function idOf(attributes: any): string {
  const { product, logicalResource, partyAccount, relatedParty } = attributes;
  return (product ?? logicalResource ?? relatedParty ?? [partyAccount])[0].id;
}

describe('a transfer is refused, kept as failed, and moves nothing', () => {
  interface Row {
    code: string;
    status: number;
    when: string;
    arrange: () => Promise<object>;
    /** The receiver is at fault, and the message says so. */
    isAboutReceiver?: true;
  }
  const between =
    (from: [number | undefined, object?], to: [number | undefined, object?], more: object = {}) =>
    async (): Promise<object> => ({
      bucket: { id: await makeBucket(server, ...from) },
      receiverBucket: { id: await makeBucket(server, ...to) },
      ...more,
    });
  const over = { validFor: { endDateTime: '2026-02-01T00:00:00.000Z' } };
  const notYet = { validFor: { startDateTime: '2026-04-01T00:00:00.000Z' } };
  const usd = { amount: 5, units: 'USD' };

  const rows: Row[] = [
    {
      code: 'BUCKET_UNKNOWN',
      status: 422,
      when: 'its bucket does not exist',
      arrange: async () => ({ bucket: { id: 'nowhere' }, receiverBucket: { id: await makeBucket(server, 0) } }),
    },
    {
      code: 'BUCKET_UNKNOWN',
      status: 422,
      when: 'the receiving bucket does not exist',
      isAboutReceiver: true,
      arrange: async () => ({ bucket: { id: await makeBucket(server, 20) }, receiverBucket: { id: 'nowhere' } }),
    },
    {
      code: 'BUCKET_UNKNOWN',
      status: 422,
      when: 'nothing belongs to the receiving product',
      isAboutReceiver: true,
      arrange: async () => ({ bucket: { id: await makeBucket(server, 20) }, receiverProduct: { id: 'nobody' } }),
    },
    {
      code: 'BUCKET_UNKNOWN',
      status: 422,
      when: 'all buckets of the receiver are suspended',
      isAboutReceiver: true,
      arrange: async () => {
        const receiverProduct = { id: name('asleep') };
        await makeBucket(server, 0, { product: [receiverProduct], status: 'suspended' });
        return { bucket: { id: await makeBucket(server, 20) }, receiverProduct };
      },
    },
    {
      code: 'BUCKET_AMBIGUOUS',
      status: 422,
      when: 'the receiver has two such buckets',
      isAboutReceiver: true,
      arrange: async () => {
        const receiverProduct = { id: name('two') };
        await makeBuckets(server, 2, 0, { product: [receiverProduct] });
        return { bucket: { id: await makeBucket(server, 20) }, receiverProduct };
      },
    },
    {
      code: 'UNITS_MISMATCH',
      status: 422,
      when: 'its bucket counts other units',
      arrange: async () => ({
        bucket: { id: await dataBucket(9, 'MB') },
        receiverBucket: { id: await makeBucket(server, 0) },
      }),
    },
    {
      code: 'UNITS_MISMATCH',
      status: 422,
      when: 'the receiving bucket counts other units',
      isAboutReceiver: true,
      arrange: async () => ({
        bucket: { id: await makeBucket(server, 20) },
        receiverBucket: { id: await dataBucket(9, 'MB') },
      }),
    },
    {
      code: 'UNITS_MISMATCH',
      status: 422,
      when: 'the amount is in other units than both',
      isAboutReceiver: true,
      arrange: between([20], [0], { amount: usd }),
    },
    {
      code: 'UNITS_MISMATCH',
      status: 422,
      when: 'the cost is in other units',
      arrange: between([20], [0], { transferCost: usd }),
    },
    {
      code: 'UNITS_MISMATCH',
      status: 422,
      when: 'the cost of the receiver is in other units',
      isAboutReceiver: true,
      arrange: between([20], [0], { transferCost: usd, costOwner: 'receiver' }),
    },
    {
      code: 'UNITS_MISMATCH',
      status: 422,
      when: 'the receiving bucket cannot hold the amount exactly',
      isAboutReceiver: true,
      arrange: async () => ({
        bucket: { id: await dataBucket(9, 'B') },
        receiverBucket: { id: await dataBucket(0, 'KiB') },
        amount: data(1, 'B'),
      }),
    },
    {
      code: 'UNITS_MISMATCH',
      status: 422,
      when: 'the receiver cannot pay the cost exactly',
      isAboutReceiver: true,
      arrange: async () => ({
        bucket: { id: await dataBucket(9, 'TB') },
        receiverBucket: { id: await dataBucket(0, 'TB') },
        amount: data(1, 'TB'),
        transferCost: data(1, 'B'),
        costOwner: 'receiver',
      }),
    },
    {
      code: 'UNITS_MISMATCH',
      status: 422,
      when: 'the originator cannot pay the cost exactly',
      arrange: async () => ({
        bucket: { id: await dataBucket(9, 'TB') },
        receiverBucket: { id: await dataBucket(0, 'TB') },
        amount: data(1, 'TB'),
        transferCost: data(1, 'B'),
      }),
    },
    {
      code: 'BUCKET_SUSPENDED',
      status: 409,
      when: 'its bucket is suspended',
      arrange: between([20, { status: 'suspended' }], [0]),
    },
    {
      code: 'BUCKET_SUSPENDED',
      status: 409,
      when: 'the receiving bucket is suspended',
      isAboutReceiver: true,
      arrange: between([20], [0, { status: 'suspended' }]),
    },
    { code: 'BUCKET_EXPIRED', status: 409, when: 'its bucket is expired', arrange: between([20, over], [0]) },
    {
      code: 'BUCKET_EXPIRED',
      status: 409,
      when: 'the receiving bucket is expired',
      isAboutReceiver: true,
      arrange: between([20], [0, over]),
    },
    {
      code: 'BUCKET_NOT_YET_VALID',
      status: 409,
      when: 'its bucket is not yet valid',
      arrange: between([20, notYet], [0]),
    },
    {
      code: 'BUCKET_NOT_YET_VALID',
      status: 409,
      when: 'the receiving bucket is not yet valid',
      isAboutReceiver: true,
      arrange: between([20], [0, notYet]),
    },
    { code: 'INSUFFICIENT_REMAINING', status: 409, when: 'its bucket has less', arrange: between([4.99], [100]) },
    {
      code: 'INSUFFICIENT_REMAINING',
      status: 409,
      when: 'its bucket never had a value',
      arrange: between([undefined], [100]),
    },
    {
      code: 'INSUFFICIENT_REMAINING',
      status: 409,
      when: 'the originator has the amount, but not the cost',
      arrange: between([5.5], [100], { transferCost: eur(1) }),
    },
    {
      code: 'INSUFFICIENT_REMAINING',
      status: 409,
      when: 'the receiver cannot pay the cost',
      isAboutReceiver: true,
      arrange: between([20], [0.5], { transferCost: eur(6), costOwner: 'receiver' }),
    },
    {
      code: 'BALANCE_LIMIT',
      status: 409,
      when: 'the receiving bucket would become too full',
      isAboutReceiver: true,
      arrange: between([20], [999_999_999_999_998]),
    },
    {
      code: 'BALANCE_LIMIT',
      status: 409,
      when: 'the decimals of the cost do not fit',
      isAboutReceiver: true,
      arrange: between([20], [999_999_999_999_990], { transferCost: eur(0.1), costOwner: 'receiver' }),
    },
  ];

  it.each(rows)('with $code when $when', async ({ code, status, arrange, isAboutReceiver }) => {
    for (const door of transports) {
      const input = await arrange();
      // Settles what expires.
      await server.rest('GET', '/bucket?limit=1');
      const before = await balanceTables(server);
      const outcome = await transfer(door, input);
      expect([outcome.code, outcome.status]).toEqual([code, status]);
      expect(String(outcome.message).startsWith('receiver: ')).toBe(isAboutReceiver ?? false);
      expect(await balanceTables(server)).toEqual(before);
      const id = String(outcome.reference).split('/').at(-1) as string;
      expect(await read(server, 'TransferBalance', id)).toMatchObject({
        status: 'failed',
        failureCode: code,
        failureMessage: outcome.message,
      });
      expect(await eventsOf(server, id)).toEqual(['TransferBalanceFailureEvent']);
    }
  });
});

describe('a transfer is invalid, and leaves no trace', () => {
  it.each<[string, object, unknown]>([
    ['nobody receives', { receiverBucket: undefined }, 'MISSING_ATTRIBUTE'],
    [
      'the receiving logical resource has no name',
      { receiverBucket: undefined, receiverLogicalResource: {} },
      'MISSING_ATTRIBUTE',
    ],
    ['nobody gives', { bucket: undefined }, 'MISSING_ATTRIBUTE'],
    ['the amount is zero', { amount: eur(0) }, 'INVALID_ATTRIBUTE'],
    ['the amount is negative', { amount: eur(-5) }, 'INVALID_ATTRIBUTE'],
    ['the amount is too large', { amount: eur(2e15) }, 'INVALID_ATTRIBUTE'],
    ['the amount is too fine', { amount: eur('0.0000000001') }, 'INVALID_ATTRIBUTE'],
    ['the cost is zero', { transferCost: eur(0) }, 'INVALID_ATTRIBUTE'],
    ['the cost is negative', { transferCost: eur(-1) }, 'INVALID_ATTRIBUTE'],
    ['the cost has no units', { transferCost: { amount: 1, units: '' } }, 'INVALID_ATTRIBUTE'],
    ['nobody is to pay the cost', { transferCost: eur(1), costOwner: 'nobody' }, unknownWord],
    ['what the receiver uses it for has no name', { receiverBucketUsageType: '' }, 'INVALID_ATTRIBUTE'],
  ])('when %s', async (_when, attributes, code) => {
    const input = {
      bucket: { id: await makeBucket(server, 20) },
      receiverBucket: { id: await makeBucket(server, 0) },
      ...attributes,
    };
    const before = await allTables(server);
    for (const door of transports) expect(await transfer(door, input)).toMatchObject({ status: 400, code });
    expect(await allTables(server)).toEqual(before);
  });

  it('when it goes where it comes from', async () => {
    const id = await makeBucket(server, 20);
    const before = await allTables(server);
    for (const door of transports)
      expect(await transfer(door, { bucket: { id }, receiverBucket: { id } })).toMatchObject({
        status: 400,
        code: 'INVALID_ATTRIBUTE',
      });
    expect(await allTables(server)).toEqual(before);
  });
});

describe('several transfers', () => {
  it('in one request happen all or not at all', async () => {
    const ids = await makeBuckets(server, 3, 10);
    const [a, b, c] = ids as [string, string, string];
    const mutation =
      'mutation ($inputs: [TransferBalanceCreate!]!) { createTransferBalances(inputs: $inputs) { id status } }';
    const step = (from: string, to: string, amount: number): object => ({
      bucket: { refId: from },
      receiverBucket: { refId: to },
      amount: eur(amount),
    });
    const done = await server.graphql(mutation, { inputs: [step(a, b, 10), step(b, c, 20), step(c, a, 30)] });
    expect(done.data.createTransferBalances).toHaveLength(3);
    expect(await remaining(a, b, c)).toEqual([30, 0, 0]);
    const before = await balanceTables(server);
    const refused = await server.graphql(mutation, { inputs: [step(a, b, 10), step(b, c, 11)] });
    expect(refused.errors?.[0]?.extensions.code).toBe('INSUFFICIENT_REMAINING');
    expect(await balanceTables(server)).toEqual(before);
  });

  it('are answered alike at both doors', async () => {
    const [from, to] = [await makeBucket(server, 20), await makeBucket(server, 0)];
    const input = {
      bucket: { id: from },
      receiverBucket: { id: to },
      transferCost: eur(1),
      costOwner: 'receiver',
      channel: { id: 'web' },
      relatedParty: [party('x')],
    };
    const [one, other] = [await transfer('rest', input), await transfer('graphql', input)];
    const mapping = ({ resource }: Outcome): unknown =>
      JSON.parse(
        JSON.stringify(resource, (attribute, value) =>
          /^(id|href)$/.test(attribute) || /^amount(Before|After)$/.test(attribute) ? '…' : value,
        ),
      );
    expect(mapping(other)).toEqual(mapping(one));
  });
});
