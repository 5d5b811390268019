import { Prisma } from '../../../../prisma/generated/client.js';
import type { Database } from '../../../platform/database/database.js';
import type { ActionKind } from '../command/commands.js';

// What the time does by itself: reservations and buckets lapse, scheduled top-ups fall due.

/**
 * True when a reservation, a top-up or a bucket of the tenant is due; one look into each of two small indexes. The
 * order is what holds PostgreSQL to them: in a plan made for any instant at all, where EXISTS has none, it takes a
 * third of all buckets for due and reads the table.
 */
export function isDue(tenantId: string, now: Date): Prisma.Sql {
  const at = now.toISOString();
  return Prisma.sql`(
    (SELECT d."nextDueDate" FROM "BalanceAction" d
      WHERE d."nextDueDate" <= ${at}::timestamptz AND d."tenantId" = ${tenantId}
      ORDER BY d."nextDueDate" LIMIT 1) IS NOT NULL
    OR (SELECT e."validForEnd" FROM "Bucket" e
      WHERE e."validForEnd" <= ${at}::timestamptz AND e."tenantId" = ${tenantId} AND e."status" = 'active'
      ORDER BY e."validForEnd" LIMIT 1) IS NOT NULL)`;
}

/** One thing whose time has come, and when that was. */
export interface Due {
  readonly kind: ActionKind | 'bucket';
  /** True of an action whose payment did not come in time. */
  readonly isUnpaid: boolean;
  readonly id: string;
  readonly dueAt: Date;
}

/** What is due, the earliest first. */
export async function findDue(database: Database, tenantId: string, now: Date, limit: number): Promise<Due[]> {
  const at = now.toISOString();
  return database.query<Due>(Prisma.sql`
    SELECT * FROM (
      (SELECT "kind", "id", "paymentDueDate" IS NOT NULL AS "isUnpaid", "nextDueDate" AS "dueAt" FROM "BalanceAction"
        WHERE "nextDueDate" <= ${at}::timestamptz AND "tenantId" = ${tenantId}
        ORDER BY "nextDueDate", "id" LIMIT ${limit}::int)
      UNION ALL
      (SELECT 'bucket', "id", false, "validForEnd" FROM "Bucket"
        WHERE "validForEnd" <= ${at}::timestamptz AND "tenantId" = ${tenantId} AND "status" = 'active'
        ORDER BY "validForEnd", "id" LIMIT ${limit}::int)
    ) t ORDER BY "dueAt", "id" LIMIT ${limit}::int`);
}

/** Tenants for whom something is due. */
export async function tenantsWithDue(database: Database, now: Date, limit: number): Promise<string[]> {
  const at = now.toISOString();
  const rows = await database.query<{ tenantId: string }>(Prisma.sql`
    SELECT "tenantId" FROM "BalanceAction" WHERE "nextDueDate" <= ${at}::timestamptz
    UNION
    SELECT "tenantId" FROM "Bucket" WHERE "validForEnd" <= ${at}::timestamptz AND "status" = 'active'
    LIMIT ${limit}::int`);
  return rows.map(({ tenantId }) => tenantId);
}
