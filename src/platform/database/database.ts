import type { Prisma, PrismaClient } from '../../../prisma/generated/client.js';

/** One open transaction. It is handed down: on PGlite the outer Database would wait for the transaction itself. */
export interface Transaction {
  readonly client: Prisma.TransactionClient;
  query<T>(sql: Prisma.Sql): Promise<T[]>;
  /** Answers the number of rows that were changed. */
  execute(sql: Prisma.Sql): Promise<number>;
  /** The same for SQL that a library wrote, with $1, $2 for its values. */
  statement<T>(sql: string, values: readonly unknown[]): Promise<T[]>;
}

/**
 * A connection of its own, without statement timeout and outside Prisma, for the migration runner: Prisma can
 * neither run several statements at once nor promise the same connection twice, which an advisory lock needs.
 */
export interface DedicatedConnection {
  /** Runs a whole script; several statements, no parameters. */
  script(sql: string): Promise<void>;
  query<T>(sql: string, values?: readonly unknown[]): Promise<T[]>;
}

export interface ReadOptions {
  /**
   * Whether a connection may keep the plan for the next time the same text comes. Only for what is planned well
   * without knowing the values: for a filter PostgreSQL would have to guess how many rows it leaves.
   */
  readonly isPlanKept: boolean;
  /** Whose connections it takes, and how long it may take; `read` when nothing is said and the surrounding work has no class. */
  readonly workClass?: 'read' | 'report';
  /**
   * Ends the statement when it is aborted, and then throws its reason. The embedded database cannot be interrupted:
   * there only a statement that has not begun is spared.
   */
  readonly signal?: AbortSignal;
  /** It may take only so long, less than its class allows. On the embedded database it takes as long as it takes. */
  readonly maxMs?: number;
}

export interface TransactionOptions {
  readonly timeoutMs?: number;
  /** Whose connections it takes; `write` when nothing is said and the surrounding work has no class. */
  readonly workClass?: 'engine' | 'write' | 'job';
}

/** The one database of a server: PGlite in this process, or a PostgreSQL server. Both speak the same SQL. */
export interface Database {
  readonly kind: 'pglite' | 'postgresql';
  readonly client: PrismaClient;
  query<T>(sql: Prisma.Sql): Promise<T[]>;
  /** One statement that reads, at the least cost: the driver's types, not Prisma's. */
  read<T>(sql: Prisma.Sql, options: ReadOptions): Promise<T[]>;
  /**
   * Runs the work in one read-committed transaction, and rolls back when it throws. No I/O but `tx` inside. With
   * `timeoutMs` it, and each of its statements and locks, may take so long: for background work that nobody waits for.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** One statement that a library wrote, with $1, $2 for its values; the driver's types, not Prisma's. */
  statement<T>(sql: string, values?: readonly unknown[]): Promise<T[]>;
  /** Several such statements in one transaction. */
  script(sql: string): Promise<void>;
  dedicated<T>(work: (connection: DedicatedConnection) => Promise<T>): Promise<T>;
  /** Throws when the database does not answer; waits for nobody else's work. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface PrismaTransactionOptions extends Pick<TransactionOptions, 'timeoutMs'> {
  /** How long it may wait for a connection. */
  readonly waitMs: number;
  /** How long it may then run before Prisma rolls it back. */
  readonly maxMs: number;
}

/**
 * Runs the work in a transaction of Prisma's, which the two databases have in common. Read committed is the default of
 * both and is not named: on PGlite the adapter would send SET TRANSACTION before BEGIN, where it does nothing.
 */
export function prismaTransaction<T>(
  client: PrismaClient,
  work: (tx: Transaction) => Promise<T>,
  { timeoutMs, waitMs, maxMs }: PrismaTransactionOptions,
): Promise<T> {
  return client.$transaction(
    async (tx) => {
      const failures: unknown[] = [];
      const watch = <T>(statement: Promise<T>): Promise<T> =>
        statement.catch((error: unknown) => {
          failures.push(error);
          throw error;
        });
      if (timeoutMs)
        await tx.$queryRaw`SELECT set_config('statement_timeout', ${String(timeoutMs)}, true), set_config('lock_timeout', ${String(timeoutMs)}, true)`;
      const result = await work({
        client: tx,
        query: (sql) => watch(tx.$queryRaw(sql)),
        execute: (sql) => watch(tx.$executeRaw(sql)),
        statement: (sql, values) => watch(tx.$queryRawUnsafe(sql, ...values)),
      });
      // After a failed statement PostgreSQL turns COMMIT into a rollback without an error: whoever caught the
      // failure inside would believe in a commit that never was.
      if (failures.length > 0) throw failures[0];
      return result;
    },
    { maxWait: waitMs, timeout: maxMs },
  );
}
