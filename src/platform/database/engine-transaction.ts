import type { Writable } from 'node:stream';
import type { Prisma } from '../../../prisma/generated/client.js';
import type { Statements, StatementOptions } from './database.js';
import type { Partition } from './partitions.js';
import type { StatementNames } from './statement-names.js';

/**
 * Runs the work in one read-committed transaction of PostgreSQL, and rolls back when it throws. Statements are prepared, and
 * sent without waiting for the answer to the one before: BEGIN goes with the first of them, and the last with COMMIT.
 */
export function engineTransaction<T>(
  pool: Partition,
  names: StatementNames,
  work: (tx: Statements) => Promise<T>,
): Promise<T> {
  return pool.withDeadline(async () => {
    const connection = await pool.connect();
    const failures: unknown[] = [];
    const { stream } = connection.connection as unknown as { stream: Writable };
    let isHeld = false;
    /** What is sent within one turn leaves in one piece. */
    const hold = (): void => {
      if (isHeld) return;
      isHeld = true;
      stream.cork();
      process.nextTick(() => {
        isHeld = false;
        stream.uncork();
      });
    };
    const send = async (sql: Prisma.Sql | { text: string }, name?: string): Promise<Answer> => {
      try {
        hold();
        return await connection.query({ name, text: sql.text, values: 'values' in sql ? sql.values : [] });
      } catch (error) {
        failures.push(error);
        throw error;
      }
    };
    const prepared = (sql: Prisma.Sql, { isPlanKept }: StatementOptions = { isPlanKept: true }): Promise<Answer> =>
      send(sql, isPlanKept ? names.of(sql.text) : undefined);
    const sent: Promise<unknown>[] = [];
    /** What nobody awaits before the end. A connection that breaks fails it earlier, while the work awaits another statement. */
    const sendAhead = (answer: Promise<unknown>): void => {
      answer.catch(() => undefined);
      sent.push(answer);
    };
    sendAhead(send({ text: 'BEGIN' }));
    let isUsable = true;
    try {
      const result = await work({
        query: async <Row>(sql: Prisma.Sql, options?: StatementOptions) => (await prepared(sql, options)).rows as Row[],
        execute: async (sql) => (await prepared(sql)).rowCount ?? 0,
        executeAtEnd: (sql) => sendAhead(prepared(sql)),
      });
      // Whoever caught the failure of a statement inside must not believe in a commit: it would be a rollback.
      if (failures.length === 0) sendAhead(send({ text: 'COMMIT' }));
      await Promise.allSettled(sent);
      if (failures.length > 0) throw failures[0];
      return result;
    } catch (error) {
      await Promise.allSettled(sent);
      await connection.query('ROLLBACK').catch(() => {
        isUsable = false;
      });
      throw error;
    } finally {
      connection.release(!isUsable);
    }
  });
}

interface Answer {
  readonly rows: unknown[];
  readonly rowCount: number | null;
}
