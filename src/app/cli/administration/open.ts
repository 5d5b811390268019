import { mappingsOf } from '../../../../graphql/resource-mapping.js';
import { createTenancy, tenancyResources, type TenancyDomain } from '../../../domain/tenancy/index.js';
import type { Clock } from '../../../platform/clock.js';
import { readConfig, type Config } from '../../../platform/config.js';
import type { Database } from '../../../platform/database/database.js';
import { applyMigrations } from '../../../platform/database/migrations.js';
import { openPostgresql } from '../../../platform/database/postgresql.js';
import type { ReadTimes } from '../../../platform/database/work-class.js';
import { noExtensionSchemas } from '../../../platform/extension-schemas.js';
import { createIdSource } from '../../../platform/ids.js';
import { StartError } from '../../../platform/start-error.js';
import { lastIdOf } from '../../../platform/write/outbox.js';
import { createLogger } from '../../logger.js';
import { startClock } from '../../server.js';

/** Connections to PostgreSQL: one for each class of work. */
const poolSize = 6;
/** PostgreSQL's code for a table that is not there. */
const undefinedTable = '42P01';

/**
 * Does something with the tenants and keys of the database that DATABASE_URL or DATA_DIR names. Throws StartError when that
 * cannot be used.
 */
export function withTenancy<T>(env: NodeJS.ProcessEnv, work: (tenancy: TenancyDomain) => Promise<T>): Promise<T> {
  return withDatabase(env, async (database, clock, lastId) => {
    const tenancy = createTenancy(database, {
      clock,
      nextId: createIdSource(lastId),
      extensions: noExtensionSchemas,
      mappings: mappingsOf(tenancyResources),
      findExcess: () => undefined,
      reportFailure: () => undefined,
    });
    try {
      await requireTables(tenancy.directory.begin());
      return await work(tenancy);
    } finally {
      tenancy.directory.stop();
    }
  });
}

/** Does something with the database that DATABASE_URL or DATA_DIR names. Throws StartError when that cannot be used. */
export async function withDatabase<T>(
  env: NodeJS.ProcessEnv,
  work: (database: Database, clock: Clock, lastId: string | undefined) => Promise<T>,
): Promise<T> {
  const config = databaseConfig(env);
  const { databaseUrl } = config;
  const logger = createLogger('silent');
  const database = await openDatabase(config);
  try {
    // A server that runs on PostgreSQL may be older than this program, and must not find its tables changed.
    if (databaseUrl === undefined) await applyMigrations(database);
    const lastId = await requireTables(lastIdOf(database));
    const clock = await startClock({ database, logger });
    try {
      return await work(database, clock, lastId);
    } finally {
      await clock.stop();
    }
  } finally {
    await database.close();
  }
}

/** Which database the environment names. The other settings are those of a server that may run elsewhere. */
export function databaseConfig({
  DATABASE_URL,
  DATABASE_POOLER,
  STATEMENT_NAMES,
  DATA_DIR,
}: NodeJS.ProcessEnv): Config {
  return readConfig({ DATABASE_URL, DATABASE_POOLER, STATEMENT_NAMES, DATA_DIR }, 'sandbox');
}

/** For commands that look at everything. */
export const longReads: ReadTimes = { readMs: 600_000, reportMs: 600_000 };

/** The database that the settings name, with few connections. Throws StartError when it cannot be used. */
export async function openDatabase(
  {
    databaseUrl,
    isDatabasePooled: isPooled,
    areStatementsNamed,
    dataDir,
  }: Pick<Config, 'databaseUrl' | 'isDatabasePooled' | 'areStatementsNamed' | 'dataDir'>,
  readTimes?: ReadTimes,
): Promise<Database> {
  if (databaseUrl) return openPostgresql(databaseUrl, { poolSize, readTimes, isPooled, areStatementsNamed });
  // A PostgreSQL in WebAssembly is not loaded for one that runs elsewhere.
  const { openEmbedded } = await import('../../../platform/database/embedded.js');
  return openEmbedded(dataDir);
}

function requireTables<T>(asking: Promise<T>): Promise<T> {
  return asking.catch((error: unknown) => {
    // Prisma has the code in its message.
    const { code, message } = error as { code?: unknown; message?: unknown };
    if (code !== undefinedTable && !String(message).includes(undefinedTable)) throw error;
    throw new StartError('the database has no tenants yet: start a server of this version on it first');
  });
}
