import { Prisma } from '../../../prisma/generated/client.js';
import type { Transaction } from '../../platform/database/database.js';
import type { BillOfTenant } from './bills.store.js';

/** Sent, not paid, due by now, and not told for that date. */
const isOverdue = (now: Date): Prisma.Sql => Prisma.sql`
  b."state" IN ('sent', 'partiallyPaid') AND b."overdueTold" IS DISTINCT FROM b."paymentDueDate"
    AND b."paymentDueDate" <= ${now.toISOString()}::timestamptz`;

/** Locks bills of all tenants that are to be told of; where tables are distributed it only finds them. */
export function lockOverdue(tx: Transaction, now: Date, limit: number): Promise<BillOfTenant[]> {
  return tx.query(Prisma.sql`
    SELECT b."tenantId", b."id" FROM "CustomerBill" b WHERE ${isOverdue(now)}
    ORDER BY b."paymentDueDate", b."tenantId", b."id" LIMIT ${limit}::int FOR UPDATE SKIP LOCKED`);
}

/** Says that bills are told for the date at which they are due; answers those of which it was still to be said. */
export async function markOverdue(
  tx: Transaction,
  tenantId: string,
  ids: readonly string[],
  now: Date,
): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(Prisma.sql`
    UPDATE "CustomerBill" b SET "overdueTold" = b."paymentDueDate"
    WHERE b."tenantId" = ${tenantId} AND b."id" = ANY(${ids}::text[]) AND ${isOverdue(now)} RETURNING b."id"`);
  return rows.map(({ id }) => id);
}
