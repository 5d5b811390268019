import { Prisma } from '../../../../prisma/generated/client.js';
import type { Transaction } from '../../../platform/database/database.js';
import { isBillable, usageAccount } from '../../usage/billing.js';

/** An account that has something to be billed, and how much: rates and usages. */
export interface UnbilledAccount {
  account: string;
  count: number;
}

/** SQL: the account of a rate, as b. An index has it in this order; the function alone would forget it. */
export const rateAccount = Prisma.sql`(b."billingAccountId" COLLATE "C")`;

/** SQL: rates, as b, that no bill has. Those without an amount wait until they have one. */
const isWaiting = Prisma.sql`(NOT b."isBilled" AND coalesce(b."taxExcludedAmountValue", b."taxIncludedAmountValue") IS NOT NULL)`;

/** SQL: the same of these accounts, from before this instant. */
export function isUnbilled(accounts: readonly string[], before: Date): Prisma.Sql {
  return Prisma.sql`${isWaiting} AND ${rateAccount} = ANY(${accounts}::text[]) AND b."date" < ${before}`;
}

/** The next accounts, in the order of their ids, that have rates or usages from before this instant which no bill has. */
export function nextAccounts(
  tx: Transaction,
  tenantId: string,
  after: string,
  before: Date,
  limit: number,
): Promise<UnbilledAccount[]> {
  return countUnbilled(tx, tenantId, (account) => Prisma.sql`${account} > ${after}`, before, limit);
}

/** How much of this account no bill has, from before this instant; undefined: nothing. */
export async function findUnbilled(
  tx: Transaction,
  tenantId: string,
  account: string,
  before: Date,
): Promise<UnbilledAccount | undefined> {
  const [found] = await countUnbilled(tx, tenantId, (column) => Prisma.sql`${column} = ${account}`, before, 1);
  return found;
}

function countUnbilled(
  tx: Transaction,
  tenantId: string,
  isWanted: (account: Prisma.Sql) => Prisma.Sql,
  before: Date,
  limit: number,
): Promise<UnbilledAccount[]> {
  const ordered = Prisma.sql`GROUP BY 1 ORDER BY 1 LIMIT ${limit}::int`;
  return tx.query<UnbilledAccount>(Prisma.sql`
    SELECT u."account", sum(u."count")::int AS "count" FROM (
      (SELECT ${rateAccount} AS "account", count(*) AS "count" FROM "AppliedCustomerBillingRate" b
        WHERE b."tenantId" = ${tenantId} AND ${isWaiting} AND ${isWanted(rateAccount)} AND b."date" < ${before} ${ordered})
      UNION ALL
      (SELECT ${usageAccount} AS "account", count(*) AS "count" FROM "Usage" b
        WHERE b."tenantId" = ${tenantId} AND ${isBillable} AND ${isWanted(usageAccount)} AND b."usageDate" < ${before} ${ordered})
    ) u ${ordered}`);
}

/** Of these accounts, in order, those that have something unbilled, whenever it is from. */
export async function accountsWaiting(
  tx: Transaction,
  tenantId: string,
  accounts: readonly string[],
  limit: number,
): Promise<string[]> {
  const rows = await tx.query<{ account: string }>(Prisma.sql`
    SELECT a."account" FROM unnest(${accounts}::text[]) AS a("account") WHERE EXISTS (
      SELECT 1 FROM "AppliedCustomerBillingRate" b WHERE b."tenantId" = ${tenantId} AND ${isWaiting} AND ${rateAccount} = a."account"
    ) OR EXISTS (
      SELECT 1 FROM "Usage" b WHERE b."tenantId" = ${tenantId} AND ${isBillable} AND ${usageAccount} = a."account"
    ) ORDER BY a."account" COLLATE "C" LIMIT ${limit}::int`);
  return rows.map(({ account }) => account);
}
