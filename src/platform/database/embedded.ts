import { AsyncLocalStorage } from 'node:async_hooks';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import { PrismaClient } from '../../../prisma/generated/client.js';
import { prismaTransaction, type Database } from './database.js';
import { lockDirectory } from './directory-lock.js';

/** How long a transaction may wait for the one connection: here every transaction queues. */
const TRANSACTION_WAIT_MS = 5_000;
/** How long a transaction may run before Prisma rolls it back. */
const TRANSACTION_MAX_MS = 30_000;
/** Below the data directory, because PGlite only initializes an empty directory and ours holds the lock file. */
export const DATABASE_FOLDER = 'database';

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
 * second process would corrupt it.
 */
export async function openEmbedded(
  dataDir: string | undefined,
  options: EmbeddedOptions = {},
): Promise<EmbeddedDatabase> {
  const lock = dataDir === undefined ? undefined : await lockDirectory(dataDir);
  try {
    const pglite = await PGlite.create({
      ...(dataDir !== undefined && { dataDir: join(dataDir, DATABASE_FOLDER) }),
      ...(options.loadDataDir && { loadDataDir: options.loadDataDir }),
    });
    // The one connection lives as long as the process, so a session setting is enough.
    await pglite.exec(`SET TimeZone = 'UTC'`);
    const watched = watchCommits(pglite);
    const client = new PrismaClient({ adapter: new PrismaPGlite(pglite) });
    const turns = { read: turnTaking(), report: turnTaking() };
    const statement = async <T>(sql: string, values: readonly unknown[] = []): Promise<T[]> =>
      (await pglite.query<T>(sql, [...values])).rows;
    return {
      kind: 'pglite',
      pglite,
      client,
      query: (sql) => client.$queryRaw(sql),
      read: ({ text, values }, { workClass = 'read', signal }) =>
        turns[workClass](() => {
          signal?.throwIfAborted();
          return statement(text, values);
        }),
      transaction: (work, { timeoutMs } = {}) =>
        watched(() => prismaTransaction(client, work, { timeoutMs, waitMs: TRANSACTION_WAIT_MS, maxMs: timeoutMs ?? TRANSACTION_MAX_MS })),
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

/**
 * The driver adapter drops the error of a COMMIT that fails, say of a full disk, and Prisma then reports success.
 * Answers a wrapper that throws it: the asynchronous context tells which transaction the failure belongs to.
 */
function watchCommits(pglite: PGlite): <T>(work: () => Promise<T>) => Promise<T> {
  const outcomes = new AsyncLocalStorage<{ failures: unknown[] }>();
  const transaction = pglite.transaction.bind(pglite);
  pglite.transaction = (work) => {
    const outcome = outcomes.getStore();
    return transaction(work).catch((error: unknown) => {
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
