import { eventually } from '../support/eventually.js';
import type { Findings } from './findings.js';
import { administer } from './setting.js';

const endedMaxMs = 180_000;

/** Waits until what was asked for is billed, and looks whether all is billed once, and to what it comes to. */
export async function lookAtBills(url: string, tenantId: string, findings: Findings): Promise<void> {
  const of = `"tenantId" = '${tenantId}'`;
  const waiting = async (): Promise<number> =>
    Number(
      (
        await administer(url, [`SELECT count(*) FROM "CustomerBillOnDemand" WHERE ${of} AND "state" = 'inProgress'`])
      )[0]?.['count'],
    );
  await eventually('bills on demand have ended', async () => (await waiting()) === 0 || undefined, {
    maxMs: endedMaxMs,
  }).catch(async () => findings.add('bills on demand do not end', String(await waiting())));
  const problems = await administer(url, [
    `SELECT 'request ' || "id" || ': ' || coalesce("stateReason", '') AS "problem" FROM "CustomerBillOnDemand" WHERE ${of} AND "state" = 'terminatedWithError'
     UNION ALL SELECT 'rate ' || "id" || ' is billed by halves' FROM "AppliedCustomerBillingRate" WHERE ${of} AND "isBilled" <> ("bill" IS NOT NULL)
     UNION ALL SELECT 'rate ' || r."id" || ' is on a bill that is not there' FROM "AppliedCustomerBillingRate" r
       WHERE r.${of} AND r."isBilled" AND NOT EXISTS (SELECT 1 FROM "CustomerBill" b WHERE b.${of} AND b."id" = r."bill"->>'id')
     UNION ALL SELECT 'usage ' || u."id" || ' has ' || count(r."rateId") || ' rates' FROM "Usage" u LEFT JOIN "UsageRate" r ON r.${of} AND r."usageId" = u."id"
       WHERE u.${of} AND u."status" = 'billed' GROUP BY u."id" HAVING count(r."rateId") <> 1
     UNION ALL SELECT 'bill ' || b."id" || ' of ' || b."taxIncludedAmountValue" || ' has lines of ' || coalesce(s."sum", 0) FROM "CustomerBill" b
       LEFT JOIN (SELECT "bill"->>'id' AS "id", sum("taxIncludedAmountValue") AS "sum" FROM "AppliedCustomerBillingRate" WHERE ${of} GROUP BY 1) s ON s."id" = b."id"
       WHERE b.${of} AND b."taxIncludedAmountValue" IS DISTINCT FROM coalesce(s."sum", 0)`,
  ]);
  for (const { problem } of problems) findings.add('billing is wrong', String(problem));
}
