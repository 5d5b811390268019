import { tablesByTime } from '../../../domain/partitioned-tables.js';
import { widths, type Width } from '../../../platform/database/calendar-partitions.js';
import { partitionByTime, widthOfPartitions } from '../../../platform/database/partition-by-time.js';
import { readOptions, runCommands, WrongUse } from './command.js';
import { withDatabase } from './open.js';

const defaultWidth: Width = 'quarter';

export const help = `tmf-balance-server partition [--by ${widths.join('|')}]
  Gives the tables ${tablesByTime.join(', ')} of the PostgreSQL that DATABASE_URL names partitions by time, which an archive drops whole. What is there
  becomes the first partition as it is: it is read through once, while servers go on. Done already, it changes nothing.
  --by <width>   how much time a partition is for; otherwise a ${defaultWidth}. It stays so
  --check        changes nothing, and exits 1 when a table has no partitions
  --help         this text
Examples:
  DATABASE_URL=postgres://… tmf-balance-server partition --by year
Exit code: 0 done, 1 refused, 2 wrong use.
`;

/** Partitions the tables and returns the exit code. */
export function runPartition(given: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return runCommands(['partition', ...given], help, {
    partition: async (others) => {
      const { values } = readOptions(others, { by: { type: 'string' }, check: { type: 'boolean' } }, 0);
      const width = widths.find((one) => one === (values.by ?? defaultWidth));
      if (width === undefined) throw new WrongUse(`--by is one of ${widths.join(', ')}`);
      return withDatabase(env, async (database, clock) => {
        let areAll = true;
        for (const table of tablesByTime) {
          if (values.check) {
            const there = await widthOfPartitions(database, table);
            print(there === undefined ? `${table} has no partitions` : `${table} has a partition for each ${there}`);
            areAll &&= there !== undefined;
          } else {
            const isNew = await partitionByTime(database, table, { width, now: clock.now() });
            print(`${table} has a partition for each ${width}${isNew ? '' : ' already'}`);
          }
        }
        return areAll;
      });
    },
  });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
