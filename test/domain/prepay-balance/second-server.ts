import { pino } from 'pino';
import { createServer } from '../../../src/app/server.js';
import { readConfig } from '../../../src/platform/config.js';
import { openPostgresql } from '../../../src/platform/database/postgresql.js';
import { basePath, type RestCall, type TestClock, type TestServer } from '../../support/server.js';

/** Another server on the same PostgreSQL database, with connections and a clock of its own; `way`: how it reaches it. */
export async function startSecondServer(
  first: TestServer,
  clock: TestClock,
  way = String(first.database.url),
): Promise<TestServer> {
  const database = await openPostgresql(way, { poolSize: 12 });
  const logger = pino({ level: 'silent' });
  const config = readConfig({ PORT: '0', SEED: 'none', LOG_LEVEL: 'silent' }, 'sandbox');
  const server = await createServer({ config, database, logger, clock });
  const url = await server.listen();
  return {
    url,
    database,
    clock,
    rest: async (method, path, { headers, body }: RestCall = {}) => {
      const answer = await send(`${url}${path.startsWith('/tmf-api') ? '' : basePath}${path}`, method, headers, body);
      const text = await answer.text();
      return { status: answer.status, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) };
    },
    graphql: async (query, variables, headers) => {
      const answer = await send(`${url}/graphql`, 'POST', headers, { query, variables });
      const { data, errors } = (await answer.json()) as any;
      return { status: answer.status, headers: answer.headers, data, errors };
    },
    startJobs: async () => server.startJobs(),
    close: async () => {
      await server.close();
      await database.close();
    },
  };
}

function send(
  url: string,
  method: string,
  headers: Record<string, string> | undefined,
  body: unknown,
): Promise<Response> {
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  return fetch(url, {
    method,
    headers: { ...type, ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}
