import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import { forgetOutcomes } from '../../../src/platform/write/idempotency.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';

const before = new Date('2026-03-01T00:00:00.000Z');
const never = new AbortController().signal;

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  await database.transaction((tx) => tx.execute(Prisma.sql`DELETE FROM "Idempotency"`));
});

/** Keys of two tenants: so many of the day before, one of the last millisecond that is old, and one that is not. */
async function remember(old: number): Promise<void> {
  await database.transaction((tx) =>
    tx.execute(Prisma.sql`
      INSERT INTO "Idempotency" ("tenantId", "key", "fingerprint", "outcome", "createdAt")
      SELECT CASE WHEN n % 2 = 0 THEN 'one' ELSE 'other' END, 'old-' || n, '', '{}'::jsonb, ${before}::timestamptz - interval '1 day' FROM generate_series(1, ${old}::int) n
      UNION ALL SELECT 'one', 'just-old', '', '{}', ${before}::timestamptz - interval '1 millisecond'
      UNION ALL SELECT 'one', 'kept', '', '{}', ${before}::timestamptz`),
  );
}

const keys = async (): Promise<string[]> =>
  (await database.query<{ key: string }>(Prisma.sql`SELECT "key" FROM "Idempotency" ORDER BY 1`)).map(({ key }) => key);

it('forgets every key from before that time, of every tenant, and keeps the others', async () => {
  await remember(2_500);
  expect(await forgetOutcomes(database, before, never)).toBe(2_501);
  expect(await keys()).toEqual(['kept']);
  expect(await forgetOutcomes(database, before, never)).toBe(0);
});

it('forgets each key once when two servers do so at once', async () => {
  await remember(2_500);
  const counts = await Promise.all([1, 2, 3].map(() => forgetOutcomes(database, before, never)));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(2_501);
  expect(await keys()).toEqual(['kept']);
});

it('ends between two steps when it is told to', async () => {
  await remember(10);
  expect(await forgetOutcomes(database, before, AbortSignal.abort())).toBe(0);
  expect(await keys()).toHaveLength(12);
});
