import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { parseIntoClientConfig } from 'pg-connection-string';
import { PrismaClient, type Prisma } from '../../../prisma/generated/client.js';
import { StartError } from '../start-error.js';
import {
  prismaTransaction,
  type Database,
  type DedicatedConnection,
  type ReadOptions,
  type StatementOptions,
} from './database.js';
import { engineTransaction } from './engine-transaction.js';
import { partition, Partition, processOf, showTenant } from './partitions.js';
import { StatementNames } from './statement-names.js';
import { allTenants, currentTenant, runForAllTenants } from './tenant-scope.js';
import { tenantSetting } from './tenant-wall.js';
import { watchQueries } from './watched-statements.js';
import { classOf, defaultReadTimes, timesOf, type ClassTimes, type ReadTimes, type WorkClass } from './work-class.js';

/** How long to wait for a connection outside the pools. */
const CONNECTION_TIMEOUT_MS = 5_000;
/** How long a connection is kept: a plan that was made for small tables goes with it. */
const CONNECTION_LIFETIME_S = 300;
/** When a connection that says nothing is asked whether somebody is still there. */
const KEEP_ALIVE_AFTER_MS = 10_000;
/** How long what runs may go on when the database is closed. */
const CLOSE_MAX_MS = 2_000;
const SERVER_VERSION_MIN = 15;
const APPLICATION_NAME = 'tmf-balance-server';

/** The server cannot be used: not reachable, refuses us, or too old. One line, without the password. */
export class DatabaseOpenError extends StartError {
  override readonly name = 'DatabaseOpenError';
}

export interface PostgresqlOptions {
  /** Connections in all, shared out among the classes of work; migrations and long downloads take further ones. */
  poolSize: number;
  /** How long reads and reports may take. */
  readTimes?: ReadTimes;
  /** Whether statements see only rows of the tenant whose request they are for (ROW_LEVEL_SECURITY). */
  isolatesTenants?: boolean;
}

/** Opens a PostgreSQL server. Throws DatabaseOpenError when it cannot be used. */
export async function openPostgresql(
  url: string,
  { poolSize, readTimes = defaultReadTimes, isolatesTenants = false }: PostgresqlOptions,
): Promise<Database> {
  const config = readUrl(url);
  await checkServer(config);
  const sizes = partition(poolSize);
  const times = timesOf(readTimes);
  const open = (workClass: WorkClass): Partition =>
    new Partition(
      {
        ...withOptions(config, [settingsOf(times[workClass]), workClass === 'engine' ? byKeys : ''].join(' ')),
        connectionTimeoutMillis: times[workClass].waitMs,
        max: sizes[workClass],
        // A transaction of the engine sends what needs no answer of what came before.
        pipeline: workClass === 'engine',
        maxLifetimeSeconds: CONNECTION_LIFETIME_S,
      },
      times[workClass],
      isolatesTenants,
    );
  const partitions: Readonly<Record<WorkClass, Partition>> = {
    engine: open('engine'),
    write: open('write'),
    read: open('read'),
    report: open('report'),
    job: open('job'),
    control: open('control'),
  };
  const clients = new Map<WorkClass, PrismaClient>();
  const clientOf = (workClass: WorkClass): PrismaClient => {
    const client = clients.get(workClass) ?? new PrismaClient({ adapter: new PrismaPg(partitions[workClass]) });
    clients.set(workClass, client);
    return client;
  };
  const cancel = (connection: pg.PoolClient): Promise<unknown> =>
    runForAllTenants(() => partitions.control.query('SELECT pg_cancel_backend($1)', [processOf(connection)]));
  const names = new StatementNames(CONNECTION_LIFETIME_S * 1_000);
  const engineNames = new StatementNames(CONNECTION_LIFETIME_S * 1_000, 'engine');
  return {
    kind: 'postgresql',
    client: clientOf('write'),
    engine: {
      connections: sizes.engine,
      query: async <T>({ text, values }: Prisma.Sql, { isPlanKept }: StatementOptions = { isPlanKept: true }) => {
        const name = isPlanKept ? engineNames.of(text) : undefined;
        return (await partitions.engine.query({ name, text, values })).rows as T[];
      },
      transaction: (work) => engineTransaction(partitions.engine, engineNames, work),
    },
    query: (sql) => clientOf(classOf('read')).$queryRaw(sql),
    read: async <T>({ text, values }: Prisma.Sql, { isPlanKept, workClass, signal, maxMs, onBegin }: ReadOptions) => {
      const statement = { name: isPlanKept ? names.of(text) : undefined, text, values };
      const place = partitions[workClass ?? classOf('read')];
      if (signal !== undefined || maxMs !== undefined)
        return place.queryBounded<T>(statement, { signal, maxMs, onBegin }, cancel);
      return (await place.query(statement)).rows as T[];
    },
    transaction: (work, { timeoutMs, workClass = classOf('write') } = {}) =>
      partitions[workClass].withDeadline(
        (limits) => prismaTransaction(clientOf(workClass), work, { timeoutMs, ...limits }),
        timeoutMs,
      ),
    statement: async <T>(sql: string, values: readonly unknown[] = []) =>
      (await partitions[classOf('write')].query(sql, [...values])).rows as T[],
    // The pool throws a connection away whose query failed, and with it the transaction that is still open.
    script: async (sql) => {
      await partitions[classOf('write')].query(`BEGIN; ${sql}; COMMIT`);
    },
    dedicated: (work) =>
      withConnection(
        withOptions(config, '-c statement_timeout=0'),
        work,
        isolatesTenants ? currentTenant() : allTenants,
      ),
    connections: () =>
      Object.fromEntries(
        Object.entries(partitions).map(([workClass, { totalCount, idleCount, waitingCount }]) => [
          workClass,
          { busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount },
        ]),
      ),
    ping: async () => {
      await runForAllTenants(() => partitions.control.query('SELECT 1'));
    },
    close: async () => {
      await Promise.all([...clients.values()].map((client) => client.$disconnect()));
      await Promise.all(Object.values(partitions).map((one) => one.close(CLOSE_MAX_MS)));
    },
  };
}

/**
 * A statement has one process there at most: of the cores, those that read for many are not to take several each. None is
 * compiled: statements that write JSON are long and soon run, and PostgreSQL guesses the opposite of both.
 */
const processSettings = '-c max_parallel_workers_per_gather=0 -c jit=off';

/**
 * The engine finds rows by their keys. Its statements are prepared, but planned each time: a plan that was made while a table
 * was small leads by the wrong index later, or reads all of it.
 */
const byKeys =
  '-c plan_cache_mode=force_custom_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off';

function settingsOf({ statementMs, lockMs, idleMs }: ClassTimes): string {
  return `${processSettings} -c statement_timeout=${statementMs} -c lock_timeout=${lockMs} -c idle_in_transaction_session_timeout=${idleMs}`;
}

function readUrl(url: string): pg.ClientConfig & { options?: string } {
  let config;
  try {
    config = parseIntoClientConfig(url) as pg.ClientConfig & { options?: string; schema?: string };
  } catch (error) {
    throw new DatabaseOpenError(`cannot read the PostgreSQL url: ${(error as Error).message}`);
  }
  // Prisma's own engines read ?schema=, its driver adapters do not: the tables would silently land in public.
  if (config.schema !== undefined && config.schema !== 'public') {
    throw new DatabaseOpenError(`the PostgreSQL url names schema '${config.schema}'; only 'public' is supported`);
  }
  return config;
}

/** Server settings of a connection. What the url carries wins over ours, except the time zone and the tenant. */
function withOptions(config: pg.ClientConfig, ours: string): pg.ClientConfig {
  return {
    application_name: APPLICATION_NAME,
    connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    ...config,
    // adapter-pg reads a timestamptz with another offset as if it were UTC. Without a tenant, a connection would see no rows
    // where policies are in force.
    options: [ours, config.options, '-c TimeZone=UTC', `-c ${tenantSetting}=${allTenants}`].filter(Boolean).join(' '),
  };
}

async function withConnection<T>(
  config: pg.ClientConfig,
  work: (connection: DedicatedConnection) => Promise<T>,
  tenantId = allTenants,
): Promise<T> {
  const client = new pg.Client(config);
  // A lost connection fails the query that runs or comes next; without a listener it would also end the process.
  client.on('error', () => undefined);
  watchQueries(client);
  await client.connect();
  try {
    if (tenantId !== allTenants) await showTenant(client, tenantId);
    return await work({
      // Without values pg uses the simple protocol, which takes a script.
      script: async (sql) => {
        await client.query(sql);
      },
      query: async <R>(sql: string, values: readonly unknown[] = []) =>
        (await client.query(sql, [...values])).rows as R[],
    });
  } finally {
    await client.end();
  }
}

async function checkServer(config: pg.ClientConfig): Promise<void> {
  const address = `${config.host || 'localhost'}:${config.port ?? 5432}`;
  let version: string;
  try {
    version = await withConnection(withOptions(config, ''), async (connection) => {
      const [row] = await connection.query<{ server_version: string }>('SHOW server_version');
      return row!.server_version;
    });
  } catch (error) {
    throw new DatabaseOpenError(`cannot use PostgreSQL at ${address}: ${describe(error)}`, { cause: error });
  }
  refuseOldServer(version, address);
}

/** Throws DatabaseOpenError when the version, as the server words it ("14.2 (Debian …)"), is too old. */
export function refuseOldServer(version: string, address: string): void {
  if (Number.parseInt(version, 10) >= SERVER_VERSION_MIN) return;
  throw new DatabaseOpenError(`PostgreSQL at ${address} is ${version}; ${SERVER_VERSION_MIN} or newer is needed`);
}

/** A name with several addresses fails with an AggregateError, whose own message is empty. */
function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ');
  return error instanceof Error ? error.message : String(error);
}
