import type { Database } from '../database/database.js';
import { later, type Position } from '../database/positions.js';

/** The reads that a snapshot offers. */
export type SnapshotReads = Pick<Database, 'read' | 'kind'>;

export interface SnapshotOptions {
  /** Timeout of the whole work in milliseconds, time spent waiting for the client included. */
  readonly maxMs: number;
  /** Cancels the running statement, and the work with it. */
  readonly signal: AbortSignal;
  /** A replica that has come to this position may be read. */
  readonly replicaAt?: Position | undefined;
}

/**
 * Runs the work with reads that all see the same snapshot: on PostgreSQL, one repeatable-read transaction on a
 * connection of its own, so that no other work waits for it. The embedded database has a single connection, which a long
 * transaction would block: there each read sees the database as it is at that moment.
 * @returns what the work returns
 * @throws the reason of the signal, and whatever the work throws
 */
export async function withSnapshot<T>(
  database: Database,
  { maxMs, signal, replicaAt }: SnapshotOptions,
  work: (reads: SnapshotReads) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  if (database.kind === 'pglite') return work(database);
  return database.dedicated(
    async (connection) => {
      // Its statements are those of the pools: one process each, and not compiled, which takes far longer than they do.
      await connection.script(`
      BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
      SET LOCAL max_parallel_workers_per_gather = 0;
      SET LOCAL jit = off;
      SET LOCAL statement_timeout = ${Math.trunc(maxMs)};
      SET LOCAL idle_in_transaction_session_timeout = ${Math.trunc(maxMs)}`);
      let cancelling: Promise<unknown> = Promise.resolve();
      try {
        const cancel = (): void => void (cancelling = Promise.resolve(connection.cancel?.()).catch(() => undefined));
        signal.addEventListener('abort', cancel);
        try {
          signal.throwIfAborted();
          return await work({ kind: database.kind, read: ({ text, values }) => connection.query(text, values) });
        } finally {
          signal.removeEventListener('abort', cancel);
          // It must not come when the process of PostgreSQL works for somebody else.
          await cancelling;
        }
      } finally {
        // Nothing was written.
        await connection.script('ROLLBACK').catch(() => undefined);
      }
    },
    { replicaAt },
  );
}

/**
 * From where on a replica may answer a snapshot of what has due work: nothing is processed within it, so a replica must have
 * what was settled before, which is what the primary has now.
 */
export async function settledAt(
  { replica }: Pick<Database, 'replica'>,
  replicaAt: Position | undefined,
): Promise<Position | undefined> {
  if (replicaAt === undefined || replica === undefined) return undefined;
  // The primary itself says that it is away, if it is.
  return replica.writtenTo().then(
    (position) => later(replicaAt, position),
    () => undefined,
  );
}
