import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../database/database.js';

const pageRows = 1_000;

/** A record as it is handed out; what it does not have is null. */
export interface StoredAudit {
  readonly at: string;
  readonly id: string;
  readonly principalId: string;
  readonly principalKind: string;
  readonly keyId: string | null;
  readonly address: string;
  readonly requestId: string;
  readonly transport: string;
  readonly operation: string;
  readonly resourceType: string | null;
  readonly resourceIds: readonly string[] | null;
  readonly outcome: string;
  readonly code: string | null;
  readonly detail: string | null;
}

/** The records of a tenant from `from` on and before `to`, oldest first, page by page. */
export async function* auditPages(
  database: Database,
  tenantId: string,
  { from, to }: { from: Date; to: Date },
  signal: AbortSignal,
): AsyncGenerator<readonly StoredAudit[]> {
  let last = { at: from.toISOString(), id: '' };
  for (;;) {
    const rows = await database.read<{ row: string }>(
      Prisma.sql`
        SELECT json_build_object('at', to_char(a."at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'id', a."id",
          'principalId', a."principalId", 'principalKind', a."principalKind", 'keyId', a."keyId", 'address', a."address",
          'requestId', a."requestId", 'transport', a."transport", 'operation', a."operation", 'resourceType', a."resourceType",
          'resourceIds', a."resourceIds", 'outcome', a."outcome", 'code', a."code", 'detail', a."detail")::text AS "row"
        FROM "AuditRecord" a
        WHERE a."tenantId" = ${tenantId} AND (a."at", a."id") > (${last.at}::timestamptz, ${last.id})
          AND a."at" >= ${from.toISOString()}::timestamptz AND a."at" < ${to.toISOString()}::timestamptz
        ORDER BY a."at", a."id" LIMIT ${pageRows}::int`,
      { isPlanKept: false, workClass: 'report', signal },
    );
    const page = rows.map(({ row }) => JSON.parse(row) as StoredAudit);
    if (page.length > 0) yield page;
    const end = page.at(-1);
    if (page.length < pageRows || end === undefined) return;
    last = end;
  }
}
