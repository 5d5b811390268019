import { Prisma } from '../../../../prisma/generated/client.js';
import type { Database, Transaction } from '../../../platform/database/database.js';
import type { Outdated } from '../../../platform/write/forget.js';
import type { SnapshotReads } from '../../../platform/read/snapshot.js';

/** A download of the bytes of an export. */
export interface Run {
  readonly tenantId: string;
  readonly id: string;
  /** Only the last run may report how it goes. */
  readonly run: number;
}

/** Counts a run that begins; answers its number. */
export async function countRun(tx: Transaction, tenantId: string, id: string): Promise<number> {
  const { runs } = await tx.client.usageExport.update({
    where: { tenantId_id: { tenantId, id } },
    data: { runs: { increment: 1 } },
    select: { runs: true },
  });
  return runs;
}

/** Counts the lines that were sent, as long as this is still the run that the task reports. */
export async function setLines(database: Database, run: Run, lines: number, now: Date): Promise<void> {
  await database.query(Prisma.sql`
    UPDATE "UsageExport" SET "lines" = ${lines}, "updatedAt" = ${now}, "revision" = "revision" + 1 WHERE ${isCurrent(run)} RETURNING "id"`);
}

/** Whether this is still the run that the task reports; then it stays so until the transaction ends. */
export async function lockIfCurrent(tx: Transaction, run: Run): Promise<boolean> {
  const rows = await tx.query(Prisma.sql`SELECT 1 FROM "UsageExport" WHERE ${isCurrent(run)} FOR UPDATE`);
  return rows.length > 0;
}

/** Runs of any tenant that have reported nothing since then, at most `limit`. */
export function findSilentRuns(database: Database, since: Date, limit: number): Promise<Run[]> {
  return database.query(Prisma.sql`
    SELECT "tenantId", "id", "runs" AS "run" FROM "UsageExport" WHERE "status" = 'running' AND "updatedAt" < ${since} LIMIT ${limit}::int`);
}

/** Exports of any tenant that ended before that, or were made before and never began. */
export function findOldExports(database: Database, before: Date, after: Outdated, limit: number): Promise<Outdated[]> {
  return database.query(Prisma.sql`
    SELECT "tenantId", "id" FROM "UsageExport" WHERE ("tenantId", "id") > (${after.tenantId}, ${after.id})
      AND "status" <> 'running' AND COALESCE("completionDate", "creationDate") < ${before}
    ORDER BY "tenantId", "id" LIMIT ${limit}::int`);
}

/** The id of the usage that came last in a snapshot; undefined when there is none. */
export async function lastUsageId(reads: SnapshotReads, tenantId: string): Promise<string | undefined> {
  const [row] = await reads.read<{ id: string | null }>(
    Prisma.sql`SELECT max("id") AS "id" FROM "Usage" WHERE "tenantId" = ${tenantId}`,
    { isPlanKept: false },
  );
  return row?.id ?? undefined;
}

function isCurrent({ tenantId, id, run }: Run): Prisma.Sql {
  return Prisma.sql`"tenantId" = ${tenantId} AND "id" = ${id} AND "runs" = ${run} AND "status" = 'running'`;
}
