import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../../platform/database/database.js';
import { inBatches } from '../../platform/write/forget.js';

/** Deletes dead letters of all tenants that nobody has touched since. */
export function forgetDeadLetters(database: Database, before: Date, signal: AbortSignal): Promise<number> {
  return inBatches(
    (limit) =>
      database.transaction((tx) =>
        tx.execute(Prisma.sql`
          DELETE FROM "HubDeadLetter" WHERE ("tenantId", "id") IN (
            SELECT "tenantId", "id" FROM "HubDeadLetter" WHERE "updatedAt" < ${before} LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)`),
      ),
    signal,
  );
}
