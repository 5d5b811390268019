import { Prisma } from '../../../prisma/generated/client.js';
import type { Transaction } from '../../platform/database/database.js';

/**
 * Takes the next `count` numbers of a series in a year; answers the last of them. Another transaction that takes
 * numbers of the same series waits until this one ends; when this one fails, the next one takes its numbers.
 */
export async function takeNumbers(
  tx: Transaction,
  tenantId: string,
  series: string,
  year: number,
  count: number,
): Promise<number> {
  const [row] = await tx.query<{ lastNumber: number }>(Prisma.sql`
    INSERT INTO "BillNumberSeries" AS s ("tenantId", "series", "year", "lastNumber")
    VALUES (${tenantId}, ${series}, ${year}::int, ${count}::int)
    ON CONFLICT ("tenantId", "series", "year") DO UPDATE SET "lastNumber" = s."lastNumber" + EXCLUDED."lastNumber"
    RETURNING "lastNumber"`);
  if (row === undefined) throw new Error('a series has a last number');
  return row.lastNumber;
}

/** A bill of any tenant. */
export interface BillOfTenant {
  tenantId: string;
  id: string;
}

/** The next bills that were calculated and not validated yet, behind this one, of all tenants in order. */
export function findDrafts(tx: Transaction, after: BillOfTenant, limit: number): Promise<BillOfTenant[]> {
  return tx.query(Prisma.sql`
    SELECT b."tenantId", b."id" FROM "CustomerBill" b
    WHERE (b."tenantId", b."id") > (${after.tenantId}, ${after.id}) AND b."isCalculated" AND (b."state" = 'new' OR (b."state" = 'onHold' AND b."stateBeforeHold" = 'new'))
    ORDER BY b."tenantId", b."id" LIMIT ${limit}::int`);
}

/** SELECT of the accounts of the bills of a party. */
export function selectBilledAccountsOfParty(tenantId: string, party: string): Prisma.Sql {
  return Prisma.sql`
    SELECT b."billingAccountId" COLLATE "C" AS "account" FROM "CustomerBill" b
    WHERE b."tenantId" = ${tenantId} AND b."relatedParty" @> ${JSON.stringify([{ id: party }])}::jsonb`;
}

/** When the first and the last cycle of a specification begin; null: there is none. */
export interface KnownCycles {
  first: Date | null;
  last: Date | null;
}

/** The cycles that there are of a specification. */
export async function findKnownCycles(
  tx: Transaction,
  tenantId: string,
  specificationId: string,
): Promise<KnownCycles> {
  const [known] = await tx.query<KnownCycles>(Prisma.sql`
    SELECT min("validForStart") AS "first", max("validForStart") AS "last" FROM "BillCycle"
    WHERE "tenantId" = ${tenantId} AND "billCycleSpecification" @> ${JSON.stringify({ id: specificationId })}::jsonb`);
  return known ?? { first: null, last: null };
}
