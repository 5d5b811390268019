import { Prisma } from '../../../prisma/generated/client.js';
import type { ResourceMapping } from '../../platform/read/resource-mapping.js';
import { isOwned } from '../../platform/rights/ownership.js';
import type { SpendSource, Spent } from '../spending.js';

/** What the usages of somebody were rated at, billed or not, by their dates; what consumed a bucket is a charge of that. */
export function ratedUsageOf(usage: ResourceMapping): SpendSource {
  return (queries, { tenantId, parties, accounts, partyRoles }, { start, end }) => {
    const owner = { parties, accounts, logicalResources: [], partyRoles };
    return queries.query<Spent>(Prisma.sql`
      SELECT t."unit" AS "units", sum(coalesce(t."taxIncluded", t."taxExcluded"))::text AS "amount"
      FROM "Usage" b CROSS JOIN LATERAL "ratedTotals"(b."ratedProductUsage") t
      WHERE b."tenantId" = ${tenantId} AND ${isOwned(usage, 'b', tenantId, owner)}
        AND b."usageDate" >= ${start.toISOString()}::timestamptz AND b."usageDate" < ${end.toISOString()}::timestamptz
        AND b."status" IN ('rated', 'rerated', 'billed') AND b."chargeTo" IS NULL
      GROUP BY t."unit"`);
  };
}
