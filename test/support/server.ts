import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import { apis } from '../../rest-compat/apis/index.js';
import { createLogger } from '../../src/app/logger.js';
import { createServer } from '../../src/app/server.js';
import type { TimeSources } from '../../src/platform/clock.js';
import { readConfig, type Mode } from '../../src/platform/config.js';
import type { Principal } from '../../src/platform/principal.js';
import { isWalled, openDemoDatabase, openTestDatabase, type TestDatabase } from './database.js';
import { watchTenants } from './second-wall.js';

/** A clock that stands still until it is told otherwise. */
export class TestClock {
  constructor(private time = new Date('2026-03-01T12:00:00.000Z')) {}

  now(): Date {
    return new Date(this.time);
  }

  set(time: string): void {
    this.time = new Date(time);
  }

  advance(milliseconds: number): void {
    this.time = new Date(this.time.getTime() + milliseconds);
  }
}

export interface RestAnswer {
  status: number;
  headers: Headers;
  /** Parsed JSON, or undefined when there is no body. */
  body: any;
}

export interface RestCall {
  headers?: Record<string, string>;
  /** JSON to send; `text` sends something as it is. */
  body?: unknown;
  text?: string | Uint8Array;
}

export interface GraphqlAnswer {
  status: number;
  headers: Headers;
  data: any;
  errors?: {
    message: string;
    path?: (string | number)[];
    extensions: {
      code: string;
      status: number;
      reason: string;
      attribute?: string;
      reference?: { type: string; id: string };
      requestId?: string;
    };
  }[];
}

export interface TestServer {
  url: string;
  database: TestDatabase;
  clock: TestClock;
  /** A call of TMF REST; the path starts behind the base path of the API that serves it: `/bucket?status=active`. */
  rest(method: string, path: string, call?: RestCall): Promise<RestAnswer>;
  graphql(query: string, variables?: object, headers?: Record<string, string>): Promise<GraphqlAnswer>;
  /** Begins to run background jobs. */
  startJobs(): Promise<void>;
  close(): Promise<void>;
}

export const basePath = '/tmf-api/prepayBalanceManagement/v4';

export interface TestServerOptions {
  /** Is closed with the server; none: one of its own, embedded, or PostgreSQL when TEST_DATABASE_URL is set. */
  database?: TestDatabase;
  clock?: TestClock;
  /** The server runs by its own clock, of a machine whose clocks say this. */
  time?: TimeSources;
  /** `serve` starts it as for production. */
  mode?: Mode;
  /** Finds the principal of a request; none: everybody is anonymous. */
  principalOf?: (request: IncomingMessage) => Principal;
  /** Takes the log, which is silent otherwise. */
  logger?: Logger;
}

/** The whole server on a free port. */
export async function startTestServer(
  env: Record<string, string> = {},
  options: TestServerOptions = {},
): Promise<TestServer> {
  const clock = options.clock ?? new TestClock();
  // Records of the audit would be of the server that wrote the data.
  const isDemo = env['SEED'] === 'demo' && env['AUDIT'] === undefined;
  const database = options.database ?? (await (isDemo ? openDemoDatabase(clock) : openTestDatabase()));
  const { mode = 'sandbox', time } = options;
  const production = mode === 'serve' && {
    DATABASE_URL: 'postgres://not-asked',
    ALLOWED_HOSTS: '127.0.0.1',
    // A test that is about who sends a request says so.
    AUTH: 'off',
  };
  const walls = isWalled && { DATABASE_URL: 'postgres://not-asked', ROW_LEVEL_SECURITY: 'on' };
  const config = readConfig(
    { PORT: '0', SEED: 'none', LOG_LEVEL: 'silent', COUNT_WAIT_MS: '2000', ...production, ...walls, ...env },
    mode,
  );
  const watched = watchTenants(database);
  const server = await createServer({
    config,
    database: watched.database,
    principalOf: options.principalOf,
    logger: options.logger ?? createLogger(config.logLevel),
    ...(time ? { time } : { clock }),
  }).catch(async (error: unknown) => {
    // An open database would keep the test process alive.
    await database.close();
    throw error;
  });
  await server.backfill();
  await server.seed();
  const url = await server.listen();
  return {
    url,
    database,
    clock,
    rest: (method, path, call) => restCall(url + baseOf(path) + path, method, call),
    graphql: async (query, variables, headers) => {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query, variables }),
      });
      const body: any = await response.json();
      return { status: response.status, headers: response.headers, data: body.data, errors: body.errors };
    },
    startJobs: async () => {
      // Loads the engine of each class's client; jest forbids that between two tests, where a job may be the first to ask.
      for (const workClass of ['engine', 'write', 'job'] as const) {
        await database.transaction((tx) => tx.statement('SELECT 1', []), { workClass });
      }
      server.startJobs();
    },
    close: async () => {
      await server.close();
      await database.close();
      watched.check();
    },
  };
}

/** Where the resource is served that the path begins with. */
function baseOf(path: string): string {
  if (path.startsWith('/tmf-api')) return '';
  const [segment = ''] = /(?<=^\/)\w+/.exec(path) ?? [];
  return apis.find(({ resources }) => Object.hasOwn(resources, segment))?.basePaths[0] ?? basePath;
}

async function restCall(url: string, method: string, { headers, body, text }: RestCall = {}): Promise<RestAnswer> {
  const payload = text ?? (body === undefined ? undefined : JSON.stringify(body));
  const response = await fetch(url, {
    method,
    headers: { ...(payload === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    body: payload,
  });
  const answer = await response.text();
  return { status: response.status, headers: response.headers, body: answer === '' ? undefined : JSON.parse(answer) };
}
