import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from 'node:net';
import pg from 'pg';
import { PooledClient } from './pooled-client.js';
import { allTenants, currentTenant } from './tenant-scope.js';
import { tenantSetting } from './tenant-wall.js';
import { watchQueries } from './watched-statements.js';
import type { ClassTimes, WorkClass } from './work-class.js';

/** The share of connections of each class, which has at least one. */
const shares: Readonly<Record<WorkClass, number>> = { engine: 5, write: 4, read: 6, report: 2, job: 3, control: 2 };
const sharesTotal = Object.values(shares).reduce((sum, share) => sum + share, 0);

/** @returns how many of these connections each class may have; at least one each, even if there are fewer than classes */
export function partition(connections: number): Readonly<Record<WorkClass, number>> {
  const exact = Object.entries(shares).map(([name, share]) => ({ name, part: (connections * share) / sharesTotal }));
  const sizes = new Map(exact.map(({ name, part }) => [name, Math.max(1, Math.floor(part))]));
  let left = connections - [...sizes.values()].reduce((sum, size) => sum + size, 0);
  // Connections left by rounding go to the classes that lost most by it.
  for (const { name, part } of exact
    .filter(({ part }) => part > 1)
    .sort((one, other) => (other.part % 1) - (one.part % 1))) {
    if (left-- <= 0) break;
    sizes.set(name, Math.floor(part) + 1);
  }
  return Object.fromEntries(sizes) as Record<WorkClass, number>;
}

/** How much longer than PostgreSQL we wait, so that normally PostgreSQL ends a statement and reports why. */
const graceMs = 2_000;

/** Called with the connection that the pool gives to a transaction of Prisma. */
type Lease = (connection: pg.PoolClient) => void;

const leases = new AsyncLocalStorage<Lease>();

/** Whose rows a connection sees where that is one tenant; at its beginning it sees those of all. */
const tenants = new WeakMap<pg.ClientBase, string>();

/** Lets a connection see the rows of this tenant only, or of all. */
export async function showTenant(connection: pg.ClientBase, tenantId: string): Promise<void> {
  // Where there is no session to keep it, its transactions say so.
  if (connection instanceof PooledClient) connection.tenantId = tenantId;
  else await connection.query(`SELECT set_config('${tenantSetting}', $1, false)`, [tenantId]);
  tenants.set(connection, tenantId);
}

type ConnectCallback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/**
 * The connection pool of one work class. A connection that is silent for longer than any statement may take is closed,
 * because the network may have dropped it without notice; so no caller waits for ever.
 */
export class Partition extends pg.Pool {
  private readonly open = new Set<pg.PoolClient>();

  constructor(
    config: pg.PoolConfig,
    private readonly times: ClassTimes,
    /** Whether a connection sees the rows of one tenant only while it does the work of that. */
    private readonly isolatesTenants = false,
  ) {
    super(config);
    watchQueries(this);
    this.on('connect', (connection) => {
      this.open.add(connection);
      watchQueries(connection);
      // Between pool and adapter, a connection has no error listener: if PostgreSQL closed it just then, the process
      // would end. Whoever uses the connection gets the error from its query.
      connection.on('error', () => undefined);
      socketOf(connection).on('timeout', () => cut(connection, 'the connection was silent for too long'));
    });
    this.on('remove', (connection) => this.open.delete(connection));
    // Emitted for a lost idle connection; Prisma only listens from its first query on.
    this.on('error', () => undefined);
    this.on('acquire', (connection) => socketOf(connection).setTimeout(this.times.statementMs + graceMs));
    this.on('release', (_error, connection) => socketOf(connection).setTimeout(0));
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | void {
    if (callback) return super.connect(this.isolatesTenants ? this.shown(callback) : callback);
    const lease = leases.getStore();
    const connecting = this.isolatesTenants ? this.connectFor(currentTenant()) : super.connect();
    return connecting.then((connection) => {
      lease?.(connection);
      return connection;
    });
  }

  private async connectFor(tenantId: string): Promise<pg.PoolClient> {
    const connection = await super.connect();
    if (!isShown(connection, tenantId)) await showOrDrop(connection, tenantId);
    return connection;
  }

  /** The same for whoever calls back, which is what `query` does: in the surroundings of whoever gave the connection back. */
  private shown(callback: ConnectCallback): ConnectCallback {
    const tenantId = currentTenant();
    return (error, connection, done) => {
      if (connection === undefined || isShown(connection, tenantId)) {
        callback(error, connection, done);
        return;
      }
      showOrDrop(connection, tenantId).then(
        () => callback(undefined, connection, done),
        (failure: unknown) => callback(failure as Error, undefined, () => undefined),
      );
    };
  }

  /** Runs a transaction on a connection of this pool; on timeout the connection is closed, and the transaction fails. */
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

  /** Runs one statement that its signal or timeout cancels. */
  async queryBounded<T>(query: pg.QueryConfig, { signal, maxMs, onBegin }: Bounds, cancel: Cancel): Promise<T[]> {
    signal?.throwIfAborted();
    const connection = await this.connect();
    let isDiscarded = false;
    const end = (): void => {
      if (isDiscarded) return;
      isDiscarded = true;
      cancel(connection).catch(() => cut(connection, 'a statement could not be cancelled'));
    };
    const timer = maxMs === undefined ? undefined : setTimeout(end, maxMs);
    signal?.addEventListener('abort', end);
    try {
      signal?.throwIfAborted();
      onBegin?.();
      return (await connection.query(query)).rows as T[];
    } catch (error) {
      isDiscarded = true;
      signal?.throwIfAborted();
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      // A late cancellation would hit the next statement of the connection, so it is discarded.
      connection.release(isDiscarded);
    }
  }

  /** Closes idle connections at once and the others when they are released, at the latest after `maxMs`. */
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
  readonly onBegin?: (() => void) | undefined;
}

/** Cancels the statement that runs on the connection; rejects when the request for it fails. */
export type Cancel = (connection: pg.PoolClient) => Promise<unknown>;

/** @returns the id of the PostgreSQL process of a connection, by which its statement can be cancelled */
export function processOf(connection: pg.PoolClient): number {
  return (connection as pg.PoolClient & { processID: number }).processID;
}

function isShown(connection: pg.PoolClient, tenantId: string): boolean {
  return (tenants.get(connection) ?? allTenants) === tenantId;
}

/** One that cannot be told whose rows to show is not used again. */
async function showOrDrop(connection: pg.PoolClient, tenantId: string): Promise<void> {
  try {
    await showTenant(connection, tenantId);
  } catch (error) {
    connection.release(true);
    throw error;
  }
}

function socketOf(connection: pg.PoolClient): Socket {
  return connection.connection.stream as Socket;
}

/** Closes the connection; its statement fails like one whose network timed out. */
function cut(connection: pg.PoolClient, why: string): void {
  socketOf(connection).destroy(Object.assign(new Error(why), { code: 'ETIMEDOUT' }));
}
