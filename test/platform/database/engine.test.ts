import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import { isUniqueViolation } from '../../../src/platform/database/failures.js';
import { insertOutcomes } from '../../../src/platform/write/idempotency.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';

const { sql } = Prisma;

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
  await database.script(`CREATE TABLE "EngineTest" ("number" INTEGER PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)`);
});
afterAll(() => database.close());

const insert = (number: number): Prisma.Sql => sql`INSERT INTO "EngineTest" VALUES (${number}::int)`;

async function numbers(): Promise<number[]> {
  const rows = await database.engine.query<{ number: number }>(sql`SELECT "number" FROM "EngineTest" ORDER BY 1`);
  return rows.map(({ number }) => number);
}

it('a transaction of the engine commits what it ran, and what it left for the end', async () => {
  const answer = await database.engine.transaction(async (tx) => {
    expect(await tx.execute(insert(1))).toBe(1);
    tx.executeAtEnd(insert(2));
    return tx.query(sql`SELECT 3 AS "three"`);
  });
  expect(answer).toEqual([{ three: 3 }]);
  expect(await numbers()).toEqual([1, 2]);
});

it('it rolls back when its work throws, and when a statement fails whose failure the work swallows', async () => {
  const own = new Error('own');
  await expect(
    database.engine.transaction(async (tx) => {
      await tx.execute(insert(10));
      throw own;
    }),
  ).rejects.toBe(own);
  await expect(
    database.engine.transaction(async (tx) => {
      await tx.execute(insert(11));
      await tx.query(sql`SELECT 1 / ${0}::int`).catch(() => undefined);
    }),
  ).rejects.toThrow('division by zero');
  expect(await numbers()).toEqual([1, 2]);
});

it('it fails when the statement at its end does, and when the commit does', async () => {
  await expect(
    database.engine.transaction(async (tx) => {
      await tx.execute(insert(20));
      tx.executeAtEnd(sql`SELECT 1 / ${0}::int`);
    }),
  ).rejects.toThrow('division by zero');
  const failure: unknown = await database.engine
    .transaction((tx) => tx.execute(insert(1)))
    .catch((error: unknown) => error);
  expect(isUniqueViolation(failure)).toBe(true);
  expect(await numbers()).toEqual([1, 2]);
});

it('keys are stored in the order of their texts, so that two servers that store the same do not wait in a circle', async () => {
  const rows = ['b', 'c', 'a'].map((key) => ({ key, fingerprint: key, outcome: { answer: { key } } }));
  await database.engine.transaction(async (tx) => {
    await tx.execute(insertOutcomes('default', new Date(0), rows) as Prisma.Sql);
  });
  const stored = await database.engine.query<{ key: string; outcome: object }>(
    sql`SELECT "key", "outcome" FROM "Idempotency" ORDER BY ctid`,
  );
  expect(stored).toEqual(['a', 'b', 'c'].map((key) => ({ key, outcome: { answer: { key } } })));
});

if (process.env.TEST_DATABASE_URL) {
  it('its plans lead by keys, however small a table was when they were made', async () => {
    const plan = await database.engine.query<{ 'QUERY PLAN': string }>(
      sql`EXPLAIN UPDATE "BalanceAction" b SET "status" = r."status" FROM jsonb_to_recordset(${'[]'}::jsonb) AS r("id" text, "status" text)
        WHERE b."tenantId" = ${'default'} AND b."id" = r."id"`,
      { isPlanKept: false },
    );
    const text = plan.map((line) => line['QUERY PLAN']).join('\n');
    expect(text).toContain('BalanceAction_pkey');
    expect(text).not.toMatch(/Seq Scan|Hash Join|Merge Join/);
  });

  it('its statements are prepared, each text once on a connection', async () => {
    const prepared = sql`SELECT count(*)::int AS "count" FROM pg_prepared_statements WHERE "statement" LIKE '%the same text%'`;
    for (let round = 0; round < 3; round++)
      await database.engine.transaction((tx) => tx.query(sql`SELECT ${round}::int /* the same text */`));
    const counts = await database.engine.transaction((tx) => tx.query<{ count: number }>(prepared));
    // The question is one of them.
    expect(counts[0]?.count).toBe(2);
    await database.engine.transaction((tx) => tx.query(sql`SELECT 1 /* not the same text */`, { isPlanKept: false }));
    expect(await database.engine.transaction((tx) => tx.query(prepared))).toEqual(counts);
  });
}
