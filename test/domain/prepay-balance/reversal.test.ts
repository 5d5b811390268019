import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../../support/server.js';
import {
  accepted,
  actions,
  allTables,
  balanceOf,
  entriesOf,
  eur,
  eventsOf,
  ledgerOf,
  ledgerProblems,
  make,
  makeBucket,
  makeReservation,
  read,
} from './balances.js';
import {
  commitVerb,
  create,
  transports,
  releaseVerb,
  remove,
  update,
  type Transport,
  type Outcome,
  type Type,
} from './transports.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(() => server.clock.set('2026-03-01T12:00:00.000Z'));
afterAll(() => server.close());

const reverse = (door: Transport, type: Type, id: string, key?: string): Promise<Outcome> =>
  update(server, door, type, id, { status: 'cancelled' }, { key });
const idOf = async (type: Type, input: object): Promise<string> => (await make(server, type, input)).id;
const topUp = (bucketId: string, amount: number): Promise<string> =>
  idOf('TopupBalance', { bucket: { id: bucketId }, amount: eur(amount) });
const debit = (bucketId: string, amount: number): Promise<string> =>
  idOf('AdjustBalance', { ...actions.debit.attributes, bucket: { id: bucketId }, amount: eur(amount) });

/** A completed action, the buckets it moved, and the lines its reversal adds to their ledgers. */
interface Done {
  type: Type;
  id: string;
  buckets: string[];
  lines: string[];
}

const kinds: [string, (opening: number) => Promise<Done>][] = [
  [
    'top-up',
    async (opening) => {
      const bucket = await makeBucket(server, opening);
      return {
        type: 'TopupBalance',
        id: await topUp(bucket, 5),
        buckets: [bucket],
        lines: ['3 reversal -5 0 → 10 0 EUR'],
      };
    },
  ],
  [
    'credit',
    async (opening) => {
      const bucket = await makeBucket(server, opening);
      const id = await idOf('AdjustBalance', { ...actions.credit.attributes, bucket: { id: bucket }, amount: eur(5) });
      return { type: 'AdjustBalance', id, buckets: [bucket], lines: ['3 reversal -5 0 → 10 0 EUR'] };
    },
  ],
  [
    'debit',
    async (opening) => {
      const bucket = await makeBucket(server, opening);
      return {
        type: 'AdjustBalance',
        id: await debit(bucket, 5),
        buckets: [bucket],
        lines: ['3 reversal 5 0 → 10 0 EUR'],
      };
    },
  ],
  [
    'debit of several buckets',
    async (opening) => {
      const product = [{ id: `reversal ${Math.random()}` }];
      const buckets = [await makeBucket(server, opening, { product }), await makeBucket(server, opening, { product })];
      const id = await idOf('AdjustBalance', { ...actions.debit.attributes, product, amount: eur(12) });
      return { type: 'AdjustBalance', id, buckets, lines: ['3 reversal 10 0 → 10 0 EUR', '3 reversal 2 0 → 10 0 EUR'] };
    },
  ],
  [
    'commit',
    async (opening) => {
      const bucket = await makeBucket(server, opening);
      const { id } = accepted(await commitVerb(server, await makeReservation(server, bucket, 5), eur(3)));
      return { type: 'AdjustBalance', id, buckets: [bucket], lines: ['5 reversal 3 0 → 10 0 EUR'] };
    },
  ],
  [
    'transfer',
    async (opening) => {
      const [from, to] = [await makeBucket(server, opening), await makeBucket(server, opening)];
      const id = await idOf('TransferBalance', { bucket: { id: from }, receiverBucket: { id: to }, amount: eur(5) });
      return {
        type: 'TransferBalance',
        id,
        buckets: [from, to],
        lines: ['3 reversal 5 0 → 10 0 EUR', '3 reversal -5 0 → 10 0 EUR'],
      };
    },
  ],
  [
    'transfer with a cost of the originator',
    async (opening) => {
      const [from, to] = [await makeBucket(server, opening), await makeBucket(server, opening)];
      const id = await idOf('TransferBalance', {
        bucket: { id: from },
        receiverBucket: { id: to },
        amount: eur(5),
        transferCost: eur(2),
      });
      return {
        type: 'TransferBalance',
        id,
        buckets: [from, to],
        lines: ['4 reversal 7 0 → 10 0 EUR', '3 reversal -5 0 → 10 0 EUR'],
      };
    },
  ],
  [
    'transfer with a cost of the receiver',
    async (opening) => {
      const [from, to] = [await makeBucket(server, opening), await makeBucket(server, opening)];
      const id = await idOf('TransferBalance', {
        bucket: { id: from },
        receiverBucket: { id: to },
        amount: eur(5),
        transferCost: eur(2),
        costOwner: 'receiver',
      });
      return {
        type: 'TransferBalance',
        id,
        buckets: [from, to],
        lines: ['3 reversal 5 0 → 10 0 EUR', '4 reversal -3 0 → 10 0 EUR'],
      };
    },
  ],
  [
    'scheduled top-up that has happened',
    async (opening) => {
      const bucket = await makeBucket(server, opening);
      const id = await idOf('TopupBalance', {
        bucket: { id: bucket },
        amount: eur(5),
        requestedDate: '2026-03-01T12:00:00.000Z',
      });
      return { type: 'TopupBalance', id, buckets: [bucket], lines: ['3 reversal -5 0 → 10 0 EUR'] };
    },
  ],
];

const reversals = (bucketIds: string[]): Promise<string[]> =>
  Promise.all(bucketIds.map((id) => ledgerOf(server, id))).then((ledgers) =>
    ledgers.flat().filter((line) => line.includes('reversal')),
  );

describe.each(transports)('a reversal through %s', (door) => {
  it.each(kinds)('of a %s undoes it by entries of its own, once', async (_kind, arrange) => {
    const { type, id, buckets, lines } = await arrange(10);
    const before = await read(server, type, id);
    const events = await eventsOf(server, id);
    server.clock.advance(60_000);
    const cancelled = accepted(await reverse(door, type, id));
    expect(cancelled).toMatchObject({
      id,
      status: 'cancelled',
      amount: before.amount,
      confirmationDate: before.confirmationDate,
    });
    expect(cancelled.impactedBucket).toHaveLength(before.impactedBucket.length + lines.length);
    expect(cancelled.impactedBucket.at(-1).item).toMatchObject([{ itemType: 'reversal' }]);
    expect(await reversals(buckets)).toEqual(lines);
    for (const bucket of buckets) {
      expect(await balanceOf(server, bucket)).toEqual([10, 0]);
      expect(await ledgerProblems(server, bucket)).toEqual([]);
      expect((await entriesOf(server, bucket)).at(-1)).toMatchObject({
        entryType: 'reversal',
        actionId: id,
        recordedAt: '2026-03-01T12:01:00.000Z',
      });
    }
    const kind = `${type}`;
    expect((await eventsOf(server, id)).slice(events.length)).toEqual([
      `${kind}CancelEvent`,
      `${kind}StatusChangeEvent`,
    ]);

    // A second time changes nothing; deleted, its entries stay.
    const after = await allTables(server);
    expect(accepted(await reverse(door, type, id)).status).toBe('cancelled');
    expect(await allTables(server)).toEqual(after);
    accepted(await remove(server, door, type, id));
    expect(await reversals(buckets)).toEqual(lines);
  });

  it.each(kinds)('of a %s, asked for ten times at once, happens once', async (_kind, arrange) => {
    const { type, id, buckets, lines } = await arrange(10);
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, index) => reverse(index % 2 ? door : 'rest', type, id)),
    );
    expect(outcomes.map(({ code }) => code).filter(Boolean)).toEqual([]);
    expect(await reversals(buckets)).toEqual(lines);
  });

  it('is refused, and leaves no trace, when what came is gone', async () => {
    const bucket = await makeBucket(server, 0);
    const id = await topUp(bucket, 5);
    await debit(bucket, 0.01);
    const before = await allTables(server);
    const refused = await reverse(door, 'TopupBalance', id);
    expect(refused).toMatchObject({ status: 409, code: 'INSUFFICIENT_REMAINING' });
    expect(refused.message).toContain(bucket);
    expect(await allTables(server)).toEqual(before);
    expect((await read(server, 'TopupBalance', id)).status).toBe('completed');
  });

  it('is refused when what came is reserved', async () => {
    const bucket = await makeBucket(server, 0);
    const id = await topUp(bucket, 5);
    const reservation = await makeReservation(server, bucket, 1);
    expect(await reverse(door, 'TopupBalance', id)).toMatchObject({ status: 409, code: 'INSUFFICIENT_REMAINING' });
    accepted(await releaseVerb(server, reservation));
    accepted(await reverse(door, 'TopupBalance', id));
  });

  it('of a transfer is refused wholly when the receiver has spent it', async () => {
    const [from, to] = [await makeBucket(server, 10), await makeBucket(server, 0)];
    const id = await idOf('TransferBalance', { bucket: { id: from }, receiverBucket: { id: to }, amount: eur(5) });
    await debit(to, 1);
    expect(await reverse(door, 'TransferBalance', id)).toMatchObject({ status: 409, code: 'INSUFFICIENT_REMAINING' });
    expect([await balanceOf(server, from), await balanceOf(server, to)]).toEqual([
      [5, 0],
      [4, 0],
    ]);
  });

  it('is refused when the bucket has become too full, or does not exist any more', async () => {
    const full = await makeBucket(server, 999_999_999_999_990);
    const id = await debit(full, 900_000_000_000_000);
    await topUp(full, 900_000_000_000_005);
    expect(await reverse(door, 'AdjustBalance', id)).toMatchObject({ status: 409, code: 'BALANCE_LIMIT' });
    const gone = await makeBucket(server, 5);
    const emptied = await debit(gone, 5);
    accepted(await remove(server, door, 'Bucket', gone));
    expect(await reverse(door, 'AdjustBalance', emptied)).toMatchObject({ status: 409, code: 'CONFLICT' });
  });

  it('looks at balances only: a suspended or expired bucket is corrected, too', async () => {
    const [suspended, expired] = [
      await makeBucket(server, 10),
      await makeBucket(server, 10, { validFor: { endDateTime: '2026-03-02T00:00:00.000Z' } }),
    ];
    const [one, other] = [await debit(suspended, 5), await topUp(expired, 5)];
    accepted(await update(server, door, 'Bucket', suspended, { status: 'suspended' }));
    server.clock.set('2026-03-03T00:00:00.000Z');
    accepted(await reverse(door, 'AdjustBalance', one));
    accepted(await reverse(door, 'TopupBalance', other));
    expect([await balanceOf(server, suspended), await balanceOf(server, expired)]).toEqual([
      [10, 0],
      [10, 0],
    ]);
    expect((await read(server, 'Bucket', expired)).status).toBe('expired');
  });

  it('of one period takes that one back; the recurring top-up itself moved nothing', async () => {
    const bucket = await makeBucket(server, 0);
    const recurring = await make(server, 'TopupBalance', {
      bucket: { id: bucket },
      amount: eur(5),
      recurringPeriod: 'weekly',
      numberOfPeriods: 2,
    });
    server.clock.set('2026-04-01T00:00:00.000Z');
    const [child] = (await server.rest('GET', `/topupBalance?relatedTopupBalance.id=${recurring.id}`)).body;
    accepted(await reverse(door, 'TopupBalance', child.id));
    expect(await balanceOf(server, bucket)).toEqual([5, 0]);
    expect(await reverse(door, 'TopupBalance', recurring.id)).toMatchObject({ status: 409, code: 'CONFLICT' });
    expect(await read(server, 'TopupBalance', recurring.id)).toMatchObject({ status: 'completed', periodsDone: 2 });
  });

  it('of a filling does not start the next one', async () => {
    const bucket = await makeBucket(server, 10);
    const order = await make(server, 'TopupBalance', {
      bucket: { id: bucket },
      amount: eur(10),
      autoTopupThreshold: eur(5),
    });
    await debit(bucket, 8);
    const [child] = (await server.rest('GET', `/topupBalance?relatedTopupBalance.id=${order.id}`)).body;
    accepted(await reverse(door, 'TopupBalance', child.id));
    expect(await balanceOf(server, bucket)).toEqual([2, 0]);
  });

  it('of what did not happen is refused', async () => {
    const bucket = await makeBucket(server, 1);
    const { reference } = await create(server, door, 'AdjustBalance', {
      ...actions.debit.attributes,
      bucket: { id: bucket },
      amount: eur(5),
    });
    const failed = String(reference).split('/').at(-1) as string;
    expect(await reverse(door, 'AdjustBalance', failed)).toMatchObject({ status: 409, code: 'CONFLICT' });
    expect(await reverse(door, 'TransferBalance', 'nothing')).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    const topup = await topUp(bucket, 1);
    expect(await reverse(door, 'AdjustBalance', topup)).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  });

  it('of an ended reservation is refused: its commit is what can be undone', async () => {
    const bucket = await makeBucket(server, 10);
    const [committed, released] = [await makeReservation(server, bucket, 2), await makeReservation(server, bucket, 2)];
    accepted(await commitVerb(server, committed));
    accepted(await releaseVerb(server, released));
    for (const id of [committed, released])
      expect(await reverse(door, 'ReserveBalance', id)).toMatchObject({ status: 409, code: 'RESERVATION_NOT_LIVE' });
    expect(await balanceOf(server, bucket)).toEqual([8, 0]);
  });

  it('is the only change of status a client can make', async () => {
    const bucket = await makeBucket(server, 10);
    const id = await topUp(bucket, 5);
    for (const status of ['created', 'failed'])
      expect(await update(server, door, 'TopupBalance', id, { status })).toMatchObject({
        status: 409,
        code: 'CONFLICT',
      });
    accepted(await update(server, door, 'TopupBalance', id, { status: 'completed' }));
    accepted(await reverse(door, 'TopupBalance', id));
    for (const status of ['created', 'completed', 'failed'])
      expect(await update(server, door, 'TopupBalance', id, { status })).toMatchObject({
        status: 409,
        code: 'CONFLICT',
      });
    expect(await balanceOf(server, bucket)).toEqual([10, 0]);
  });

  it('may say why, and with amounts is invalid', async () => {
    const bucket = await makeBucket(server, 10);
    const id = await topUp(bucket, 5);
    for (const changes of [{ amount: eur(1) }, { requestedDate: '2026-05-01T00:00:00.000Z' }]) {
      expect(await update(server, door, 'TopupBalance', id, { status: 'cancelled', ...changes })).toMatchObject({
        status: 400,
      });
    }
    expect(
      accepted(await update(server, door, 'TopupBalance', id, { status: 'cancelled', reason: 'wrong number' })),
    ).toMatchObject({ status: 'cancelled', reason: 'wrong number' });
  });

  it('under a key is answered again, and not done again', async () => {
    const bucket = await makeBucket(server, 10);
    const id = await topUp(bucket, 5);
    const key = `reversal ${door}`;
    accepted(await reverse(door, 'TopupBalance', id, key));
    for (const other of transports)
      expect(await reverse(other, 'TopupBalance', id, key)).toMatchObject({
        replayed: true,
        resource: { id, status: 'cancelled' },
      });
    expect(await balanceOf(server, bucket)).toEqual([10, 0]);
    expect((await reverse(door, 'TopupBalance', await topUp(bucket, 5), key)).code).toBe('IDEMPOTENCY_KEY_REUSED');
  });

  it('of an old version is refused', async () => {
    const id = await topUp(await makeBucket(server, 10), 5);
    accepted(await update(server, door, 'TopupBalance', id, { description: 'newer' }));
    const old = await server.rest('PATCH', `/topupBalance/${id}`, {
      body: { status: 'cancelled' },
      headers: { 'if-match': '"1"' },
    });
    expect(old.status).toBe(412);
    const { errors } = await server.graphql(
      'mutation ($id: ID!) { updateTopupBalance(id: $id, input: { status: cancelled }, ifRevision: 1) { id } }',
      { id },
    );
    expect(errors?.[0]?.extensions.code).toBe('REVISION_MISMATCH');
    expect((await read(server, 'TopupBalance', id)).status).toBe('completed');
  });
});
