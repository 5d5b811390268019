import { Prisma } from '../../../../prisma/generated/client.js';
import type { Database, Transaction } from '../../../platform/database/database.js';
import { putBack, type ArchivedRow, type ArchiveRange } from '../../../platform/database/kept-rows.js';
import { liveStatus } from '../transitions.js';

/** Actions that have ended, hold nothing, wait for nothing, and have not changed since. */
export async function readFinishedActions(
  database: Database,
  { tenantId, before, after: [after = ''], limit }: ArchiveRange,
): Promise<ArchivedRow[]> {
  const rows = await database.read<Omit<ArchivedRow, 'key'> & { id: string }>(
    Prisma.sql`
      SELECT a."id", to_char(a."requestedDate" AT TIME ZONE 'UTC', 'YYYY-MM') AS "month", a."amountAmount"::text AS "amount", a."amountUnits" AS "units",
        jsonb_build_object('action', to_jsonb(a))::text AS "line"
      FROM "BalanceAction" a WHERE a."tenantId" = ${tenantId} AND a."id" > ${after} AND a."requestedDate" < ${before.toISOString()}::timestamptz
        AND a."updatedAt" < ${before.toISOString()}::timestamptz AND a."status" <> ${liveStatus} AND a."nextDueDate" IS NULL
        AND NOT EXISTS (SELECT 1 FROM "ReservationHold" h WHERE h."tenantId" = a."tenantId" AND h."reserveBalanceId" = a."id")
      ORDER BY a."id" LIMIT ${limit}::int`,
    { isPlanKept: false, workClass: 'report' },
  );
  return rows.map(({ id, ...row }) => ({ ...row, key: [id] }));
}

/** Deletes actions that are as they were archived; the entries of the ledger stay. Answers how many were deleted. */
export function deleteArchivedActions(tx: Transaction, tenantId: string, lines: readonly string[]): Promise<number> {
  return tx.execute(Prisma.sql`
    DELETE FROM "BalanceAction" a USING jsonb_array_elements(${`[${lines.join(',')}]`}::jsonb) e
    WHERE a."tenantId" = ${tenantId} AND a."id" = e.value#>>'{action,id}' AND to_jsonb(a) = e.value->'action'`);
}

/** Puts actions back; answers what differs from the archive. */
export async function putBackActions(tx: Transaction, lines: readonly string[]): Promise<string[]> {
  return putBack(tx, 'BalanceAction', ['tenantId', 'id'], await partOf(tx, lines, 'action'));
}

/** Entries of the ledger, bucket by bucket. */
export async function readEntries(
  database: Database,
  { tenantId, before, after: [bucketId = '', sequence = 0], limit }: ArchiveRange,
): Promise<ArchivedRow[]> {
  const rows = await database.read<Omit<ArchivedRow, 'key'> & { bucketId: string; sequence: number }>(
    Prisma.sql`
      SELECT l."bucketId", l."sequence", to_char(l."recordedAt" AT TIME ZONE 'UTC', 'YYYY-MM') AS "month", l."remainingDelta"::text AS "amount", l."units",
        jsonb_build_object('entry', to_jsonb(l), 'stepsBack', ARRAY(
          SELECT to_jsonb(s) FROM "LedgerStepBack" s WHERE s."tenantId" = l."tenantId" AND s."bucketId" = l."bucketId" AND s."sequence" = l."sequence"
        ))::text AS "line"
      FROM "LedgerEntry" l WHERE l."tenantId" = ${tenantId} AND (l."bucketId", l."sequence") > (${bucketId}, ${sequence}::int)
        AND l."recordedAt" < ${before.toISOString()}::timestamptz
      ORDER BY l."bucketId", l."sequence" LIMIT ${limit}::int`,
    { isPlanKept: false, workClass: 'report' },
  );
  return rows.map(({ bucketId: bucket, sequence: last, ...row }) => ({ ...row, key: [bucket, last] }));
}

/** Puts entries back; answers what differs from the archive. */
export async function putBackEntries(tx: Transaction, lines: readonly string[]): Promise<string[]> {
  const [row] = await tx.query<{ steps: string }>(Prisma.sql`
    SELECT jsonb_path_query_array(${`[${lines.join(',')}]`}::jsonb, '$[*].stepsBack[*]')::text AS "steps"`);
  const key = ['tenantId', 'bucketId', 'sequence'];
  return [
    ...(await putBack(tx, 'LedgerEntry', key, await partOf(tx, lines, 'entry'))),
    ...(await putBack(tx, 'LedgerStepBack', key, row!.steps)),
  ];
}

async function partOf(tx: Transaction, lines: readonly string[], part: string): Promise<string> {
  const [row] = await tx.query<{ rows: string }>(Prisma.sql`
    SELECT jsonb_agg(e.value->${part}::text)::text AS "rows" FROM jsonb_array_elements(${`[${lines.join(',')}]`}::jsonb) e`);
  return row!.rows;
}
