import { Prisma } from '../../../../prisma/generated/client.js';
import type { Database } from '../../../platform/database/database.js';

/** The imports of all tenants that have one status, as far as they are kept. */
export interface ImportFigures {
  readonly status: string;
  readonly imports: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** Since the oldest began, and since the one that is silent for longest said how far it is. */
  readonly ageSeconds: number;
  readonly silentSeconds: number;
}

export function readImportFigures(database: Database): Promise<ImportFigures[]> {
  return database.query<ImportFigures>(Prisma.sql`
    SELECT i."status", count(*)::int AS "imports", sum(i."accepted")::float8 AS "accepted",
      sum(i."duplicates")::float8 AS "duplicates", sum(i."rejected")::float8 AS "rejected",
      greatest(0, extract(epoch FROM statement_timestamp() - min(coalesce(i."startedAt", i."creationDate"))))::float8 AS "ageSeconds",
      greatest(0, extract(epoch FROM statement_timestamp() - min(i."updatedAt")))::float8 AS "silentSeconds"
    FROM "UsageImport" i GROUP BY i."status"`);
}
