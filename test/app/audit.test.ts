import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.js';
import { nodeIdOf } from '../../graphql/node/node-id.js';
import type { Principal } from '../../src/platform/principal.js';
import { eventually } from '../support/eventually.js';
import { startTestServer, type TestServer } from '../support/server.js';

const agent: Principal = {
  tenantId: 'default',
  id: 'agent-7',
  kind: 'person',
  roles: ['admin'],
  parties: [],
  accounts: [],
  logicalResources: [],
};
const eur = (amount: number): object => ({ amount, units: 'EUR' });

let server: TestServer;
let principal: Principal = agent;
beforeAll(async () => {
  server = await startTestServer(
    { AUDIT: 'on', TRUSTED_PROXIES: '127.0.0.1', OPERATION_COST_MAX: '100000' },
    { principalOf: () => principal },
  );
});
afterAll(() => server.close());
beforeEach(() => {
  principal = agent;
  requests += 1;
});

let requests = 0;
const headers = (): Record<string, string> => ({ 'x-request-id': `r-${requests}`, 'x-forwarded-for': '203.0.113.9' });
const rest = (method: string, path: string, body?: unknown): ReturnType<TestServer['rest']> =>
  server.rest(method, path, { headers: headers(), ...(body !== undefined && { body }) });
const graphql = (text: string, variables: object = {}): ReturnType<TestServer['graphql']> =>
  server.graphql(text, variables, headers());

/** The records of the request of the test, in the order in which they were made. */
async function records(operations?: 'writes'): Promise<any[]> {
  const rows = await server.database.query<any>(Prisma.sql`
    SELECT "principalId", "principalKind", "keyId", "address", "requestId", "transport", "operation", "resourceType", "resourceIds", "outcome", "code", "detail"
    FROM "AuditRecord" WHERE "tenantId" = 'default' AND "requestId" = ${`r-${requests}`} ORDER BY "id"`);
  return operations
    ? rows.filter(({ operation }) => /^(create|update|delete|POST|PATCH|PUT|DELETE)/.test(operation))
    : rows;
}
const recorded = (count: number): Promise<any[]> =>
  eventually(`${count} records`, async () => {
    const found = await records();
    return found.length >= count ? found : undefined;
  });

async function bucket(remaining = 10): Promise<string> {
  const { body } = await server.rest('POST', '/bucket', {
    body: { usageType: 'monetary', remainingValue: eur(remaining) },
  });
  return body.id;
}

describe('a write', () => {
  it.each(['rest', 'graphql'])('is recorded with who, from where, what and its outcome (%s)', async (transport) => {
    const bucketId = await bucket();
    const input = { bucket: { id: bucketId }, amount: eur(1) };
    const id =
      transport === 'rest'
        ? (await rest('POST', '/topupBalance', input)).body.id
        : (
            await graphql('mutation ($input: TopupBalanceCreate!) { createTopupBalance(input: $input) { id } }', {
              input: { bucket: { refId: bucketId }, amount: { amount: 1, units: 'EUR' } },
            })
          ).data.createTopupBalance.id;
    expect(await records('writes')).toEqual([
      {
        principalId: 'agent-7',
        principalKind: 'person',
        keyId: null,
        address: '203.0.113.9',
        requestId: `r-${requests}`,
        transport,
        operation: 'createTopupBalance',
        resourceType: 'topupBalance',
        resourceIds: [id],
        outcome: 'done',
        code: null,
        detail: null,
      },
    ]);
  });

  it('of any resource is recorded: created, changed and deleted', async () => {
    const { body } = await rest('POST', '/billCycleSpecification', { name: 'monthly', frequency: 'monthly' });
    await rest('PATCH', `/billCycleSpecification/${body.id}`, { name: 'each month' });
    await rest('DELETE', `/billCycleSpecification/${body.id}`);
    expect(
      (await records('writes')).map(({ operation, resourceIds, outcome }) => [operation, resourceIds, outcome]),
    ).toEqual(['create', 'update', 'delete'].map((verb) => [`${verb}BillCycleSpecification`, [body.id], 'done']));
  });

  it('names every resource of a bulk, up to 100', async () => {
    const inputs = Array.from({ length: 101 }, () => ({ usageType: 'monetary' }));
    const { data } = await graphql('mutation ($inputs: [BucketCreate!]!) { createBuckets(inputs: $inputs) { id } }', {
      inputs,
    });
    const [record] = await records('writes');
    expect(record).toMatchObject({ operation: 'createBuckets', resourceType: 'bucket', detail: '101 in all' });
    expect(record.resourceIds).toEqual(data.createBuckets.slice(0, 100).map(({ id }: { id: string }) => id));
  });

  it('is in one transaction with its record', async () => {
    const bucketId = await bucket();
    await server.database.script('ALTER TABLE "AuditRecord" ADD CONSTRAINT "none" CHECK (false) NOT VALID');
    try {
      const topup = { bucket: { id: bucketId }, amount: eur(1) };
      expect((await rest('POST', '/topupBalance', topup)).status).toBe(500);
      expect((await rest('POST', '/billCycleSpecification', { name: 'never', frequency: 'monthly' })).status).toBe(500);
    } finally {
      await server.database.script('ALTER TABLE "AuditRecord" DROP CONSTRAINT "none"');
    }
    expect((await server.rest('GET', `/bucket/${bucketId}`)).body.remainingValue).toEqual(eur(10));
    expect((await server.rest('GET', '/billCycleSpecification?name=never')).body).toEqual([]);
  });

  it('that repeats an earlier one is recorded, too', async () => {
    const body = { usageType: 'monetary' };
    const post = (): ReturnType<TestServer['rest']> =>
      server.rest('POST', '/bucket', { headers: { ...headers(), 'idempotency-key': `key ${requests}` }, body });
    const { id } = (await post()).body;
    expect((await post()).body.id).toBe(id);
    expect((await records('writes')).map(({ outcome, resourceIds }) => [outcome, resourceIds])).toEqual([
      ['done', [id]],
      ['done', [id]],
    ]);
  });
});

describe('a refusal of a write', () => {
  it('by a rule is recorded, with the action that records it', async () => {
    const { body, status } = await rest('POST', '/topupBalance', { bucket: { id: 'none' }, amount: eur(1) });
    expect(status).toBe(422);
    expect(await records('writes')).toEqual([
      expect.objectContaining({
        operation: 'createTopupBalance',
        outcome: 'refused',
        code: 'BUCKET_UNKNOWN',
        detail: body.message,
        resourceType: 'topupBalance',
        resourceIds: [body.referenceError.split('/').at(-1)],
      }),
    ]);
  });

  it.each<[string, () => Promise<unknown>, object]>([
    ['of what is not there', () => rest('DELETE', '/bucket/none'), { operation: 'deleteBucket', code: 'NOT_FOUND' }],
    ['before its mutation', () => rest('POST', '/topupBalance', { amount: 'much' }), { code: 'INVALID_ATTRIBUTE' }],
    [
      'of a method',
      () => rest('DELETE', '/bucket'),
      { operation: expect.stringContaining('DELETE /tmf-api'), code: 'METHOD_NOT_ALLOWED' },
    ],
    [
      'of variables',
      () => graphql('mutation ($i: BucketCreate!) { createBucket(input: $i) { id } }', { i: { none: 1 } }),
      { operation: 'createBucket' },
    ],
    [
      'for its cost',
      () =>
        graphql(
          `mutation { createBucket(input: { usageType: "monetary" }) { id } ${Array.from({ length: 30 }, (_, n) => `a${n}: createBucket(input: { usageType: "x" }) { id entries(limit: 1000) { items { itemId } } }`).join(' ')} }`,
        ),
      { operation: 'createBucket', code: 'OPERATION_TOO_COSTLY' },
    ],
  ])('%s is recorded', async (_what, request, expected) => {
    await request();
    const found = await records('writes');
    expect(found[0]).toMatchObject({ outcome: 'refused', ...expected });
  });

  it.each(['rest', 'graphql'])('for lack of a right is recorded (%s)', async (door) => {
    principal = { ...agent, roles: ['reader'] };
    if (door === 'rest') await rest('POST', '/bucket', { usageType: 'monetary' });
    else await graphql('mutation { createBucket(input: { usageType: "monetary" }) { id } }');
    expect(await records('writes')).toEqual([
      expect.objectContaining({
        // TMF REST looks at rights before it reads the body.
        operation: door === 'rest' ? expect.stringMatching(/^POST .*\/bucket$/) : 'createBucket',
        outcome: 'refused',
        code: 'FORBIDDEN',
      }),
    ]);
  });

  it('is answered all the same when it cannot be recorded', async () => {
    await server.database.script('ALTER TABLE "AuditRecord" RENAME TO "Elsewhere"');
    try {
      expect((await rest('DELETE', '/bucket/none')).status).toBe(404);
    } finally {
      await server.database.script('ALTER TABLE "Elsewhere" RENAME TO "AuditRecord"');
    }
    expect(await recorded(1)).toMatchObject([{ operation: 'deleteBucket', outcome: 'refused', code: 'NOT_FOUND' }]);
  });
});

describe('a read', () => {
  it.each<[string, () => Promise<unknown>, object]>([
    [
      'by id in REST',
      () => rest('GET', '/bucket/none'),
      { operation: 'bucket', resourceIds: ['none'], transport: 'rest' },
    ],
    [
      'of a list in GraphQL',
      () => graphql('{ buckets(filter: { status: { eq: active } }) { totalCount } }'),
      {
        operation: 'buckets',
        resourceType: 'bucket',
        detail: '{"filter":{"status":{"eq":"active"}}}',
        transport: 'graphql',
      },
    ],
    [
      'of a node',
      () => graphql(`{ node(id: "${nodeIdOf('Bucket', 'none')}") { nodeId } }`),
      { operation: 'node', resourceType: 'bucket', resourceIds: ['none'] },
    ],
    [
      'that is refused',
      () => graphql('{ buckets(limit: 100000) { totalCount } }'),
      { operation: 'buckets', outcome: 'refused', code: 'INVALID_QUERY' },
    ],
    [
      'of a file',
      () => server.rest('GET', '/tmf-api/usageManagement/v4/exportJob/none/content', { headers: headers() }),
      { operation: 'GET usageExport/content', transport: 'file', outcome: 'refused', code: 'NOT_FOUND' },
    ],
  ])('by a person is recorded: %s', async (_what, request, expected) => {
    await request();
    expect(await recorded(1)).toMatchObject([{ principalId: 'agent-7', ...expected }]);
  });

  it.each<[string, Partial<Principal>]>([
    ['a machine', { kind: 'machine', roles: ['operator'] }],
    ['a customer', { roles: ['customer'] }],
  ])('by %s is not', async (_who, changes) => {
    principal = { ...agent, ...changes };
    await rest('GET', '/bucket?limit=1');
    await rest('DELETE', '/bucket/none');
    expect((await recorded(1)).map(({ operation }) => operation)).toEqual([expect.stringMatching(/delete/i)]);
  });
});

describe('audit records', () => {
  it('are read newest first, by whom and by what', async () => {
    const id = await bucket();
    server.clock.advance(1000);
    await rest('PATCH', `/bucket/${id}`, { name: 'renamed' });
    const { data, errors } = await graphql(
      `
        query ($r: String!) {
          auditRecords(
            filter: {
              and: [
                { principalId: { eq: "agent-7" } }
                { requestId: { eq: $r } }
                { operation: { eq: "updateBucket" } }
              ]
            }
            orderBy: [{ at: DESC }]
            limit: 5
          ) {
            items {
              at
              principalId
              address
              operation
              resourceType
              resourceIds
              outcome
            }
          }
        }
      `,
      { r: `r-${requests}` },
    );
    expect(errors).toBeUndefined();
    expect(data.auditRecords.items).toEqual([
      {
        at: server.clock.now().toISOString(),
        principalId: 'agent-7',
        address: '203.0.113.9',
        operation: 'updateBucket',
        resourceType: 'bucket',
        resourceIds: [id],
        outcome: 'done',
      },
    ]);
  });

  it('of a time are one file, oldest first, as NDJSON or CSV', async () => {
    server.clock.set('2026-05-01T00:00:00.000Z');
    await rest('DELETE', '/bucket/none');
    server.clock.set('2026-05-02T00:00:00.000Z');
    const id = await bucket();
    // The downloads are recorded themselves.
    server.clock.set('2026-05-04T00:00:00.000Z');
    const file = async (query: string): Promise<{ type: string | null; text: string }> => {
      const answer = await fetch(`${server.url}/audit/export?${query}`);
      return { type: answer.headers.get('content-type'), text: await answer.text() };
    };
    const lines = await file('from=2026-05-01&to=2026-05-03');
    expect(lines.type).toBe('application/x-ndjson');
    const found = lines.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(found.map(({ at, operation, outcome, resourceIds }) => [at, operation, outcome, resourceIds])).toEqual([
      ['2026-05-01T00:00:00.000Z', 'deleteBucket', 'refused', null],
      ['2026-05-02T00:00:00.000Z', 'createBucket', 'done', [id]],
    ]);
    const csv = await file('from=2026-05-02T00:00:00Z&to=2026-05-03&format=csv');
    expect(csv.text.split('\r\n')).toEqual([
      'at,id,principalId,principalKind,keyId,address,requestId,transport,operation,resourceType,resourceIds,outcome,code,detail',
      expect.stringMatching(
        `^2026-05-02T00:00:00.000Z,\\w{26},agent-7,person,,.*,rest,createBucket,bucket,${id},done,,$`,
      ),
      '',
    ]);
    expect((await file('from=2026-05-03&to=2026-05-04')).text).toBe('');
    for (const query of ['from=May', 'format=xml', 'until=2026'])
      expect(JSON.parse((await file(query)).text)).toMatchObject({
        status: '400',
        reason: 'Invalid query-string parameter',
      });
    principal = { ...agent, tenantId: 'other', roles: ['admin'] };
    expect((await file('from=2026-05-01')).text).toBe('');
  });

  it('of another tenant are not seen', async () => {
    await rest('DELETE', '/bucket/none');
    principal = { ...agent, tenantId: 'third', kind: 'machine', roles: ['admin'] };
    const { data } = await graphql('{ auditRecords { items { id principalId } } }');
    expect(data.auditRecords.items).toEqual([]);
  });
});

it('actions, ledger entries and events say who asked', async () => {
  const id = await bucket();
  principal = { ...agent, id: 'agent-8' };
  const { body } = await rest('POST', '/topupBalance', { bucket: { id }, amount: eur(1) });
  expect(body).not.toHaveProperty('principalId');
  const { data } = await graphql(
    'query ($id: ID!, $b: ID!) { topupBalance(id: $id) { principalId } bucket(id: $b) { entries { items { principalId } } } }',
    { id: body.id, b: id },
  );
  expect(data).toEqual({
    topupBalance: { principalId: 'agent-8' },
    bucket: { entries: { items: [{ principalId: 'agent-7' }, { principalId: 'agent-8' }] } },
  });
  const events = await server.database.query(Prisma.sql`
    SELECT "eventType", "principalId" FROM "Outbox" WHERE "tenantId" = 'default' AND "resourceId" = ANY(${[id, body.id]}) ORDER BY "id"`);
  expect(events).toEqual([
    { eventType: 'BucketCreateEvent', principalId: 'agent-7' },
    { eventType: 'TopupBalanceCreateEvent', principalId: 'agent-8' },
  ]);
});

it('what falls due is done by the system', async () => {
  const id = await bucket();
  const expirationDate = new Date(server.clock.now().getTime() + 60_000).toISOString();
  const { body } = await rest('POST', '/reserveBalance', { bucket: { id }, amount: eur(1), expirationDate });
  server.clock.advance(120_000);
  await rest('GET', `/bucket/${id}`);
  const events = await server.database.query(Prisma.sql`
    SELECT "eventType", "principalId" FROM "Outbox" WHERE "tenantId" = 'default' AND "resourceId" = ${body.id} ORDER BY "id"`);
  expect(events).toEqual([
    { eventType: 'ReserveBalanceCreateEvent', principalId: 'agent-7' },
    { eventType: 'ReserveBalanceCancelEvent', principalId: 'system' },
    { eventType: 'ReserveBalanceStatusChangeEvent', principalId: 'system' },
  ]);
});
