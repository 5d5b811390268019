import pg from 'pg';
import { parseIntoClientConfig } from 'pg-connection-string';
import { StartError } from '../start-error.js';
import type { DedicatedConnection } from './database.js';
import { showTenant } from './partitions.js';
import { cancelByProtocol, PooledClient, type PooledClientConfig } from './pooled-client.js';
import { asOptions, asStatements, type SessionSettings } from './session-settings.js';
import { allTenants } from './tenant-scope.js';
import { watchQueries } from './watched-statements.js';

/** How long to wait for a connection outside the pools. */
const CONNECTION_TIMEOUT_MS = 5_000;
/** When a connection that says nothing is asked whether somebody is still there. */
const KEEP_ALIVE_AFTER_MS = 10_000;
const SERVER_VERSION_MIN = 15;
const APPLICATION_NAME = 'tmf-balance-server';

/** The server cannot be used: not reachable, refuses us, or too old. One line, without the password. */
export class DatabaseOpenError extends StartError {
  override readonly name = 'DatabaseOpenError';
}

/** Where connections lead, and how. */
export class Address {
  private readonly config: pg.ClientConfig & { options?: string };

  /**
   * @param isPooled a pooler in transaction mode stands between
   * @throws DatabaseOpenError
   */
  constructor(
    url: string,
    readonly isPooled: boolean,
  ) {
    this.config = readUrl(url);
    if (isPooled && this.config.options !== undefined)
      throw new DatabaseOpenError(
        `the PostgreSQL url has 'options', which a pooler does not pass on: set them by ALTER ROLE … SET`,
      );
  }

  /** For one connection, or a pool of them, that has these settings. */
  configWith(settings: SessionSettings): pg.ClientConfig | PooledClientConfig {
    const common = {
      application_name: APPLICATION_NAME,
      connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
      ...this.config,
    };
    return this.isPooled
      ? {
          ...common,
          Client: PooledClient as unknown as PooledClientConfig['Client'],
          beginning: asStatements(settings),
        }
      : { ...common, options: asOptions(settings, this.config.options) };
  }

  /** Runs work on a connection of its own. */
  async connect<T>(
    settings: SessionSettings,
    work: (connection: DedicatedConnection) => Promise<T>,
    tenantId = allTenants,
  ): Promise<T> {
    const config = this.configWith(settings);
    const client: pg.Client = 'beginning' in config ? new PooledClient(config) : new pg.Client(config);
    // A lost connection fails the query that runs or comes next; without a listener it would also end the process.
    client.on('error', () => undefined);
    watchQueries(client);
    await client.connect();
    try {
      if (tenantId !== allTenants) await showTenant(client, tenantId);
      return await work({
        isLent: this.isPooled,
        // Without values pg uses the simple protocol, which takes a script.
        script: async (sql) => {
          await client.query(sql);
        },
        query: async <R>(sql: string, values: readonly unknown[] = []) =>
          (await client.query(sql, [...values])).rows as R[],
        cancel: () => cancelByProtocol(this.configWith({}), client),
      });
    } finally {
      await client.end();
    }
  }

  /** Throws DatabaseOpenError when nobody answers, or the server is too old. */
  async check(): Promise<void> {
    const address = `${this.config.host || 'localhost'}:${this.config.port ?? 5432}`;
    let version: string;
    try {
      version = await this.connect({}, async (connection) => {
        const [row] = await connection.query<{ server_version: string }>('SHOW server_version');
        return row!.server_version;
      });
    } catch (error) {
      throw new DatabaseOpenError(`cannot use PostgreSQL at ${address}: ${describe(error)}`, { cause: error });
    }
    refuseOldServer(version, address);
  }
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
