import { AsyncLocalStorage } from 'node:async_hooks';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import { PrismaClient } from '../../../prisma/generated/client.js';
import { StartError } from '../start-error.js';
import { prismaTransaction, type Database } from './database.js';
import { DirectoryLockedError, lockDirectory, type DirectoryLock } from './directory-lock.js';
import { watched as watchedStatement } from './watched-statements.js';

/** How long a transaction may wait for the one connection: here every transaction queues. */
const TRANSACTION_WAIT_MS = 5_000;
/** How long a transaction may run before Prisma rolls it back. */
const TRANSACTION_MAX_MS = 30_000;
/** Below the data directory, because PGlite only initializes an empty directory and ours holds the lock file. */
export const DATABASE_FOLDER = 'database';

/** The data directory cannot be used. One line. */
export class DataDirectoryError extends StartError {
  override readonly name = 'DataDirectoryError';
}

export interface EmbeddedDatabase extends Database {
  readonly kind: 'pglite';
  readonly pglite: PGlite;
}

export interface EmbeddedOptions {
  /** A data directory to start from, as PGlite's dumpDataDir gives it. */
  loadDataDir?: Blob | File;
}

/**
 * Opens PostgreSQL inside this process, in the directory or, without one, in memory.
 * Throws DirectoryLockedError when another process has the directory: PGlite takes no lock of its own, and a
 * second process would corrupt it. Throws DataDirectoryError when the directory cannot be used as it is.
 */
export async function openEmbedded(
  dataDir: string | undefined,
  options: EmbeddedOptions = {},
): Promise<EmbeddedDatabase> {
  const lock = dataDir === undefined ? undefined : await lockOrRefuse(dataDir);
  try {
    const pglite = await create(dataDir, options);
    // The one connection lives as long as the process, so a session setting is enough.
    await pglite.exec(`SET TimeZone = 'UTC'`);
    watchStatements(pglite);
    const watched = watchCommits(pglite);
    const client = new PrismaClient({ adapter: new PrismaPGlite(pglite) });
    const turns = { read: turnTaking(), report: turnTaking() };
    const statement = async <T>(sql: string, values: readonly unknown[] = []): Promise<T[]> =>
      (await pglite.query<T>(sql, [...values])).rows;
    const transaction: Database['transaction'] = (work, { timeoutMs } = {}) =>
      watched(() =>
        prismaTransaction(client, work, {
          timeoutMs,
          waitMs: TRANSACTION_WAIT_MS,
          maxMs: timeoutMs ?? TRANSACTION_MAX_MS,
        }),
      );
    return {
      kind: 'pglite',
      pglite,
      client,
      engine: { connections: 1, query: (sql) => client.$queryRaw(sql), transaction },
      query: (sql) => client.$queryRaw(sql),
      read: ({ text, values }, { workClass = 'read', signal, onBegin }) =>
        turns[workClass](() => {
          signal?.throwIfAborted();
          onBegin?.();
          return statement(text, values);
        }),
      transaction,
      statement,
      // A transaction of PGlite's own: after a failure it rolls back before it lets the next one in.
      script: (sql) => pglite.transaction((tx) => tx.exec(sql)).then(() => undefined),
      dedicated: (work) =>
        work({
          script: async (sql) => {
            await pglite.exec(sql);
          },
          query: statement,
        }),
      // No other process has it.
      exclusively: (_key, work) =>
        pglite.transaction((tx) =>
          work({
            script: async (sql) => {
              await tx.exec(sql);
            },
            query: async <T>(sql: string, values: readonly unknown[] = []) =>
              (await tx.query<T>(sql, [...values])).rows,
          }),
        ),
      connections: () => ({}),
      ping: async () => {
        await client.$queryRaw`SELECT 1`;
      },
      close: async () => {
        await client.$disconnect();
        await pglite.close();
        await lock?.release();
      },
    };
  } catch (error) {
    await lock?.release();
    throw error;
  }
}

/**
 * Lets one piece of work after the other come to the one connection: of many reads that wait, no more than one is ever
 * ahead of a write.
 */
function turnTaking(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const own = last.then(work);
    last = own.catch(() => undefined);
    return own;
  };
}

async function lockOrRefuse(dataDir: string): Promise<DirectoryLock> {
  try {
    return await lockDirectory(dataDir);
  } catch (error) {
    throw error instanceof DirectoryLockedError
      ? error
      : new DataDirectoryError(`cannot use directory '${dataDir}': ${firstLine(error)}`, { cause: error });
  }
}

async function create(dataDir: string | undefined, { loadDataDir }: EmbeddedOptions): Promise<PGlite> {
  if (dataDir === undefined) return PGlite.create({ ...(loadDataDir && { loadDataDir }) });
  const folder = join(dataDir, DATABASE_FOLDER);
  await requireOurs(folder);
  try {
    return await PGlite.create({ dataDir: folder, ...(loadDataDir && { loadDataDir }) });
  } catch (error) {
    throw new DataDirectoryError(`cannot open the database in '${folder}': ${firstLine(error)}`, { cause: error });
  }
}

/** Where PG_VERSION is missing PGlite makes a new database, over whatever is there. */
async function requireOurs(folder: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new DataDirectoryError(`cannot read directory '${folder}': ${firstLine(error)}`, { cause: error });
  }
  if (names.length === 0 || names.includes('PG_VERSION')) return;
  throw new DataDirectoryError(
    `directory '${folder}' is not empty and is no database (it has no PG_VERSION): restore it from a backup, or name another DATA_DIR`,
  );
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n')[0]?.trim() || 'unknown failure';
}

/** Watches the statements of the one connection, or of a transaction on it. */
function watchStatements(queried: Pick<PGlite, 'query'>): void {
  const query = queried.query.bind(queried);
  queried.query = (sql, ...more) => watchedStatement(sql, () => query(sql, ...more));
}

/**
 * The driver adapter drops the error of a COMMIT that fails, say of a full disk, and Prisma then reports success.
 * Answers a wrapper that throws it: the asynchronous context tells which transaction the failure belongs to.
 */
function watchCommits(pglite: PGlite): <T>(work: () => Promise<T>) => Promise<T> {
  const outcomes = new AsyncLocalStorage<{ failures: unknown[] }>();
  const transaction = pglite.transaction.bind(pglite);
  pglite.transaction = (work) => {
    const outcome = outcomes.getStore();
    return transaction((tx) => {
      watchStatements(tx);
      return work(tx);
    }).catch((error: unknown) => {
      outcome?.failures.push(error);
      throw error;
    });
  };
  return async (work) => {
    const outcome = { failures: [] as unknown[] };
    const result = await outcomes.run(outcome, work);
    if (outcome.failures.length > 0) throw outcome.failures[0];
    return result;
  };
}
