import type { Prisma, PrismaClient } from '../../../prisma/generated/client.js';
import type { Position } from './positions.js';
import type { Replica } from './replica.js';

export interface StatementOptions {
  /**
   * Whether a connection may keep the plan for the same text; by default where statements are prepared at all. Not for
   * statements whose text hardly ever comes again.
   */
  readonly isPlanKept: boolean;
}

/** What runs statements in one open transaction. */
export interface Statements {
  query<T>(sql: Prisma.Sql, options?: StatementOptions): Promise<T[]>;
  /** @returns the number of changed rows */
  execute(sql: Prisma.Sql): Promise<number>;
  /** Runs a statement when the work is done, together with the commit, which fails if it does. */
  executeAtEnd(sql: Prisma.Sql): void;
}

/** The connections of the balance engine: its statements are prepared, and values have the types of the driver. */
export interface EngineDatabase {
  /** How many transactions run at the same time. */
  readonly connections: number;
  query<T>(sql: Prisma.Sql, options?: StatementOptions): Promise<T[]>;
  /** Runs the work in one read-committed transaction, and rolls back when it throws. Do no I/O but `tx` inside. */
  transaction<T>(work: (tx: Statements) => Promise<T>): Promise<T>;
}

/** One open transaction. Pass it down: on PGlite, a call of the outer Database would wait for the very transaction it is in. */
export interface Transaction extends Statements {
  readonly client: Prisma.TransactionClient;
  /** Runs SQL of a library, with $1, $2 for its values. */
  statement<T>(sql: string, values: readonly unknown[]): Promise<T[]>;
}

/**
 * A connection of its own, without statement timeout and outside Prisma, which cannot run several statements at once. Behind a
 * pooler it is the same one only within a transaction.
 */
export interface DedicatedConnection {
  /** Whether it is the same only within a transaction. */
  readonly isLent?: boolean;
  /** Runs a whole script; several statements, no parameters. */
  script(sql: string): Promise<void>;
  query<T>(sql: string, values?: readonly unknown[]): Promise<T[]>;
  /** Cancels the statement that runs, where that can be interrupted. */
  cancel?(): Promise<void>;
}

export interface DedicatedOptions {
  /** A replica that has come to this position may do it: the work only reads. */
  readonly replicaAt?: Position | undefined;
}

export interface ReadOptions {
  /**
   * Whether a connection may reuse the plan for the same text. Only for statements whose best plan does not depend on
   * the values: with a filter, PostgreSQL would have to guess how many rows match.
   */
  readonly isPlanKept: boolean;
  /** Decides connections and timeout; by default the class of the surrounding work, or else `read`. */
  readonly workClass?: 'read' | 'report';
  /**
   * Aborting it cancels the statement, which then throws its reason. The embedded database cannot be interrupted: there
   * only a statement that has not begun is skipped.
   */
  readonly signal?: AbortSignal;
  /** Told when it no longer waits for its turn. */
  readonly onBegin?: () => void;
  /** A timeout shorter than that of its class. Has no effect on the embedded database. */
  readonly maxMs?: number;
  /** A replica that has come to this position may answer; absent: only the primary. */
  readonly replicaAt?: Position | undefined;
}

export interface ConnectionCounts {
  readonly busy: number;
  readonly idle: number;
  /** Pieces of work that wait for a connection. */
  readonly waiting: number;
}

export interface TransactionOptions {
  readonly timeoutMs?: number;
  /** Decides connections and timeout; by default the class of the surrounding work, or else `write`. */
  readonly workClass?: 'engine' | 'write' | 'job';
}

/** The one database of a server: PGlite in this process, or a PostgreSQL server. Both speak the same SQL. */
export interface Database {
  readonly kind: 'pglite' | 'postgresql';
  readonly client: PrismaClient;
  readonly engine: EngineDatabase;
  /** Where one is configured. */
  readonly replica?: Replica | undefined;
  query<T>(sql: Prisma.Sql): Promise<T[]>;
  /** Runs one reading statement past Prisma, which is cheaper. Values have the types of the driver. */
  read<T>(sql: Prisma.Sql, options: ReadOptions): Promise<T[]>;
  /**
   * Runs the work in one read-committed transaction, and rolls back when it throws. Do no I/O but `tx` inside.
   * `timeoutMs` replaces the timeouts of the transaction, its statements and locks: for long background work.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Runs one statement of a library, with $1, $2 for its values. Results have the types of the driver. */
  statement<T>(sql: string, values?: readonly unknown[]): Promise<T[]>;
  /** Runs several statements in one transaction. */
  script(sql: string): Promise<void>;
  dedicated<T>(work: (connection: DedicatedConnection) => Promise<T>, options?: DedicatedOptions): Promise<T>;
  /**
   * Runs work in one transaction, which of all servers on the database only one does at a time under this key: it is that of
   * an advisory lock. Others wait without holding a connection that work of theirs would need.
   */
  exclusively<T>(key: number, work: (connection: DedicatedConnection) => Promise<T>): Promise<T>;
  /** Connections of each class of work, and how much work waits for one; none where there are no classes. */
  connections(): Readonly<Record<string, ConnectionCounts>>;
  /** @throws when the database does not answer; never waits for other work */
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
      const atEnd: Prisma.Sql[] = [];
      const result = await work({
        client: tx,
        query: (sql) => watch(tx.$queryRaw(sql)),
        execute: (sql) => watch(tx.$executeRaw(sql)),
        executeAtEnd: (sql) => void atEnd.push(sql),
        statement: (sql, values) => watch(tx.$queryRawUnsafe(sql, ...values)),
      });
      for (const sql of atEnd) await tx.$executeRaw(sql);
      // After a failed statement PostgreSQL turns COMMIT into a rollback without an error: whoever caught the
      // failure inside would believe in a commit that never was.
      if (failures.length > 0) throw failures[0];
      return result;
    },
    { maxWait: waitMs, timeout: maxMs },
  );
}
