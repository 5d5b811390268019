// @ts-check
/** How much of the processors a server and its database take: other programs on the machine hardly change that. */
import { readFileSync } from 'node:fs';
import pg from 'pg';

/** Of the kernel's account of a process. */
const tickMs = 10;
const userTimeField = 11;

/** @typedef {{ server: number, database: number }} Spent milliseconds of processors */

/** What a process has taken so far; 0 when it is not one of this machine. @param {number} pid */
function spentBy(pid) {
  try {
    // The name of the program, which may hold spaces, is in parentheses.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[userTimeField]) + Number(fields[userTimeField + 1])) * tickMs;
  } catch {
    return 0;
  }
}

/** @param {string} url of the database, whose processes are read where it is on this machine */
export async function processorMeter(url) {
  const client = new pg.Client(url);
  await client.connect();
  /** @param {number} pid of the server */
  const read = async (pid) => {
    const { rows } = await client.query(
      'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    const database = new Map(rows.map((row) => [Number(row.pid), spentBy(row.pid)]));
    return { server: spentBy(pid), database };
  };
  return {
    /**
     * @template {{ answered: number }} T
     * @param {number} pid of the server
     * @param {() => Promise<T>} work
     * @returns {Promise<T & { spent: Spent }>} with what each answer took
     */
    during: async (pid, work) => {
      const before = await read(pid);
      const result = await work();
      const after = await read(pid);
      // A connection may have been made meanwhile; what one took that is closed is not known.
      const database = [...after.database].reduce(
        (sum, [one, spent]) => sum + spent - (before.database.get(one) ?? 0),
        0,
      );
      const { answered } = result;
      return {
        ...result,
        spent: { server: (after.server - before.server) / answered, database: database / answered },
      };
    },
    end: () => client.end(),
  };
}
