import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../database/database.js';
import { inBatches } from '../write/forget.js';

/** How much is taken of a quota in a window; 0 only asks. */
export interface Take {
  readonly key: string;
  readonly window: number;
  readonly amount: number;
  readonly expiresAt: string;
}

/** What is used of it then, by all servers; of a later window where another server's clock is ahead. */
export interface Used {
  readonly key: string;
  readonly window: number;
  readonly used: number;
}

/** Takes from several quotas by one statement, in the order of their keys: servers wait for each other in one direction only. */
export async function takeQuotas(database: Database, takes: readonly Take[]): Promise<Used[]> {
  const rows = await database.transaction((tx) =>
    tx.query<{ key: string; window: bigint; used: bigint }>(Prisma.sql`
      INSERT INTO "QuotaUse" AS q ("key", "window", "used", "expiresAt")
      SELECT r."key", r."window", r."amount", r."expiresAt"
      FROM jsonb_to_recordset(${JSON.stringify(takes)}::jsonb) AS r("key" text, "window" bigint, "amount" bigint, "expiresAt" timestamptz)
      ORDER BY r."key" COLLATE "C"
      ON CONFLICT ("key") DO UPDATE SET
        "used" = CASE WHEN q."window" < EXCLUDED."window" THEN EXCLUDED."used" ELSE q."used" + EXCLUDED."used" END,
        "window" = greatest(q."window", EXCLUDED."window"), "expiresAt" = greatest(q."expiresAt", EXCLUDED."expiresAt")
      RETURNING q."key", q."window", q."used"`),
  );
  return rows.map(({ key, window, used }) => ({ key, window: Number(window), used: Number(used) }));
}

/** Forgets windows that are over. */
export async function forgetQuotas(database: Database, now: Date, signal: AbortSignal): Promise<void> {
  await inBatches(
    (limit) =>
      database.transaction((tx) =>
        tx.execute(Prisma.sql`
          DELETE FROM "QuotaUse" WHERE "key" IN (
            SELECT "key" FROM "QuotaUse" WHERE "expiresAt" < ${now.toISOString()}::timestamptz LIMIT ${limit}::int FOR UPDATE SKIP LOCKED
          )`),
      ),
    signal,
  );
}
