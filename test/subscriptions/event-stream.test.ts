import { spawn, type ChildProcess } from 'node:child_process';
import { connect, createServer, type AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createClient } from 'graphql-sse';
import { openTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { startTestServer, TestClock, type TestServer } from '../support/server.js';

jest.setTimeout(60_000);

const clock = new TestClock();
let database: TestDatabase;
let server: TestServer;
const children: ChildProcess[] = [];

const start = (env: Record<string, string> = {}): Promise<TestServer> =>
  startTestServer(env, { database: { ...database, close: () => Promise.resolve() }, clock });

beforeAll(async () => {
  database = await openTestDatabase();
  server = await start();
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill();
});
afterAll(async () => {
  await server.close();
  await database.close();
});

async function bucket(name = 'a bucket'): Promise<string> {
  const { status, body } = await server.rest('POST', '/bucket', { body: { usageType: 'monetary', name } });
  expect(status).toBe(201);
  return body.id as string;
}

async function lastEvent(): Promise<string> {
  const last = await database.client.outbox.findFirst({ orderBy: [{ transactionId: 'desc' }, { id: 'desc' }] });
  return last!.id;
}

const query = 'subscription ($after: ID) { events(after: $after) { eventId resourceId } }';
const streamUrl = (variables: object, of = query): string =>
  `${server.url}/graphql/stream?${new URLSearchParams({ query: of, variables: JSON.stringify(variables) })}`;

const ask = (init: RequestInit & { url?: string } = {}): Promise<Response> => {
  const { url = streamUrl({}), headers, ...others } = init;
  return fetch(url, { headers: headers ?? { accept: 'text/event-stream' }, ...others });
};

describe('subscriptions as text/event-stream', () => {
  it('are told to a client of graphql-sse', async () => {
    await bucket();
    const client = createClient({ url: `${server.url}/graphql/stream`, retryAttempts: 0 });
    const results = client.iterate({ query, variables: { after: await lastEvent() } });
    const ids = [await bucket(), await bucket()];
    for (const id of ids) {
      const { value } = await results.next();
      expect(value).toMatchObject({ data: { events: { resourceId: id } } });
    }
    await results.return?.(undefined);
    client.dispose();
  });

  it('are told to an EventSource, which goes on by itself on another server: nothing is lost, and nothing comes twice', async () => {
    await bucket();
    // Where the source finds one server after the other: that of Node gives up when nobody listens.
    let target = Number(new URL(server.url).port);
    const way = createServer((near) => {
      const far = connect(target, '127.0.0.1');
      for (const [one, next] of [
        [near, far],
        [far, near],
      ] as const)
        one.on('error', () => next.destroy()).pipe(next);
    });
    await new Promise<void>((done) => way.listen(0, '127.0.0.1', done));
    const { port } = way.address() as AddressInfo;
    const received: { id: string; resourceId: string }[] = [];
    // Of Node itself.
    const program = `
      // Its own timer does not keep the process.
      setInterval(() => undefined, 1_000);
      const source = new EventSource(process.argv[1]);
      source.addEventListener('next', ({ data, lastEventId }) =>
        console.log(JSON.stringify({ id: lastEventId, ...JSON.parse(data).data.events })));`;
    const child = spawn(
      process.execPath,
      [
        '--experimental-eventsource',
        '-e',
        program,
        streamUrl({ after: await lastEvent() }).replace(/:\d+/, `:${port}`),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    children.push(child);
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (text + chunk).split('\n');
      text = lines.pop() ?? '';
      received.push(...lines.map((line) => JSON.parse(line)));
    });
    const have = (count: number): Promise<true> =>
      eventually(`there are ${count} events`, () => (received.length >= count ? true : undefined));
    const ids = [await bucket(), await bucket()];
    await have(2);
    const other = await start();
    target = Number(new URL(other.url).port);
    await server.close();
    server = other;
    ids.push(await bucket(), await bucket());
    await have(4);
    expect(received.map(({ resourceId }) => resourceId)).toEqual(ids);
    child.kill();
    await new Promise((done) => way.close(done));
    expect(received.every(({ id, ...event }) => id === (event as any).eventId)).toBe(true);
  });

  it('are refused as requests are, before anything is told', async () => {
    const refusals = [
      [{ headers: { accept: 'application/json' } }, 406, 'NOT_ACCEPTABLE'],
      [{ method: 'PUT' }, 405, 'METHOD_NOT_ALLOWED'],
      [{ method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
      [{ method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }, 400, 'INVALID_BODY'],
      [{ url: streamUrl({}, '{ buckets { totalCount } }') }, 400, 'GRAPHQL_VALIDATION_FAILED'],
      [{ url: streamUrl({ after: 'nobody' }) }, 410, 'EVENTS_GONE'],
      [{ headers: { 'last-event-id': 'nobody' } }, 410, 'EVENTS_GONE'],
      [{ headers: { 'last-event-id': 'x'.repeat(300) } }, 400, 'INVALID_HEADER'],
      [{ headers: { origin: 'http://evil.example' } }, 403, 'FOREIGN_PAGE'],
    ] as const;
    for (const [init, status, code] of refusals) {
      const answer = await ask({
        ...init,
        headers: { accept: 'text/event-stream', ...('headers' in init && init.headers) },
      });
      const body: any = await answer.json();
      expect({ status: answer.status, code: body.errors[0].extensions.code }).toEqual({ status, code });
    }
    const gone: any = await (await ask({ headers: { accept: 'text/event-stream', 'last-event-id': 'nobody' } })).json();
    expect(gone.errors[0].extensions.oldest).toEqual(expect.any(String));
  });
});
