import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { newKeyText } from '../../../src/domain/tenancy/key-text.js';
import { openPostgresql } from '../../../src/platform/database/postgresql.js';
import { eventually } from '../../support/eventually.js';
import { bearer, TestIssuer } from '../../support/issuer.js';
import { startTestServer, TestClock, type GraphqlAnswer, type TestServer } from '../../support/server.js';
import { makeTenant } from '../../support/tenants.js';

jest.setTimeout(60_000);

const clock = new TestClock();
let issuer: TestIssuer;
let server: TestServer;
beforeAll(async () => {
  issuer = await TestIssuer.start(() => clock.now());
  server = await startTestServer(issuer.env, { clock });
});
afterAll(async () => {
  await server.close();
  await issuer.close();
});

async function ask(query: string, variables: object = {}, tenant = 'default'): Promise<GraphqlAnswer> {
  return server.graphql(query, variables, bearer(await issuer.token({ claims: { tenant } })));
}

const fields =
  '{ id revision name roles parties accounts logicalResources expiresAt lastUsedAt createdBy createdAt revokedAt }';
const create = (input: object, tenant?: string): Promise<GraphqlAnswer> =>
  ask(`mutation ($input: ApiKeyCreate!) { createApiKey(input: $input) { key apiKey ${fields} } }`, { input }, tenant);
const revoke = (id: string, tenant?: string): Promise<GraphqlAnswer> =>
  ask(`mutation ($id: ID!) { revokeApiKey(id: $id) { id revokedAt revision } }`, { id }, tenant);
const codesOf = ({ errors }: GraphqlAnswer): string[] | undefined => errors?.map(({ extensions }) => extensions.code);

async function newKey(input: object = {}, tenant?: string): Promise<{ key: string; id: string }> {
  const { data } = await create({ name: 'a key', roles: ['admin'], ...input }, tenant);
  return { key: data.createApiKey.key, id: data.createApiKey.apiKey.id };
}

const call = (key: string, on = server): Promise<{ status: number; body: any; headers: Headers }> =>
  on.rest('GET', '/bucket', { headers: { 'x-api-key': key } });

describe('an API key', () => {
  it('is told once, and only its hash is kept', async () => {
    const input = { name: 'CRM', roles: ['agent'], parties: ['p'], accounts: ['a'], logicalResources: ['1', '2'] };
    const { data } = await create({ ...input, expiresAt: '2027-01-01T00:00:00.000Z' });
    const { key, apiKey } = data.createApiKey;
    expect(key).toMatch(/^tmf_[a-z0-9]{57}$/);
    expect(apiKey).toEqual({
      ...input,
      id: expect.any(String),
      revision: 1,
      expiresAt: '2027-01-01T00:00:00.000Z',
      lastUsedAt: null,
      createdBy: 'jane',
      createdAt: clock.now().toISOString(),
      revokedAt: null,
    });
    const read = await ask(`query ($id: ID!) { apiKey(id: $id) ${fields} }`, { id: apiKey.id });
    expect(read.data.apiKey).toEqual(apiKey);
    const stored = [
      await server.database.client.apiKey.findMany(),
      await server.database.client.outbox.findMany(),
      await server.database.client.idempotency.findMany(),
    ];
    expect(JSON.stringify(stored, (_name, value) => (typeof value === 'bigint' ? String(value) : value))).not.toContain(
      key.slice(4, 54),
    );
  });

  it('lets in by both headers and both transports', async () => {
    const { key } = await newKey();
    for (const headers of [{ 'x-api-key': key }, bearer(key), { ...bearer(key), 'x-api-key': key }]) {
      expect((await server.rest('GET', '/bucket', { headers })).status).toBe(200);
      expect((await server.graphql('{ buckets { totalCount } }', {}, headers)).data).toBeTruthy();
    }
  });

  it('is of the tenant of who made it, and seen there only', async () => {
    const acme = await makeTenant(ask, 'acme');
    const { key, id } = await newKey({}, 'acme');
    const body = { usageType: 'monetary', remainingValue: { amount: 1, units: 'EUR' } };
    const { body: bucket } = await server.rest('POST', '/bucket', { body, headers: { 'x-api-key': key } });
    const read = (tenant: string): Promise<GraphqlAnswer> =>
      ask(`{ bucket(id: "${bucket.id}") { id } apiKey(id: "${id}") { id } }`, {}, tenant);
    expect((await read('acme')).data).toEqual({ bucket: { id: bucket.id }, apiKey: { id } });
    expect((await read('default')).data).toEqual({ bucket: null, apiKey: null });
    expect(codesOf(await revoke(id, 'default'))).toEqual(['NOT_FOUND']);
    await ask(`mutation { suspendTenant(id: "${acme}") { id } }`);
    expect((await call(key)).status).toBe(401);
    await ask(`mutation { resumeTenant(id: "${acme}") { id } }`);
    expect((await call(key)).status).toBe(200);
  });

  it('is refused at once when it is revoked, which is done once', async () => {
    const { key, id } = await newKey();
    expect((await call(key)).status).toBe(200);
    const { data } = await revoke(id);
    expect(data.revokeApiKey).toEqual({ id, revokedAt: clock.now().toISOString(), revision: 2 });
    const { status, body, headers } = await call(key);
    expect([status, body.message]).toEqual([401, 'the API key is revoked']);
    expect(headers.get('www-authenticate')).toContain('error="invalid_token"');
    clock.advance(1_000);
    expect((await revoke(id)).data.revokeApiKey).toEqual(data.revokeApiKey);
  });

  it('is refused when it is expired', async () => {
    const { key } = await newKey({ expiresAt: new Date(clock.now().getTime() + 60_000) });
    expect((await call(key)).status).toBe(200);
    clock.advance(60_000);
    expect((await call(key)).body.message).toBe('the API key is expired');
  });

  it('is made once under an idempotency key, which does not tell it again', async () => {
    const query = 'mutation { createApiKey(input: { name: "once" }, idempotencyKey: "once") { key apiKey { id } } }';
    const [first, second] = [await ask(query), await ask(query)];
    expect(first.data.createApiKey.key).toMatch(/^tmf_/);
    expect(second.data.createApiKey).toEqual({ key: null, apiKey: first.data.createApiKey.apiKey });
    expect(second.headers.get('idempotency-replayed')).toBe('true');
  });

  it.each([
    [{ name: '' }],
    [{ name: 'x', expiresAt: '2026-01-01T00:00:00.000Z' }],
    [{ name: 'x', roles: [''] }],
    [{ name: 'x', parties: ['x'.repeat(256)] }],
    [{ name: 'x', accounts: Array.from({ length: 1_001 }, (_, index) => `a${index}`) }],
  ])('cannot be made from wrong input (%#)', async (input) => {
    expect(codesOf(await create(input))).toEqual(['INVALID_ATTRIBUTE']);
  });

  it('may do no more than who makes it', async () => {
    const make = async (given: string[], roles: string[]): Promise<GraphqlAnswer> =>
      server.graphql(
        'mutation ($roles: [String!]!) { createApiKey(input: { name: "given", roles: $roles }) { key } }',
        { roles },
        bearer(await issuer.token({ claims: { roles: given } })),
      );
    const refused = await make(['admin'], ['reader', 'installation']);
    expect(refused.errors?.[0]?.message).toMatch(/^a key may do no more than who makes it: the right tenant:/);
    expect(codesOf(refused)).toEqual(['FORBIDDEN']);
    for (const roles of [['admin'], ['agent', 'customer'], ['made-up'], []])
      expect((await make(['admin'], roles)).errors).toBeUndefined();
    expect((await make(['admin', 'installation'], ['installation'])).errors).toBeUndefined();
    expect(codesOf(await make(['agent'], []))).toEqual(['FORBIDDEN']);
  });

  it('is found by filters, in pages', async () => {
    await newKey({ name: 'found', roles: ['reader'] });
    await newKey({ name: 'other', roles: ['biller', 'reader'] });
    const { data } = await ask(
      '{ apiKeys(filter: { name: { eq: "found" }, revokedAt: { isNull: true } }, limit: 1) { items { name roles } } }',
    );
    expect(data.apiKeys.items).toEqual([{ name: 'found', roles: ['reader'] }]);
    const byRole = await ask('{ apiKeys(filter: { roles: { some: { eq: "biller" } } }) { items { name } } }');
    expect(byRole.data.apiKeys.items).toEqual([{ name: 'other' }]);
  });

  it('tells its story in events, without its text', async () => {
    const { id } = await newKey({ name: 'told' });
    await revoke(id);
    const events = await server.database.client.outbox.findMany({
      where: { resourceId: id },
      orderBy: { id: 'asc' },
    });
    expect(events.map(({ eventType }) => eventType)).toEqual(['ApiKeyCreateEvent', 'ApiKeyAttributeValueChangeEvent']);
    expect(JSON.stringify(events.map(({ payload }) => payload))).not.toMatch(/hash|tmf_/);
  });

  it('remembers when it was used last', async () => {
    const other = await startTestServer(issuer.env, { clock });
    const headers = bearer(await issuer.token());
    const { data } = await other.graphql(
      'mutation { createApiKey(input: { name: "used", roles: ["admin"] }) { key apiKey { id } } }',
      {},
      headers,
    );
    const { key, apiKey } = data.createApiKey;
    await call(key, other);
    clock.advance(5_000);
    await call(key, other);
    const writes: string[] = [];
    const { transaction } = other.database;
    // They are written when the server stops, at the latest; before that one transaction at most.
    other.database.transaction = ((work: never, options: never) => {
      writes.push('write');
      return transaction.call(other.database, work, options);
    }) as never;
    await call(key, other);
    expect(writes).toEqual([]);
    const read = async (): Promise<any> =>
      (await other.graphql(`{ apiKey(id: "${apiKey.id}") { lastUsedAt revision } }`, {}, headers)).data.apiKey;
    expect(await read()).toEqual({ lastUsedAt: null, revision: 1 });
    const rowOf = (): Promise<any> => other.database.client.apiKey.findFirst({ where: { id: apiKey.id } });
    const { close } = other.database;
    let last: any;
    other.database.close = async () => {
      last = await rowOf();
      await close.call(other.database);
    };
    await other.close();
    expect([last.lastUsedAt, last.revision]).toEqual([clock.now(), 1]);
  });
});

describe('what is no API key', () => {
  /** How many statements look for keys while this is done. */
  async function statementsOf(work: () => Promise<void>, on = server): Promise<number> {
    const { read } = on.database;
    let count = 0;
    on.database.read = ((sql: { sql: string }, options: never) => {
      if (sql.sql.includes('"ApiKey"')) count += 1;
      return read.call(on.database, sql as never, options);
    }) as never;
    try {
      await work();
    } finally {
      on.database.read = read;
    }
    return count;
  }

  it.each(['tmf_', 'tmf_short', `tmf_${'0'.repeat(57)}`, `${newKeyText()}0`, newKeyText().toUpperCase()])(
    'is refused without asking the database: %s',
    async (text) => {
      const count = await statementsOf(async () => void expect((await call(text)).status).toBe(401));
      expect(count).toBe(0);
    },
  );

  it('is refused without asking the database when one character is wrong', async () => {
    const { key } = await newKey();
    const wrong = Array.from({ length: 57 }, (_, index) => {
      const at = index + 4;
      return key.slice(0, at) + (key[at] === 'a' ? 'b' : 'a') + key.slice(at + 1);
    });
    const count = await statementsOf(async () => {
      for (const text of wrong) expect((await call(text)).body.message).toContain('its check is wrong');
    });
    expect(count).toBe(0);
  });

  it('is looked for once, however often it comes', async () => {
    const text = newKeyText();
    const count = await statementsOf(async () => {
      await Promise.all(Array.from({ length: 50 }, () => call(text)));
      for (let n = 0; n < 20; n += 1) expect((await call(text)).body.message).toBe('there is no such API key');
    });
    // What is remembered is forgotten after seconds, which a busy machine may need for this.
    expect(count).toBeLessThanOrEqual(3);
  });

  it('slows nobody down in masses: few statements, and good keys go on', async () => {
    const crowded = await startTestServer({ ...issuer.env, TRUSTED_PROXIES: '127.0.0.1' }, { clock });
    try {
      const headers = bearer(await issuer.token());
      const make = async (): Promise<string> =>
        (
          await crowded.graphql(
            'mutation { createApiKey(input: { name: "good", roles: ["admin"] }) { key } }',
            {},
            headers,
          )
        ).data.createApiKey.key;
      const [known, unknown] = [await make(), await make()];
      expect((await call(known, crowded)).status).toBe(200);
      const from = (address: string, key: string): Promise<{ status: number }> =>
        crowded.rest('GET', '/bucket', { headers: { 'x-api-key': key, 'x-forwarded-for': address } });
      const statuses: number[] = [];
      const wrongKeys = 2_000;
      const count = await statementsOf(async () => {
        for (let sent = 0; sent < wrongKeys; sent += 100) {
          const answers = await Promise.all(Array.from({ length: 100 }, () => from('10.1.1.1', newKeyText())));
          statuses.push(...answers.map(({ status }) => status));
        }
        // Keys that are in mind are answered even there; others do not notice.
        expect((await from('10.1.1.1', known)).status).toBe(200);
        expect((await from('10.2.2.2', unknown)).status).toBe(200);
      }, crowded);
      expect(statuses.filter((status) => status === 401).length).toBeGreaterThanOrEqual(200);
      expect(statuses.filter((status) => status === 401).length).toBeLessThan(wrongKeys / 2);
      expect(statuses.every((status) => status === 401 || status === 429)).toBe(true);
      // As many as were looked for, at most: those of one turn share a statement.
      expect(count).toBeLessThan(wrongKeys / 2);
    } finally {
      await crowded.close();
    }
  });
});

if (process.env.TEST_DATABASE_URL) {
  it('a key that is revoked is refused within seconds on another server', async () => {
    const other = await startTestServer(issuer.env, {
      clock,
      database: await openPostgresql(String(server.database.url), { poolSize: 6 }),
    });
    try {
      const { key, id } = await newKey();
      expect((await call(key, other)).status).toBe(200);
      await revoke(id);
      await eventually('the other server refuses it', async () => (await call(key, other)).status === 401 || undefined);
    } finally {
      await other.close();
    }
  });
}
