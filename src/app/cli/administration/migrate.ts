import { readSchemaState } from '../../../platform/database/migrations.js';
import { withProgress } from '../progress.js';
import { readOptions, runCommands, WrongUse } from './command.js';
import { moveInto } from './move.js';
import { databaseConfig, openDatabase } from './open.js';
import { withServer } from './server.js';

export const help = `tmf-balance-server migrate [--check | --from <folder>]
  Brings the database that DATABASE_URL or DATA_DIR names up to date: migrations, and the updates of rows that must be complete
  before a server of this version listens. Several may run at once: one works, the others wait.
  --check           changes nothing, and exits 1 when something is missing
  --from <folder>   moves the embedded database of a DATA_DIR, on which no server runs, into the PostgreSQL of DATABASE_URL, which
                    nobody has used yet; all of it or nothing, and the folder stays as it is
  --help            this text
Examples:
  DATABASE_URL=postgres://… tmf-balance-server migrate
  DATABASE_URL=postgres://… tmf-balance-server migrate --from ./data
Exit code: 0 up to date, 1 not, 2 wrong use.
`;

/** Migrates and returns the exit code. */
export function runMigrate(given: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return runCommands(['migrate', ...given], help, {
    migrate: async (others) => {
      const { values } = readOptions(others, { check: { type: 'boolean' }, from: { type: 'string' } }, 0);
      if (values.from !== undefined) {
        if (values.check || !env.DATABASE_URL) throw new WrongUse('--from needs DATABASE_URL, and no --check');
        await moveInto(env, values.from, (line) => void process.stdout.write(`${line}\n`));
        process.stdout.write(`the data of ${values.from} are in the database; events go on in a new epoch\n`);
        return true;
      }
      const pending = await readPending(env);
      if (values.check) {
        for (const name of pending) process.stdout.write(`missing ${name}\n`);
        return pending.length === 0;
      }
      await withProgress('migrating', () => withServer(env, {}, (server) => server.backfill()));
      for (const name of pending) process.stdout.write(`applied ${name}\n`);
      process.stdout.write('the database is up to date\n');
      return true;
    },
  });
}

async function readPending(env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const database = await openDatabase(databaseConfig(env));
  try {
    return (await readSchemaState(database)).pending;
  } finally {
    await database.close();
  }
}
