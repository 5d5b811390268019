import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { TenantDirectory } from '../../../src/domain/tenancy/tenant-directory.js';
import { openPostgresql } from '../../../src/platform/database/postgresql.js';
import { Prisma } from '../../../prisma/generated/client.js';
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

const as = async (tenant: string): Promise<Record<string, string>> =>
  bearer(await issuer.token({ claims: { tenant } }));

/** Asks as the operator, unless it is told otherwise. */
async function ask(query: string, variables: object = {}, tenant = 'default'): Promise<GraphqlAnswer> {
  return server.graphql(query, variables, await as(tenant));
}

const fields =
  '{ id handle formerHandle revision name state settings { timeZone billIssuer billNumberPrefix } createdAt updatedAt }';
const create = (input: object, tenant?: string): Promise<GraphqlAnswer> =>
  ask(`mutation ($input: TenantCreate!) { createTenant(input: $input) ${fields} }`, { input }, tenant);
const made = (handle: string, more = {}): Promise<string> => makeTenant(ask, handle, more);
const update = (id: string, input: object, tenant?: string): Promise<GraphqlAnswer> =>
  ask(
    `mutation ($id: ID!, $input: TenantUpdate!) { updateTenant(id: $id, input: $input) ${fields} }`,
    { id, input },
    tenant,
  );
const move = (how: 'suspend' | 'resume', id: string, more = '', tenant?: string): Promise<GraphqlAnswer> =>
  ask(`mutation ($id: ID!) { ${how}Tenant(id: $id ${more}) { id state revision } }`, { id }, tenant);
const rename = (id: string, handle: string, more = '', tenant?: string): Promise<GraphqlAnswer> =>
  ask(
    `mutation ($id: ID!, $handle: String!) { renameTenant(id: $id, handle: $handle ${more}) ${fields} }`,
    { id, handle },
    tenant,
  );
const release = 'release: true';
/** The status that a token which names the tenant so is answered with. */
const statusOf = async (handle: string, at = server): Promise<number> =>
  (await at.rest('GET', '/bucket', { headers: await as(handle) })).status;
const codesOf = ({ errors }: GraphqlAnswer): string[] | undefined => errors?.map(({ extensions }) => extensions.code);

describe('a tenant', () => {
  it('is there from the beginning: the operator', async () => {
    const { data } = await ask('{ tenants { items { id state } totalCount } }');
    expect(data.tenants).toEqual({ items: [{ id: 'default', state: 'active' }], totalCount: 1 });
  });

  it('is made, and its tokens are taken at once', async () => {
    const headers = await as('acme');
    expect((await server.rest('GET', '/bucket', { headers })).status).toBe(401);
    const { data } = await create({ handle: 'acme', name: 'Acme', settings: { timeZone: 'Europe/Berlin' } });
    const { id } = data.createTenant;
    expect(id).toMatch(/^[0-9a-hj-km-np-tv-z]{8}$/);
    expect(data.createTenant).toEqual({
      id,
      handle: 'acme',
      formerHandle: null,
      revision: 1,
      name: 'Acme',
      state: 'active',
      settings: { timeZone: 'Europe/Berlin', billIssuer: null, billNumberPrefix: null },
      createdAt: clock.now().toISOString(),
      updatedAt: clock.now().toISOString(),
    });
    expect((await server.rest('GET', '/bucket', { headers })).status).toBe(200);
    expect((await ask(`{ tenant(id: "${id}") ${fields} }`)).data.tenant).toEqual(data.createTenant);
    const query = `{ tenants(filter: { handle: { eq: "acme" } }) { items ${fields} } }`;
    expect((await ask(query)).data.tenants.items).toEqual([data.createTenant]);
  });

  it('sees its own data only', async () => {
    const tenantId = await made('sees');
    const headers = await as('sees');
    const body = { usageType: 'monetary', remainingValue: { amount: 1, units: 'EUR' } };
    const { body: bucket } = await server.rest('POST', '/bucket', { body, headers });
    expect((await server.rest('GET', `/bucket/${bucket.id}`, { headers })).status).toBe(200);
    expect((await server.rest('GET', `/bucket/${bucket.id}`, { headers: await as('default') })).status).toBe(404);
    const { data } = await server.graphql('{ buckets { totalCount } }', {}, headers);
    expect(data.buckets.totalCount).toBe(1);
    // Rows know nothing of what the tenant is called.
    const { client } = server.database;
    expect(await client.bucket.findFirst({ where: { id: bucket.id } })).toMatchObject({ tenantId });
    expect(await client.outbox.findFirst({ where: { resourceId: bucket.id } })).toMatchObject({ tenantId });
  });

  it('is refused when it is suspended, and answered again when it is resumed', async () => {
    const id = await made('late');
    const headers = await as('late');
    const status = async (): Promise<number> => (await server.rest('GET', '/bucket', { headers })).status;
    expect(await status()).toBe(200);
    expect((await move('suspend', id)).data.suspendTenant).toEqual({ id, state: 'suspended', revision: 2 });
    // The token was taken a moment ago.
    expect(await status()).toBe(401);
    // Again it changes nothing.
    expect((await move('suspend', id)).data.suspendTenant.revision).toBe(2);
    expect((await move('resume', id)).data.resumeTenant).toEqual({ id, state: 'active', revision: 3 });
    expect(await status()).toBe(200);
  });

  it('is changed under its revision, and its settings are replaced whole', async () => {
    const id = await made('moved', { settings: { timeZone: 'Asia/Tokyo', billIssuer: 'Moved & Co' } });
    const { data } = await update(id, { name: 'Moved on', settings: { billNumberPrefix: 'MV' } });
    expect(data.updateTenant).toMatchObject({
      name: 'Moved on',
      revision: 2,
      settings: { timeZone: null, billIssuer: null, billNumberPrefix: 'MV' },
    });
    expect(codesOf(await move('suspend', id, 'ifRevision: 1'))).toEqual(['REVISION_MISMATCH']);
    expect(codesOf(await update(id, { name: null }))).toEqual(['INVALID_ATTRIBUTE']);
    expect((await update(id, { settings: null })).data.updateTenant.settings).toBeNull();
  });

  it('is made once under an idempotency key', async () => {
    const query = `mutation { createTenant(input: { handle: "once", name: "Once" }, idempotencyKey: "once") { id handle revision } }`;
    const [first, second] = [await ask(query), await ask(query)];
    expect(second.data).toEqual(first.data);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    // As it was remembered before tenants had handles.
    const [kept] = await server.database.statement<{ kept: string }>(
      `UPDATE "Idempotency" SET "outcome" = replace("outcome"::text, '"handle": ', '"none": ')::jsonb WHERE "key" LIKE '%once' RETURNING "outcome"::text AS "kept"`,
    );
    expect(kept?.kept).toContain('"none": "once"');
    const third = await ask(query);
    expect(third.data.createTenant.handle).toBe(third.data.createTenant.id);
    expect(third.headers.get('idempotency-replayed')).toBe('true');
  });

  it.each([
    [{ name: 'No handle' }, 'MISSING_ATTRIBUTE'],
    [{ handle: 'no-name' }, 'BAD_USER_INPUT'],
    [{ handle: 'default', name: 'Second operator' }, 'CONFLICT'],
    [{ id: 'default', handle: 'other', name: 'Second operator' }, 'CONFLICT'],
    [{ id: 'a b', handle: 'a', name: 'x' }, 'INVALID_ATTRIBUTE'],
    [{ handle: '', name: 'x' }, 'INVALID_ATTRIBUTE'],
    [{ handle: 'a b', name: 'x' }, 'INVALID_ATTRIBUTE'],
    [{ handle: '-a', name: 'x' }, 'INVALID_ATTRIBUTE'],
    [{ handle: 'x'.repeat(65), name: 'x' }, 'INVALID_ATTRIBUTE'],
    [{ handle: 'a', name: '' }, 'INVALID_ATTRIBUTE'],
    [{ handle: 'a', name: 'x', settings: { timeZone: 'Europe/Atlantis' } }, 'INVALID_ATTRIBUTE'],
    [{ handle: 'a', name: 'x', settings: { billIssuer: '' } }, 'INVALID_ATTRIBUTE'],
    [{ handle: 'a', name: 'x', settings: { billNumberPrefix: 'a b' } }, 'INVALID_ATTRIBUTE'],
  ])('cannot be made from %j', async (input, code) => {
    expect(codesOf(await create(input))).toEqual([code]);
  });

  it('cannot be the operator and be suspended', async () => {
    expect(codesOf(await move('suspend', 'default'))).toEqual(['CONFLICT']);
    expect((await ask('{ tenant(id: "default") { state } }')).data.tenant.state).toBe('active');
  });

  it('is nothing to any other tenant, not even itself', async () => {
    const id = await made('nosy');
    const query = '{ tenants { totalCount items { id } } tenant(id: $id) { id } }';
    const { data } = await ask(`query ($id: ID!) ${query}`, { id }, 'nosy');
    expect(data).toEqual({ tenants: { totalCount: 0, items: [] }, tenant: null });
    const answers = [
      await create({ handle: 'puppet', name: 'Puppet' }, 'nosy'),
      await update('default', { name: 'Ours' }, 'nosy'),
      await move('suspend', id, '', 'nosy'),
      await move('resume', id, '', 'nosy'),
      await rename(id, 'noble', '', 'nosy'),
    ];
    expect(answers.map(codesOf)).toEqual(answers.map(() => ['NOT_FOUND']));
    expect(answers[0]?.errors?.[0]?.message).toContain("tenant 'nosy'");
    expect([await statusOf('puppet'), await statusOf('noble')]).toEqual([401, 401]);
  });

  it('tells its story in events of the operator', async () => {
    const id = await made('told');
    await move('suspend', id);
    await update(id, { name: 'Retold' });
    await rename(id, 'retold');
    const events = await server.database.client.outbox.findMany({
      where: { resourceType: 'tenant', resourceId: id },
      orderBy: { id: 'asc' },
    });
    expect(events.map(({ tenantId, eventType }) => [tenantId, eventType])).toEqual([
      ['default', 'TenantCreateEvent'],
      ['default', 'TenantStateChangeEvent'],
      ['default', 'TenantAttributeValueChangeEvent'],
      ['default', 'TenantAttributeValueChangeEvent'],
    ]);
  });
});

describe('a tenant that is renamed', () => {
  /** All that is stored of a tenant but what it is called, and what clients see of it. */
  async function everythingOf(tenantId: string, handle: string): Promise<unknown> {
    const { client } = server.database;
    const where = { tenantId };
    const stored = await Promise.all([
      ...[client.bucket.findMany({ where }), client.ledgerEntry.findMany({ where })],
      ...[client.balanceAction.findMany({ where }), client.outbox.findMany({ where })],
      client.apiKey.findMany({ where, omit: { lastUsedAt: true } }),
    ]);
    const query = `{ buckets { items { id revision remainingValue { amount } entries { totalCount } actions { totalCount } } }
      apiKeys { items { id name } } }`;
    return { stored, seen: (await ask(query, {}, handle)).data };
  }

  it('keeps all that it has, and is called so at once: by tokens as before, too', async () => {
    const id = await made('north');
    const { data } = await ask(
      'mutation { createApiKey(input: { name: "CRM", roles: ["admin"] }) { key } }',
      {},
      'north',
    );
    const byKey = { 'x-api-key': data.createApiKey.key as string };
    const { body: bucket } = await server.rest('POST', '/bucket', {
      body: { usageType: 'monetary', remainingValue: { amount: 5, units: 'EUR' } },
      headers: byKey,
    });
    const topup = { amount: { amount: 2, units: 'EUR' }, bucket: { id: bucket.id } };
    expect((await server.rest('POST', '/topupBalance', { body: topup, headers: byKey })).status).toBe(201);
    const before = await everythingOf(id, 'north');
    expect(before).toMatchObject({ seen: { buckets: { items: [{ remainingValue: { amount: 7 } }] } } });

    expect((await rename(id, 'nordic')).data.renameTenant).toMatchObject({
      ...{ id, handle: 'nordic', formerHandle: 'north', revision: 2, state: 'active' },
    });
    expect(await everythingOf(id, 'nordic')).toEqual(before);
    expect(await everythingOf(id, 'north')).toEqual(before);
    expect((await server.rest('GET', `/bucket/${bucket.id}`, { headers: byKey })).status).toBe(200);
    // What is made now lies with what was there.
    const { body: later } = await server.rest('POST', '/bucket', {
      body: { usageType: 'monetary' },
      headers: await as('nordic'),
    });
    const row = await server.database.client.bucket.findFirst({ where: { id: later.id } });
    expect(row?.tenantId).toBe(id);

    const released = (await rename(id, 'nordic', release)).data.renameTenant;
    expect(released).toMatchObject({ handle: 'nordic', formerHandle: null, revision: 3 });
    expect([await statusOf('nordic'), await statusOf('north')]).toEqual([200, 401]);
    // Again it changes nothing.
    expect((await rename(id, 'nordic', release)).data.renameTenant.revision).toBe(3);
  });

  it('swaps with another one, each keeping its own', async () => {
    const [one, two] = [await made('left'), await made('right')];
    await server.rest('POST', '/bucket', {
      body: { name: 'of one', usageType: 'monetary' },
      headers: await as('left'),
    });
    expect(codesOf(await rename(one, 'right'))).toEqual(['CONFLICT']);
    await rename(one, 'between', release);
    // Of two that are called so one is the former.
    await rename(two, 'left', release);
    await rename(one, 'right', release);
    const named = async (handle: string): Promise<unknown> =>
      (await ask('{ buckets { items { name } } }', {}, handle)).data.buckets.items;
    expect([await named('right'), await named('left')]).toEqual([[{ name: 'of one' }], []]);
    expect(await statusOf('between')).toBe(401);
  });

  it('leaves to no other tenant what it is or was called, or is stored by', async () => {
    const id = await made('east');
    await rename(id, 'orient');
    const other = await made('west');
    for (const taken of ['orient', 'east', id, 'default']) {
      expect(codesOf(await rename(other, taken))).toEqual(['CONFLICT']);
      expect(codesOf(await create({ handle: taken, name: 'x' }))).toEqual(['CONFLICT']);
    }
    expect(codesOf(await create({ id: 'east', handle: 'free', name: 'x' }))).toEqual(['CONFLICT']);
    // Only the handle before is kept.
    await rename(id, 'levant');
    expect([await statusOf('east'), await statusOf('orient'), await statusOf('levant')]).toEqual([401, 200, 200]);
    expect((await rename(other, 'east')).errors).toBeUndefined();
    // It may go back.
    expect((await rename(id, 'orient')).data.renameTenant).toMatchObject({ handle: 'orient', formerHandle: 'levant' });
  });

  it('keeps the id that it was called by where it was made before there were handles', async () => {
    // As the released server makes one.
    await server.database.query(
      Prisma.sql`INSERT INTO "Tenant" ("tenantId", "id", "name", "state", "createdAt", "updatedAt")
        VALUES ('default', 'elder', 'Elder', 'active', now(), now())`,
    );
    const { data } = await ask(`{ tenant(id: "elder") ${fields} }`);
    expect(data.tenant).toMatchObject({ id: 'elder', handle: 'elder', formerHandle: null });
    await rename('elder', 'younger', release);
    expect([await statusOf('younger'), await statusOf('elder')]).toEqual([200, 401]);
    // A server that knows no handles would take its tokens for those of the elder.
    expect(codesOf(await create({ handle: 'elder', name: 'x' }))).toEqual(['CONFLICT']);
    expect((await rename('elder', 'elder')).data.renameTenant.handle).toBe('elder');
  });

  it('is called so by a server that did not make it, from the first event that it tells', async () => {
    const directory = new TenantDirectory(server.database, (error) => {
      throw error;
    });
    await directory.begin();
    try {
      const id = await made('unheard');
      expect(await directory.findNameOf(id)).toBe('unheard');
      expect(await directory.findNameOf('none')).toBe('none');
    } finally {
      directory.stop();
    }
  });

  it('is recorded as such', async () => {
    const id = await made('noted');
    await rename(id, 'recorded');
    const query =
      '{ auditRecords(filter: { operation: { eq: "renameTenant" } }) { items { principalKind resourceIds outcome } } }';
    const { items } = (await ask(query)).data.auditRecords as { items: { resourceIds: string[] | null }[] };
    expect(items.filter(({ resourceIds }) => resourceIds?.includes(id))).toEqual([
      { principalKind: 'person', resourceIds: [id], outcome: 'done' },
    ]);
  });

  it.each([
    ['default', 'operator', 'CONFLICT'],
    ['nowhere', 'somewhere', 'NOT_FOUND'],
    ['nowhere', 'a b', 'INVALID_ATTRIBUTE'],
    ['nowhere', '', 'INVALID_ATTRIBUTE'],
  ])('is not %s as %j', async (id, handle, code) => {
    expect(codesOf(await rename(id, handle))).toEqual([code]);
  });

  it('is the revision that the client saw', async () => {
    expect(codesOf(await rename(await made('seen'), 'unseen', 'ifRevision: 2'))).toEqual(['REVISION_MISMATCH']);
  });
});

describe('what a tenant has otherwise than the operator', () => {
  const rest = async (tenant: string, method: string, path: string, body?: object): Promise<any> =>
    (await server.rest(method, path, { body, headers: { ...(await as(tenant)), 'if-match': '*' } })).body;

  it('counts for its months, the numbers and the heads of its bills, and for nobody else', async () => {
    const settings = { timeZone: 'Asia/Tokyo', billIssuer: 'Edo Mobile', billNumberPrefix: 'EDO' };
    await made('edo', { settings });
    clock.set('2026-12-31T20:00:00.000Z');
    for (const [tenant, month, number] of [
      ['edo', '2026-12-31T15:00:00.000Z', /^EDO-INV-2027-000001$/],
      ['default', '2026-12-01T00:00:00.000Z', /^INV-2026-000001$/],
    ] as const) {
      const specification = await rest(tenant, 'POST', '/billCycleSpecification', { billingPeriod: 'month' });
      const { data } = await ask(
        `mutation { createNextBillCycle(billCycleSpecificationId: "${specification.id}") { validFor { startDateTime } } }`,
        {},
        tenant,
      );
      expect(data.createNextBillCycle.validFor.startDateTime).toBe(month);
      const bill = await rest(tenant, 'POST', '/customerBill', { billingAccount: { id: 'a' } });
      const validated = await rest(tenant, 'PATCH', `/customerBill/${bill.id}`, { state: 'validated' });
      expect(validated.billNo).toMatch(number);
      const document = await fetch(
        `${server.url}/tmf-api/customerBillManagement/v4/customerBill/${bill.id}/document.pdf`,
        { headers: await as(tenant) },
      );
      expect(document.status).toBe(200);
      const { extractText, getDocumentProxy } = await import('unpdf');
      const { text } = await extractText(await getDocumentProxy(new Uint8Array(await document.arrayBuffer())));
      expect(text.join('\n').includes('Edo Mobile')).toBe(tenant === 'edo');
    }
  });

  it('counts for the days of its usages, and changes with its settings', async () => {
    clock.set('2027-01-10T00:00:00.000Z');
    const id = await made('days');
    await rest('days', 'POST', '/usage', {
      usageSpecification: { id: 'spec' },
      usageDate: '2027-01-01T23:30:00.000Z',
      usageCharacteristic: [{ name: 'volume', value: 1 }],
    });
    const day = async (): Promise<unknown> =>
      (await ask('{ usageAggregate(groupBy: [day]) { day count } }', {}, 'days')).data.usageAggregate;
    const utc = JSON.stringify(await day());
    expect(utc).toContain('2027-01-01');
    await update(id, { settings: { timeZone: 'Europe/Berlin' } });
    expect(JSON.stringify(await day())).toContain('2027-01-02');
  });

  it('counts for the periods of its top-ups', async () => {
    clock.set('2027-02-28T23:30:00.000Z');
    await made('tops', { settings: { timeZone: 'Europe/Berlin' } });
    const dues: string[] = [];
    for (const tenant of ['tops', 'default']) {
      const bucket = await rest(tenant, 'POST', '/bucket', {
        usageType: 'monetary',
        remainingValue: { amount: 1, units: 'EUR' },
      });
      const topup = await rest(tenant, 'POST', '/topupBalance', {
        amount: { amount: 1, units: 'EUR' },
        bucket: { id: bucket.id },
        recurringPeriod: 'monthly',
        numberOfPeriods: 3,
      });
      dues.push(topup.nextDueDate);
    }
    // It is the first of March in Berlin, the last of February in UTC.
    expect(dues).toEqual(['2027-03-31T22:30:00.000Z', '2027-03-28T23:30:00.000Z']);
  });
});

if (process.env.TEST_DATABASE_URL) {
  describe('another server on the database', () => {
    it('refuses a suspended tenant within seconds, and knows it by its new handle', async () => {
      const other = await startTestServer(issuer.env, {
        clock,
        database: await openPostgresql(String(server.database.url), { poolSize: 6 }),
      });
      try {
        const id = await made('both');
        const turns = (handle: string, status: number): Promise<unknown> =>
          eventually(
            `the other server answers ${handle} with ${status}`,
            async () => (await statusOf(handle, other)) === status || undefined,
          );
        await turns('both', 200);
        await rename(id, 'either', release);
        await turns('either', 200);
        expect(await statusOf('both', other)).toBe(401);
        await move('suspend', id);
        await turns('either', 401);
      } finally {
        await other.close();
      }
    });
  });
}
