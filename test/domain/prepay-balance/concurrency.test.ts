import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, TestClock, type TestServer } from '../../support/server.js';
import { concurrently } from '../../support/concurrently.js';
import {
  actions,
  balanceOf,
  entriesOf,
  eur,
  ledgerProblems,
  make,
  makeBucket,
  makeBuckets,
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
} from './transports.js';
import { startSecondServer } from './second-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const doorOf = (index: number): Transport => transports[index % transports.length] ?? 'rest';

/** How often each code was answered; an accepted request counts as ok. */
function tally(outcomes: readonly Outcome[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { code, status } of outcomes)
    counts[code ? `${code} ${status}` : 'ok'] = (counts[code ? `${code} ${status}` : 'ok'] ?? 0) + 1;
  return counts;
}

describe('parallel reservations', () => {
  it('are granted exactly 100 times when 500 of 1 meet a bucket of 100', async () => {
    const id = await makeBucket(server, 100);
    const outcomes = await concurrently(500, (index) =>
      create(server, doorOf(index), 'ReserveBalance', { bucket: { id }, amount: eur(1) }),
    );
    expect(tally(outcomes)).toEqual({ ok: 100, 'INSUFFICIENT_REMAINING 409': 400 });
    expect(await balanceOf(server, id)).toEqual([0, 100]);
    expect(await entriesOf(server, id)).toHaveLength(101);
    expect(await ledgerProblems(server, id)).toEqual([]);
    expect((await read(server, 'Bucket', id)).reserveBalance).toHaveLength(100);
    const failed = await server.database.client.balanceAction.count({
      where: { status: 'failed', bucket: { path: ['id'], equals: id } },
    });
    expect(failed).toBe(400);
  });

  it('share several buckets in burn order, and grant what they have together', async () => {
    const product = [{ id: 'shared' }];
    const ids = await makeBuckets(server, 10, 10, { product });
    const outcomes = await concurrently(150, (index) =>
      create(server, doorOf(index), 'ReserveBalance', { product, amount: eur(1) }),
    );
    expect(tally(outcomes)).toEqual({ ok: 100, 'INSUFFICIENT_REMAINING 409': 50 });
    for (const id of ids) expect(await ledgerProblems(server, id)).toEqual([]);
    for (const id of ids) expect(await balanceOf(server, id)).toEqual([0, 10]);
  });
});

describe('200 mixed commands at once', () => {
  it('leave every bucket as its ledger says, and lose and make nothing', async () => {
    const product = [{ id: 'mixed' }];
    const ids = await concurrently(4, () => makeBucket(server, 100, { product }));
    const reservations = await concurrently(40, (index) => makeReservation(server, String(ids[index % 4]), 1));
    const bucket = (index: number): { id: string } => ({ id: String(ids[index % 4]) });

    const commands: ((index: number) => Promise<[number, Outcome]>)[] = [
      async (index) => [
        2,
        await create(server, doorOf(index), 'TopupBalance', { bucket: bucket(index), amount: eur(2) }),
      ],
      async (index) => [
        -3,
        await create(server, doorOf(index), 'AdjustBalance', {
          ...actions.debit.attributes,
          bucket: bucket(index),
          amount: eur(3),
        }),
      ],
      async (index) => [0, await create(server, doorOf(index), 'ReserveBalance', { product, amount: eur(2.5) })],
      async (index) => [-0.25, await commitVerb(server, String(reservations[index % 40]), eur(0.25))],
      async (index) => [
        0,
        await update(server, doorOf(index), 'ReserveBalance', String(reservations[index % 40]), {
          status: 'cancelled',
        }),
      ],
      async (index) => [0, await update(server, doorOf(index), 'Bucket', bucket(index).id, { name: `name ${index}` })],
      async (index) => [
        -7,
        await create(server, doorOf(index), 'AdjustBalance', { ...actions.debit.attributes, product, amount: eur(7) }),
      ],
      async (index) => [
        0,
        await create(server, doorOf(index), 'TopupBalance', {
          bucket: bucket(index),
          amount: { amount: 1, units: 'USD' },
        }),
      ],
    ];
    const results = await concurrently(200, (index) =>
      (commands[(index * 7) % commands.length] ?? commands[0]!)(index),
    );

    const codes = new Set(results.map(([, { code }]) => code));
    for (const code of codes)
      expect([undefined, 'UNITS_MISMATCH', 'RESERVATION_NOT_LIVE', 'INSUFFICIENT_REMAINING']).toContain(code);
    const moved = results.reduce((sum, [delta, { code }]) => (code === undefined ? sum + delta : sum), 0);
    const balances = await Promise.all(ids.map((id) => balanceOf(server, id)));
    expect(balances.flat().reduce((sum, amount) => sum + amount, 0)).toBe(400 + moved);
    for (const id of ids) expect(await ledgerProblems(server, id)).toEqual([]);
  });
});

describe('a commit and a release of one reservation at once', () => {
  it('have exactly one winner, one hundred times', async () => {
    const id = await makeBucket(server, 1000);
    const reservations = await concurrently(100, () => makeReservation(server, id, 2));
    const rounds = await concurrently(100, async (round) => {
      const reservation = String(reservations[round]);
      const commit = (): Promise<Outcome> =>
        round % 2
          ? commitVerb(server, reservation, eur(1))
          : create(server, 'rest', 'AdjustBalance', {
              ...actions.commit.attributes,
              reserveBalance: { id: reservation },
              amount: eur(1),
            });
      const release = (): Promise<Outcome> =>
        round % 3
          ? update(server, 'rest', 'ReserveBalance', reservation, { status: 'cancelled' })
          : releaseVerb(server, reservation);
      // Whichever is sent first, the commit's outcome comes first.
      const outcomes = await Promise.all(round % 5 < 2 ? [commit(), release()] : [release(), commit()].reverse());
      const ended = (await read(server, 'ReserveBalance', reservation)).status;
      return { committed: outcomes[0]?.code, released: outcomes[1]?.code, ended };
    });
    for (const { committed, released, ended } of rounds) {
      expect([committed, released].filter((code) => code === undefined)).toHaveLength(1);
      expect([committed, released].filter((code) => code === 'RESERVATION_NOT_LIVE')).toHaveLength(1);
      expect(ended).toBe(committed === undefined ? 'completed' : 'cancelled');
    }
    const commits = rounds.filter(({ committed }) => committed === undefined).length;
    expect(await balanceOf(server, id)).toEqual([1000 - commits, 0]);
    expect(await ledgerProblems(server, id)).toEqual([]);
  });

  it('have one winner among twenty commits, too', async () => {
    const id = await makeBucket(server, 10);
    const reservation = await makeReservation(server, id, 5);
    expect(tally(await concurrently(20, () => commitVerb(server, reservation)))).toEqual({
      ok: 1,
      'RESERVATION_NOT_LIVE 409': 19,
    });
    expect(await balanceOf(server, id)).toEqual([5, 0]);
  });
});

describe('deletion at once with actions', () => {
  it('never takes a bucket that has something, and never loses what an action moved', async () => {
    const ids = await makeBuckets(server, 20, 0);
    const rounds = await concurrently(20, async (round) => {
      const id = String(ids[round]);
      const [deleted, topup] = await Promise.all([
        server.rest('DELETE', `/bucket/${id}`),
        create(server, 'graphql', 'TopupBalance', { bucket: { id }, amount: eur(1) }),
      ]);
      return { id, deleted: deleted.status, topup: topup.code };
    });
    for (const { id, deleted, topup } of rounds) {
      expect([
        [204, 'BUCKET_UNKNOWN'],
        [409, undefined],
      ]).toContainEqual([deleted, topup]);
      if (deleted === 409) expect(await balanceOf(server, id)).toEqual([1, 0]);
    }
  });
});

// A second server needs a database that two processes can open.
if (process.env.TEST_DATABASE_URL) {
  describe('two servers on one database', () => {
    let second: TestServer;
    beforeAll(async () => {
      // Its clock is a second behind, as clocks of servers are.
      second = await startSecondServer(server, new TestClock(new Date('2026-03-01T11:59:59.000Z')));
    });
    afterAll(() => second.close());
    const serverOf = (index: number): TestServer => (index % 2 ? second : server);

    it('grant exactly 100 reservations of a bucket of 100', async () => {
      const id = await makeBucket(server, 100);
      const outcomes = await concurrently(300, (index) =>
        create(serverOf(index), doorOf(index >> 1), 'ReserveBalance', { bucket: { id }, amount: eur(1) }),
      );
      expect(tally(outcomes)).toEqual({ ok: 100, 'INSUFFICIENT_REMAINING 409': 200 });
      expect(await ledgerProblems(server, id)).toEqual([]);
    });

    it('do one key once', async () => {
      const id = await makeBucket(server, 0);
      for (let round = 0; round < 10; round++) {
        const outcomes = await concurrently(20, (index) =>
          create(
            serverOf(index),
            doorOf(index >> 1),
            'TopupBalance',
            { bucket: { id }, amount: eur(1) },
            { key: `two servers ${round}` },
          ),
        );
        expect(new Set(outcomes.map(({ resource }) => resource?.id)).size).toBe(1);
        expect(tally(outcomes)).toEqual({ ok: 20 });
      }
      expect(await balanceOf(server, id)).toEqual([10, 0]);
      const created = await concurrently(20, (index) =>
        create(
          serverOf(index),
          doorOf(index >> 1),
          'Bucket',
          { usageType: 'data' },
          { key: 'two servers, one bucket' },
        ),
      );
      expect(new Set(created.map(({ resource }) => resource?.id)).size).toBe(1);
    });

    it('do each of many keys once, in whatever order they arrive', async () => {
      const ids = await concurrently(5, () => makeBucket(server, 0));
      const outcomes = await concurrently(200, (index) => {
        const number = (index * 37) % 100;
        return create(
          serverOf(index),
          doorOf(index >> 2),
          'TopupBalance',
          { bucket: { id: String(ids[number % 5]) }, amount: eur(1) },
          { key: `many ${number}` },
        );
      });
      expect(tally(outcomes)).toEqual({ ok: 200 });
      expect(await Promise.all(ids.map((id) => balanceOf(server, id)))).toEqual(Array(5).fill([20, 0]));
    });

    it('give every repetition of a release or a deletion the first answer', async () => {
      const id = await makeBucket(server, 100);
      const reservations = await concurrently(10, () => makeReservation(server, id, 2));
      for (const reservation of reservations) {
        const outcomes = await concurrently(10, (index) =>
          releaseVerb(serverOf(index), reservation, { key: `release ${reservation}` }),
        );
        expect(tally(outcomes)).toEqual({ ok: 10 });
      }
      for (const reservation of reservations) {
        const outcomes = await concurrently(10, (index) =>
          remove(serverOf(index), doorOf(index >> 1), 'ReserveBalance', reservation, { key: `delete ${reservation}` }),
        );
        expect(tally(outcomes)).toEqual({ ok: 10 });
      }
    });

    it('end each reservation once', async () => {
      const id = await makeBucket(server, 100);
      const reservations = await concurrently(50, () => makeReservation(server, id, 2));
      const rounds = await concurrently(50, async (round) => {
        const reservation = String(reservations[round]);
        return Promise.all([
          commitVerb(serverOf(round), reservation, eur(1)),
          releaseVerb(serverOf(round + 1), reservation),
        ]);
      });
      for (const outcomes of rounds) expect(tally(outcomes)).toEqual({ ok: 1, 'RESERVATION_NOT_LIVE 409': 1 });
      const commits = rounds.filter(([commit]) => commit.code === undefined).length;
      expect(await balanceOf(server, id)).toEqual([100 - commits, 0]);
      expect(await ledgerProblems(server, id)).toEqual([]);
    });

    it('draw on the same buckets without a deadlock, in whatever order they meet them', async () => {
      const product = [{ id: 'two servers' }];
      const ids = await concurrently(6, (index) => makeBucket(server, 50, { product, priority: 6 - index }));
      const outcomes = await concurrently(120, (index) =>
        index % 3 === 0
          ? create(serverOf(index), doorOf(index >> 1), 'AdjustBalance', {
              ...actions.debit.attributes,
              product,
              amount: eur(4),
            })
          : create(serverOf(index), doorOf(index >> 1), 'TopupBalance', {
              bucket: { id: String(ids[index % 6]) },
              amount: eur(1),
            }),
      );
      expect(tally(outcomes)).toEqual({ ok: 120 });
      const balances = await Promise.all(ids.map((id) => balanceOf(server, id)));
      expect(balances.reduce((sum, [remaining]) => sum + remaining, 0)).toBe(300 - 40 * 4 + 80);
      for (const id of ids) expect(await ledgerProblems(server, id)).toEqual([]);
    });

    it('date an entry no earlier than the last one of the other server', async () => {
      const id = await makeBucket(server, 0);
      await make(server, 'TopupBalance', { bucket: { id }, amount: eur(1) });
      await make(second, 'TopupBalance', { bucket: { id }, amount: eur(1) });
      const [, ahead, behind] = await entriesOf(server, id);
      expect(behind?.recordedAt).toBe(ahead?.recordedAt);
    });
  });
}
