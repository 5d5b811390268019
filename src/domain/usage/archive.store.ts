import { Prisma } from '../../../prisma/generated/client.js';
import type { Database, Transaction } from '../../platform/database/database.js';
import { dropArchived, type ArchivedTable } from '../../platform/database/archived-partitions.js';
import { putBack, type ArchivedRow, type ArchiveRange } from '../../platform/database/kept-rows.js';
import type { PartitionLog } from '../../platform/database/range-partitions.js';

/** A usage that is finished, and the billing rates that were made of it. */
export interface ArchivedUsage extends ArchivedRow {
  readonly rates: readonly string[];
}

/** Usages that were billed or rejected, and have not changed since: with where they came from, and what they became. */
export async function readFinishedUsages(
  database: Database,
  { tenantId, before, after: [after = ''], limit }: ArchiveRange,
): Promise<ArchivedUsage[]> {
  const rows = await database.read<Omit<ArchivedUsage, 'key'> & { id: string }>(
    Prisma.sql`
      SELECT u."id", to_char(u."usageDate" AT TIME ZONE 'UTC', 'YYYY-MM') AS "month", u."ratedTaxExcluded"::text AS "amount", u."ratedUnit" AS "units",
        ARRAY(SELECT r."rateId" FROM "UsageRate" r WHERE r."tenantId" = u."tenantId" AND r."usageId" = u."id") AS "rates",
        jsonb_build_object('usage', to_jsonb(u), 'origins', ARRAY(
          SELECT to_jsonb(o) FROM "UsageOrigin" o
          WHERE o."tenantId" = u."tenantId" AND o."source" = coalesce(u."source", '') AND o."externalId" = u."externalId" AND o."usageId" = u."id"
        ), 'rates', ARRAY(
          SELECT to_jsonb(r) FROM "UsageRate" r WHERE r."tenantId" = u."tenantId" AND r."usageId" = u."id" ORDER BY r."result"
        ))::text AS "line"
      FROM "Usage" u WHERE u."tenantId" = ${tenantId} AND u."id" > ${after} AND u."usageDate" < ${before.toISOString()}::timestamptz
        AND u."updatedAt" < ${before.toISOString()}::timestamptz AND u."status" IN ('billed', 'rejected')
      ORDER BY u."id" LIMIT ${limit}::int`,
    { isPlanKept: false, workClass: 'report' },
  );
  return rows.map(({ id, ...row }) => ({ ...row, key: [id] }));
}

/**
 * Deletes usages that are as they were archived. The keys by which they would be taken twice stay, and so does what they became.
 * Answers how many were deleted.
 */
export function deleteArchivedUsages(tx: Transaction, tenantId: string, lines: readonly string[]): Promise<number> {
  return tx.execute(Prisma.sql`
    DELETE FROM "Usage" u USING jsonb_array_elements(${`[${lines.join(',')}]`}::jsonb) e
    WHERE u."tenantId" = ${tenantId} AND u."id" = e.value#>>'{usage,id}' AND to_jsonb(u) = e.value->'usage'`);
}

/** Drops the partitions of usages in which nothing is but what is archived. Answers how many usages they had. */
export function dropArchivedUsages(
  database: Database,
  archive: Omit<ArchivedTable, 'table' | 'part'>,
  log: PartitionLog,
): Promise<number> {
  return dropArchived(database, { ...archive, table: 'Usage', part: 'usage' }, log);
}

/** Puts usages back; answers what differs from the archive. */
export async function putBackUsages(tx: Transaction, lines: readonly string[]): Promise<string[]> {
  const parts = await tx.query<Record<'usages' | 'origins' | 'rates', string>>(Prisma.sql`
    SELECT jsonb_agg(e.value->'usage')::text AS "usages", jsonb_path_query_array(jsonb_agg(e.value), '$[*].origins[*]')::text AS "origins",
      jsonb_path_query_array(jsonb_agg(e.value), '$[*].rates[*]')::text AS "rates"
    FROM jsonb_array_elements(${`[${lines.join(',')}]`}::jsonb) e`);
  const { usages, origins, rates } = parts[0]!;
  return [
    ...(await putBack(tx, 'Usage', ['tenantId', 'id'], usages)),
    ...(await putBack(tx, 'UsageOrigin', ['tenantId', 'source', 'externalId'], origins)),
    ...(await putBack(tx, 'UsageRate', ['tenantId', 'usageId', 'result'], rates)),
  ];
}
