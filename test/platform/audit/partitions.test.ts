import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import { insertAuditRecords } from '../../../src/platform/audit/audit-record.js';
import { keepAuditPartitions } from '../../../src/platform/audit/partitions.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';

let database: TestDatabase;
let warnings: object[];
beforeEach(async () => {
  database = await openTestDatabase();
  warnings = [];
});
afterEach(() => database.close());

const keep = (now: string, keepFrom: string): Promise<void> =>
  keepAuditPartitions(
    database,
    { now: new Date(now), keepFrom: new Date(keepFrom) },
    { warn: (details) => void warnings.push(details) },
  );
let ids = 0;
async function record(at: string): Promise<void> {
  const row = {
    tenantId: 'default',
    id: `record-${++ids}`,
    at: new Date(at).toISOString(),
    principalId: 'somebody',
    principalKind: 'person',
    address: '203.0.113.9',
    requestId: 'r',
    transport: 'rest',
    operation: 'createBucket',
    outcome: 'done',
  } as const;
  await database.transaction((tx) => tx.execute(insertAuditRecords('default', [row])!));
}
/** The partitions, and how many records each has. */
async function partitions(): Promise<Record<string, number>> {
  const rows = await database.query<{ name: string }>(
    Prisma.sql`SELECT inhrelid::regclass::text AS "name" FROM pg_inherits WHERE inhparent = '"AuditRecord"'::regclass ORDER BY 1`,
  );
  const counts: Record<string, number> = {};
  for (const { name } of rows) {
    const [row] = await database.query<{ count: number }>(Prisma.raw(`SELECT count(*)::int AS "count" FROM ${name}`));
    counts[name.replaceAll('"', '')] = row!.count;
  }
  return counts;
}

it('has a partition for the month that it is and for the next two', async () => {
  await keep('2026-11-30T23:59:59Z', '2026-01-01');
  await keep('2026-11-30T23:59:59Z', '2026-01-01');
  for (const at of ['2026-11-30T23:59:59.999Z', '2026-12-01', '2027-01-31', '2030-01-01']) await record(at);
  expect(await partitions()).toEqual({
    AuditRecord_2026_11: 1,
    AuditRecord_2026_12: 1,
    AuditRecord_2027_01: 1,
    AuditRecord_other: 1,
  });
  expect(warnings).toEqual([]);
});

it('drops a month when all of it is too old, and deletes what no month has', async () => {
  await keep('2026-01-15', '2025-01-01');
  for (const at of ['2025-06-01', '2026-01-31', '2026-02-01']) await record(at);
  await keep('2026-03-15', '2026-01-31T23:59:59Z');
  expect(await partitions()).toMatchObject({ AuditRecord_2026_01: 1, AuditRecord_other: 0 });
  await keep('2026-03-15', '2026-02-01');
  expect(await partitions()).toEqual({
    AuditRecord_2026_02: 1,
    AuditRecord_2026_03: 0,
    AuditRecord_2026_04: 0,
    AuditRecord_2026_05: 0,
    AuditRecord_other: 0,
  });
});

it('leaves records where they are that came before their month had a partition', async () => {
  await record('2026-03-01');
  await keep('2026-03-15', '2026-01-01');
  expect(await partitions()).toEqual({ AuditRecord_2026_04: 0, AuditRecord_2026_05: 0, AuditRecord_other: 1 });
  expect(warnings).toMatchObject([{ partition: 'AuditRecord_2026_03' }]);
});

it('is looked after by several servers at once', async () => {
  await Promise.all([1, 2, 3].map(() => keep('2026-03-15', '2026-01-01')));
  expect(Object.keys(await partitions())).toHaveLength(4);
  expect(warnings).toEqual([]);
});
