import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../../platform/database/database.js';
import type { Outdated } from '../../platform/write/forget.js';
import { firstOnDemandState } from './transitions.js';

/** Requests of any tenant that ended before that. */
export function findOldRequests(database: Database, before: Date, after: Outdated, limit: number): Promise<Outdated[]> {
  return database.query(Prisma.sql`
    SELECT "tenantId", "id" FROM "CustomerBillOnDemand" WHERE ("tenantId", "id") > (${after.tenantId}, ${after.id})
      AND "state" <> ${firstOnDemandState} AND "lastUpdate" < ${before}
    ORDER BY "tenantId", "id" LIMIT ${limit}::int`);
}
