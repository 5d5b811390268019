import { randomBytes } from 'node:crypto';
import { Prisma } from '../../prisma/generated/client.js';
import type { Database } from './database/database.js';

/** A secret of all servers on this database, by its name: whoever asks first makes it. */
export async function ownSecret(database: Database, name: string): Promise<string> {
  const made = JSON.stringify(randomBytes(32).toString('base64url'));
  return database.transaction(async (tx) => {
    await tx.execute(Prisma.sql`
      INSERT INTO "ServerState" ("key", "value", "updatedAt") VALUES (${name}, ${made}::jsonb, clock_timestamp())
      ON CONFLICT ("key") DO NOTHING`);
    const [row] = await tx.query<{ value: string }>(
      Prisma.sql`SELECT "value" #>> '{}' AS "value" FROM "ServerState" WHERE "key" = ${name}`,
    );
    if (row === undefined) throw new Error(`the secret ${name} was made, and is not there`);
    return row.value;
  });
}
