import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Fixture, makeInstances, minimalBody, oneToRead, type ReadFixture } from '../fixtures/fixture.js';
import { send } from '../fixtures/http.js';
import { everyFixture, fixtures } from '../fixtures/chosen.js';
import { freePort } from '../support/free-port.js';
import { basePath, startTestServer, type TestServer } from '../support/server.js';

const errorBody = (status: number, named = ''): object => ({
  code: expect.stringMatching(/^\d+$/),
  reason: expect.stringMatching(/./),
  message: expect.stringContaining(named),
  status: String(status),
  requestId: expect.any(String),
  '@type': 'Error',
});

describe('the REST door', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.close());

  describe.each(everyFixture)('to $typeName', (fixture) => {
    const { segment, aliases = [], basePaths }: ReadFixture = fixture;
    it('is open under every base path and name, with and without a slash at the end, and href is the canonical one', async () => {
      const made = await oneToRead(server, fixture);
      expect(made.href).toBe(`${server.url}${basePaths[0]}/${segment}/${made.id}`);
      for (const collection of basePaths.flatMap((base) => [segment, ...aliases].map((name) => `${base}/${name}`))) {
        for (const path of [`${collection}/${made.id}`, `${collection}/${made.id}/`]) {
          const answer = await send(server.url, 'GET', path);
          expect([path, answer.status, answer.body]).toEqual([path, 200, made]);
        }
        for (const path of [`${collection}?id=${made.id}`, `${collection}/?id=${made.id}`]) {
          const answer = await send(server.url, 'GET', path);
          expect([path, answer.status, answer.body]).toEqual([path, 200, [made]]);
        }
      }
    });

    it('knows the resource by its exact name only', async () => {
      for (const name of [
        segment.toUpperCase(),
        `${segment}s`,
        `${segment}.json`,
        `%${segment.charCodeAt(0).toString(16)}${segment.slice(1)}x`,
        `${segment} `.replace(' ', '%20'),
      ]) {
        const answer = await send(server.url, 'GET', `${basePaths[0]}/${name}`);
        expect([name, answer.status, answer.body]).toEqual([name, 404, errorBody(404, name.slice(0, 10))]);
      }
    });
  });

  describe.each(fixtures)('to a new $typeName', (fixture: Fixture) => {
    const { segment, basePaths, label = 'description' } = fixture;
    it('is open under every base path, and its Location is the canonical one', async () => {
      for (const base of basePaths) {
        const body = JSON.stringify({ ...(await minimalBody(server, fixture)), [label]: 'by another path' });
        const answer = await send(server.url, 'POST', `${base}/${segment}/`, {
          body,
          headers: { 'content-type': 'application/json' },
        });
        const href = `${server.url}${basePaths[0]}/${segment}/${answer.body.id}`;
        expect([answer.status, answer.body.href, answer.headers['location']]).toEqual([201, href, href]);
      }
    });

    it('refuses a body that has no Content-Type, in one piece or in chunks, by every method', async () => {
      const body = JSON.stringify(await minimalBody(server, fixture));
      const { id } = await oneToRead(server, fixture);
      const calls: [method: string, path: string][] = [
        ['POST', ''],
        ['PATCH', ''],
        ['PATCH', `/${id}`],
        ['DELETE', `/${id}`],
      ];
      for (const [method, path] of calls) {
        for (const headers of [{}, { 'transfer-encoding': 'chunked' }, { 'content-type': '' }] as Record<
          string,
          string
        >[]) {
          const answer = await send(server.url, method, `${basePaths[0]}/${segment}${path}`, { body, headers });
          if (answer.status !== 405)
            expect([method, path, headers, answer.status, answer.body]).toEqual([
              method,
              path,
              headers,
              415,
              errorBody(415, 'Content-Type'),
            ]);
        }
        const empty = await send(server.url, method, `${basePaths[0]}/${segment}/none`, {
          body: '',
          headers: { 'transfer-encoding': 'chunked' },
        });
        expect(empty.status).not.toBe(415);
      }
    });
  });

  describe('to nothing', () => {
    it.each([
      '/',
      '',
      '/favicon.ico',
      '/tmf-api',
      '/tmf-api/',
      basePath,
      `${basePath}/`,
      `${basePath}/unknown`,
      '/tmf-api/prepayBalanceManagement/v5/bucket',
      '/tmf-api/unknown/v4/bucket',
      '/bucket',
      '//bucket',
      `${basePath}//bucket`,
      `/x${basePath}/bucket`,
      '/graphqlx',
      '/graphql/x',
      '/%',
      '/%00',
      '/__proto__',
      '/constructor',
    ])('answers %j with 404 and a TMF error, by every method', async (path) => {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        const answer = await send(server.url, method, path === '' ? '/' : path, {
          body: method === 'GET' ? undefined : '{}',
        });
        expect([method, answer.status, answer.body]).toEqual([method, 404, errorBody(404)]);
        expect([method, answer.headers['content-type']]).toEqual([method, 'application/json;charset=utf-8']);
      }
    });

    it('does not repeat a long path whole', async () => {
      const answer = await send(server.url, 'GET', `/${'x'.repeat(5_000)}`);
      expect(answer.status).toBe(404);
      expect(answer.text.length).toBeLessThan(500);
    });
  });

  it('takes GET with a JSON Content-Type and no body, as the conformance kits send it', async () => {
    const answer = await server.rest('GET', '/bucket', { headers: { 'content-type': 'application/json' } });
    expect(answer.status).toBe(200);
  });

  it('tells nothing of what it is made of', async () => {
    for (const path of [`${basePath}/bucket`, '/unknown', '/health/live']) {
      const { headers } = await send(server.url, 'GET', path);
      expect([headers['x-powered-by'], headers['server']]).toEqual([undefined, undefined]);
    }
  });

  it('says that it is alive and ready', async () => {
    for (const [path, status] of [
      ['/health/live', 'live'],
      ['/health/ready', 'ready'],
    ]) {
      const answer = await send(server.url, 'GET', path as string);
      expect([answer.status, answer.body]).toEqual([200, { status }]);
    }
  });

  it.each(['expand=bucket', 'depth=1', "filter=$[?(@.status=='active')]", 'explain=graphql'])(
    'answers 200, 400 or 501 for %s, never anything else',
    async (query) => {
      const answer = await send(server.url, 'GET', `${basePath}/bucket?${query}`);
      expect([200, 400, 501]).toContain(answer.status);
      if (answer.status !== 200) expect(answer.body).toEqual(errorBody(answer.status));
    },
  );
});

describe('the REST door, configured', () => {
  it('keeps to the page size and stops counting at its bound, unless the client asks for more', async () => {
    const server = await startTestServer({ PAGE_SIZE_MAX: '3', PAGE_SIZE_DEFAULT: '2', COUNT_MAX: '4' });
    try {
      const [fixture] = fixtures as [Fixture];
      await makeInstances(server, fixture, 7);
      const whole = await server.rest('GET', `/${fixture.segment}`);
      expect([whole.status, whole.body.length, whole.headers.get('x-total-count')]).toEqual([200, 3, null]);
      expect(whole.headers.get('link')).toBe(
        `<${server.url}${fixture.basePaths[0]}/${fixture.segment}?offset=3&limit=3>; rel="next"`,
      );
      const exact = await server.rest('GET', `/${fixture.segment}?limit=2`, { headers: { Prefer: 'count=exact' } });
      expect([exact.status, exact.headers.get('x-total-count')]).toEqual([206, '7']);
      expect(exact.headers.get('link')).toContain('offset=6&limit=2>; rel="last"');
      const page = await server.rest('GET', `/${fixture.segment}?offset=2&limit=2`);
      expect([page.status, page.headers.get('x-total-count')]).toEqual([206, null]);
      expect(page.headers.get('link')).not.toContain('last');
      expect((await server.rest('GET', `/${fixture.segment}?limit=3`)).status).toBe(206);
      expect((await server.rest('GET', `/${fixture.segment}?limit=4`)).body).toEqual(
        errorBody(400, 'limit=4: the limit PAGE_SIZE_MAX is 3'),
      );
      const { data } = await server.graphql(
        '{ buckets { totalCount items { id } } exact: buckets { totalCount(exact: true) } }',
      );
      expect([data.buckets.totalCount, data.buckets.items.length, data.exact.totalCount]).toEqual([null, 2, 7]);
      expect((await server.rest('GET', `/${fixture.segment}?id=none`)).headers.get('x-total-count')).toBe('0');
    } finally {
      await server.close();
    }
  });

  it('writes every address under PUBLIC_URL, whatever the client calls the server', async () => {
    const port = await freePort();
    const server = await startTestServer({ PORT: `${port}`, PUBLIC_URL: 'https://balance.example/api' });
    try {
      const local = `http://127.0.0.1:${port}`;
      const body = JSON.stringify({ usageType: 'data' });
      const made = await send(local, 'POST', `${basePath}/bucket`, {
        body,
        headers: { 'content-type': 'application/json' },
      });
      const href = `https://balance.example/api${basePath}/bucket/${made.body.id}`;
      expect([made.body.href, made.headers['location']]).toEqual([href, href]);
      const list = await send(local, 'GET', `${basePath}/bucket?limit=1`, {
        headers: { Host: 'balance.example:8443' },
      });
      expect([list.body[0].href, String(list.headers['link'])]).toEqual([
        href,
        expect.stringContaining(`<https://balance.example/api${basePath}/bucket?`),
      ]);
    } finally {
      await server.close();
    }
  });
});
