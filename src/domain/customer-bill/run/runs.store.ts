import { Prisma } from '../../../../prisma/generated/client.js';
import type { Database, Transaction } from '../../../platform/database/database.js';
import { inBatches } from '../../../platform/write/forget.js';
import type { Write } from '../../../platform/write/write-all.js';

/** The rows of these bills as JSON texts, to be read before they are rolled back. */
export async function readPreviews(tx: Transaction, tenantId: string, billIds: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ row: string }>(Prisma.sql`
    SELECT to_jsonb(b)::text AS "row" FROM "CustomerBill" b WHERE b."tenantId" = ${tenantId} AND b."id" = ANY(${billIds}::text[])`);
  return rows.map(({ row }) => row);
}

/** Keeps what a dry run would have made. */
export function insertPreviews(tenantId: string, runId: string, previews: readonly string[]): Write {
  if (previews.length === 0) return undefined;
  return Prisma.sql`
    INSERT INTO "BillRunPreview" ("tenantId", "runId", "billId", "bill")
    SELECT ${tenantId}::text, ${runId}::text, b->>'id', b FROM jsonb_array_elements(${`[${previews.join(',')}]`}::jsonb) AS b`;
}

/** Drops the previews of runs that began before this instant, of all tenants. */
export function deletePreviews(database: Database, before: Date, signal: AbortSignal): Promise<number> {
  return inBatches(
    (limit) =>
      database.transaction((tx) =>
        tx.execute(Prisma.sql`
          DELETE FROM "BillRunPreview" WHERE ("tenantId", "runId", "billId") IN (
            SELECT p."tenantId", p."runId", p."billId" FROM "BillRunPreview" p
            JOIN "BillRun" r ON r."tenantId" = p."tenantId" AND r."id" = p."runId"
            WHERE r."startedAt" < ${before} LIMIT ${limit}::int FOR UPDATE OF p SKIP LOCKED)`),
      ),
    signal,
  );
}
