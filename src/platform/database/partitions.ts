import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from 'node:net';
import pg from 'pg';
import type { ClassTimes, WorkClass } from './work-class.js';

/** How many of twenty connections each class has; of more or fewer as large a part, but one at least. */
const shares: Readonly<Record<WorkClass, number>> = { engine: 3, write: 4, read: 6, report: 2, job: 3, control: 2 };
const sharesTotal = Object.values(shares).reduce((sum, share) => sum + share, 0);

/** How many connections each class may have of so many in all; with fewer than there are classes, each has one. */
export function partition(connections: number): Readonly<Record<WorkClass, number>> {
  const exact = Object.entries(shares).map(([name, share]) => ({ name, part: (connections * share) / sharesTotal }));
  const sizes = new Map(exact.map(({ name, part }) => [name, Math.max(1, Math.floor(part))]));
  let left = connections - [...sizes.values()].reduce((sum, size) => sum + size, 0);
  // What rounding leaves goes to whom it took most from.
  for (const { name, part } of exact
    .filter(({ part }) => part > 1)
    .sort((one, other) => (other.part % 1) - (one.part % 1))) {
    if (left-- <= 0) break;
    sizes.set(name, Math.floor(part) + 1);
  }
  return Object.fromEntries(sizes) as Record<WorkClass, number>;
}

/** How much longer than the server we wait, so that as a rule it is the server that ends a statement, and says why. */
const graceMs = 2_000;

/** Told of the connection that a transaction of Prisma's is given by the pool. */
type Lease = (connection: pg.PoolClient) => void;

const leases = new AsyncLocalStorage<Lease>();

type ConnectCallback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/**
 * The connections of one class. Nobody waits for ever: a connection that is silent for longer than any statement may
 * take is cut, because what lies between us and the server may have swallowed it without a word.
 */
export class Partition extends pg.Pool {
  private readonly open = new Set<pg.PoolClient>();

  constructor(
    config: pg.PoolConfig,
    private readonly times: ClassTimes,
  ) {
    super(config);
    this.on('connect', (connection) => {
      this.open.add(connection);
      // Between the pool's hands and the adapter's a connection has nobody who listens: a server that hangs up just
      // then would end the process. Whoever uses the connection learns of it from the query.
      connection.on('error', () => undefined);
      socketOf(connection).on('timeout', () => cut(connection, 'the connection was silent for too long'));
    });
    this.on('remove', (connection) => this.open.delete(connection));
    // Of an idle connection that is lost; Prisma listens only from its first query on.
    this.on('error', () => undefined);
    this.on('acquire', (connection) => socketOf(connection).setTimeout(this.times.statementMs + graceMs));
    this.on('release', (_error, connection) => socketOf(connection).setTimeout(0));
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | void {
    if (callback) return super.connect(callback);
    const lease = leases.getStore();
    return super.connect().then((connection) => {
      lease?.(connection);
      return connection;
    });
  }

  /** Runs a transaction that takes its connection from here; when its time is over the connection is cut, and it fails. */
  async withDeadline<T>(
    work: (times: Pick<ClassTimes, 'waitMs'> & { maxMs: number }) => Promise<T>,
    timeoutMs?: number,
  ): Promise<T> {
    const { waitMs, transactionMs: maxMs } = {
      ...this.times,
      ...(timeoutMs !== undefined && { transactionMs: timeoutMs }),
    };
    let timer: NodeJS.Timeout | undefined;
    const lease: Lease = (connection) => {
      if (timeoutMs !== undefined) socketOf(connection).setTimeout(timeoutMs + graceMs);
      timer = setTimeout(() => cut(connection, 'the transaction took too long'), maxMs + graceMs);
    };
    try {
      return await leases.run(lease, () => work({ waitMs, maxMs }));
    } finally {
      clearTimeout(timer);
    }
  }

  /** One statement that a caller may end. */
  async queryBounded<T>(query: pg.QueryConfig, { signal, maxMs }: Bounds, cancel: Cancel): Promise<T[]> {
    signal?.throwIfAborted();
    const connection = await this.connect();
    let isSpoilt = false;
    const end = (): void => {
      if (isSpoilt) return;
      isSpoilt = true;
      cancel(connection).catch(() => cut(connection, 'a statement could not be cancelled'));
    };
    const timer = maxMs === undefined ? undefined : setTimeout(end, maxMs);
    signal?.addEventListener('abort', end);
    try {
      signal?.throwIfAborted();
      return (await connection.query(query)).rows as T[];
    } catch (error) {
      isSpoilt = true;
      signal?.throwIfAborted();
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      // A cancellation that is late would hit whatever the connection does next.
      connection.release(isSpoilt);
    }
  }

  /** Closes what is idle at once and the rest when it is released; what is not by then is cut. */
  async close(maxMs: number): Promise<void> {
    const timer = setTimeout(() => {
      for (const connection of this.open) cut(connection, 'the server stops');
    }, maxMs);
    try {
      await this.end();
    } finally {
      clearTimeout(timer);
    }
  }
}

export interface Bounds {
  readonly signal?: AbortSignal;
  readonly maxMs?: number;
}

/** Ends the statement that runs on the connection; fails when that cannot be asked for. */
export type Cancel = (connection: pg.PoolClient) => Promise<unknown>;

/** Number of the server's process behind a connection, by which its statement is cancelled. */
export function processOf(connection: pg.PoolClient): number {
  return (connection as pg.PoolClient & { processID: number }).processID;
}

function socketOf(connection: pg.PoolClient): Socket {
  return connection.connection.stream as Socket;
}

/** The statement that runs fails as it does when the network tells that nobody answers. */
function cut(connection: pg.PoolClient, why: string): void {
  socketOf(connection).destroy(Object.assign(new Error(why), { code: 'ETIMEDOUT' }));
}
