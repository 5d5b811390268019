import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.js';
import { openTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { proofSize } from '../support/proof.js';
import { startTestServer, TestClock, type TestServer } from '../support/server.js';
import { tablesOfSchema, whatIsKept } from '../support/what-is-kept.js';
import { accountParty, makeCycle, makeRate, makeUsage, onDemand, runCycle } from '../domain/customer-bill/billing.js';
import { ended, linesOf, makeTask, put, taken, usage } from '../streaming/imports.js';

jest.setTimeout(600_000);

const { sql, raw } = Prisma;
const dayMs = 24 * 3_600_000;
/** A year in so many steps; what is kept for a time is kept for less than one. */
const steps = proofSize('STEPS', { short: 4, long: 12 });
const stepMs = (366 * dayMs) / steps;
const settings = {
  ...{
    IDEMPOTENCY_KEY_DAYS: '20',
    OUTBOX_RETENTION_DAYS: '14',
    TASK_DAYS: '20',
    PREVIEW_DAYS: '20',
    DEAD_LETTER_DAYS: '20',
  },
  ...{ AUDIT: 'on', AUDIT_DAYS: '1', QUOTA_ADDRESS: '1000000/d' },
};
/** Work that deletes what is too old. */
const isForgetting = sql`("name" LIKE 'forget-%' OR "name" IN ('drop-old-events', 'keep-audit-partitions'))`;

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

/** Rows of every table. */
async function counts(): Promise<Record<string, number>> {
  const all = tablesOfSchema().map(
    (table) => sql`SELECT ${table} AS "table", count(*)::int AS "count" FROM ${raw(`"${table}"`)}`,
  );
  const rows = await database.query<{ table: string; count: number }>(Prisma.join(all, ' UNION ALL '));
  return Object.fromEntries(rows.map(({ table, count }) => [table, count]));
}

/** What clients do in a step, and what is left of receivers and bounds. */
async function work(server: TestServer, step: number): Promise<void> {
  const now = server.clock.now().toISOString();
  for (let n = 0; n < 5; n++) {
    const headers = { 'idempotency-key': `${step}-${n}` };
    const bucket = { usageType: 'monetary', remainingValue: { amount: 1, units: 'EUR' } };
    expect((await server.rest('POST', '/bucket', { headers, body: bucket })).status).toBe(201);
  }
  const file = linesOf([usage(`${step}`, { usageDate: now }), { usageDate: 'never' }]);
  expect(await taken(server, { content: file })).toMatchObject({ accepted: 1, rejected: 1 });
  await makeTask(server);
  const { id: broken } = await makeTask(server, { mode: 'allOrNothing' });
  await put(server, broken, { content: file });
  expect(await ended(server, broken)).toMatchObject({ status: 'failed' });
  expect((await server.rest('POST', '/exportJob', { body: { query: `status=received` } })).status).toBe(201);
  const account = `account ${step}`;
  await makeRate(server, account, { date: now });
  expect(await onDemand(server, { billingAccount: { id: account } })).toMatchObject({ state: 'done' });
  // Never billed: the previews of each step are of all that is.
  await makeUsage(server, 'tried', [1], { usageDate: now, relatedParty: [accountParty('tried')] });
  await makeRate(server, 'tried', { date: now });
  const end = server.clock.now().getTime() + dayMs;
  const cycle = await makeCycle(server, {
    validFor: { startDateTime: new Date(end - 30 * dayMs).toISOString(), endDateTime: new Date(end).toISOString() },
  });
  expect(await runCycle(server, cycle.id, { dryRun: true })).toMatchObject({ state: 'done' });
  await database.client.$executeRaw(sql`
    INSERT INTO "HubDeadLetter" ("tenantId", "id", "hubId", "eventId", "eventType", "resourceId", "state", "attempts", "failedAt", "updatedAt")
    VALUES ('default', ${`letter ${step}`}, 'gone', '1', 'BucketCreateEvent', '1', 'dead', 3, ${now}::timestamptz, ${now}::timestamptz)`);
  await database.client.$executeRaw(sql`
    INSERT INTO "AmountOfDay" VALUES ('default', 'somebody', 'topupBalance:create', 'EUR', ${now}::timestamptz::date, 1)`);
}

/** Runs a server for a step: first it forgets, then clients come. */
async function live(step: number, clock: TestClock): Promise<void> {
  await database.client.$executeRaw(
    sql`UPDATE pgboss.job SET start_after = now() WHERE ${isForgetting} AND state = 'created'`,
  );
  const server = await startTestServer(settings, { database: { ...database, close: () => Promise.resolve() }, clock });
  try {
    await server.startJobs();
    await eventually('all that is too old is forgotten', async () => {
      const [row] = await database.query<{ count: number }>(
        sql`SELECT count(*)::int AS "count" FROM pgboss.job WHERE ${isForgetting} AND state = 'created' AND start_after > now() + interval '30 minutes'`,
      );
      return row!.count === forgettingJobs || undefined;
    });
    await work(server, step);
  } finally {
    await server.close();
  }
}

/** Keys, quotas, amounts, letters, previews, requests for bills, imports, exports, events, and the audit. */
const forgettingJobs = 10;

it('what is kept for a time does not grow over a year, and nothing else goes', async () => {
  const clock = new TestClock(new Date('2028-01-05T12:00:00.000Z'));
  const seen: Record<string, number>[] = [];
  for (let step = 0; step < steps; step++, clock.advance(stepMs)) {
    await live(step, clock);
    seen.push(await counts());
  }
  const [first, last] = [seen[1]!, seen.at(-1)!];
  const always = new Set(whatIsKept().flatMap(({ tables, kept }) => (/^(always|one)/.test(kept) ? tables : [])));
  const bounded = tablesOfSchema().filter((table) => !always.has(table));
  const more = bounded.filter((table) => last[table]! > first[table]!);
  expect(more.map((table) => `${table}: ${first[table]}, later ${last[table]}`)).toEqual([]);
  // That is no matter of course: a step leaves something in these.
  for (const table of ['Outbox', 'Idempotency', 'AuditRecord', 'UsageImport', 'UsageImportProblem', 'UsageExport'])
    expect([table, last[table]! > 0]).toEqual([table, true]);
  for (const table of ['CustomerBillOnDemand', 'BillRunPreview', 'HubDeadLetter', 'QuotaUse', 'AmountOfDay'])
    expect([table, last[table]! > 0]).toEqual([table, true]);
  const fewer = [...always].filter((table) => last[table]! < first[table]!);
  expect(fewer).toEqual([]);
  expect([last['Bucket'], last['Usage'], last['CustomerBill']]).toEqual([5 * steps, 2 * steps, steps]);
});

it('what is deleted is told as an event, as if a client did it', async () => {
  const rows = await database.query<{ eventType: string; principalId: string }>(
    sql`SELECT DISTINCT "eventType", "principalId" FROM "Outbox" WHERE "eventType" LIKE '%DeleteEvent' ORDER BY 1`,
  );
  expect(rows).toEqual(
    ['CustomerBillOnDemandDeleteEvent', 'UsageExportDeleteEvent', 'UsageImportDeleteEvent'].map((eventType) => ({
      eventType,
      principalId: 'system',
    })),
  );
});
