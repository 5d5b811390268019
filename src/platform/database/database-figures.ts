import { Prisma } from '../../../prisma/generated/client.js';
import type { Figure } from '../figures.js';
import type { Database } from './database.js';

/** How large the database is, its version, and how far its schema is; beside the version of the server. */
export async function readDatabaseFigures(database: Database, server: string): Promise<Figure[]> {
  const [row] = await database.query<{ bytes: number; version: string; migration: string }>(Prisma.sql`
    SELECT pg_database_size(current_database())::float8 AS "bytes", current_setting('server_version') AS "version",
      (SELECT max("migration_name") FROM "_prisma_migrations" WHERE "finished_at" IS NOT NULL) AS "migration"`);
  const { bytes = 0, version = '', migration = '' } = row ?? {};
  return [
    { name: 'database_bytes', help: 'What the database takes on the disk.', kind: 'gauge', value: bytes },
    {
      name: 'server_info',
      help: 'Versions of the server and of its database, and the last migration.',
      kind: 'gauge',
      labels: { version: server, database: version, migration },
      value: 1,
    },
  ];
}
