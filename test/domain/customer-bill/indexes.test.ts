import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import {
  findUnbilledAccounts,
  findWaitingAccounts,
  isUnbilled,
} from '../../../src/domain/customer-bill/rates.store.js';
import type { Transaction } from '../../../src/platform/database/database.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';

const accounts = 2_000;
const ratesOfEach = 10;

const account = Prisma.raw(`("billingAccount"->>'id') COLLATE "C"`);
/** What billing asks the tables again and again, and the index that must answer. */
const cases: readonly [question: string, sql: Prisma.Sql, index: string][] = [
  [
    'the unbilled rates of an account until the end of a period',
    Prisma.sql`SELECT "id" FROM "AppliedCustomerBillingRate" WHERE "tenantId" = 'default' AND NOT "isBilled" AND ${account} = 'account-77' AND "date" < '2026-04-01'::timestamptz ORDER BY "date", "id"`,
    'AppliedCustomerBillingRate_unbilled_idx',
  ],
  [
    'the next accounts with unbilled rates',
    Prisma.sql`SELECT DISTINCT ${account} FROM "AppliedCustomerBillingRate" WHERE "tenantId" = 'default' AND NOT "isBilled" AND ${account} > 'account-77' ORDER BY 1 LIMIT 100`,
    'AppliedCustomerBillingRate_unbilled_idx',
  ],
  [
    'the rates of a bill',
    Prisma.sql`SELECT b."id" FROM "AppliedCustomerBillingRate" b WHERE b."tenantId" = 'default' AND b."billId" = 'bill-77' ORDER BY b."id" LIMIT 101`,
    'AppliedCustomerBillingRate_billId_idx',
  ],
  [
    'the rates of several bills',
    Prisma.sql`SELECT v.* FROM unnest(ARRAY['bill-77', 'bill-78']) AS p("id") CROSS JOIN LATERAL (SELECT b."id" FROM "AppliedCustomerBillingRate" b WHERE b."tenantId" = 'default' AND b."billId" = p."id" ORDER BY b."id" LIMIT 101) v`,
    'AppliedCustomerBillingRate_billId_idx',
  ],
  [
    'the bills of an account',
    Prisma.sql`SELECT b."id" FROM "CustomerBill" b WHERE b."tenantId" = 'default' AND b."billingAccountId" = 'account-77' ORDER BY b."id" LIMIT 101`,
    'CustomerBill_billingAccountId_idx',
  ],
];

describe('the tables of billing', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await openTestDatabase();
    await database.dedicated((connection) =>
      connection.script(`
        INSERT INTO "CustomerBill" ("tenantId", "id", "state", "lastUpdate", "updatedAt", "appliedPayment", "billDocument", "billingAccount")
        SELECT 'default', 'bill-' || n, 'new', now(), now(), '[]', '[]', jsonb_build_object('id', 'account-' || n) FROM generate_series(1, ${accounts}) n;
        INSERT INTO "AppliedCustomerBillingRate" ("tenantId", "id", "appliedBillingRateType", "date", "isBilled", "updatedAt", "bill", "billingAccount")
        SELECT 'default', 'rate-' || n || '-' || m, 'appliedBillingCharge', '2026-03-01'::timestamptz + m * interval '1 day', m > 5, now(),
          CASE WHEN m > 5 THEN jsonb_build_object('id', 'bill-' || n) END, jsonb_build_object('id', 'account-' || n)
        FROM generate_series(1, ${accounts}) n, generate_series(1, ${ratesOfEach}) m;
        INSERT INTO "Usage" ("tenantId", "id", "usageDate", "status", "usageSpecification", "ratedProductUsage", "relatedParty", "updatedAt")
        SELECT 'default', 'usage-' || n || '-' || m, '2026-03-01'::timestamptz + m * interval '1 day', CASE WHEN m > 5 THEN 'billed' ELSE 'rated' END, '{"id": "call"}',
          '[{"taxExcludedRatingAmount": {"value": 1, "unit": "EUR"}}]', jsonb_build_array(jsonb_build_object('id', 'account-' || n, 'atReferredType', 'BillingAccount')), now()
        FROM generate_series(1, ${accounts}) n, generate_series(1, ${ratesOfEach}) m;
        ANALYZE "Usage"; ANALYZE "CustomerBill"; ANALYZE "AppliedCustomerBillingRate"`),
    );
  });
  afterAll(() => database.close());

  it('answer which accounts come next in a run, and what they have, by index', async () => {
    const asked: Prisma.Sql[] = [];
    const tx = { query: (sql: Prisma.Sql) => (asked.push(sql), Promise.resolve([])) } as unknown as Transaction;
    const before = new Date('2026-04-01T00:00:00.000Z');
    await findUnbilledAccounts(tx, 'default', { after: 'account-77', before, limit: 100 });
    await findWaitingAccounts(tx, 'default', ['account-77', 'account-78'], 2);
    asked.push(
      Prisma.sql`SELECT b."id" FROM "AppliedCustomerBillingRate" b WHERE b."tenantId" = 'default' AND ${isUnbilled(['account-77', 'account-78'], before)}`,
    );
    for (const sql of asked) {
      const plan = await database.query<{ 'QUERY PLAN': string }>(Prisma.sql`EXPLAIN ${sql}`);
      const text = plan.map((line) => line['QUERY PLAN']).join('\n');
      expect(text).toContain('AppliedCustomerBillingRate_unbilled_idx');
      expect(text).not.toContain('Seq Scan on "AppliedCustomerBillingRate"');
      expect(text).not.toContain('Seq Scan on "Usage"');
    }
    expect(asked).toHaveLength(3);
  });

  it.each(cases)('answer %s by index', async (_question, sql, index) => {
    expect((await database.query(sql)).length).toBeGreaterThan(0);
    const plan = await database.query<{ 'QUERY PLAN': string }>(Prisma.sql`EXPLAIN ${sql}`);
    const text = plan.map((line) => line['QUERY PLAN']).join('\n');
    expect(text).toContain(index);
    expect(text).not.toContain('Seq Scan');
  });
});
