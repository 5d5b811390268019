import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { Prisma } from '../../../prisma/generated/client.js';
import { concurrently } from '../../support/concurrently.js';
import { eventually } from '../../support/eventually.js';
import { Random } from '../../support/random.js';
import { seed } from '../../support/seed.js';
import { startTestServer, type TestServer } from '../../support/server.js';
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
import { startSecondServer } from './second-server.js';
import { create, transports, update, type Outcome } from './transports.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.database.script(holds);
});
afterAll(() => server.close());

/**
 * While a bucket is in TestHold, whoever writes what is held of it waits within its transaction: its lane is taken, and its
 * locks are, but nobody waits for a lock.
 */
const holds = `
  CREATE TABLE "TestHold" ("table" TEXT NOT NULL, "bucketId" TEXT NOT NULL);
  CREATE FUNCTION "testHold"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
  BEGIN
    WHILE EXISTS (SELECT 1 FROM "TestHold" h WHERE h."table" = TG_TABLE_NAME AND h."bucketId" = NEW."bucketId") LOOP
      PERFORM pg_sleep(0.01);
    END LOOP;
    RETURN NULL;
  END $$;
  CREATE TRIGGER "LedgerEntry_held" AFTER INSERT ON "LedgerEntry" FOR EACH ROW EXECUTE FUNCTION "testHold"();
  CREATE TRIGGER "BalanceGroup_held" AFTER INSERT ON "BalanceGroup" FOR EACH ROW EXECUTE FUNCTION "testHold"();`;

/** Runs work while a command on this bucket stands still in its transaction; answers what the command came to. */
async function whileHeld<T>(
  id: string,
  command: () => Promise<T>,
  work: () => Promise<void>,
  table = 'LedgerEntry',
): Promise<T> {
  const { database } = server;
  await database.statement('INSERT INTO "TestHold" VALUES ($1, $2)', [table, id]);
  let isAnswered = false;
  const answer = command().finally(() => (isAnswered = true));
  try {
    await eventually('the command is held', async () => ((await sleeping()) > 0 ? true : undefined));
    await work();
    expect(isAnswered).toBe(false);
  } finally {
    await database.statement('DELETE FROM "TestHold" WHERE "bucketId" = $1', [id]);
  }
  return answer;
}

function sleeping(): Promise<number> {
  return processes(`wait_event = 'PgSleep'`);
}

function waitingForLocks(): Promise<number> {
  return processes(`wait_event_type = 'Lock'`);
}

/** How many processes of PostgreSQL work on this database and meet the condition. */
async function processes(condition: string): Promise<number> {
  const [row] = await server.database.statement<{ count: number }>(
    `SELECT count(*)::int AS "count" FROM pg_stat_activity WHERE datname = current_database() AND ${condition}`,
  );
  return row?.count ?? 0;
}

const topUp = (id: string, amount = 1, key?: string): Promise<Outcome> =>
  create(server, 'rest', 'TopupBalance', { bucket: { id }, amount: eur(amount) }, { key });

// PGlite has one connection: one lane.
if (process.env.TEST_DATABASE_URL) {
  describe('commands of disjoint buckets', () => {
    it('run at the same time', async () => {
      const [held, free] = [await makeBucket(server, 0), await makeBucket(server, 0)];
      const reservation = await makeReservation(server, await makeBucket(server, 5), 2);
      const answer = await whileHeld(
        held,
        () => topUp(held),
        async () => {
          for (const { code } of await concurrently(20, () => topUp(free))) expect(code).toBeUndefined();
          expect((await update(server, 'rest', 'ReserveBalance', reservation, { status: 'cancelled' })).code).toBe(
            undefined,
          );
        },
      );
      expect(answer.code).toBeUndefined();
      expect(await balanceOf(server, free)).toEqual([20, 0]);
      expect(await balanceOf(server, held)).toEqual([1, 0]);
    });

    it('that begin the same sum of balances do not wait for each other', async () => {
      const relatedParty = [{ id: 'first credits', role: 'customer', '@referredType': 'Customer' }];
      const [held, free] = [
        await makeBucket(server, undefined, { relatedParty }),
        await makeBucket(server, undefined, { relatedParty }),
      ];
      await whileHeld(
        held,
        () => topUp(held, 2),
        async () => expect((await topUp(free, 3)).code).toBeUndefined(),
        'BalanceGroup',
      );
      const { body } = await server.rest('GET', '/accumulatedBalance?relatedParty.id=first%20credits');
      expect(body).toEqual([
        expect.objectContaining({
          totalBalance: eur(5),
          bucket: [expect.objectContaining({ id: held }), expect.objectContaining({ id: free })],
        }),
      ]);
    });
  });

  describe('commands that share something', () => {
    it('wait for each other and keep their order', async () => {
      const [held, other] = [await makeBucket(server, 0), await makeBucket(server, 0)];
      const answers: Promise<Outcome>[] = [];
      await whileHeld(
        held,
        () => topUp(held),
        async () => {
          answers.push(
            create(server, 'rest', 'TransferBalance', {
              bucket: { id: held },
              receiverBucket: { id: other },
              amount: eur(1),
            }),
          );
          // It has come before the next one is sent, which it keeps waiting although its own bucket is free.
          await topUp(await makeBucket(server, 0));
          answers.push(
            create(server, 'rest', 'AdjustBalance', {
              ...actions.debit.attributes,
              bucket: { id: other },
              amount: eur(1),
            }),
          );
          await topUp(await makeBucket(server, 0));
          expect(await entriesOf(server, other)).toHaveLength(1);
        },
      );
      expect((await Promise.all(answers)).map(({ code }) => code)).toEqual([undefined, undefined]);
      expect((await entriesOf(server, other)).map(({ entryType }) => entryType)).toEqual([
        'opening',
        'transferIn',
        'debit',
      ]);
    });

    it('as a reservation never run at once: it ends once', async () => {
      const [one, other] = [await makeBucket(server, 5), await makeBucket(server, 5)];
      const reservation = await makeReservation(server, one, 2);
      const commit = { ...actions.commit.attributes, reserveBalance: { id: reservation } };
      const late: Promise<Outcome>[] = [];
      await whileHeld(
        one,
        () => create(server, 'rest', 'AdjustBalance', { ...commit, amount: eur(1) }),
        async () => {
          late.push(create(server, 'graphql', 'AdjustBalance', { ...commit, amount: eur(2) }));
          late.push(update(server, 'rest', 'ReserveBalance', reservation, { status: 'cancelled' }));
          expect((await topUp(other)).code).toBeUndefined();
        },
      );
      expect((await Promise.all(late)).map(({ code }) => code)).toEqual([
        'RESERVATION_NOT_LIVE',
        'RESERVATION_NOT_LIVE',
      ]);
      expect(await balanceOf(server, one)).toEqual([4, 0]);
    });

    it('as a key never run at once: one answer is that of all', async () => {
      const ids = await makeBuckets(server, 2, 0);
      const late: Promise<Outcome>[] = [];
      const first = await whileHeld(
        String(ids[0]),
        () => topUp(String(ids[0]), 1, 'one key'),
        async () => {
          late.push(topUp(String(ids[0]), 1, 'one key'), topUp(String(ids[1]), 1, 'one key'));
          await topUp(await makeBucket(server, 0));
          // The key is stored, and whoever stored it again would wait for that.
          expect(await waitingForLocks()).toBe(0);
        },
      );
      const [same, different] = await Promise.all(late);
      expect(same?.resource.id).toBe(first.resource.id);
      expect(different?.code).toBe('IDEMPOTENCY_KEY_REUSED');
      expect(await Promise.all(ids.map((id) => balanceOf(server, id)))).toEqual([
        [1, 0],
        [0, 0],
      ]);
    });
  });

  describe('a command whose buckets change after they were found', () => {
    it('goes back, and is applied to those that it then needs', async () => {
      const product = [{ id: 'moves on' }];
      const [held, leaving, coming] = [
        await makeBucket(server, 4, { product }),
        await makeBucket(server, 4, { product }),
        await makeBucket(server, 4),
      ];
      let debit: Promise<Outcome> | undefined;
      await whileHeld(
        held,
        () => topUp(held),
        async () => {
          debit = create(server, 'rest', 'AdjustBalance', {
            ...actions.debit.attributes,
            product: product[0],
            amount: eur(9),
          });
          // It is located by now: whoever came after it has been.
          await topUp(await makeBucket(server, 0, { product: [{ id: 'other' }] }));
          await update(server, 'rest', 'Bucket', leaving, { product: null });
          await update(server, 'rest', 'Bucket', coming, { product });
        },
      );
      const { code, resource } = (await debit) as Outcome;
      expect(code).toBeUndefined();
      expect(resource.impactedBucket.map(({ bucket }: any) => bucket.id)).toEqual([held, coming]);
      expect(await Promise.all([held, leaving, coming].map((id) => balanceOf(server, id)))).toEqual([
        [0, 0],
        [4, 0],
        [0, 0],
      ]);
    });
  });

  it('lanes of two servers lock in one order: opposite transfers among many buckets meet no deadlock', async () => {
    const random = new Random(seed);
    const product = [{ id: 'opposite lanes' }];
    const ids = await makeBuckets(server, 24, 100, { product });
    const way = `${server.database.url}?application_name=lanes`;
    const both = await Promise.all([
      startSecondServer(server, server.clock, way),
      startSecondServer(server, server.clock, way),
    ]);
    const outcomes = await concurrently(400, async (index) => {
      const [from, to] = [random.pick(ids), random.pick(ids)];
      const origin = random.chance(0.2) ? { product: product[0] } : { bucket: { id: from } };
      const input = {
        ...origin,
        receiverBucket: { id: to === from ? ids[(ids.indexOf(from) + 1) % ids.length] : to },
        amount: eur(1 + random.below(20)),
      };
      // Where the other server keeps a bucket for too long, a client is asked to repeat.
      return eventually('it is answered', async () => {
        const outcome = await create(
          both[index % 2] as TestServer,
          transports[(index >> 1) % 2] ?? 'rest',
          'TransferBalance',
          input,
          { key: `opposite ${index}` },
        );
        return outcome.code === 'UNAVAILABLE' ? undefined : outcome;
      });
    });
    for (const { code } of outcomes) expect([undefined, 'INSUFFICIENT_REMAINING']).toContain(code);
    const balances = await Promise.all(ids.map((id) => balanceOf(server, id)));
    expect(balances.flat().reduce((sum, amount) => sum + amount, 0)).toBe(2_400);
    for (const id of ids) expect(await ledgerProblems(server, id)).toEqual([]);
    // PostgreSQL counts what a process has met when it ends.
    for (const one of both) await one.close();
    await eventually('they are gone', async () =>
      (await processes(`application_name = 'lanes'`)) === 0 ? true : undefined,
    );
    const [row] = await server.database.statement<{ deadlocks: number }>(
      'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
    );
    expect(row?.deadlocks).toBe(0);
  });

  it('lanes whose connections are cut lose nothing and do nothing twice', async () => {
    const ids = await makeBuckets(server, 12, 10);
    const client = new pg.Client(server.database.url);
    await client.connect();
    let isOver = false;
    let cuts = 0;
    const cutting = (async () => {
      while (!isOver) {
        const { rowCount } = await client.query(
          `SELECT pg_terminate_backend("pid") FROM pg_stat_activity
           WHERE "datname" = current_database() AND "pid" <> pg_backend_pid() AND "state" <> 'idle'
             AND ("query" LIKE '%"Bucket"%FOR UPDATE%' OR "query" LIKE '%INSERT INTO "BalanceAction"%')`,
        );
        cuts += rowCount ?? 0;
        // What runs is soon over: it is looked for again at once.
        await new Promise((resolve) => setTimeout(resolve, rowCount ? 20 : 1));
        if (cuts >= 10) break;
      }
    })();
    await concurrently(150, async (index) => {
      const [from, to] = [String(ids[index % 12]), String(ids[(index * 5 + 1) % 12])];
      const input =
        from === to || index % 3 === 0
          ? { bucket: { id: to }, amount: eur(1) }
          : { bucket: { id: from }, receiverBucket: { id: to }, amount: eur(0.01) };
      const type = 'receiverBucket' in input ? 'TransferBalance' : 'TopupBalance';
      await eventually('it is answered', async () => {
        const { status } = await create(server, 'rest', type, input, { key: `cut ${index}` });
        return status === 201 ? true : undefined;
      });
    });
    isOver = true;
    await cutting;
    expect(cuts).toBeGreaterThan(0);
    await client.end();
    const [stored] = await server.database.query<{ topups: bigint; all: bigint }>(Prisma.sql`
      SELECT count(*) FILTER (WHERE "kind" = 'topupBalance') AS "topups", count(*) AS "all" FROM "BalanceAction" a
      WHERE EXISTS (SELECT 1 FROM "BucketAction" l WHERE l."tenantId" = a."tenantId" AND l."actionId" = a."id" AND l."bucketId" = ANY(${ids}::text[]))`);
    expect(Number(stored?.all)).toBe(150);
    const balances = await Promise.all(ids.map((id) => balanceOf(server, id)));
    expect(balances.reduce((sum, [remaining]) => sum + Math.round(remaining * 100), 0)).toBe(
      12_000 + 100 * Number(stored?.topups),
    );
    for (const id of ids) expect(await ledgerProblems(server, id)).toEqual([]);
  });
}

it('commands by bucket, product, reservation and key at once come to what they come to one by one', async () => {
  const product = [{ id: 'all ways' }];
  const ids = await concurrently(4, () => makeBucket(server, 50, { product }));
  const reservations = await concurrently(8, (index) => makeReservation(server, String(ids[index % 4]), 2));
  const outcomes = await concurrently(80, async (index): Promise<[number, Outcome]> => {
    const bucket = { id: String(ids[index % 4]) };
    const door = transports[index % 2] ?? 'rest';
    if (index < 16) {
      const key = { key: `release ${index % 8}` };
      const id = String(reservations[index % 8]);
      return [0, await update(server, 'rest', 'ReserveBalance', id, { status: 'cancelled' }, key)];
    }
    if (index % 3 === 0) return [1, await create(server, door, 'TopupBalance', { bucket, amount: eur(1) })];
    const debit = { ...actions.debit.attributes, amount: eur(1) };
    if (index % 3 === 1) return [-1, await create(server, door, 'AdjustBalance', { ...debit, product: product[0] })];
    return [-1, await create(server, door, 'AdjustBalance', { ...debit, bucket })];
  });
  for (const [, { code }] of outcomes) expect(code).toBeUndefined();
  const moved = outcomes.reduce((sum, [delta]) => sum + delta, 0);
  const balances = await Promise.all(ids.map((id) => balanceOf(server, id)));
  expect(balances.flat().reduce((sum, amount) => sum + amount, 0)).toBe(200 + moved);
  for (const id of ids) expect(await ledgerProblems(server, id)).toEqual([]);
  for (const id of reservations) expect((await read(server, 'ReserveBalance', id)).status).toBe('cancelled');
  await make(server, 'TopupBalance', { bucket: { id: String(ids[0]) }, amount: eur(1) });
});
