import { afterEach, describe, expect, it } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.js';
import type { Principal } from '../../src/platform/principal.js';
import { forgetQuotas } from '../../src/platform/quota/quota-store.js';
import { eventually } from '../support/eventually.js';
import { startTestServer, type TestServer } from '../support/server.js';

const who = (id: string, more: Partial<Principal> = {}): Principal => ({
  tenantId: 'default',
  id,
  kind: 'machine',
  roles: ['admin'],
  parties: [],
  accounts: [],
  logicalResources: [],
  ...more,
});

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0).reverse()) await server.close();
});

/** The principal is who the header says. */
async function start(
  env: Record<string, string>,
  more: Partial<Principal> = {},
  beside?: TestServer,
): Promise<TestServer> {
  const server = await startTestServer(
    { TRUSTED_PROXIES: '127.0.0.1', ...env },
    {
      principalOf: ({ headers }) => who(String(headers['x-who'] ?? 'somebody'), more),
      ...(beside && { database: { ...beside.database, close: () => Promise.resolve() }, clock: beside.clock }),
    },
  );
  servers.push(server);
  return server;
}
const ask = (server: TestServer, headers: Record<string, string> = {}): ReturnType<TestServer['rest']> =>
  server.rest('GET', '/bucket?limit=1', { headers });
async function statuses(
  count: number,
  one: (index: number) => Promise<{ status: number }>,
): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const { status } of await Promise.all(Array.from({ length: count }, (_, index) => one(index))))
    found[status] = (found[status] ?? 0) + 1;
  return found;
}

describe('a quota of requests', () => {
  it('admits as many as it says, and all again in the next window', async () => {
    const server = await start({ QUOTA_PRINCIPAL: '10/s' });
    expect(await statuses(25, () => ask(server))).toEqual({ 200: 10, 429: 15 });
    // Those of others are their own.
    expect((await ask(server, { 'x-who': 'another' })).status).toBe(200);
    server.clock.advance(1_000);
    expect(await statuses(25, () => ask(server))).toEqual({ 200: 10, 429: 15 });
  });

  it('tells how it stands, and when to come again, in both transports', async () => {
    const server = await start({ QUOTA_PRINCIPAL: '2/s,3/d' });
    const first = await ask(server);
    expect(first.headers.get('ratelimit-policy')).toBe(
      '"principal-requests-second";q=2;w=1, "principal-requests-day";q=3;w=86400',
    );
    expect(first.headers.get('ratelimit')).toBe(
      '"principal-requests-second";r=1;t=1, "principal-requests-day";r=2;t=43200',
    );
    await ask(server);
    const refused = await ask(server);
    expect([refused.status, refused.headers.get('retry-after'), refused.body]).toEqual([
      429,
      '1',
      expect.objectContaining({ code: '132', reason: 'Too many requests', status: '429', '@type': 'Error' }),
    ]);
    server.clock.advance(1_000);
    await ask(server);
    const { status, headers, errors } = await server.graphql('{ buckets { totalCount } }');
    expect([status, headers.get('retry-after')]).toEqual([429, '43199']);
    expect(errors).toEqual([
      {
        message: 'the quota principal-requests-day of 3 in a day is used up: try again in 43199 s',
        extensions: expect.objectContaining({ code: 'RATE_LIMITED', status: 429 }),
      },
    ]);
  });

  it('holds for several servers on one database together', async () => {
    const one = await start({ QUOTA_TENANT: '100/d' });
    const other = await start({ QUOTA_TENANT: '100/d' }, {}, one);
    const found = await statuses(240, (index) => ask(index % 2 ? one : other, { 'x-who': `${index}` }));
    expect(found[200]).toBeLessThanOrEqual(100);
    // What a server took ahead and did not use is at most a twentieth.
    expect(found[200]).toBeGreaterThanOrEqual(90);
  });

  it('of an address counts before it is known who sends a request', async () => {
    const server = await start({
      QUOTA_ADDRESS: '3/d',
      AUTH: 'required',
      AUTH_ISSUER: 'http://127.0.0.1:1',
      AUTH_AUDIENCE: 'us',
    });
    const from = (address: string): ReturnType<TestServer['rest']> => ask(server, { 'x-forwarded-for': address });
    expect(await statuses(5, () => from('203.0.113.1'))).toEqual({ 401: 3, 429: 2 });
    expect((await from('203.0.113.2')).status).toBe(401);
  });

  it('of a key counts what comes with it', async () => {
    const server = await start({ QUOTA_KEY: '2/d' }, { keyId: 'key-1' });
    expect(await statuses(4, () => ask(server))).toEqual({ 200: 2, 429: 2 });
    const without = await start({ QUOTA_KEY: '2/d' });
    expect(await statuses(4, () => ask(without))).toEqual({ 200: 4 });
  });

  it('counts files, too', async () => {
    const server = await start({ QUOTA_PRINCIPAL: '1/d' });
    const path = '/tmf-api/usageManagement/v4/exportJob/none/content';
    expect((await server.rest('GET', path)).status).toBe(404);
    expect((await server.rest('GET', path)).status).toBe(429);
  });
});

describe('a quota of cost', () => {
  it('is charged by what requests cost, and refuses when it is used up', async () => {
    const server = await start({ QUOTA_PRINCIPAL_COST: '2000/d' });
    const { status, headers } = await server.rest('GET', '/bucket?limit=1000');
    const cost = Number(headers.get('x-operation-cost'));
    expect([status, cost > 2_000]).toEqual([200, true]);
    expect((await ask(server)).status).toBe(429);
    expect((await ask(server, { 'x-who': 'another' })).status).toBe(200);
    const [row] = await server.database.query<{ used: bigint }>(
      Prisma.sql`SELECT "used" FROM "QuotaUse" WHERE "key" = 'principal-cost-day default machine somebody'`,
    );
    expect(Number(row?.used)).toBe(cost);
  });

  it('is known to other servers', async () => {
    const one = await start({ QUOTA_PRINCIPAL_COST: '2000/d' });
    const other = await start({ QUOTA_PRINCIPAL_COST: '2000/d' }, {}, one);
    await one.rest('GET', '/bucket?limit=1000');
    await eventually('the cost is counted', async () => {
      const rows = await one.database.query(Prisma.sql`SELECT 1 FROM "QuotaUse" WHERE "used" > 2000`);
      return rows.length > 0 || undefined;
    });
    expect((await ask(other)).status).toBe(429);
  });

  it('counts the lines of an import', async () => {
    const server = await start({ QUOTA_PRINCIPAL_COST: '100000000/d' });
    const lines = Array.from({ length: 500 }, () => '{"usageType":"data"}\n').join('');
    await server.rest('POST', '/tmf-api/usageManagement/v4/importJob', {
      headers: { 'content-type': 'application/x-ndjson' },
      text: lines,
    });
    await eventually('the lines are counted', async () => {
      const rows = await server.database.query(Prisma.sql`SELECT 1 FROM "QuotaUse" WHERE "used" >= 5000`);
      return rows.length > 0 || undefined;
    });
  });
});

it('an outage of the counts stops nobody', async () => {
  const server = await start({ QUOTA_PRINCIPAL: '1/d' });
  await server.database.script('ALTER TABLE "QuotaUse" RENAME TO "Elsewhere"');
  expect(await statuses(5, () => ask(server))).toEqual({ 200: 5 });
});

it('without limits nothing is counted, and no header tells of it', async () => {
  const server = await start({});
  const { headers } = await ask(server);
  expect([headers.get('ratelimit'), headers.get('ratelimit-policy')]).toEqual([null, null]);
  expect(await server.database.query(Prisma.sql`SELECT 1 FROM "QuotaUse"`)).toEqual([]);
});

it('what is over is forgotten', async () => {
  const server = await start({ QUOTA_PRINCIPAL: '5/s,5/d' });
  await ask(server);
  await forgetQuotas(server.database, new Date(server.clock.now().getTime() + 3_000), new AbortController().signal);
  expect(await server.database.query(Prisma.sql`SELECT "key" FROM "QuotaUse"`)).toEqual([
    { key: 'principal-requests-day default machine somebody' },
  ]);
});
