import { Prisma } from '../../../../prisma/generated/client.js';
import type { Transaction } from '../../../platform/database/database.js';
import type { ResourceMapping } from '../../../platform/read/resource-mapping.js';
import { isOwned } from '../../../platform/rights/ownership.js';
import type { Reference } from '../../row.js';
import type { SpendSource, Spent } from '../../spending.js';

/** What a statement of the charges of a bucket needs of it. */
export interface ChargedBucket {
  units: string | null;
  accountId: string | null;
  parties: (Reference & { role?: string | null })[];
}

/** Undefined when there is no such bucket. */
export async function findChargedBucket(
  tx: Transaction,
  tenantId: string,
  id: string,
): Promise<ChargedBucket | undefined> {
  const [bucket] = await tx.query<Omit<ChargedBucket, 'parties'> & { parties: string }>(Prisma.sql`
    SELECT "remainingValueUnits" AS "units", "partyAccount"->>'id' AS "accountId", coalesce("relatedParty", '[]')::text AS "parties"
    FROM "Bucket" WHERE "tenantId" = ${tenantId} AND "id" = ${id}`);
  return bucket && { ...bucket, parties: JSON.parse(bucket.parties) as ChargedBucket['parties'] };
}

/** Entries of the ledger that take from a balance for something that was used, or give of that back. */
const chargeTypes = ['debit', 'commit', 'transferCost', 'credit'];
/** Actions that are charges as a whole: so is their cancellation. Of a transfer only the cost is one. */
const chargingActions = ['adjustBalance', 'reserveBalance'];

const mayCharge = Prisma.sql`e."entryType" = ANY(${[...chargeTypes, 'reversal']}::text[])`;

/** Joins what an entry e of the ledger charged: "delta" of d, negative for a charge. */
const chargeOfEntry = Prisma.sql`
    CROSS JOIN LATERAL (SELECT CASE
      WHEN e."entryType" = ANY(${chargeTypes}::text[]) OR e."actionKind" = ANY(${chargingActions}::text[]) THEN e."remainingDelta" + e."reservedDelta"
      ELSE (SELECT -sum(c."remainingDelta") FROM "LedgerEntry" c
        WHERE c."tenantId" = e."tenantId" AND c."bucketId" = e."bucketId" AND c."actionId" = e."actionId" AND c."entryType" = 'transferCost')
    END AS "delta") d`;

/** What one ledger entry charged a bucket. */
export interface LedgerCharge {
  sequence: number;
  entryType: string;
  /** A decimal, negative for a charge. */
  delta: string;
  recordedAt: Date;
  actionKind: string | null;
  actionId: string | null;
  reason: string | null;
}

/** The charges of a bucket behind this entry, in the order of the ledger, at most `limit`. */
export function findCharges(
  tx: Transaction,
  tenantId: string,
  bucketId: string,
  { after, limit }: { after: number; limit: number },
): Promise<LedgerCharge[]> {
  return tx.query<LedgerCharge>(Prisma.sql`
    SELECT e."sequence", e."entryType", d."delta"::text AS "delta", e."recordedAt", e."actionKind", e."actionId", a."reason"
    FROM "LedgerEntry" e LEFT JOIN "BalanceAction" a ON a."tenantId" = e."tenantId" AND a."id" = e."actionId" ${chargeOfEntry}
    WHERE e."tenantId" = ${tenantId} AND e."bucketId" = ${bucketId} AND e."sequence" > ${after}
      AND ${mayCharge} AND d."delta" <> 0
    ORDER BY e."sequence" LIMIT ${limit}::int`);
}

/** What was charged to the buckets of somebody: charges less what was given back of any, in the span. */
export function chargesOf(bucket: ResourceMapping): SpendSource {
  return (queries, { tenantId, parties, accounts, partyRoles }, { start, end }) => {
    const owner = { parties, accounts, logicalResources: [], partyRoles };
    // Behind the last entry before the span; entries that a wrong clock dated earlier are not of it either.
    const before = new Date(start.getTime() - 1).toISOString();
    return queries.query<Spent>(Prisma.sql`
      SELECT e."units", (-sum(d."delta"))::text AS "amount" FROM "Bucket" b CROSS JOIN LATERAL (
        SELECT e.* FROM "LedgerEntry" e WHERE e."tenantId" = b."tenantId" AND e."bucketId" = b."id"
          AND e."sequence" > "entrySequenceAt"(b."tenantId", b."id", b."entrySequence", ${before}::timestamptz)
          AND e."recordedAt" >= ${start.toISOString()}::timestamptz AND e."recordedAt" < ${end.toISOString()}::timestamptz AND ${mayCharge}
      ) e ${chargeOfEntry}
      WHERE b."tenantId" = ${tenantId} AND ${isOwned(bucket, 'b', tenantId, owner)} AND d."delta" <> 0
      GROUP BY e."units"`);
  };
}
