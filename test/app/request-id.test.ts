import { connect } from 'node:net';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../src/app/logger.js';
import { startTestServer, type TestServer } from '../support/server.js';

const lines: { level: number; msg: string; request?: { id: string } }[] = [];

let server: TestServer;
beforeAll(async () => {
  const log = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(JSON.parse(chunk.toString()));
      done();
    },
  });
  server = await startTestServer({}, { logger: createLogger('debug', log) });
});
afterAll(() => server.close());

const query = '{ buckets { totalCount } }';
const ask = (
  path: string,
  id?: string,
  init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
): Promise<Response> =>
  fetch(server.url + path, { ...init, headers: { ...init.headers, ...(id !== undefined && { 'x-request-id': id }) } });
const graphql = (id: string, text: string): Promise<Response> =>
  ask('/graphql', id, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: text }),
  });

describe('the name of a request', () => {
  const base = '/tmf-api/prepayBalanceManagement/v4';
  it.each([
    ['a read of TMF REST', () => ask(`${base}/bucket`, 'r:1')],
    ['a refusal of TMF REST', () => ask(`${base}/bucket/none`, 'r:1')],
    ['a path that there is not', () => ask('/nowhere', 'r:1')],
    ['GraphQL', () => graphql('r:1', query)],
    ['a refusal of GraphQL', () => graphql('r:1', '{ nothing }')],
    ['a file', () => ask('/tmf-api/usageManagement/v4/exportJob/none/content', 'r:1')],
    ['a probe', () => ask('/health/live', 'r:1')],
    ['a page', () => ask('/docs', 'r:1')],
    [
      'a refused page of another origin',
      () => ask(`${base}/bucket`, 'r:1', { method: 'POST', headers: { origin: 'http://evil.example' } }),
    ],
    [
      'a preflight',
      () =>
        ask(`${base}/bucket`, 'r:1', {
          method: 'OPTIONS',
          headers: { origin: server.url, 'access-control-request-method': 'GET' },
        }),
    ],
  ])('comes back with %s', async (_what, request) => {
    expect((await request()).headers.get('x-request-id')).toBe('r:1');
  });

  it.each(['x', 'a.B_c:9-'.repeat(16)])('may be %s', async (id) => {
    expect((await ask(`${base}/bucket`, id)).headers.get('x-request-id')).toBe(id);
  });

  it.each(['', 'x'.repeat(129), 'a b', 'a"b', 'ä', '<script>'])('is replaced when it is "%s"', async (id) => {
    const given = (await ask(`${base}/bucket`, id)).headers.get('x-request-id');
    expect(given).toMatch(/^[\w.:-]{1,128}$/);
    expect(given).not.toBe(id);
  });

  it('is made for a request without one, and each is another one', async () => {
    const ids = await Promise.all([1, 2, 3].map(async () => (await ask(`${base}/bucket`)).headers.get('x-request-id')));
    expect(new Set(ids).size).toBe(3);
  });

  it('is in the errors of both transports', async () => {
    expect(await (await ask(`${base}/bucket/none`, 'e-1')).json()).toMatchObject({ requestId: 'e-1' });
    expect(await (await ask('/tmf-api/usageManagement/v4/exportJob/none/content', 'e-2')).json()).toMatchObject({
      requestId: 'e-2',
    });
    const answers = [
      await graphql('e-3', '{ nothing }'),
      await graphql('e-3', '{ buckets(limit: 100000) { totalCount } }'),
      await graphql('e-3', 'mutation { createTopupBalance(input: { amount: { amount: 1 } }) { id } }'),
      await ask('/graphql', 'e-3', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }),
    ];
    for (const answer of answers) {
      const { errors }: any = await answer.json();
      expect(errors[0].extensions).toMatchObject({ requestId: 'e-3' });
    }
  });

  it('is made for bytes that are no request', async () => {
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
      let read = '';
      socket.on('data', (chunk: Buffer) => (read += chunk.toString()));
      socket.once('close', () => resolve(read)).once('error', reject);
      socket.write('nonsense\r\n\r\n');
    });
    const [, id] = /X-Request-Id: (\S+)/.exec(text) ?? [];
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ requestId: id });
  });

  it('may be read by pages of allowed origins', async () => {
    const { headers } = await ask(`${base}/bucket`, undefined, { headers: { origin: server.url } });
    expect(headers.get('access-control-expose-headers')).toContain('X-Request-Id');
  });

  it('is in the log lines of its request, beside who sent it', async () => {
    await server.database.script('ALTER TABLE "Bucket" RENAME TO "Elsewhere"');
    try {
      expect((await ask(`${base}/bucket`, 'log-1')).status).toBe(500);
    } finally {
      await server.database.script('ALTER TABLE "Elsewhere" RENAME TO "Bucket"');
    }
    expect(lines.filter(({ level }) => level >= 50)).toEqual([
      expect.objectContaining({
        request: { id: 'log-1', tenant: 'default', principal: 'anonymous', method: 'GET', url: `${base}/bucket` },
      }),
    ]);
  });
});
