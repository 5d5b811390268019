import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { send, type RawAnswer } from '../fixtures/http.js';
import { startTestServer, type TestServer } from '../support/server.js';

const visit = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
/** Pages by their address, as a browser asks for them. */
const pages = ['/', '/graphql', '/docs/'];

/** The addresses that a page or a file of it names, as they stand there. */
const addressesOf = (text: string): string[] =>
  [...text.matchAll(/(?:\s(?:src|href)=|from |import |url\()["']([^"']+)/g)].map(([, address = '']) => address);
const isFile = (path: string): boolean => path.startsWith('/pages/');

/** Everything of ours that is served for pages: the pages, and what leads to more from file to file. */
async function filesOf(server: TestServer): Promise<Map<string, RawAnswer>> {
  const found = new Map<string, RawAnswer>();
  const open = [...pages];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (found.has(path)) continue;
    const answer = await send(server.url, 'GET', path, { headers: visit });
    found.set(path, answer);
    // What packages bring names addresses in its texts.
    if (path.startsWith('/pages/vendor/')) continue;
    for (const address of addressesOf(answer.text)) {
      const { pathname, origin } = new URL(address, server.url + path);
      if (origin === server.url && isFile(pathname)) open.push(pathname);
    }
  }
  return found;
}

describe('the pages', () => {
  let server: TestServer;
  let files: Map<string, RawAnswer>;
  beforeAll(async () => {
    server = await startTestServer();
    files = await filesOf(server);
  });
  afterAll(() => server.close());

  it('and all their files are there, as what they are', async () => {
    expect([...files].filter(([, { status }]) => status !== 200).map(([path]) => path)).toEqual([]);
    expect(files.size).toBeGreaterThan(12);
    const types = { js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', json: 'application/json' };
    for (const [path, { headers }] of files) {
      const type = types[path.split('.')[1] as keyof typeof types] ?? 'text/html';
      expect([path, headers['content-type']]).toEqual([path, expect.stringContaining(type)]);
      expect([path, headers['x-content-type-options']]).toEqual([path, 'nosniff']);
    }
  });

  it('load nothing from elsewhere, run no script that stands in them, and are framed by nobody', () => {
    for (const [path, { headers, text }] of files) {
      const policy = String(headers['content-security-policy']);
      expect([path, policy]).toEqual([
        path,
        expect.stringMatching(/^default-src 'none'; script-src 'self'; .*connect-src 'self';.* frame-ancestors 'none'/),
      ]);
      expect([path, headers['referrer-policy']]).toEqual([path, 'no-referrer']);
      // Only the link to Apollo Sandbox leads away, by a click.
      const foreign = [...text.matchAll(/https?:\/\/[^\s"'`)<]+/g)].map(([address]) => address);
      const isOurs = !path.startsWith('/pages/vendor/');
      const allowed = /^http:\/\/www\.w3\.org\/|^https:\/\/studio\.apollographql\.com\//;
      expect([path, isOurs ? foreign.filter((address) => !allowed.test(address)) : []]).toEqual([path, []]);
      if (pages.includes(path)) {
        expect([path, text.match(/<script(?![^>]* src=)|\son\w+=|\sstyle=|<style/g)]).toEqual([path, null]);
        expect([path, addressesOf(text).filter((address) => /^(https?:)?\/\//.test(address))]).toEqual([path, []]);
      }
    }
    const strict = [...files.values()].filter(
      ({ headers }) => !String(headers['content-security-policy']).includes('unsafe'),
    );
    expect(files.size - strict.length).toBe(2);
  });

  it('are asked for again, and not sent again', async () => {
    for (const [path, { headers }] of files) {
      expect([path, headers['cache-control']]).toEqual([path, 'no-cache']);
      const again = { ...visit, 'if-none-match': String(headers['etag']) };
      const answer = await send(server.url, 'GET', path, { headers: again });
      expect([path, answer.status, answer.text]).toEqual([path, 304, '']);
    }
  });

  it('answer HEAD as GET, without the content', async () => {
    for (const [path, { headers }] of files) {
      const head = await send(server.url, 'HEAD', path, { headers: visit });
      expect([path, head.status, head.text, head.headers['content-length'], head.headers['etag']]).toEqual([
        path,
        200,
        '',
        headers['content-length'],
        headers['etag'],
      ]);
    }
  });

  it('come by relative addresses, for whoever puts them under a prefix', async () => {
    for (const path of pages)
      expect([path, addressesOf(files.get(path)?.text ?? '').filter((address) => address.startsWith('/'))]).toEqual([
        path,
        [],
      ]);
    for (const [path, location] of [
      ['/docs?a=b?c', 'docs/?a=b?c'],
      ['/graphql/?query=%7Ba%7D', '../graphql?query=%7Ba%7D'],
    ] as const) {
      const { status, headers } = await send(server.url, 'GET', path, { headers: visit });
      expect([path, status, headers['location']]).toEqual([path, 302, location]);
    }
  });

  it('lead to no other file', async () => {
    const paths = [
      '/pages/',
      '/pages/explorer.html',
      '/pages/none.js',
      '/pages/../pages.ts',
      '/pages/..%2fpages.ts',
      '/pages/vendor/../../../../package.json',
      '/pages/vendor/..%2f..%2f..%2fpackage.json',
      '/pages/vendor/package.json',
      '/pages//etc/passwd',
      '/docs/index.html',
      '/docs/swagger-initializer.js',
    ];
    for (const path of paths)
      expect([path, (await send(server.url, 'GET', path, { headers: visit })).status]).toEqual([path, 404]);
  });

  it('are for browsers: programs get what they always got', async () => {
    for (const accept of [undefined, '*/*', 'application/json', 'application/json, text/html;q=0.9']) {
      const headers: Record<string, string> = accept === undefined ? {} : { accept };
      const home = await send(server.url, 'GET', '/', { headers });
      expect([accept, home.status, home.body]).toEqual([accept, 404, expect.objectContaining({ code: '60' })]);
      const asked = await send(server.url, 'GET', '/graphql?query=%7B__typename%7D', {
        headers: { 'content-type': 'application/json', ...headers },
      });
      expect([accept, asked.status, asked.body.data]).toEqual([accept, 200, { __typename: 'Query' }]);
    }
    expect((await send(server.url, 'POST', '/', { headers: visit })).status).toBe(404);
  });

  it('of /graphql is shown for a link with a query, which does not run', async () => {
    const query = encodeURIComponent('{ buckets { totalCount } }');
    const { status, text, headers } = await send(server.url, 'GET', `/graphql?query=${query}`, { headers: visit });
    expect([status, text]).toEqual([200, files.get('/graphql')?.text]);
    expect(headers['vary']).toMatch(/\bAccept\b(?!-)/);
  });

  it('offer the schema as a text: the contract of the repository', async () => {
    const { status, text, headers } = await send(server.url, 'GET', '/schema.graphql');
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
    expect(text).toBe(readFileSync('schema.graphql', 'utf8'));
    const again = { accept: 'application/graphql', 'if-none-match': String(headers['etag']) };
    const known = await send(server.url, 'GET', '/schema.graphql', { headers: again });
    expect([known.status, known.headers['content-type']]).toEqual([304, 'application/graphql; charset=utf-8']);
    const head = await send(server.url, 'HEAD', '/schema.graphql');
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', headers['content-length']]);
    expect((await send(server.url, 'POST', '/schema.graphql')).status).toBe(404);
  });
});

describe('PAGES=off', () => {
  it('shows no page, and answers programs as ever; INTROSPECTION=off hides the schema', async () => {
    const server = await startTestServer({ PAGES: 'off', INTROSPECTION: 'off' });
    try {
      for (const [path, status] of [
        ['/', 404],
        ['/graphql', 400],
        ['/docs', 404],
        ['/docs/', 404],
        ['/pages/common.css', 404],
        ['/pages/server.json', 404],
        ['/schema.graphql', 404],
        ['/tmf-api/usageManagement/v4/openapi.json', 200],
      ] as const) {
        const answer = await send(server.url, 'GET', path, { headers: visit });
        expect([path, answer.status, answer.headers['content-type']]).toEqual([
          path,
          status,
          expect.not.stringContaining('html'),
        ]);
      }
      expect((await server.graphql('{ __typename }')).data).toEqual({ __typename: 'Query' });
    } finally {
      await server.close();
    }
  });
});
