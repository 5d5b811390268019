import type { Database } from '../database/database.js';

/** What a long read works with. */
export type SnapshotReads = Pick<Database, 'read' | 'kind'>;

export interface SnapshotOptions {
  /** The whole work may take so long, whatever its client does in between. */
  readonly maxMs: number;
  /** Ends the statement that runs, and the work with it. */
  readonly signal: AbortSignal;
}

/**
 * Runs the work on reads that all see the database as it is at the first of them: on PostgreSQL one repeatable-read
 * transaction on a connection of its own, so that nobody waits for it. The embedded database has one connection, which
 * a long transaction would take from all others: there each read sees its own present.
 */
export async function withSnapshot<T>(
  database: Database,
  { maxMs, signal }: SnapshotOptions,
  work: (reads: SnapshotReads) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  if (database.kind === 'pglite') return work(database);
  return database.dedicated(async (connection) => {
    const [row] = await connection.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const cancel = (): void =>
      void database.statement('SELECT pg_cancel_backend($1)', [row?.pid]).catch(() => undefined);
    await connection.script(`
      SET statement_timeout = ${Math.trunc(maxMs)};
      SET idle_in_transaction_session_timeout = ${Math.trunc(maxMs)};
      BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`);
    signal.addEventListener('abort', cancel);
    try {
      const result = await work({ kind: database.kind, read: ({ text, values }) => connection.query(text, values) });
      await connection.script('COMMIT');
      return result;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  });
}
