import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { send, type RawAnswer } from '../fixtures/http.js';
import { basePath, startTestServer, type TestServer } from '../support/server.js';

const json = { 'content-type': 'application/json' };
const sandbox = 'https://studio.apollographql.com';
const configured = 'https://portal.example';

const create = (server: TestServer, headers: Record<string, string>): Promise<RawAnswer> =>
  send(server.url, 'POST', `${basePath}/bucket`, { body: '{"usageType":"data"}', headers: { ...json, ...headers } });
const ask = (server: TestServer, headers: Record<string, string>): Promise<RawAnswer> =>
  send(server.url, 'POST', '/graphql', { body: '{"query":"{ __typename }"}', headers: { ...json, ...headers } });
const count = async (server: TestServer): Promise<number> =>
  (await server.graphql('{ buckets { totalCount } }')).data.buckets.totalCount;

describe('a page', () => {
  let server: TestServer;
  let port: string;
  beforeAll(async () => {
    server = await startTestServer({ CORS_ORIGINS: configured });
    ({ port } = new URL(server.url));
  });
  afterAll(() => server.close());

  const own = (): Record<string, string>[] => [
    {},
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
    { origin: server.url, 'sec-fetch-site': 'same-origin' },
    { origin: server.url },
    { origin: `http://localhost:${port}`, 'sec-fetch-site': 'cross-site' },
    { origin: `http://[::1]:${port}` },
    { origin: configured, 'sec-fetch-site': 'cross-site' },
    { origin: sandbox, 'sec-fetch-site': 'cross-site' },
  ];
  const foreign = (): Record<string, string>[] => [
    { origin: 'https://evil.example' },
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    { origin: 'null' },
    { origin: 'null', 'sec-fetch-site': 'same-origin' },
    { origin: '' },
    { origin: `https://localhost:${port}` },
    { origin: 'http://localhost:1' },
    { origin: `http://localhost.evil.example:${port}` },
    { origin: `${server.url}/` },
    { origin: `${configured}.evil.example` },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'anything' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', accept: 'text/html,*/*' },
  ];

  it('of our own or an allowed origin, and a program, may change and ask', async () => {
    for (const headers of own()) {
      expect([headers, (await create(server, headers)).status, (await ask(server, headers)).body]).toEqual([
        headers,
        201,
        expect.objectContaining({ data: { __typename: 'Query' } }),
      ]);
      expect(
        (await send(server.url, 'GET', '/graphql?query=%7B__typename%7D', { headers: { ...json, ...headers } })).status,
      ).toBe(200);
    }
  });

  it('of another origin is refused with 403 by every method that changes, at every door, and nothing is done', async () => {
    const { body } = await create(server, {});
    const before = await count(server);
    for (const headers of foreign()) {
      const one = `${basePath}/bucket/${body.id}`;
      for (const [method, path] of [
        ['POST', `${basePath}/bucket`],
        ['PATCH', one],
        ['DELETE', one],
        ['PUT', one],
        ['POST', '/tmf-api/usageManagement/v4/importJob?mode=skipBad'],
        ['POST', '/docs'],
      ] as const) {
        const answer = await send(server.url, method, path, {
          body: '{"usageType":"data"}',
          headers: { ...json, ...headers },
        });
        expect([headers, method, path, answer.status, answer.body]).toEqual([
          headers,
          method,
          path,
          403,
          expect.objectContaining({ '@type': 'Error', status: '403' }),
        ]);
        expect(answer.headers['access-control-allow-origin']).toBe(undefined);
      }
      const asked = [
        await ask(server, headers),
        ...(await Promise.all(
          ['GET', 'HEAD', 'PUT'].map((method) =>
            send(server.url, method, '/graphql?query=%7B__typename%7D', { headers: { ...json, ...headers } }),
          ),
        )),
      ];
      expect([headers, asked.map(({ status }) => status)]).toEqual([headers, [403, 403, 403, 403]]);
      expect(asked[0]?.body.errors[0].extensions).toMatchObject({ code: 'FOREIGN_PAGE', status: 403 });
      // What changes nothing may be asked for; a page of another origin cannot read it.
      expect((await send(server.url, 'GET', one, { headers })).status).toBe(200);
    }
    expect(await count(server)).toBe(before);
  });

  it('of another origin may lead to the page of GraphQL, but not ask through it, nor frame it', async () => {
    const visit = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      accept: 'text/html,*/*;q=0.8',
    };
    for (const site of ['cross-site', 'same-site', 'none']) {
      const page = await send(server.url, 'GET', '/graphql', { headers: { ...visit, 'sec-fetch-site': site } });
      expect([site, page.status, page.headers['content-type']]).toEqual([
        site,
        200,
        expect.stringContaining('text/html'),
      ]);
    }
    const refused = [
      { path: '/graphql?query=%7B__typename%7D' },
      { path: '/graphql', more: { 'sec-fetch-dest': 'iframe' } },
      { path: '/graphql', more: { 'sec-fetch-mode': 'no-cors' } },
      { path: '/graphql', more: { accept: '*/*' } },
    ];
    for (const { path, more } of refused)
      expect([path, more, (await send(server.url, 'GET', path, { headers: { ...visit, ...more } })).status]).toEqual([
        path,
        more,
        403,
      ]);
  });

  it('needs no Content-Type to be refused, and a body without one is 415 for programs', async () => {
    expect(
      (
        await send(server.url, 'POST', `${basePath}/bucket`, {
          body: '{"usageType":"data"}',
          headers: { origin: 'https://evil.example' },
        })
      ).status,
    ).toBe(403);
    expect((await send(server.url, 'POST', '/graphql', { body: '{"query":"{ __typename }"}' })).status).toBe(415);
    expect(
      (
        await send(server.url, 'POST', '/graphql', {
          body: '{"query":"{ __typename }"}',
          headers: { 'transfer-encoding': 'chunked' },
        })
      ).status,
    ).toBe(415);
  });
});

describe('npm run serve', () => {
  it("shows pages of its own alone, and knows Apollo's origin only when it is configured", async () => {
    const closed = await startTestServer({}, { mode: 'serve' });
    const open = await startTestServer({ CORS_ORIGINS: sandbox }, { mode: 'serve' });
    try {
      for (const server of [closed, open]) {
        const page = await send(server.url, 'GET', '/graphql', { headers: { accept: 'text/html,*/*;q=0.8' } });
        expect([page.status, page.text]).toEqual([200, expect.not.stringMatching(/https?:/)]);
        const { isSandboxAllowed } = (await send(server.url, 'GET', '/pages/server.json')).body;
        expect(isSandboxAllowed).toBe(server === open);
      }
      const headers = { origin: sandbox };
      expect([(await ask(closed, headers)).status, (await ask(open, headers)).status]).toEqual([403, 200]);
      expect([
        (await ask(closed, headers)).headers['access-control-allow-origin'],
        (await ask(open, headers)).headers['access-control-allow-origin'],
      ]).toEqual([undefined, sandbox]);
    } finally {
      await Promise.all([closed.close(), open.close()]);
    }
  });
});
