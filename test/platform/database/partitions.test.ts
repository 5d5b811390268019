import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import { partition } from '../../../src/platform/database/partitions.js';
import type { Database } from '../../../src/platform/database/database.js';
import { isStatementTimeout } from '../../../src/platform/database/failures.js';
import { openPostgresql } from '../../../src/platform/database/postgresql.js';
import { runInWorkClass } from '../../../src/platform/database/work-class.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';

const { sql } = Prisma;
const planMade = { isPlanKept: false };

describe('the share of each class of work', () => {
  const total = (connections: number): number =>
    Object.values(partition(connections)).reduce((sum, size) => sum + size, 0);

  test('is all connections together, from six on', () => {
    for (let connections = 6; connections <= 200; connections++) expect(total(connections)).toBe(connections);
  });

  test('is one at least, however few there are', () => {
    for (const connections of [1, 5, 6])
      expect(partition(connections)).toEqual({ engine: 1, write: 1, read: 1, report: 1, job: 1, control: 1 });
  });
});

describe('a read that its caller ends', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await openTestDatabase();
  });
  afterAll(() => database.close());

  test('before it begins throws the reason, and the next one goes on', async () => {
    const reason = new Error('gone');
    await expect(
      database.read(sql`SELECT 1 AS "one"`, { ...planMade, signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);
    expect(await database.read(sql`SELECT 1 AS "one"`, { ...planMade, signal: new AbortController().signal })).toEqual([
      { one: 1 },
    ]);
  });
});

if (process.env.TEST_DATABASE_URL) {
  describe('connections to PostgreSQL', () => {
    let place: TestDatabase;
    let database: Database;
    const sleeping = async (): Promise<number> => {
      const rows = await place.query<{ count: number }>(sql`
        SELECT count(*)::int AS "count" FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`);
      return rows[0]?.count ?? 0;
    };
    const asleep = (count: number): Promise<true> =>
      eventually(`${count} sleep`, async () => (await sleeping()) === count || undefined);

    beforeAll(async () => {
      place = await openTestDatabase();
      database = await openPostgresql(String(place.url), {
        poolSize: 6,
        readTimes: { readMs: 60_000, reportMs: 60_000 },
      });
    });
    afterAll(async () => {
      await database.close();
      await place.close();
    });

    test('of one class wait for no other, and a statement ends with its caller', async () => {
      const caller = new AbortController();
      const reason = new Error('gone');
      const sleep = sql`SELECT pg_sleep(600)::text`;
      const { signal } = caller;
      const sleepers = [
        database.read(sleep, { ...planMade, signal }),
        database.read(sleep, { ...planMade, signal }),
        database.read(sleep, { ...planMade, workClass: 'report', signal }),
      ];
      const ended = Promise.allSettled(sleepers);
      // One connection of each class: the second read waits for the first.
      await asleep(2);
      await database.ping();
      expect(await database.transaction((tx) => tx.query(sql`SELECT 1 AS "one"`))).toEqual([{ one: 1 }]);
      expect(await database.transaction((tx) => tx.query(sql`SELECT 1 AS "one"`), { workClass: 'engine' })).toEqual([
        { one: 1 },
      ]);
      expect(await runInWorkClass('job', () => database.query(sql`SELECT 1 AS "one"`))).toEqual([{ one: 1 }]);
      caller.abort(reason);
      expect(await ended).toEqual(sleepers.map(() => ({ status: 'rejected', reason })));
      await asleep(0);
      expect(await database.read(sql`SELECT 1 AS "one"`, planMade)).toEqual([{ one: 1 }]);
    });

    test('end a statement that takes longer than its caller allows', async () => {
      const error: unknown = await database
        .read(sql`SELECT pg_sleep(600)::text`, { ...planMade, maxMs: 50 })
        .catch((reason: unknown) => reason);
      expect(isStatementTimeout(error)).toBe(true);
      await asleep(0);
    });
  });
}
