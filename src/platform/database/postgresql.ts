import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { parseIntoClientConfig } from 'pg-connection-string';
import { PrismaClient, type Prisma } from '../../../prisma/generated/client.js';
import { prismaPart, type Database, type DedicatedConnection, type ReadOptions } from './database.js';
import { StatementNames } from './statement-names.js';

/** A statement that runs longer is cancelled, so that one bad query cannot hold a connection for ever. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** Nobody holds a row for long: who waits longer waits for a program that is stuck, and is told to come again. */
const LOCK_TIMEOUT_MS = 10_000;
/** How long to wait for a connection: a new one, or a free one of the pool. */
const CONNECTION_TIMEOUT_MS = 5_000;
/** How long a connection is kept: a plan that was made for small tables goes with it. */
const CONNECTION_LIFETIME_S = 300;
const SERVER_VERSION_MIN = 15;
const APPLICATION_NAME = 'tmf-balance-server';

/** The server cannot be used: not reachable, refuses us, or too old. One line, without the password. */
export class DatabaseOpenError extends Error {
  override readonly name = 'DatabaseOpenError';
}

export interface PostgresqlOptions {
  /** Connections kept for requests; migrations use one more. */
  poolSize: number;
}

/** Opens a PostgreSQL server. Throws DatabaseOpenError when it cannot be used. */
export async function openPostgresql(url: string, { poolSize }: PostgresqlOptions): Promise<Database> {
  const config = readUrl(url);
  await checkServer(config);
  const pool = new pg.Pool({
    ...withOptions(config, `-c statement_timeout=${STATEMENT_TIMEOUT_MS} -c lock_timeout=${LOCK_TIMEOUT_MS}`),
    max: poolSize,
    maxLifetimeSeconds: CONNECTION_LIFETIME_S,
  });
  // Between the pool's hands and the adapter's a connection has nobody who listens: a server that hangs up just
  // then would end the process. Whoever uses the connection learns of it from the query.
  pool.on('connect', (connection) => connection.on('error', () => undefined));
  // Of an idle connection that is lost; Prisma listens only from its first query on.
  pool.on('error', () => undefined);
  const client = new PrismaClient({ adapter: new PrismaPg(pool) });
  const names = new StatementNames(CONNECTION_LIFETIME_S * 1_000);
  return {
    kind: 'postgresql',
    ...prismaPart(client),
    read: async <T>({ text, values }: Prisma.Sql, { isPlanKept }: ReadOptions) =>
      (await pool.query({ name: isPlanKept ? names.of(text) : undefined, text, values })).rows as T[],
    statement: async <T>(sql: string, values: readonly unknown[] = []) => (await pool.query(sql, [...values])).rows as T[],
    // The pool throws a connection away whose query failed, and with it the transaction that is still open.
    script: async (sql) => {
      await pool.query(`BEGIN; ${sql}; COMMIT`);
    },
    dedicated: (work) => withConnection(withOptions(config, '-c statement_timeout=0'), work),
    close: async () => {
      await client.$disconnect();
      await pool.end();
    },
  };
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

/** Server settings of a connection. What the url carries wins over ours, except the time zone. */
function withOptions(config: pg.ClientConfig, ours: string): pg.ClientConfig {
  return {
    application_name: APPLICATION_NAME,
    connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
    keepAlive: true,
    ...config,
    // adapter-pg reads a timestamptz with another offset as if it were UTC.
    options: [ours, config.options, '-c TimeZone=UTC'].filter(Boolean).join(' '),
  };
}

async function withConnection<T>(
  config: pg.ClientConfig,
  work: (connection: DedicatedConnection) => Promise<T>,
): Promise<T> {
  const client = new pg.Client(config);
  // A lost connection fails the query that runs or comes next; without a listener it would also end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
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
