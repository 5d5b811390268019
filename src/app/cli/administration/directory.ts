import type { Clock } from '../../../platform/clock.js';
import { Backfills } from '../../../platform/database/backfills.js';
import type { Database } from '../../../platform/database/database.js';
import { directoryOf } from '../../domains/customer-directory.js';
import { createLogger } from '../../logger.js';
import { withProgress } from '../progress.js';
import { readOptions, runCommands } from './command.js';
import { withDatabase } from './open.js';

export const help = `tmf-balance-server directory <command>
  Looks after the directory of parties, accounts and logical resources in the database that DATABASE_URL names, or
  DATA_DIR while no server runs on it.
  rebuild     empties it, and fills it with what the rows name; servers may run meanwhile
  --help      this text
Examples:
  DATABASE_URL=postgres://… tmf-balance-server directory rebuild
Exit code: 0 done, 1 refused, 2 wrong use.
`;

/** Runs the command with these arguments and returns its exit code. */
export function runDirectory(given: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return runCommands(given, help, {
    rebuild: async (others) => {
      readOptions(others, {}, 0);
      const rebuild = async (database: Database, clock: Clock): Promise<void> => {
        const { filling, empty } = directoryOf(database);
        await empty();
        await new Backfills(database, clock, createLogger('silent'), [{ ...filling, isBlocking: true }]).runBlocking();
      };
      await withProgress('filling the directory', () => withDatabase(env, rebuild));
      process.stdout.write('the directory is rebuilt\n');
    },
  });
}
