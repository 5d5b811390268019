import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../../support/server.js';
import { accepted, actions, balanceOf, eur, ledgerOf, make, makeBucket, makeBuckets, read } from './balances.js';
import { commitVerb, create, transports, releaseVerb } from './transports.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** A name nobody else uses, so that each test meets only its own buckets. */
let name = '';
let names = 0;
beforeEach(() => {
  name = `name-${++names}`;
});

const party = (id: string): object => ({ id, '@referredType': 'Customer' });

/** The buckets an action moved, each with the amount before and after. */
function impacts(action: any): [string, number, number][] {
  return action.impactedBucket.map((impact: any) => [
    impact.bucket.id,
    impact.amountBefore.amount,
    impact.amountAfter.amount,
  ]);
}

describe('the bucket an action means', () => {
  const ways: readonly { by: string; owned: () => object; asked: () => object }[] = [
    {
      by: 'product',
      owned: () => ({ product: [{ id: 'other' }, { id: name }] }),
      asked: () => ({ product: [{ id: name }] }),
    },
    {
      by: 'product given as one object',
      owned: () => ({ product: { id: name } }),
      asked: () => ({ product: { id: name } }),
    },
    {
      by: 'one of several products',
      owned: () => ({ product: [{ id: name }] }),
      asked: () => ({ product: [{ id: `${name}-x` }, { id: name }] }),
    },
    {
      by: 'id of a logicalResource',
      owned: () => ({ logicalResource: [{ id: name }] }),
      asked: () => ({ logicalResource: [{ id: name }] }),
    },
    {
      by: 'value of a logicalResource alone',
      owned: () => ({ logicalResource: [{ value: name }] }),
      asked: () => ({ logicalResource: [{ value: name }] }),
    },
    {
      by: 'value of a logicalResource that has an id of its own',
      owned: () => ({ logicalResource: [{ id: `l-${name}`, value: name }] }),
      asked: () => ({ logicalResource: [{ value: name }] }),
    },
    {
      by: 'id that equals the value the bucket was made with',
      owned: () => ({ logicalResource: [{ value: name }] }),
      asked: () => ({ logicalResource: [{ id: name }] }),
    },
    {
      by: 'partyAccount',
      owned: () => ({ partyAccount: { id: name } }),
      asked: () => ({ partyAccount: { id: name } }),
    },
    {
      by: 'relatedParty',
      owned: () => ({ relatedParty: [party('x'), party(name)] }),
      asked: () => ({ relatedParty: [party(name)] }),
    },
    {
      by: 'product and account together',
      owned: () => ({ product: [{ id: name }], partyAccount: { id: name } }),
      asked: () => ({ product: [{ id: name }], partyAccount: { id: name } }),
    },
    {
      by: 'product, whatever party is named beside it',
      owned: () => ({ product: [{ id: name }] }),
      asked: () => ({ product: [{ id: name }], relatedParty: [party('agent')] }),
    },
  ];
  const cases = ways.flatMap((way) => transports.map((door) => ({ ...way, door })));

  it.each(cases)('is found by $by ($door)', async ({ owned, asked, door }) => {
    const id = await makeBucket(server, 10, owned());
    for (const [action, after] of [
      ['topup', 15],
      ['credit', 20],
      ['debit', 15],
      ['reserve', 10],
    ] as const) {
      const { type, attributes } = actions[action];
      const done = accepted(await create(server, door, type, { ...asked(), ...attributes, amount: eur(5) }));
      expect(impacts(done).map(([bucketId, , amountAfter]) => [bucketId, amountAfter])).toEqual([[id, after]]);
      expect(done.usageType).toBe('monetary');
    }
  });

  it('is the one named, even when product leads elsewhere', async () => {
    const id = await makeBucket(server, 10);
    await makeBucket(server, 10, { product: [{ id: name }] });
    const topup = await make(server, 'TopupBalance', { bucket: { id }, product: [{ id: name }], amount: eur(5) });
    expect(impacts(topup)).toEqual([[id, 10, 15]]);
  });

  it('must carry a reference of every kind given', async () => {
    await makeBucket(server, 10, { product: [{ id: name }] });
    const outcome = await create(server, 'rest', 'TopupBalance', {
      product: [{ id: name }],
      partyAccount: { id: name },
      amount: eur(5),
    });
    expect(outcome.code).toBe('BUCKET_UNKNOWN');
  });

  it('is chosen among others by its units and by usageType', async () => {
    const product = [{ id: name }];
    const money = await makeBucket(server, 10, { product });
    const calls = (await make(server, 'Bucket', { usageType: 'voice', remainingValue: eur(10), product })).id;
    const volume = (
      await make(server, 'Bucket', { usageType: 'data', remainingValue: { amount: 10, units: 'GB' }, product })
    ).id;
    const topup = (extra: object): Promise<any> => make(server, 'TopupBalance', { product, amount: eur(5), ...extra });
    expect((await create(server, 'rest', 'TopupBalance', { product, amount: eur(5) })).code).toBe('BUCKET_AMBIGUOUS');
    expect(impacts(await topup({ usageType: 'monetary' }))).toEqual([[money, 10, 15]]);
    expect(impacts(await topup({ usageType: 'voice' }))).toEqual([[calls, 10, 15]]);
    expect(impacts(await topup({ amount: { amount: 1, units: 'GB' } }))).toEqual([[volume, 10, 11]]);
    expect((await create(server, 'rest', 'TopupBalance', { product, amount: eur(5), usageType: 'sms' })).code).toBe(
      'BUCKET_UNKNOWN',
    );
  });

  it('is never one that is suspended, expired or not yet valid', async () => {
    const product = [{ id: name }];
    await makeBucket(server, 10, { product, status: 'suspended' });
    await makeBucket(server, 10, { product, status: 'expired' });
    await makeBucket(server, 10, { product, validFor: { endDateTime: '2026-02-01T00:00:00Z' } });
    await makeBucket(server, 10, { product, validFor: { startDateTime: '2026-04-01T00:00:00Z' } });
    const id = await makeBucket(server, 10, { product });
    expect(impacts(await make(server, 'TopupBalance', { product, amount: eur(5) }))).toEqual([[id, 10, 15]]);
    expect(impacts(await make(server, 'ReserveBalance', { product, amount: eur(15) }))).toEqual([[id, 15, 0]]);
  });

  it('is found behind any number of buckets whose validity is over', async () => {
    const product = [{ id: name }];
    const old = { product, validFor: { endDateTime: '2026-02-01T00:00:00Z' } };
    await makeBuckets(server, 101, 0, old);
    const id = await makeBucket(server, 10, { product });
    const outcomes = [];
    for (const action of ['topup', 'credit', 'debit', 'reserve'] as const) {
      const { type, attributes } = actions[action];
      const outcome = await create(server, 'rest', type, {
        product,
        ...attributes,
        amount: eur(5),
        usageType: 'monetary',
      });
      outcomes.push([action, outcome.code ?? impacts(outcome.resource)[0]?.[0]]);
    }
    expect(outcomes).toEqual([
      ['topup', id],
      ['credit', id],
      ['debit', id],
      ['reserve', id],
    ]);
  });

  it('is named by a refused credit that fits several', async () => {
    const product = [{ id: name }];
    const ids = [await makeBucket(server, 10, { product }), await makeBucket(server, 10, { product })];
    for (const action of ['topup', 'credit'] as const) {
      const outcome = await create(server, 'rest', actions[action].type, { product, amount: eur(5) });
      expect([outcome.code, outcome.status]).toEqual(['BUCKET_AMBIGUOUS', 422]);
      for (const id of ids) expect(outcome.message).toContain(id);
    }
    for (const id of ids) expect(await balanceOf(server, id)).toEqual([10, 0]);
  });
});

describe('an action on several buckets', () => {
  /** Made in an order that differs from the burn order, which is the order of the answer. */
  async function burnOrder(product: object[]): Promise<string[]> {
    const oldest = await makeBucket(server, 1, { product });
    const youngest = await makeBucket(server, 1, { product });
    const endsLater = await makeBucket(server, 1, { product, validFor: { endDateTime: '2026-06-01T00:00:00Z' } });
    const endsSoon = await makeBucket(server, 1, { product, validFor: { endDateTime: '2026-05-01T00:00:00Z' } });
    const second = await makeBucket(server, 1, { product, priority: 2 });
    const firstEndsNever = await makeBucket(server, 1, { product, priority: 1 });
    const firstEnds = await makeBucket(server, 1, {
      product,
      priority: 1,
      validFor: { endDateTime: '2026-12-01T00:00:00Z' },
    });
    return [firstEnds, firstEndsNever, second, endsSoon, endsLater, oldest, youngest];
  }

  it.each(['debit', 'reserve'] as const)('draws in burn order: priority, end of validity, age (%s)', async (action) => {
    const product = [{ id: name }];
    const ids = await burnOrder(product);
    const { type, attributes } = actions[action];
    const done = await make(server, type, { product, ...attributes, amount: eur(6.5) });
    expect(impacts(done)).toEqual(ids.map((id, index) => [id, 1, index < 6 ? 0 : 0.5]));
    expect(done.impactedBucket.map(({ item }: any) => item)).toEqual(
      ids.map((_id, index) => [{ itemType: action, amount: eur(index < 6 ? 1 : 0.5) }]),
    );
    for (const [index, id] of ids.entries()) {
      const share = index < 6 ? 1 : 0.5;
      expect(await balanceOf(server, id)).toEqual([1 - share, action === 'reserve' ? share : 0]);
    }
  });

  it.each(['debit', 'reserve'] as const)(
    'touches no more buckets than it needs, and skips empty ones (%s)',
    async (action) => {
      const product = [{ id: name }];
      const [first, empty, third, untouched] = [
        await makeBucket(server, 2, { product }),
        await makeBucket(server, 0, { product }),
        await makeBucket(server, 2, { product }),
        await makeBucket(server, 2, { product }),
      ];
      const { type, attributes } = actions[action];
      const done = await make(server, type, { product, ...attributes, amount: eur(4) });
      expect(impacts(done)).toEqual([
        [first, 2, 0],
        [third, 2, 0],
      ]);
      expect(await ledgerOf(server, empty)).toHaveLength(1);
      expect(await read(server, 'Bucket', untouched)).toMatchObject({ remainingValue: eur(2), reservedValue: eur(0) });
    },
  );

  it.each(['debit', 'reserve'] as const)('takes all or nothing (%s)', async (action) => {
    const product = [{ id: name }];
    const ids = [await makeBucket(server, 2, { product }), await makeBucket(server, 3, { product })];
    const { type, attributes } = actions[action];
    const refused = await create(server, 'rest', type, { product, ...attributes, amount: eur('5.000000001') });
    expect(refused.code).toBe('INSUFFICIENT_REMAINING');
    expect([await balanceOf(server, String(ids[0])), await balanceOf(server, String(ids[1]))]).toEqual([
      [2, 0],
      [3, 0],
    ]);
    accepted(await create(server, 'graphql', type, { product, ...attributes, amount: eur(5) }));
    expect((await balanceOf(server, String(ids[0])))[0] + (await balanceOf(server, String(ids[1])))[0]).toBe(0);
  });

  it('draws on one hundred buckets', async () => {
    const product = [{ id: name }];
    await makeBuckets(server, 100, 0.01, { product });
    const debit = await make(server, 'AdjustBalance', { product, ...actions.debit.attributes, amount: eur(1) });
    expect(debit.impactedBucket).toHaveLength(100);
  });

  async function reserved(): Promise<{ ids: string[]; reservation: string }> {
    const product = [{ id: name }];
    const ids = [
      await makeBucket(server, 2, { product, priority: 3 }),
      await makeBucket(server, 2, { product, priority: 2 }),
      await makeBucket(server, 2, { product, priority: 1 }),
    ].reverse();
    return { ids, reservation: (await make(server, 'ReserveBalance', { product, amount: eur(5) })).id };
  }
  const balances = (ids: string[]): Promise<[number, number][]> => Promise.all(ids.map((id) => balanceOf(server, id)));

  it('is seen on each of its buckets while it holds', async () => {
    const { ids, reservation } = await reserved();
    expect(await balances(ids)).toEqual([
      [0, 2],
      [0, 2],
      [1, 1],
    ]);
    for (const id of ids) expect((await read(server, 'Bucket', id)).reserveBalance).toEqual([{ id: reservation }]);
  });

  it('gives every share back where it came from when it is released', async () => {
    const { ids, reservation } = await reserved();
    accepted(await releaseVerb(server, reservation));
    expect(await balances(ids)).toEqual([
      [2, 0],
      [2, 0],
      [2, 0],
    ]);
    for (const id of ids) expect(await read(server, 'Bucket', id)).not.toHaveProperty('reserveBalance');
  });

  it('is committed in burn order, and the rest goes back where it came from', async () => {
    const { ids, reservation } = await reserved();
    const commit = accepted(await commitVerb(server, reservation, eur(3)));
    expect(await balances(ids)).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
    ]);
    expect(impacts(commit)).toEqual([
      [ids[0], 0, 0],
      [ids[1], 0, 1],
      [ids[2], 1, 2],
    ]);
    expect(
      commit.impactedBucket.map(({ item }: any) => item.map(({ itemType, amount }: any) => [itemType, amount.amount])),
    ).toEqual([
      [['commit', 2]],
      [
        ['commit', 1],
        ['release', 1],
      ],
      [['release', 1]],
    ]);
    expect(await ledgerOf(server, String(ids[1]))).toEqual([
      '1 opening 2 0 → 2 0 EUR',
      '2 reserve -2 2 → 0 2 EUR',
      '3 commit 0 -1 → 0 1 EUR',
      '4 release 1 -1 → 1 0 EUR',
    ]);
  });

  it('is committed whole when no amount is given', async () => {
    const { ids, reservation } = await reserved();
    const commit = accepted(await commitVerb(server, reservation));
    expect(commit.amount).toEqual(eur(5));
    expect(await balances(ids)).toEqual([
      [0, 0],
      [0, 0],
      [1, 0],
    ]);
    expect((await read(server, 'ReserveBalance', reservation)).status).toBe('completed');
  });
});

describe('used-up buckets', () => {
  it('do not count among those an action may draw on', async () => {
    const owned = { product: [{ id: name }] };
    await makeBuckets(server, 110, 0, owned);
    const full = await makeBucket(server, 50, owned);
    const debit = await make(server, 'AdjustBalance', { ...owned, adjustType: 'oneTimeChargeDebit', amount: eur(1) });
    expect(impacts(debit)).toEqual([[full, 50, 49]]);
    const tooMuch = await create(server, 'rest', 'AdjustBalance', {
      ...owned,
      adjustType: 'oneTimeChargeDebit',
      amount: eur(50),
    });
    expect(tooMuch.code).toBe('INSUFFICIENT_REMAINING');
  });
});
