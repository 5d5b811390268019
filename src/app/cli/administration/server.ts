import { readConfig } from '../../../platform/config.js';
import type { Database } from '../../../platform/database/database.js';
import { applyMigrations } from '../../../platform/database/migrations.js';
import { createLogger } from '../../logger.js';
import { createServer, type AppServer } from '../../server.js';
import { openDatabase } from './open.js';

/** What a server needs to know that does not listen. */
const taken = [
  ...['DATABASE_URL', 'DATABASE_POOLER', 'STATEMENT_NAMES', 'DATA_DIR'],
  ...['OPERATOR_TIME_ZONE', 'EXTENSION_SCHEMA_DIR', 'POLICY_FILE'],
];

/** Does something with a server that does not listen, on a database that is migrated. */
export async function withServer<T>(
  env: NodeJS.ProcessEnv,
  settings: Readonly<Record<string, string>>,
  work: (server: AppServer, database: Database) => Promise<T>,
): Promise<T> {
  const given = Object.fromEntries(taken.map((name) => [name, env[name]]));
  const config = readConfig({ ...given, SEED: 'none', ...settings }, 'sandbox');
  const database = await openDatabase(config);
  try {
    await applyMigrations(database);
    const server = await createServer({ config, database, logger: createLogger('warn', process.stderr) });
    try {
      return await work(server, database);
    } finally {
      await server.close();
    }
  } finally {
    await database.close();
  }
}
