import { Prisma } from '../../../prisma/generated/client.js';
import type { Transaction } from '../../platform/database/database.js';
import type { BillOfTenant } from './bills.store.js';

/** Locks bills of all tenants that were sent, are not paid, and were due by now; not those that were told for their date. */
export function lockOverdue(tx: Transaction, now: Date, limit: number): Promise<BillOfTenant[]> {
  return tx.query(Prisma.sql`
    SELECT b."tenantId", b."id" FROM "CustomerBill" b
    WHERE b."state" IN ('sent', 'partiallyPaid') AND b."overdueTold" IS DISTINCT FROM b."paymentDueDate"
      AND b."paymentDueDate" <= ${now.toISOString()}::timestamptz
    ORDER BY b."paymentDueDate", b."tenantId", b."id" LIMIT ${limit}::int FOR UPDATE SKIP LOCKED`);
}

/** Says that bills were told for the date at which they are due. */
export function markOverdue(tenantId: string, ids: readonly string[]): Prisma.Sql {
  return Prisma.sql`
    UPDATE "CustomerBill" SET "overdueTold" = "paymentDueDate" WHERE "tenantId" = ${tenantId} AND "id" = ANY(${ids}::text[])`;
}
