import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { Prisma } from '../../prisma/generated/client.js';
import type { Database } from '../../src/platform/database/database.js';
import { createMigratedStorage, graphql, killAll, Program, startMaxMs, type Storage } from './program.js';
import { eventually } from '../support/eventually.js';
import { retryWhileBusy } from '../support/retry-while-busy.js';
import { seed } from '../support/seed.js';
import { proofSize } from '../support/proof.js';

const isServer = Boolean(process.env.TEST_DATABASE_URL);
const accounts = proofSize('BILL_ACCOUNTS', { short: 100, long: isServer ? 300 : 100 });
const ratesPerAccount = 15;
const usagesPerAccount = 5;
const kills = proofSize('BILL_KILLS', { short: 1, long: 6 });
/** The runs behind all kills, at most. */
const runsMaxMs = 5 * startMaxMs;
// Before and behind the kills there are three more starts.
jest.setTimeout((kills + 3) * startMaxMs + runsMaxMs);
/** A server is killed so soon after it began a run. */
const killedAfterMsMax = 1_200;

let storage: Storage;
beforeEach(async () => {
  storage = await createMigratedStorage();
});
afterEach(async () => {
  await killAll();
  await storage.remove();
});

/** Accounts whose rates come to sums that must be rounded; a third of their usages are rates already. */
function fill(database: Database): Promise<void> {
  return database.script(`
    INSERT INTO "AppliedCustomerBillingRate" ("tenantId", "id", "appliedBillingRateType", "date", "isBilled", "name", "taxExcludedAmountValue", "taxExcludedAmountUnit", "appliedTax", "billingAccount", "updatedAt")
    SELECT 'default', 'R' || lpad(a::text, 12, '0') || lpad(n::text, 13, '0'), 'appliedBillingCharge', '2026-02-01T00:00:00Z'::timestamptz + n * interval '1 day', false, 'rate ' || n,
      0.335 + (a % 7) * 0.01 + n * 0.001, 'EUR', '[{"taxCategory": "VAT", "taxRate": 19}]', jsonb_build_object('id', 'account ' || a), now()
    FROM generate_series(1, ${accounts}) a, generate_series(1, ${ratesPerAccount}) n;
    INSERT INTO "Usage" ("tenantId", "id", "usageDate", "usageType", "status", "usageSpecification", "ratedProductUsage", "relatedParty", "updatedAt")
    SELECT 'default', 'U' || lpad(a::text, 12, '0') || lpad(n::text, 13, '0'), '2026-02-01T00:00:00Z'::timestamptz + n * interval '1 day', 'voice', 'rated', '{"id": "call"}',
      jsonb_build_array(jsonb_build_object('taxExcludedRatingAmount', jsonb_build_object('value', 0.125 + n * 0.01, 'unit', 'EUR'), 'taxRate', 19)),
      jsonb_build_array(jsonb_build_object('id', 'account ' || a, 'atReferredType', 'BillingAccount')), now()
    FROM generate_series(1, ${accounts}) a, generate_series(1, ${usagesPerAccount}) n;`);
}

async function ask(origin: string, query: string): Promise<any> {
  const { body } = await retryWhileBusy(() => graphql(origin, query));
  if (body.errors) throw new Error(JSON.stringify(body.errors));
  return body.data;
}

let keys = 0;
const begin = async (origin: string, cycle: string): Promise<string> =>
  (await ask(origin, `mutation { runBillCycle(id: "${cycle}", idempotencyKey: "run ${++keys}") { id } }`)).runBillCycle
    .id;

async function ended(origin: string, run: string): Promise<any> {
  const look = async (): Promise<any> => {
    const { billRun } = await ask(origin, `{ billRun(id: "${run}") { state accounts bills failed } }`);
    return billRun.state === 'inProgress' ? undefined : billRun;
  };
  return eventually('the run ends', look, { maxMs: runsMaxMs });
}

/** Accounts whose bill is not just what their lines and taxes come to, and what is left or doubled. */
function wrongs(database: Database): Promise<{ wrong: string }[]> {
  return database.query(Prisma.sql`
    WITH sums AS (
      SELECT r."bill"->>'id' AS "bill", r."billingAccount"->>'id' AS "account", count(*) AS "lines", round(sum(r."taxExcludedAmountValue"), 2) AS "net", round(sum(r."taxExcludedAmountValue") * 0.19, 2) AS "tax"
      FROM "AppliedCustomerBillingRate" r WHERE r."isBilled" GROUP BY 1, 2
    )
    SELECT 'unbilled rate ' || "id" AS "wrong" FROM "AppliedCustomerBillingRate" WHERE NOT "isBilled"
    UNION ALL SELECT 'unbilled usage ' || "id" FROM "Usage" WHERE "status" <> 'billed' OR "ratedProductUsage"->0->>'isBilled' IS DISTINCT FROM 'true'
    UNION ALL SELECT 'usage ' || "id" || ' has no rate' FROM "Usage" u WHERE NOT EXISTS (SELECT 1 FROM "UsageRate" r WHERE r."usageId" = u."id")
    UNION ALL SELECT 'account ' || "account" || ' has ' || count(*) || ' bills' FROM sums GROUP BY "account" HAVING count(*) <> 1
    UNION ALL SELECT 'bill ' || b."id" || ' of ' || b."taxIncludedAmountValue" || ' is not ' || s."net" || ' and ' || s."tax" FROM "CustomerBill" b LEFT JOIN sums s ON s."bill" = b."id"
      WHERE s."lines" IS DISTINCT FROM ${ratesPerAccount + usagesPerAccount}::int OR b."taxExcludedAmountValue" <> s."net" OR b."taxIncludedAmountValue" <> s."net" + s."tax"
    UNION ALL SELECT 'there are ' || count(*) || ' bills' FROM "CustomerBill" HAVING count(*) <> ${accounts}::int
    UNION ALL SELECT 'there are ' || count(*) || ' rates' FROM "AppliedCustomerBillingRate" HAVING count(*) <> ${accounts * (ratesPerAccount + usagesPerAccount)}::int
    UNION ALL SELECT 'there are ' || count(*) || ' events of bills' FROM "Outbox" WHERE "eventType" = 'CustomerBillCreateEvent' HAVING count(*) <> ${accounts}::int
    LIMIT 20`);
}

it('bills everything once through kill -9 and runs beside each other', async () => {
  const env = { ...storage.env, SEED: 'none', LOG_LEVEL: 'error' };
  let program = new Program('start', env);
  let origin = await program.origin();
  const { createBillCycle: cycle } = await ask(
    origin,
    `mutation { createBillCycle(input: { name: "February", billingDate: "2026-03-02T00:00:00Z", billCycleSpecification: { refId: "monthly" },
      validFor: { startDateTime: "2026-02-01T00:00:00Z", endDateTime: "2026-03-01T00:00:00Z" } }) { id } }`,
  );
  await program.stop();
  await storage.inspect(fill);

  for (const pauseMs of fc.sample(fc.integer({ min: 0, max: killedAfterMsMax }), { numRuns: kills, seed })) {
    program = new Program('start', env);
    origin = await program.origin();
    await begin(origin, cycle.id);
    await sleep(pauseMs);
    await program.kill();
  }

  // Whoever does not want to wait for the run that died begins another one; two at once get in nobody's way.
  program = new Program('start', env);
  origin = await program.origin();
  const other = isServer ? new Program('start', env) : program;
  const otherOrigin = await other.origin();
  const runs = await Promise.all([begin(origin, cycle.id), begin(otherOrigin, cycle.id)]);
  for (const run of await Promise.all(runs.map((run) => ended(origin, run))))
    expect(run).toMatchObject({ state: 'done', failed: 0 });
  expect(await program.stop()).toBe(0);
  if (other !== program) expect(await other.stop()).toBe(0);
  expect(await storage.inspect(wrongs)).toEqual([]);
});
