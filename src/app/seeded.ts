import { Prisma } from '../../prisma/generated/client.js';
import type { Database } from '../platform/database/database.js';

/**
 * Writes demo data once per database. The work must bear being begun again: a start that died in the middle is
 * continued by the next one.
 */
export async function once(database: Database, key: string, work: () => Promise<void>): Promise<void> {
  const [done] = await database.query(Prisma.sql`SELECT 1 FROM "ServerState" WHERE "key" = ${key}`);
  if (done) return;
  await work();
  await database.transaction((tx) =>
    tx.execute(Prisma.sql`
      INSERT INTO "ServerState" ("key", "value", "updatedAt") VALUES (${key}, '{}'::jsonb, now())
      ON CONFLICT DO NOTHING`),
  );
}
