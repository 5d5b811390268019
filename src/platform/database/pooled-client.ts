import type { Writable } from 'node:stream';
import pg from 'pg';
import { allTenants } from './tenant-scope.js';
import { tenantSetting } from './tenant-wall.js';

/** How long a cancellation may take. */
const cancelMs = 2_000;

export interface PooledClientConfig extends pg.ClientConfig {
  /** Of a pool: what makes its connections. */
  readonly Client: new () => pg.ClientBase;
  /** Statements that each transaction begins with. */
  readonly beginning: string;
}

/** BEGIN, with its modes, at the beginning of a text. */
const begins = /^\s*BEGIN\b([^;]*)(?:;|$)/i;
const ends = /^\s*(COMMIT|ROLLBACK)\s*;?\s*$/i;
/** What PostgreSQL runs in no transaction. */
const runsAlone = /\bINDEX\s+CONCURRENTLY\b/i;
const endsScript = /;\s*COMMIT\s*;?\s*$/i;

/**
 * A connection to a pooler in transaction mode, which lends a connection of PostgreSQL for one transaction at a time: nothing
 * may be left in a session. So every transaction begins with all settings, and a statement that is alone is one transaction.
 */
export class PooledClient extends pg.Client {
  /** Whose rows its transactions see. */
  tenantId: string = allTenants;
  private readonly beginning: string;
  private isInTransaction = false;

  constructor(config: PooledClientConfig) {
    // What a statement alone takes is sent at once.
    super({ ...config, pipeline: true });
    this.beginning = config.beginning;
  }

  /** As that of pg, whose overloads it all takes: answers a promise, or calls back. */
  override query(...args: never[]): never {
    const given: unknown[] = args;
    const done = given.at(-1);
    if (typeof done !== 'function') return this.send(given) as never;
    const answered = this.send(given.slice(0, -1));
    answered.then(
      (result) => process.nextTick(done as () => void, null, result),
      (error: unknown) => process.nextTick(done as () => void, error),
    );
    return undefined as never;
  }

  private send(given: unknown[]): Promise<pg.QueryResult> {
    const [query] = given as [string | pg.QueryConfig];
    const text = typeof query === 'string' ? query : query.text;
    if (ends.test(text)) this.isInTransaction = false;
    else if (!this.isInTransaction) {
      const [begin, modes] = begins.exec(text) ?? [];
      if (begin === undefined) return runsAlone.test(text) ? this.sendOne(given) : this.alone(given);
      const rest = text.slice(begin.length);
      this.isInTransaction = !endsScript.test(rest);
      return this.sendOne([`${this.begin(modes)}; ${rest}`]);
    }
    return this.sendOne(given);
  }

  /** Acknowledged when it is committed. */
  private async alone(given: unknown[]): Promise<pg.QueryResult> {
    const { stream } = (this as unknown as { connection: { stream: Writable } }).connection;
    stream.cork();
    const sent = [[this.begin()], given, ['COMMIT']].map((one) => this.sendOne(one));
    process.nextTick(() => stream.uncork());
    const outcomes = await Promise.allSettled(sent);
    // The first failure is the reason of those that follow.
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    return sent[1] as Promise<pg.QueryResult>;
  }

  private begin(modes = ''): string {
    return `BEGIN${modes}; ${this.beginning}; SET LOCAL ${tenantSetting} = ${this.escapeLiteral(this.tenantId)}`;
  }

  private sendOne(given: unknown[]): Promise<pg.QueryResult> {
    return super.query(...(given as [string])) as unknown as Promise<pg.QueryResult>;
  }
}

/** What pg's types leave out. */
interface RawConnection {
  connect(portOrPath: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processId: number, secretKey: unknown): void;
  on(event: 'connect' | 'sslconnect' | 'end' | 'error', listener: (error: Error) => void): void;
  readonly stream: Writable;
}

/**
 * Cancels the statement that runs on a connection as the protocol does, which a pooler passes on to whom it has lent: the
 * number of the process that it tells is none of PostgreSQL.
 */
export function cancelByProtocol(config: pg.ClientConfig, client: pg.ClientBase): Promise<void> {
  const { processID, secretKey, host, port } = client as unknown as {
    processID: number;
    secretKey: unknown;
    host: string;
    port: number;
  };
  return new Promise((resolve, reject) => {
    const connection = new pg.Connection(config) as unknown as RawConnection;
    const timer = setTimeout(() => {
      connection.stream.destroy();
      reject(new Error('the cancellation took too long'));
    }, cancelMs);
    const settle = (error?: Error): void => {
      clearTimeout(timer);
      if (error) reject(error);
      else resolve();
    };
    const cancel = (): void => connection.cancel(processID, secretKey);
    connection.on('connect', () => (config.ssl ? connection.requestSsl() : cancel()));
    connection.on('sslconnect', cancel);
    connection.on('error', settle);
    connection.on('end', () => settle());
    if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`);
    else connection.connect(port, host);
  });
}
