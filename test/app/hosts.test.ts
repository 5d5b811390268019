import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { send, sendBytes } from '../fixtures/http.js';
import { basePath, startTestServer, type TestServer } from '../support/server.js';

const json = { 'content-type': 'application/json' };

/** What comes back for bytes until the server ends the connection. */
function exchange(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

/** The href of a new bucket, under which the caller finds the server. */
async function hrefFor(
  url: string,
  headers: Record<string, string>,
): Promise<[status: number, href: string | undefined]> {
  const answer = await send(url, 'POST', `${basePath}/bucket`, {
    body: '{"usageType":"data"}',
    headers: { ...json, ...headers },
  });
  return [answer.status, answer.body?.href?.replace(/\/tmf-api.*/, '')];
}

describe('in the sandbox', () => {
  let server: TestServer;
  let port: string;
  beforeAll(async () => {
    server = await startTestServer();
    ({ port } = new URL(server.url));
  });
  afterAll(() => server.close());

  it('the server is called by the names of its own machine, by whatever port', async () => {
    for (const host of [
      `127.0.0.1:${port}`,
      'localhost',
      'LOCALHOST:1',
      'localhost.',
      'shop.localhost:80',
      `[::1]:${port}`,
      '[0:0::1]',
      '127.1.2.3',
    ]) {
      expect([host, await hrefFor(server.url, { host })]).toEqual([host, [201, `http://${host}`]]);
    }
  });

  it('every other name is refused with 421 at every door, and not repeated', async () => {
    const hosts = [
      'evil.example',
      `evil.example:${port}`,
      'localhost.evil.example',
      'notlocalhost',
      '10.0.0.1',
      '[::2]',
      '127.0.0.1@evil.example',
      '127.0.0.1.evil.example',
      '0.0.0.0',
    ];
    for (const host of hosts) {
      for (const [method, path] of [
        ['GET', `${basePath}/bucket`],
        ['POST', `${basePath}/bucket`],
        ['GET', '/'],
        ['GET', '/docs/'],
        ['GET', `${basePath}/openapi.json`],
        ['OPTIONS', `${basePath}/bucket`],
      ] as const) {
        const answer = await send(server.url, method, path, {
          headers: { host, ...json, 'x-forwarded-host': 'localhost' },
          body: method === 'POST' ? '{}' : undefined,
        });
        expect([host, path, answer.status, answer.body]).toEqual([
          host,
          path,
          421,
          expect.objectContaining({ '@type': 'Error', status: '421' }),
        ]);
        expect([answer.headers['location'], answer.headers['link']]).toEqual([undefined, undefined]);
      }
      const answer = await send(server.url, 'POST', '/graphql', {
        headers: { host, ...json },
        body: '{"query":"{ __typename }"}',
      });
      expect([host, answer.status, answer.body.errors[0].extensions]).toEqual([
        host,
        421,
        expect.objectContaining({ code: 'MISDIRECTED' }),
      ]);
    }
  });

  it('probes are answered whatever they call it, and hear nothing of that', async () => {
    for (const host of ['evil.example', '10.0.0.1:8080', 'a b']) {
      for (const [path, status] of [
        ['/health/live', 200],
        ['/health/ready', 200],
        ['/health/none', 404],
      ] as const) {
        const answer = await send(server.url, 'GET', path, { headers: { host } });
        expect([path, answer.status, JSON.stringify(answer)]).toEqual([
          path,
          status,
          expect.not.stringContaining(host),
        ]);
      }
      expect((await send(server.url, 'GET', '/metrics', { headers: { host } })).status).not.toBe(421);
      expect((await send(server.url, 'GET', '/healthy', { headers: { host } })).status).toBe(421);
    }
  });

  it('two Host headers are 400, even equal ones', async () => {
    for (const [one, two] of [
      ['localhost', 'evil.example'],
      ['localhost', 'localhost'],
      ['evil.example', 'localhost'],
    ]) {
      for (const path of [`${basePath}/bucket`, '/graphql', '/health/live']) {
        expect(await sendBytes(server.url, `GET ${path} HTTP/1.1\r\nHost: ${one}\r\nhOST: ${two}\r\n\r\n`)).toMatch(
          /^HTTP\/1\.1 400 /,
        );
      }
    }
    expect(await sendBytes(server.url, `GET ${basePath}/bucket HTTP/1.1\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await exchange(server.url, `GET ${basePath}/bucket HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 421 /,
    );
    // HTTP/1.0 has none.
    expect(await exchange(server.url, `GET ${basePath}/bucket HTTP/1.0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('the whole address may stand in the request line, and counts instead of Host', async () => {
    for (const authority of [`127.0.0.1:${port}`, 'localhost']) {
      const list = await send(server.url, 'GET', `http://${authority}${basePath}/bucket?limit=1&offset=1`, {
        headers: { host: 'evil.example' },
      });
      expect([list.status, list.headers['link']]).toEqual([
        expect.any(Number),
        expect.stringContaining(`<http://${authority}${basePath}/bucket?`),
      ]);
      expect([list.status === 200 || list.status === 206]).toEqual([true]);
      expect(
        (
          await send(server.url, 'POST', `HTTP://${authority}/graphql`, {
            headers: json,
            body: '{"query":"{ __typename }"}',
          })
        ).body,
      ).toMatchObject({ data: { __typename: 'Query' } });
      expect((await send(server.url, 'GET', `http://${authority}/health/live?a=b`)).body).toEqual({ status: 'live' });
      expect((await send(server.url, 'GET', `http://${authority}`)).status).toBe(404);
    }
    for (const authority of ['evil.example', 'localhost@evil.example', '', 'evil.example:80']) {
      expect([
        authority,
        (await send(server.url, 'GET', `http://${authority}${basePath}/bucket`, { headers: { host: 'localhost' } }))
          .status,
      ]).toEqual([authority, 421]);
    }
  });

  it('nothing is forwarded by whoever is not trusted', async () => {
    const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', 'x-forwarded-for': '10.0.0.9' };
    expect(await hrefFor(server.url, headers)).toEqual([201, server.url]);
  });

  it('every answer says what it is and whether it may be kept', async () => {
    const { body } = await send(server.url, 'POST', `${basePath}/bucket`, {
      body: '{"usageType":"data"}',
      headers: json,
    });
    const one = `${basePath}/bucket/${body.id}`;
    const calls: [method: string, path: string, cacheControl: string, headers?: Record<string, string>][] = [
      ['GET', one, 'private, no-cache'],
      ['HEAD', one, 'private, no-cache'],
      ['GET', one, 'private, no-cache', { 'if-none-match': '*' }],
      ['GET', `${basePath}/bucket`, 'private, no-cache'],
      ['GET', `${basePath}/bucket?colour=red`, 'no-store'],
      ['POST', `${basePath}/bucket`, 'no-store'],
      ['PATCH', one, 'no-store', json],
      ['OPTIONS', one, 'no-store'],
      ['PUT', one, 'no-store'],
      ['GET', '/none', 'no-store'],
      ['GET', '/graphql?query=%7B__typename%7D', 'no-store', json],
      ['POST', '/graphql', 'no-store', json],
      ['GET', '/graphql', 'no-cache', { accept: 'text/html' }],
      ['GET', '/', 'no-cache', { accept: 'text/html' }],
      ['GET', '/schema.graphql', 'private, no-cache'],
      ['GET', '/health/live', 'no-store'],
      ['GET', '/health/ready', 'no-store'],
      ['GET', '/docs', 'no-store'],
      ['GET', '/docs/', 'no-cache'],
      ['GET', '/pages/common.css', 'no-cache'],
      ['GET', '/pages/vendor/swagger-ui.css', 'no-cache'],
      ['GET', `${basePath}/openapi.json`, 'no-cache'],
      ['GET', '/docs/none', 'no-store'],
      ['GET', '/none', 'no-store', { host: 'evil.example' }],
      ['POST', '/none', 'no-store', { origin: 'https://evil.example' }],
      ['GET', '/none', 'no-store', { expect: 'a miracle' }],
      [
        'OPTIONS',
        one,
        'no-store',
        { origin: 'https://studio.apollographql.com', 'access-control-request-method': 'PATCH' },
      ],
    ];
    for (const [method, path, cacheControl, headers] of calls) {
      const answer = await send(server.url, method, path, { headers });
      expect([method, path, answer.headers['x-content-type-options'], answer.headers['cache-control']]).toEqual([
        method,
        path,
        'nosniff',
        cacheControl,
      ]);
      expect([method, path, String(answer.headers['vary']).toLowerCase()]).toEqual([
        method,
        path,
        expect.stringContaining('origin'),
      ]);
    }
    for (const bytes of [
      'nonsense\r\n\r\n',
      `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`,
      'GET / HTTP/1.1\r\nConnection: close\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\nConnection: close\r\n\r\n',
    ]) {
      const answer = await exchange(server.url, bytes);
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d [\s\S]*"@type":"Error"/);
      expect(answer).toMatch(/^x-content-type-options: nosniff\r$/im);
      expect(answer).toMatch(/^cache-control: no-store\r$/im);
    }
  });
});

describe('configured', () => {
  it('ALLOWED_HOSTS and PUBLIC_URL name it, and where it serves nothing else does', async () => {
    const server = await startTestServer(
      { ALLOWED_HOSTS: 'API.example:8443, *.shop.example,10.1.2.3, ::1' },
      { mode: 'serve' },
    );
    try {
      for (const host of [
        'api.example',
        'api.example:1',
        'a.shop.example',
        'a.b.SHOP.example:80',
        '10.1.2.3',
        '[::1]:80',
        'api.example.',
      ]) {
        expect([host, await hrefFor(server.url, { host })]).toEqual([host, [201, `http://${host}`]]);
      }
      for (const host of [
        'shop.example',
        '.shop.example',
        'notshop.example',
        'xapi.example',
        'api.example.evil',
        '127.0.0.1',
        'localhost',
      ]) {
        expect([host, (await hrefFor(server.url, { host }))[0]]).toEqual([host, 421]);
      }
    } finally {
      await server.close();
    }
  });

  it('trusted proxies tell what the client called it, and only they', async () => {
    const server = await startTestServer(
      { ALLOWED_HOSTS: 'api.example', TRUSTED_PROXIES: '10.0.0.0/8, 127.0.0.0/8' },
      { mode: 'serve' },
    );
    try {
      const forwarded = {
        host: 'backend:4000',
        'x-forwarded-host': 'api.example, inner.example',
        'x-forwarded-proto': 'https, http',
      };
      expect(await hrefFor(server.url, forwarded)).toEqual([201, 'https://api.example']);
      expect(await hrefFor(server.url, { host: 'api.example', 'x-forwarded-proto': 'gopher' })).toEqual([
        201,
        'http://api.example',
      ]);
      expect((await hrefFor(server.url, { host: 'api.example', 'x-forwarded-host': 'evil.example' }))[0]).toBe(421);
      expect((await hrefFor(server.url, { host: 'backend:4000' }))[0]).toBe(421);
      const page = await send(server.url, 'POST', `${basePath}/bucket`, {
        body: '{"usageType":"data"}',
        headers: { ...json, ...forwarded, origin: 'https://api.example' },
      });
      expect(page.status).toBe(201);
    } finally {
      await server.close();
    }
  });
});
