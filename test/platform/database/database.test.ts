import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';

const { sql } = Prisma;

let database: TestDatabase;

beforeAll(async () => {
  database = await openTestDatabase();
  await database.client.$executeRaw`CREATE TABLE "thing" ("id" integer PRIMARY KEY, "at" timestamptz(3))`;
});

afterAll(() => database.close());

async function ids(): Promise<number[]> {
  return (await database.query<{ id: number }>(sql`SELECT "id" FROM "thing" ORDER BY "id"`)).map(({ id }) => id);
}

describe('the database', () => {
  test('answers a ping', async () => {
    await database.ping();
  });

  test('commits a transaction and answers its result and the number of rows', async () => {
    const count = await database.transaction(async (tx) => {
      const changed = await tx.execute(sql`INSERT INTO "thing" VALUES (1), (2)`);
      expect(await tx.query(sql`SELECT max("id") AS "max" FROM "thing"`)).toEqual([{ max: 2 }]);
      return changed;
    });
    expect(count).toBe(2);
    expect(await ids()).toEqual([1, 2]);
  });

  test('rolls back when the work throws', async () => {
    const work = database.transaction(async (tx) => {
      await tx.execute(sql`INSERT INTO "thing" VALUES (3)`);
      throw new Error('changed my mind');
    });
    await expect(work).rejects.toThrow('changed my mind');
    expect(await ids()).toEqual([1, 2]);
  });

  test('does not report a commit after a statement whose failure was caught', async () => {
    const work = database.transaction(async (tx) => {
      await tx.execute(sql`INSERT INTO "thing" VALUES (3)`);
      await tx.execute(sql`INSERT INTO "thing" VALUES (1)`).catch(() => 0);
      return 'done';
    });
    await expect(work).rejects.toMatchObject({ code: 'P2010' });
    expect(await ids()).toEqual([1, 2]);
  });

  test("runs a library's statement with its values, outside and inside a transaction", async () => {
    const both = `SELECT $1::int + 1 AS "next", $2::jsonb->>'a' AS "a", $3::text AS "none", $4::uuid[] AS "ids"`;
    const values = (list: string[]): unknown[] => [1, '{"a":"b"}', null, list];
    const id = '0b3f8d5e-0000-4000-8000-000000000001';
    const expected = [{ next: 2, a: 'b', none: null, ids: [id] }];
    expect(await database.statement(both, values([id]))).toEqual(expected);
    expect(await database.transaction((tx) => tx.statement(both, values([id])))).toEqual(expected);
    const caught = database.transaction((tx) => tx.statement('SELECT * FROM "nowhere"', []).catch(() => []));
    await expect(caught).rejects.toThrow('nowhere');
  });

  test("runs a library's script whole or not at all, and is as good as before", async () => {
    await database.script(
      `INSERT INTO "thing" VALUES (50); DELETE FROM "thing" WHERE "id" = 50; INSERT INTO "thing" VALUES (51);`,
    );
    const failing = database.script(`DELETE FROM "thing"; INSERT INTO "thing" VALUES (52), (52)`);
    const next = ids();
    await expect(failing).rejects.toMatchObject({ code: '23505' });
    expect([await next, await ids()]).toEqual([
      [1, 2, 51],
      [1, 2, 51],
    ]);
    await database.statement('DELETE FROM "thing" WHERE "id" = $1', [51]);
  });

  test('runs more transactions at once than it has connections', async () => {
    const numbers = Array.from({ length: 20 }, (_, index) => 100 + index);
    await Promise.all(
      numbers.map((id) => database.transaction((tx) => tx.execute(sql`INSERT INTO "thing" VALUES (${id})`))),
    );
    expect(await ids()).toEqual([1, 2, ...numbers]);
  });

  test('keeps and gives the same instant, whatever time zone the server has', async () => {
    const at = new Date('2026-03-29T01:30:00.123Z');
    await database.query(sql`UPDATE "thing" SET "at" = ${at} WHERE "id" = 1`);
    const [row] = await database.query(
      sql`SELECT "at", "at"::text AS "text", extract(epoch FROM "at")::text AS "epoch" FROM "thing" WHERE "id" = 1`,
    );
    expect(row).toEqual({ at, text: '2026-03-29 01:30:00.123+00', epoch: `${at.getTime() / 1000}000` });
  });

  test('orders text by its bytes, whatever collation the server has', async () => {
    const keys = ['a', 'B', '_', 'é', 'Z', '1', 'ab', '~'];
    for (const key of keys) {
      await database.query(
        sql`INSERT INTO "ServerState" ("key", "value", "updatedAt") VALUES (${key}, 'null'::jsonb, ${new Date(0)})`,
      );
    }
    const rows = await database.query<{ key: string }>(
      sql`SELECT "key" FROM "ServerState" WHERE "updatedAt" = ${new Date(0)} ORDER BY "key"`,
    );
    expect(rows.map(({ key }) => key)).toEqual(['1', 'B', 'Z', '_', 'a', 'ab', '~', 'é']);
  });

  test('has no text column without the bytewise collation', async () => {
    const columns = await database.query(sql`
      SELECT table_name, column_name FROM information_schema.columns
      WHERE table_schema = 'public' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'
        AND table_name <> '_prisma_migrations'`);
    expect(columns).toEqual([]);
  });
});

describe('the live reservations of a bucket', () => {
  test('are a list ordered by id, and null when nothing is reserved', async () => {
    const insert = (id: string, reserved: number | null): Promise<unknown> =>
      database.query(sql`
        INSERT INTO "Bucket" SELECT * FROM jsonb_populate_record(NULL::"Bucket", ${JSON.stringify({
          tenantId: 't',
          id,
          status: 'active',
          usageType: 'monetary',
          reservedValueAmount: reserved,
          revision: 1,
          requestedDate: '2026-01-01T00:00:00Z',
          confirmationDate: '2026-01-01T00:00:00Z',
          updatedAt: '2026-01-01T00:00:00Z',
          lastEntryAt: '2026-01-01T00:00:00Z',
          entrySequence: 0,
          amountScale: 0,
        })}::jsonb)`);
    const hold = (tenantId: string, bucketId: string, reserveBalanceId: string): Promise<unknown> =>
      database.query(sql`
        INSERT INTO "ReservationHold" SELECT * FROM jsonb_populate_record(NULL::"ReservationHold", ${JSON.stringify({
          tenantId,
          bucketId,
          reserveBalanceId,
          ordinal: 1,
          amount: 1,
        })}::jsonb)`);
    await insert('holds', 2);
    await insert('zero', 0);
    await insert('none', null);
    await hold('t', 'holds', 'r2');
    await hold('t', 'holds', 'r1');
    await hold('t', 'other', 'r3');
    await hold('u', 'holds', 'r4');
    await hold('t', 'zero', 'r5');
    expect(await database.query(sql`SELECT b."id", b."reserveBalance" FROM "Bucket" b ORDER BY b."id"`)).toEqual([
      { id: 'holds', reserveBalance: [{ id: 'r1' }, { id: 'r2' }] },
      { id: 'none', reserveBalance: null },
      { id: 'zero', reserveBalance: null },
    ]);
  });

  test('are asked for in line, only where something is reserved', async () => {
    const plan = await database.query<{ 'QUERY PLAN': string }>(
      sql`EXPLAIN (VERBOSE) SELECT b."reserveBalance" FROM "Bucket" b`,
    );
    // The CASE of the outer function stands in the plan itself.
    expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toContain('CASE WHEN ("reservedValueAmount" <>');
  });
});
