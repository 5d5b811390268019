import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { openPostgresql } from '../../../src/platform/database/postgresql.js';
import { eventually } from '../../support/eventually.js';
import { bearer, TestIssuer } from '../../support/issuer.js';
import { startTestServer, TestClock, type GraphqlAnswer, type TestServer } from '../../support/server.js';

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

const fields = '{ id revision name state settings { timeZone billIssuer billNumberPrefix } createdAt updatedAt }';
const create = (input: object, tenant?: string): Promise<GraphqlAnswer> =>
  ask(`mutation ($input: TenantCreate!) { createTenant(input: $input) ${fields} }`, { input }, tenant);
const update = (id: string, input: object, tenant?: string): Promise<GraphqlAnswer> =>
  ask(
    `mutation ($id: ID!, $input: TenantUpdate!) { updateTenant(id: $id, input: $input) ${fields} }`,
    { id, input },
    tenant,
  );
const move = (how: 'suspend' | 'resume', id: string, more = '', tenant?: string): Promise<GraphqlAnswer> =>
  ask(`mutation ($id: ID!) { ${how}Tenant(id: $id ${more}) { id state revision } }`, { id }, tenant);
const codesOf = ({ errors }: GraphqlAnswer): string[] | undefined => errors?.map(({ extensions }) => extensions.code);

describe('a tenant', () => {
  it('is there from the beginning: the operator', async () => {
    const { data } = await ask('{ tenants { items { id state } totalCount } }');
    expect(data.tenants).toEqual({ items: [{ id: 'default', state: 'active' }], totalCount: 1 });
  });

  it('is made, and its tokens are taken at once', async () => {
    const headers = await as('acme');
    expect((await server.rest('GET', '/bucket', { headers })).status).toBe(401);
    const { data } = await create({ id: 'acme', name: 'Acme', settings: { timeZone: 'Europe/Berlin' } });
    expect(data.createTenant).toEqual({
      id: 'acme',
      revision: 1,
      name: 'Acme',
      state: 'active',
      settings: { timeZone: 'Europe/Berlin', billIssuer: null, billNumberPrefix: null },
      createdAt: clock.now().toISOString(),
      updatedAt: clock.now().toISOString(),
    });
    expect((await server.rest('GET', '/bucket', { headers })).status).toBe(200);
    expect((await ask(`{ tenant(id: "acme") ${fields} }`)).data.tenant).toEqual(data.createTenant);
  });

  it('sees its own data only', async () => {
    await create({ id: 'sees', name: 'Sees' });
    const headers = await as('sees');
    const body = { usageType: 'monetary', remainingValue: { amount: 1, units: 'EUR' } };
    const { body: bucket } = await server.rest('POST', '/bucket', { body, headers });
    expect((await server.rest('GET', `/bucket/${bucket.id}`, { headers })).status).toBe(200);
    expect((await server.rest('GET', `/bucket/${bucket.id}`, { headers: await as('default') })).status).toBe(404);
    const { data } = await server.graphql('{ buckets { totalCount } }', {}, headers);
    expect(data.buckets.totalCount).toBe(1);
  });

  it('is refused when it is suspended, and answered again when it is resumed', async () => {
    await create({ id: 'late', name: 'Late payers' });
    const headers = await as('late');
    const status = async (): Promise<number> => (await server.rest('GET', '/bucket', { headers })).status;
    expect(await status()).toBe(200);
    expect((await move('suspend', 'late')).data.suspendTenant).toEqual({ id: 'late', state: 'suspended', revision: 2 });
    // The token was taken a moment ago.
    expect(await status()).toBe(401);
    // Again it changes nothing.
    expect((await move('suspend', 'late')).data.suspendTenant.revision).toBe(2);
    expect((await move('resume', 'late')).data.resumeTenant).toEqual({ id: 'late', state: 'active', revision: 3 });
    expect(await status()).toBe(200);
  });

  it('is changed under its revision, and its settings are replaced whole', async () => {
    await create({ id: 'moved', name: 'Moved', settings: { timeZone: 'Asia/Tokyo', billIssuer: 'Moved & Co' } });
    const { data } = await update('moved', { name: 'Moved on', settings: { billNumberPrefix: 'MV' } });
    expect(data.updateTenant).toMatchObject({
      name: 'Moved on',
      revision: 2,
      settings: { timeZone: null, billIssuer: null, billNumberPrefix: 'MV' },
    });
    expect(codesOf(await move('suspend', 'moved', 'ifRevision: 1'))).toEqual(['REVISION_MISMATCH']);
    expect(codesOf(await update('moved', { name: null }))).toEqual(['INVALID_ATTRIBUTE']);
    expect((await update('moved', { settings: null })).data.updateTenant.settings).toBeNull();
  });

  it('is made once under an idempotency key', async () => {
    const query = `mutation { createTenant(input: { id: "once", name: "Once" }, idempotencyKey: "once") { id revision } }`;
    const [first, second] = [await ask(query), await ask(query)];
    expect(second.data).toEqual(first.data);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
  });

  it.each([
    [{ name: 'No id' }, 'BAD_USER_INPUT'],
    [{ id: 'no-name' }, 'BAD_USER_INPUT'],
    [{ id: 'default', name: 'Second operator' }, 'CONFLICT'],
    [{ id: '', name: 'x' }, 'INVALID_ATTRIBUTE'],
    [{ id: 'a b', name: 'x' }, 'INVALID_ATTRIBUTE'],
    [{ id: '-a', name: 'x' }, 'INVALID_ATTRIBUTE'],
    [{ id: 'x'.repeat(65), name: 'x' }, 'INVALID_ATTRIBUTE'],
    [{ id: 'a', name: '' }, 'INVALID_ATTRIBUTE'],
    [{ id: 'a', name: 'x', settings: { timeZone: 'Europe/Atlantis' } }, 'INVALID_ATTRIBUTE'],
    [{ id: 'a', name: 'x', settings: { billIssuer: '' } }, 'INVALID_ATTRIBUTE'],
    [{ id: 'a', name: 'x', settings: { billNumberPrefix: 'a b' } }, 'INVALID_ATTRIBUTE'],
  ])('cannot be made from %j', async (input, code) => {
    expect(codesOf(await create(input))).toEqual([code]);
  });

  it('cannot be the operator and be suspended', async () => {
    expect(codesOf(await move('suspend', 'default'))).toEqual(['CONFLICT']);
    expect((await ask('{ tenant(id: "default") { state } }')).data.tenant.state).toBe('active');
  });

  it('is nothing to any other tenant, not even itself', async () => {
    await create({ id: 'nosy', name: 'Nosy' });
    const { data } = await ask('{ tenants { totalCount items { id } } tenant(id: "nosy") { id } }', {}, 'nosy');
    expect(data).toEqual({ tenants: { totalCount: 0, items: [] }, tenant: null });
    const answers = [
      await create({ id: 'puppet', name: 'Puppet' }, 'nosy'),
      await update('acme', { name: 'Ours' }, 'nosy'),
      await move('suspend', 'acme', '', 'nosy'),
      await move('resume', 'nosy', '', 'nosy'),
    ];
    expect(answers.map(codesOf)).toEqual(answers.map(() => ['NOT_FOUND']));
    expect((await ask('{ tenant(id: "puppet") { id } }')).data.tenant).toBeNull();
  });

  it('tells its story in events of the operator', async () => {
    await create({ id: 'told', name: 'Told' });
    await move('suspend', 'told');
    await update('told', { name: 'Retold' });
    const events = await server.database.client.outbox.findMany({
      where: { resourceType: 'tenant', resourceId: 'told' },
      orderBy: { id: 'asc' },
    });
    expect(events.map(({ tenantId, eventType }) => [tenantId, eventType])).toEqual([
      ['default', 'TenantCreateEvent'],
      ['default', 'TenantStateChangeEvent'],
      ['default', 'TenantAttributeValueChangeEvent'],
    ]);
  });
});

describe('what a tenant has otherwise than the operator', () => {
  const rest = async (tenant: string, method: string, path: string, body?: object): Promise<any> =>
    (await server.rest(method, path, { body, headers: { ...(await as(tenant)), 'if-match': '*' } })).body;

  it('counts for its months, the numbers and the heads of its bills, and for nobody else', async () => {
    const settings = { timeZone: 'Asia/Tokyo', billIssuer: 'Edo Mobile', billNumberPrefix: 'EDO' };
    await create({ id: 'edo', name: 'Edo', settings });
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
    await create({ id: 'days', name: 'Days' });
    await rest('days', 'POST', '/usage', {
      usageSpecification: { id: 'spec' },
      usageDate: '2027-01-01T23:30:00.000Z',
      usageCharacteristic: [{ name: 'volume', value: 1 }],
    });
    const day = async (): Promise<unknown> =>
      (await ask('{ usageAggregate(groupBy: [day]) { day count } }', {}, 'days')).data.usageAggregate;
    const utc = JSON.stringify(await day());
    expect(utc).toContain('2027-01-01');
    await update('days', { settings: { timeZone: 'Europe/Berlin' } });
    expect(JSON.stringify(await day())).toContain('2027-01-02');
  });

  it('counts for the periods of its top-ups', async () => {
    clock.set('2027-02-28T23:30:00.000Z');
    await create({ id: 'tops', name: 'Tops', settings: { timeZone: 'Europe/Berlin' } });
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
    it('refuses a suspended tenant within seconds, and takes what was changed', async () => {
      const other = await startTestServer(issuer.env, {
        clock,
        database: await openPostgresql(String(server.database.url), { poolSize: 6 }),
      });
      try {
        await create({ id: 'both', name: 'Both' });
        const headers = await as('both');
        const status = async (): Promise<number> => (await other.rest('GET', '/bucket', { headers })).status;
        await eventually('the other server knows the tenant', async () => (await status()) === 200 || undefined);
        await move('suspend', 'both');
        await eventually('the other server refuses it', async () => (await status()) === 401 || undefined);
      } finally {
        await other.close();
      }
    });
  });
}
