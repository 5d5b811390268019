import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { send, type RawAnswer } from '../fixtures/http.js';
import { basePath, startTestServer, type TestServer } from '../support/server.js';

const sandbox = 'https://studio.apollographql.com';
const configured = 'https://portal.example';

describe('a page of another origin', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ CORS_ORIGINS: `${configured}, http://localhost:3000` });
  });
  afterAll(() => server.close());

  const preflight = (path: string, origin: string, method: string): Promise<RawAnswer> =>
    send(server.url, 'OPTIONS', path, {
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': method,
        'Access-Control-Request-Headers': 'content-type,if-match,idempotency-key',
      },
    });
  const listOf = (header: unknown): string[] =>
    String(header)
      .toLowerCase()
      .split(',')
      .map((name) => name.trim());

  const places: [path: string, methods: string[]][] = [
    ['/graphql', ['GET', 'POST']],
    [`${basePath}/bucket`, ['GET', 'POST']],
    [`${basePath}/topupBalance/some-id`, ['GET', 'PATCH', 'DELETE']],
  ];

  describe.each([sandbox, configured, 'http://localhost:3000'])('%s', (origin) => {
    it.each(places)('may call %s', async (path, methods) => {
      for (const method of methods) {
        const { status, headers } = await preflight(path, origin, method);
        expect([status, headers['access-control-allow-origin']]).toEqual([204, origin]);
        expect(listOf(headers['access-control-allow-methods'])).toContain(method.toLowerCase());
        expect(listOf(headers['access-control-allow-headers'])).toEqual([
          'content-type',
          'if-match',
          'idempotency-key',
        ]);
        expect(listOf(headers['vary'])).toContain('origin');
        expect(headers['access-control-allow-credentials']).toBe(undefined);
      }
    });

    it('may read the answer and the headers that TMF630 puts beside it, errors included', async () => {
      for (const path of [
        `${basePath}/bucket`,
        `${basePath}/bucket/unknown`,
        '/unknown',
        '/graphql?query={__typename}',
      ]) {
        const { headers } = await send(server.url, 'GET', path, {
          headers: { Origin: origin, 'apollo-require-preflight': '1' },
        });
        expect([path, headers['access-control-allow-origin']]).toEqual([path, origin]);
        expect(listOf(headers['access-control-expose-headers'])).toEqual(
          expect.arrayContaining([
            'etag',
            'location',
            'link',
            'x-total-count',
            'x-result-count',
            'content-range',
            'idempotency-replayed',
          ]),
        );
      }
    });
  });

  it.each([
    'https://evil.example',
    'http://studio.apollographql.com',
    'https://studio.apollographql.com.evil.example',
    'https://portal.example:8443',
    'http://localhost:3001',
    'null',
    '',
  ])('is not allowed when it is %j', async (origin) => {
    for (const [path, methods] of places) {
      for (const method of methods) {
        const { headers } = await preflight(path, origin, method);
        expect([path, headers['access-control-allow-origin']]).toEqual([path, undefined]);
      }
      const { headers } = await send(server.url, 'GET', path, { headers: { Origin: origin } });
      expect([path, headers['access-control-allow-origin']]).toEqual([path, undefined]);
    }
  });

  it('is only Sandbox when no other is configured', async () => {
    const plain = await startTestServer();
    try {
      const allowed = await Promise.all(
        [sandbox, configured].map(
          async (origin) =>
            (
              await send(plain.url, 'OPTIONS', '/graphql', {
                headers: { Origin: origin, 'Access-Control-Request-Method': 'POST' },
              })
            ).headers['access-control-allow-origin'],
        ),
      );
      expect(allowed).toEqual([sandbox, undefined]);
    } finally {
      await plain.close();
    }
  });
});
