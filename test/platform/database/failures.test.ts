import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { Prisma, PrismaClient } from '../../../prisma/generated/client.js';
import { openEmbedded } from '../../../src/platform/database/embedded.js';
import { isRetryable, isUnavailable, isUniqueViolation } from '../../../src/platform/database/failures.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { endSessions } from '../../support/postgresql.js';

const { sql } = Prisma;

let database: TestDatabase;

beforeAll(async () => {
  database = await openTestDatabase();
  await database.client.$executeRaw`CREATE TABLE "thing" ("id" integer PRIMARY KEY, "count" integer)`;
  await database.client.$executeRaw`CREATE TABLE "late" ("id" integer UNIQUE DEFERRABLE INITIALLY DEFERRED)`;
  await database.client.$executeRaw`INSERT INTO "thing" VALUES (1, 0), (2, 0)`;
});

afterAll(() => database.close());

type Verdict = 'retryable' | 'unique' | 'unavailable' | 'bug';

/** What the error thrown by the work is held for; it is never two things. */
async function judge(work: () => Promise<unknown>): Promise<Verdict> {
  const error: unknown = await work().then(
    () => {
      throw new Error('the work did not fail');
    },
    (reason: unknown) => reason,
  );
  const verdicts: Verdict[] = [];
  if (isRetryable(error)) verdicts.push('retryable');
  if (isUniqueViolation(error)) verdicts.push('unique');
  if (isUnavailable(error)) verdicts.push('unavailable');
  expect(verdicts.length).toBeLessThanOrEqual(1);
  return verdicts[0] ?? 'bug';
}

const raise = (state: string): Prisma.Sql =>
  Prisma.raw(`DO $$ BEGIN RAISE EXCEPTION 'raised' USING ERRCODE = '${state}'; END $$`);

describe('a failure of the database', () => {
  test('is a unique violation in a raw statement, in a Prisma call and at commit', async () => {
    const insert = sql`INSERT INTO "thing" VALUES (1, 0)`;
    expect(await judge(() => database.query(insert))).toBe('unique');
    expect(await judge(() => database.transaction((tx) => tx.execute(insert)))).toBe('unique');
    const data = { key: 'k', value: 1, updatedAt: new Date(0) };
    await database.client.serverState.create({ data });
    expect(await judge(() => database.client.serverState.create({ data }))).toBe('unique');
    const late = sql`INSERT INTO "late" VALUES (1), (1)`;
    expect(await judge(() => database.transaction((tx) => tx.execute(late)))).toBe('unique');
  });

  test.each([
    ['40001', 'retryable'],
    ['40P01', 'retryable'],
    ['23505', 'unique'],
    ['53300', 'unavailable'],
    ['57P01', 'unavailable'],
    ['57P03', 'unavailable'],
    ['08006', 'unavailable'],
    ['25P03', 'unavailable'],
    ['23514', 'bug'],
    ['22012', 'bug'],
    ['57014', 'bug'],
  ])('with SQLSTATE %s is %s', async (state, verdict) => {
    expect(await judge(() => database.query(raise(state)))).toBe(verdict);
    expect(await judge(() => database.transaction((tx) => tx.execute(raise(state))))).toBe(verdict);
    expect(await judge(() => database.dedicated((connection) => connection.script(raise(state).sql)))).toBe(verdict);
  });

  test('is an outage when a transaction gets no connection in time, or lasts too long', async () => {
    const { client } = database;
    const release: (() => void)[] = [];
    // More than any pool of a test database.
    const holders = Array.from({ length: 5 }, () =>
      client
        .$transaction(() => new Promise<void>((resolve) => release.push(resolve)), { maxWait: 60_000 })
        .catch(() => undefined),
    );
    expect(await judge(() => client.$transaction((tx) => tx.$queryRaw`SELECT 1`, { maxWait: 50 }))).toBe('unavailable');
    // On PGlite the holders come one after the other.
    const letGo = setInterval(() => release.splice(0).forEach((resolve) => resolve()), 5);
    await Promise.all(holders);
    clearInterval(letGo);
    const slow = (): Promise<unknown> =>
      client.$transaction(
        async (tx) => {
          await new Promise((resolve) => setTimeout(resolve, 200));
          await tx.$queryRaw`SELECT 1`;
        },
        { timeout: 50 },
      );
    expect(await judge(slow)).toBe('unavailable');
  });

  test('is a bug when a transaction is used after its end, or by a mistake of ours', async () => {
    const leaked = await database.transaction(async (tx) => tx);
    expect(await judge(() => leaked.query(sql`SELECT 1`))).toBe('bug');
    expect(await judge(() => database.query(sql`SELECT nonsense`))).toBe('bug');
    expect(await judge(() => Promise.reject(new Error('ours')))).toBe('bug');
    expect(await judge(() => Promise.reject('a string'))).toBe('bug');
  });

  test('is an outage when no server is there', async () => {
    const client = new PrismaClient({ adapter: new PrismaPg('postgres://nobody@127.0.0.1:1/none') });
    expect(await judge(() => client.$queryRaw`SELECT 1`)).toBe('unavailable');
    expect(await judge(() => client.$transaction((tx) => tx.$queryRaw`SELECT 1`))).toBe('unavailable');
    await client.$disconnect();
    expect(await judge(() => new pg.Client('postgres://nobody@127.0.0.1:1/none').connect())).toBe('unavailable');
  });

  test('is an outage when the embedded database is closed', async () => {
    const closed = await openEmbedded(undefined);
    await closed.close();
    expect(await judge(() => closed.query(sql`SELECT 1`))).toBe('unavailable');
  });
});

if (process.env.TEST_DATABASE_URL) {
  describe('a failure of a PostgreSQL server', () => {
    /** Ends every other connection to the database, as a restart of the server does. */
    async function terminateConnections(): Promise<void> {
      const admin = new pg.Client(database.url);
      await admin.connect();
      await endSessions(admin);
      await admin.end();
    }

    /** Gives the socket time to tell; the verdict is the same before and after, only the error differs. */
    const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

    test('is retryable when two transactions wait for each other', async () => {
      let arrived = 0;
      let bothHold: () => void = () => undefined;
      const barrier = new Promise<void>((resolve) => (bothHold = resolve));
      const lock = (first: number, second: number): Promise<unknown> =>
        database.transaction(async (tx) => {
          await tx.execute(sql`UPDATE "thing" SET "count" = 1 WHERE "id" = ${first}`);
          if (++arrived === 2) bothHold();
          await barrier;
          await tx.execute(sql`UPDATE "thing" SET "count" = 1 WHERE "id" = ${second}`);
        });
      const outcomes = await Promise.allSettled([lock(1, 2), lock(2, 1)]);
      const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(lost).toHaveLength(1);
      expect(await judge(() => Promise.reject(lost[0]!.reason))).toBe('retryable');
    });

    test('is an outage when the connection is ended between two statements', async () => {
      const work = (): Promise<unknown> =>
        database.transaction(async (tx) => {
          await tx.query(sql`SELECT 1`);
          await terminateConnections();
          await pause();
          await tx.query(sql`SELECT 1`);
        });
      expect(await judge(work)).toBe('unavailable');
    });

    test('is an outage when the connection is ended before the commit', async () => {
      const work = (): Promise<unknown> =>
        database.transaction(async (tx) => {
          await tx.execute(sql`UPDATE "thing" SET "count" = 7 WHERE "id" = 1`);
          await terminateConnections();
          await pause();
        });
      expect(await judge(work)).toBe('unavailable');
    });

    test('is an outage when the connection is ended inside a statement, and over with the next one', async () => {
      const waiting = judge(() => database.query(sql`SELECT pg_sleep(100)::text`));
      const sleepers = sql`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`;
      await eventually('it sleeps', async () => (await database.query(sleepers)).length > 0 || undefined);
      await terminateConnections();
      expect(await waiting).toBe('unavailable');
      await database.ping();
    });

    test('is an outage when the pool has no connection in time', async () => {
      const pool = new pg.Pool({ connectionString: database.url, max: 1 });
      const client = new PrismaClient({ adapter: new PrismaPg(pool) });
      const held = await pool.connect();
      // It counts for making a connection, too, which may take longer.
      pool.options.connectionTimeoutMillis = 50;
      expect(await judge(() => client.$queryRaw`SELECT 1`)).toBe('unavailable');
      held.release();
      await client.$disconnect();
      await pool.end();
    });
  });
}
