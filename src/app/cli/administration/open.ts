import { mappingsOf } from '../../../../graphql/resource-mapping.js';
import { createTenancy, tenancyResources, type TenancyDomain } from '../../../domain/tenancy/index.js';
import { readConfig } from '../../../platform/config.js';
import { openEmbedded } from '../../../platform/database/embedded.js';
import { applyMigrations } from '../../../platform/database/migrations.js';
import { openPostgresql } from '../../../platform/database/postgresql.js';
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
export async function withTenancy<T>(env: NodeJS.ProcessEnv, work: (tenancy: TenancyDomain) => Promise<T>): Promise<T> {
  // The other settings are those of a server that may run elsewhere.
  const { DATABASE_URL, DATA_DIR } = env;
  const { databaseUrl, dataDir } = readConfig({ DATABASE_URL, DATA_DIR }, 'sandbox');
  const logger = createLogger('silent');
  const database = await (databaseUrl ? openPostgresql(databaseUrl, { poolSize }) : openEmbedded(dataDir));
  try {
    // A server that runs on PostgreSQL may be older than this program, and must not find its tables changed.
    if (databaseUrl === undefined) await applyMigrations(database);
    const lastId = await requireTables(lastIdOf(database));
    const clock = await startClock({ database, logger });
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
      await clock.stop();
    }
  } finally {
    await database.close();
  }
}

function requireTables<T>(asking: Promise<T>): Promise<T> {
  return asking.catch((error: unknown) => {
    // Prisma has the code in its message.
    const { code, message } = error as { code?: unknown; message?: unknown };
    if (code !== undefinedTable && !String(message).includes(undefinedTable)) throw error;
    throw new StartError('the database has no tenants yet: start a server of this version on it first');
  });
}
