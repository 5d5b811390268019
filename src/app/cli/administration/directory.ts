import { Backfills } from '../../../platform/database/backfills.js';
import { directoryOf } from '../../domains/customer-directory.js';
import { createLogger } from '../../logger.js';
import { readOptions, runCommands } from './command.js';
import { withDatabase } from './open.js';

export const help = `npm run directory -- <command>
  Looks after the directory of parties, accounts and logical resources in the database that DATABASE_URL names, or
  DATA_DIR while no server runs on it.
  rebuild     empties it, and fills it with what the rows name; servers may run meanwhile
  --help      this text
Exit code: 0 done, 1 refused, 2 wrong use.
`;

/** Runs the command with these arguments and returns its exit code. */
export function runDirectory(given: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return runCommands(given, help, {
    rebuild: async (others) => {
      readOptions(others, {}, 0);
      await withDatabase(env, async (database, clock) => {
        const { filling, empty } = directoryOf(database);
        await empty();
        await new Backfills(database, clock, createLogger('silent'), [{ ...filling, isBlocking: true }]).runBlocking();
      });
      process.stdout.write('the directory is rebuilt\n');
    },
  });
}
