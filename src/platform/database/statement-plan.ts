import type { Database } from './database.js';

/** Of all servers on the database one asks for a plan at a time. */
const ADVISORY_LOCK_KEY = 72_707_373;
const timeoutMs = 2_000;
const nameOfPrepared = 'tmf_plan';

/**
 * The plan of a reading statement, as EXPLAIN tells it without running it. It is the plan for any values, so none are needed, and it
 * has `$1` where they would be; literals of the statement are left out as well.
 */
export async function planOf(database: Pick<Database, 'exclusively'>, sql: string): Promise<string> {
  const parameters = Math.max(0, ...[...sql.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
  const values = parameters === 0 ? '' : `(${Array<string>(parameters).fill('NULL').join(', ')})`;
  const rows = await database.exclusively(ADVISORY_LOCK_KEY, async (connection) => {
    await connection.script(
      `SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = ${timeoutMs}; SET LOCAL lock_timeout = ${timeoutMs}; SET LOCAL plan_cache_mode = force_generic_plan`,
    );
    await connection.script(`PREPARE ${nameOfPrepared} AS ${sql}`);
    // What is prepared is the session's, which a pooler lends to others: it goes even when there is no plan.
    await connection.script('SAVEPOINT prepared');
    try {
      return await connection.query<{ 'QUERY PLAN': string }>(`EXPLAIN EXECUTE ${nameOfPrepared}${values}`);
    } catch (error) {
      await connection.script('ROLLBACK TO prepared');
      throw error;
    } finally {
      await connection.script(`DEALLOCATE ${nameOfPrepared}`);
    }
  });
  return rows.map((row) => row['QUERY PLAN'].replace(/'(?:[^']|'')*'/g, "'…'")).join('\n');
}
