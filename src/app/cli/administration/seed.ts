import { tablePlaces } from '../../../domain/table-places.js';
import type { Database } from '../../../platform/database/database.js';
import { firstWithRows, tablesToCopy } from '../../../platform/database/row-copy.js';
import { StartError } from '../../../platform/start-error.js';
import { demoKey, kitKeys, remembered } from '../../seed/seeded.js';
import { withProgress } from '../progress.js';
import { readOptions, runCommands, WrongUse } from './command.js';
import { withServer } from './server.js';

export const help = `tmf-balance-server seed demo|kit
  Writes example data into the database that DATABASE_URL or DATA_DIR names, once: demo is a small operator with three months behind
  it, kit the little that conformance kits need. The database is migrated first. Where other data are it is refused; what broke off
  goes on with the next call.
  --help   this text
Examples:
  DATA_DIR=./data tmf-balance-server seed demo
Exit code: 0 done, 1 refused, 2 wrong use.
`;

const keysOf = { demo: [demoKey], kit: Object.values(kitKeys) } as const;
/** What is remembered of how tenants and keys were made is no data yet. */
const remains = ['AuditRecord', 'Idempotency'];

/** Writes the data and returns the exit code. */
export function runSeed(given: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return runCommands(['seed', ...given], help, {
    seed: async (others) => {
      const { id: data } = readOptions(others, {}, 1);
      if (data !== 'demo' && data !== 'kit') throw new WrongUse(`'${data}' is neither demo nor kit`);
      const write = () =>
        withServer(env, { SEED: data }, async (server, database) => {
          if (!(await remembered(database, keysOf[data]))) await requireEmpty(database);
          await server.backfill();
          await server.seed();
        });
      await withProgress(`writing the ${data} data`, write);
      process.stdout.write(`the ${data} data are there\n`);
    },
  });
}

/** Throws StartError when a tenant has data. */
async function requireEmpty(database: Database): Promise<void> {
  const used = await database.dedicated(async (connection) => {
    const tables = await tablesToCopy(connection);
    const isOfTenants = ({ name }: { name: string }): boolean =>
      tablePlaces[name] === 'distributed' && !remains.includes(name);
    return firstWithRows(connection, tables.filter(isOfTenants), {});
  });
  if (used !== undefined) throw new StartError(`the database has data already: table "${used}" has rows`);
}
