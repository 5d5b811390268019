import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../src/app/logger.js';
import { createServer, type AppServer } from '../../src/app/server.js';
import { readConfig } from '../../src/platform/config.js';
import { openTestDatabase, type TestDatabase } from '../support/database.js';

const buckets = '/tmf-api/prepayBalanceManagement/v4/bucket';

let database: TestDatabase;
let server: AppServer;
let url: string;
/** What every statement fails with, when it does. */
let failure: { error: unknown } | undefined;
let log: string[] = [];

beforeAll(async () => {
  database = await openTestDatabase();
  const config = readConfig({ PORT: '0', SEED: 'none' }, 'sandbox');
  const logger = createLogger('warn', { write: (line) => void log.push(line) });
  server = await createServer({ config, database: sickly(database), logger });
  url = await server.listen();
});
afterAll(async () => {
  await server.close();
  await database.close();
});
afterEach(() => {
  failure = undefined;
  log = [];
});

/** The database, whose statements fail as the test says. */
function sickly(whole: TestDatabase): TestDatabase {
  const sick = new Set<PropertyKey>(['read', 'query', 'transaction', 'statement', 'ping']);
  return new Proxy(whole, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (!sick.has(name) || typeof member !== 'function') return member;
      return (...values: unknown[]) =>
        failure ? Promise.reject(failure.error as Error) : (member.apply(target, values) as unknown);
    },
  });
}

const thrower = (): never => {
  throw new Error('reading it throws');
};

function withThrowingMembers(): Error {
  const error = new Error('hidden');
  // V8 writes the stack when it is first touched, with the name and the message.
  for (const name of [
    'stack',
    'name',
    'message',
    'cause',
    'code',
    'meta',
    'extensions',
    'originalError',
    'toJSON',
    'constructor',
  ]) {
    Object.defineProperty(error, name, { get: thrower, enumerable: true });
  }
  return error;
}

function circular(): Error {
  const error = new Error('round');
  const other = new Error('and round', { cause: error });
  return Object.assign(error, { cause: other, self: error, list: [error] });
}

const traps = Object.fromEntries(
  ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor', 'set', 'defineProperty'].map((name) => [
    name,
    thrower,
  ]),
);

const errors: [string, () => unknown][] = [
  ['an error whose members throw', withThrowingMembers],
  ['errors that cause each other', circular],
  ['an error with a BigInt', () => Object.assign(new Error('big'), { big: 1n, deep: { big: [2n] } })],
  ['an error with a huge message', () => new Error('x'.repeat(5_000_000))],
  [
    'an error of thousands',
    () =>
      new AggregateError(
        Array.from({ length: 5_000 }, (_, index) => new Error(String(index))),
        'many',
      ),
  ],
  [
    'an error nested deep',
    () =>
      Array.from({ length: 5_000 }).reduce<Error>(
        (cause, _, index) => new Error(String(index), { cause }),
        new Error('first'),
      ),
  ],
  ['an error that cannot be written to', () => Object.freeze(new Error('frozen'))],
  ['a text', () => 'thrown text'],
  ['nothing', () => undefined],
  ['null', () => null],
  ['a symbol', () => Symbol('thrown')],
  ['an object without prototype', () => Object.create(null) as unknown],
  ['an object that cannot be looked at', () => new Proxy({}, traps)],
];

async function get(path: string): Promise<number> {
  const response = await fetch(url + path, { signal: AbortSignal.timeout(60_000) });
  await response.text();
  return response.status;
}

async function post(path: string, body: object): Promise<{ status: number; body: any }> {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(60_000),
  });
  return { status: response.status, body: await response.json() };
}

describe.each(errors)('%s', (_title, make) => {
  it('is logged with its request, answered as an unexpected error, and leaves a server that answers', async () => {
    // The second time, an operation is compiled.
    for (let round = 1; round <= 3; round++) {
      failure = undefined;
      expect(await get(`${buckets}?limit=1`)).toBe(200);
      failure = { error: make() };
      expect(await get(`${buckets}?limit=1`)).toBe(500);
      expect(await get(`${buckets}/x`)).toBe(500);
      expect((await post(buckets, { usageType: 'x', remainingValue: { amount: 1, units: 'EUR' } })).status).toBe(500);
      const { body } = await post('/graphql', { query: '{ buckets { items { id } } one: bucket(id: "x") { id } }' });
      expect(body.errors.map((one: any) => [one.message, one.extensions.code])).toEqual(
        expect.arrayContaining([['an unexpected error occurred', 'INTERNAL']]),
      );
      expect(await get('/health/ready')).toBe(503);
    }
    failure = undefined;
    expect(await get('/health/ready')).toBe(200);
    expect(await get(buckets)).toBe(200);
    const lines = log.map((line) => JSON.parse(line) as { msg: string; request?: { url: string } });
    const told = lines.filter(({ msg }) => msg === 'unexpected error').map(({ request }) => request?.url);
    expect(new Set(told)).toEqual(new Set([`${buckets}?limit=1`, `${buckets}/x`, buckets, '/graphql']));
    expect(Math.max(...log.map((line) => line.length))).toBeLessThan(1_000_000);
  });
});

describe('clients that go away', () => {
  it('in the middle of a request or an answer take nothing with them', async () => {
    await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined);
        await once(socket, 'connect');
        const body = JSON.stringify({ query: '{ buckets { items { id name } } }' });
        const requests = [
          `GET ${buckets} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(20),
          `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`.repeat(
            20,
          ),
          `POST ${buckets} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"usage`,
          `POST ${buckets} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n`,
          `GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\nGET nonsense\r\n\r\n`,
        ];
        socket.write(requests[index % requests.length]!);
        await new Promise((resolve) => setTimeout(resolve, index % 7));
        if (index % 2 === 0) socket.destroy();
        else socket.resetAndDestroy();
      }),
    );
    expect(await get(buckets)).toBe(200);
    expect((await post('/graphql', { query: '{ buckets { totalCount } }' })).body.data.buckets.totalCount).toBe(0);
  });
});
