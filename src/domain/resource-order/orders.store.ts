import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../../platform/database/database.js';

/** A row of any tenant. */
export interface RowOfTenant {
  tenantId: string;
  id: string;
}

/** Accepted cancellations of all tenants whose time has come, the earliest first, at most `limit`. */
export function findDueCancellations(database: Database, now: Date, limit: number): Promise<RowOfTenant[]> {
  return database.query(Prisma.sql`
    SELECT "tenantId", "id" FROM "CancelResourceOrder"
    WHERE "state" = 'accepted' AND ("requestedCancellationDate" IS NULL OR "requestedCancellationDate" <= ${now.toISOString()}::timestamptz)
    ORDER BY "requestedCancellationDate", "id" LIMIT ${limit}::int`);
}

/** Open orders of a category, of all tenants, that no client keeps back, the longest untouched first, at most `limit`. */
export function findOpenOrders(database: Database, category: string, limit: number): Promise<RowOfTenant[]> {
  return database.query(Prisma.sql`
    SELECT "tenantId", "id" FROM "ResourceOrder"
    WHERE "state" IN ('acknowledged', 'inProgress', 'pending', 'held') AND "requestedState" IS NULL AND "category" = ${category}
    ORDER BY "updatedAt" LIMIT ${limit}::int`);
}
