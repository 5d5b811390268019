import { tablePlaces } from '../../../domain/table-places.js';
import { distribute, readDistribution, type DistributionState } from '../../../platform/database/distribution.js';
import { readOptions, runCommands } from './command.js';
import { withDatabase } from './open.js';

export const help = `tmf-balance-server distribute [--check]
  Lays the tables of the database that DATABASE_URL names on the nodes of a Citus cluster: the rows of one tenant lie together on a node.
  No server may run on the database meanwhile. Again after an interruption, or after an upgrade that made tables.
  --check   changes nothing, and exits 1 when a table is still to be distributed
  --help    this text
Examples:
  DATABASE_URL=postgres://… tmf-balance-server distribute --check
Exit code: 0 done, 1 refused, 2 wrong use.
`;

/** Distributes the tables and returns the exit code. */
export function runDistribute(given: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return runCommands(['distribute', ...given], help, {
    distribute: async (others) => {
      const { values } = readOptions(others, { check: { type: 'boolean' } }, 0);
      return withDatabase(env, async (database) => {
        if (values.check) {
          const state = await database.dedicated((connection) => readDistribution(connection, tablePlaces));
          for (const table of state.missing) print(`missing ${table}`);
          print(summaryOf(state));
          return state.missing.length === 0;
        }
        print(summaryOf(await distribute(database, tablePlaces, (table) => print(`distributed ${table}`))));
        return true;
      });
    },
  });
}

function summaryOf({ distributed, missing, nodes }: DistributionState): string {
  return `${distributed.length} of ${distributed.length + missing.length} tables are distributed on ${nodes.join(', ')}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
