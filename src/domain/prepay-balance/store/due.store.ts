import { Prisma } from '../../../../prisma/generated/client.js';
import type { Database, EngineDatabase, Statements } from '../../../platform/database/database.js';
import type { ActionKind } from '../model.js';

// What is due: reservations and buckets whose time is over, unpaid actions, scheduled top-ups.

/**
 * SQL that is true when an action or a bucket of the tenant is due: one lookup in each of two small indexes. ORDER BY makes
 * PostgreSQL use them: in a generic plan for EXISTS without an order it estimates a third of all buckets to be due, and
 * reads the table.
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

/** Whether anything of the tenant is due, asked outside a transaction. */
export async function readIsDue(database: Database, tenantId: string, now: Date): Promise<boolean> {
  const [row] = await database.read<{ isDue: boolean }>(Prisma.sql`SELECT ${isDue(tenantId, now)} AS "isDue"`, {
    isPlanKept: true,
  });
  return row?.isDue ?? false;
}

/** Whether anything of the tenant is due. */
export async function isAnythingDue(tx: Statements, tenantId: string, now: Date): Promise<boolean> {
  const [row] = await tx.query<{ isDue: boolean }>(Prisma.sql`SELECT ${isDue(tenantId, now)} AS "isDue"`);
  return row?.isDue ?? false;
}

/** A bucket or an action that is due, and since when. */
export interface DueItem {
  readonly kind: ActionKind | 'bucket';
  /** True of an action whose payment did not come in time. */
  readonly isUnpaid: boolean;
  readonly id: string;
  readonly dueAt: Date;
}

/** What is due, the earliest first. */
export async function findDue(
  database: EngineDatabase,
  tenantId: string,
  now: Date,
  limit: number,
): Promise<DueItem[]> {
  const at = now.toISOString();
  return database.query<DueItem>(Prisma.sql`
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
export async function tenantsWithDue(database: EngineDatabase, now: Date, limit: number): Promise<string[]> {
  const at = now.toISOString();
  const rows = await database.query<{ tenantId: string }>(Prisma.sql`
    SELECT "tenantId" FROM "BalanceAction" WHERE "nextDueDate" <= ${at}::timestamptz
    UNION
    SELECT "tenantId" FROM "Bucket" WHERE "validForEnd" <= ${at}::timestamptz AND "status" = 'active'
    LIMIT ${limit}::int`);
  return rows.map(({ tenantId }) => tenantId);
}

/** When what is due longest was due, whoever's it is; undefined: nothing is due. */
export async function oldestDue(database: Database, now: Date): Promise<Date | undefined> {
  const at = now.toISOString();
  const [row] = await database.query<{ at: Date | null }>(Prisma.sql`
    SELECT min("at") AS "at" FROM (
      SELECT min("nextDueDate") AS "at" FROM "BalanceAction" WHERE "nextDueDate" <= ${at}::timestamptz
      UNION ALL
      SELECT min("validForEnd") FROM "Bucket" WHERE "validForEnd" <= ${at}::timestamptz AND "status" = 'active'
    ) d`);
  return row?.at ?? undefined;
}
