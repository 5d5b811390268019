import { connect } from 'node:net';
import { request, type IncomingHttpHeaders } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { basePath, startTestServer, type TestServer } from '../support/server.js';

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
}

function call(
  url: string,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        hostname,
        port,
        method,
        path,
        headers: { ...(body && { 'content-length': String(Buffer.byteLength(body)) }), ...headers },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }),
        );
        response.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const json = { 'content-type': 'application/json' };
const decode: Record<string, (bytes: Buffer) => Buffer> = { br: brotliDecompressSync, gzip: gunzipSync };

describe('an answer of more than 1 KB', () => {
  let server: TestServer;
  let one: string;
  beforeAll(async () => {
    server = await startTestServer();
    const { body } = await server.rest('POST', '/bucket', {
      body: {
        usageType: 'data',
        relatedParty: Array.from({ length: 40 }, (_, index) => ({
          id: `customer-${index}`,
          '@referredType': 'Individual',
        })),
      },
    });
    if (body.id === undefined) throw new Error(JSON.stringify(body));
    one = `${basePath}/bucket/${body.id}`;
  });
  afterAll(() => server.close());

  const places = (): [method: string, path: string, body?: string][] => [
    ['GET', one],
    ['GET', `${basePath}/bucket`],
    ['POST', '/graphql', '{"query":"{ buckets { items { id relatedParty { refId atReferredType } } } }"}'],
    ['GET', `${basePath}/openapi.json`],
    ['GET', '/pages/vendor/swagger-ui.css'],
    ['GET', '/pages/vendor/swagger-ui.js'],
  ];

  it('is compressed when the client takes that, and is the same', async () => {
    for (const [method, path, body] of places()) {
      const plain = await call(server.url, method, path, json, body);
      expect([path, plain.status, plain.headers['content-encoding']]).toEqual([path, 200, undefined]);
      for (const [accepted, coding] of [
        ['gzip', 'gzip'],
        ['br', 'br'],
        ['gzip, deflate, br, zstd', 'br'],
        ['br;q=0.5, gzip', 'gzip'],
        ['*', 'br'],
        ['br;q=0, *', 'gzip'],
        ['GZIP', 'gzip'],
      ] as const) {
        const packed = await call(server.url, method, path, { ...json, 'accept-encoding': accepted }, body);
        expect([path, accepted, packed.headers['content-encoding'], packed.bytes.length < plain.bytes.length]).toEqual([
          path,
          accepted,
          coding,
          true,
        ]);
        expect(decode[coding]?.(packed.bytes).equals(plain.bytes)).toBe(true);
      }
      for (const accepted of ['identity', 'deflate', 'gzip;q=0', 'br;q=0, gzip;q=0', '', 'identity, gzip;q=0.5']) {
        const answer = await call(server.url, method, path, { ...json, 'accept-encoding': accepted }, body);
        expect([path, accepted, answer.headers['content-encoding'], answer.bytes.equals(plain.bytes)]).toEqual([
          path,
          accepted,
          undefined,
          true,
        ]);
      }
      expect(String(plain.headers['vary'])).toMatch(/accept-encoding/i);
    }
  });

  it('has a weak ETag then, under which it is known', async () => {
    const plain = await call(server.url, 'GET', one);
    const packed = await call(server.url, 'GET', one, { 'accept-encoding': 'gzip' });
    expect(packed.headers['etag']).toBe(`W/${plain.headers['etag']}`);
    for (const etag of [plain.headers['etag'], packed.headers['etag']])
      expect((await call(server.url, 'GET', one, { 'if-none-match': String(etag) })).status).toBe(304);
    const page = await call(server.url, 'GET', '/pages/vendor/swagger-ui.css', { 'accept-encoding': 'br' });
    expect(
      (await call(server.url, 'GET', '/pages/vendor/swagger-ui.css', { 'if-none-match': String(page.headers['etag']) }))
        .status,
    ).toBe(304);
  });

  it('stays as it is when it is short, a HEAD or not to be transformed', async () => {
    for (const [method, path, headers] of [
      ['GET', `${basePath}/bucket/none`, {}],
      ['GET', '/health/live', {}],
      ['HEAD', one, {}],
      ['GET', one, { 'cache-control': 'no-transform' }],
    ] as const) {
      const answer = await call(server.url, method, path, { 'accept-encoding': 'br, gzip', ...headers });
      expect([path, answer.headers['content-encoding'], answer.headers['vary']]).toEqual([
        path,
        undefined,
        expect.stringMatching(/accept-encoding/i),
      ]);
    }
  });

  describe('that is made while it is sent', () => {
    let url: string;
    let id: string;
    beforeAll(async () => {
      await server.database.dedicated((connection) =>
        connection.script(`
          INSERT INTO "Usage" ("tenantId", "id", "status", "usageType", "usageDate", "usageSpecification", "description", "updatedAt")
          SELECT 'default', '01A' || lpad(n::text, 23, '0'), 'received', 'data', '2026-03-01T00:00:00Z', '{"id":"spec"}', repeat(md5(n::text), 100), now()
          FROM generate_series(1, 6000) n`),
      );
      const { body } = await server.rest('POST', '/exportJob', { body: {} });
      ({ url, id } = body);
    });

    it.each(['gzip', 'br'])('is the same by %s', async (coding) => {
      const { pathname } = new URL(url);
      const plain = await call(server.url, 'GET', pathname);
      const packed = await call(server.url, 'GET', pathname, { 'accept-encoding': coding });
      expect([packed.status, packed.headers['content-encoding'], packed.headers['content-type']]).toEqual([
        200,
        coding,
        plain.headers['content-type'],
      ]);
      expect(packed.bytes.length).toBeLessThan(plain.bytes.length);
      expect(decode[coding]?.(packed.bytes).equals(plain.bytes)).toBe(true);
    });

    it('is not made faster than it is read, and ends with its client', async () => {
      const { hostname, port, pathname } = new URL(url);
      const socket = connect(Number(port), hostname);
      socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAccept-Encoding: gzip\r\n\r\n`);
      await new Promise<void>((resolve) => socket.once('data', () => (socket.pause(), resolve())));
      socket.destroy();
      const task = await eventually('the download has ended', async () => {
        const { body } = await server.rest('GET', `/exportJob/${id}`);
        return body.status === 'running' ? undefined : body;
      });
      expect([task.status, task.errorLog]).toEqual(['failed', expect.stringContaining('the client went away')]);
      expect((await call(server.url, 'GET', one)).status).toBe(200);
    });
  });
});
