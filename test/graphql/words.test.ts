import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isEnumType, type GraphQLSchema } from 'graphql';
import { clientSchema } from '../fixtures/schema.js';
import { startTestServer, type TestServer } from '../support/server.js';

/** What the published swagger files list as `enum`, in any edition. */
const published: Readonly<Record<string, readonly string[]>> = {
  ActionStatusType: ['created', 'failed', 'cancelled', 'completed'],
  BucketStatusType: ['active', 'suspended', 'expired'],
  CostOwnerType: ['originator', 'receiver'],
  RecurringPeriodType: ['weekly', 'fortnightly', 'monthly'],
  UsageStatusType: ['received', 'rejected', 'recycled', 'guided', 'rated', 'rerated', 'billed'],
  CustomerBillStateType: ['new', 'onHold', 'validated', 'sent', 'settled', 'partiallyPaid'],
  CustomerBillRunType: ['onCycle', 'offCycle'],
  CustomerBillOnDemandStateType: ['inProgress', 'rejected', 'done', 'terminatedWithError'],
  OrderItemActionType: ['add', 'modify', 'delete', 'noChange'],
  ResourceAdministrativeStateType: ['locked', 'unlocked', 'shutdown'],
  ResourceOperationalStateType: ['enable', 'disable'],
  ResourceStatusType: ['standby', 'alarm', 'available', 'reserved', 'unknown', 'suspended'],
  ResourceUsageStateType: ['idle', 'active', 'busy'],
  TaskStateType: ['accepted', 'terminatedWithError', 'inProgress', 'done'],
  ResourceOrderItemStateType: [
    'acknowledged',
    'rejected',
    'pending',
    'held',
    'inProgress',
    'cancelled',
    'completed',
    'failed',
    'assessingCancellation',
    'pendingCancellation',
  ],
  ResourceOrderStateType: [
    'acknowledged',
    'rejected',
    'pending',
    'held',
    'inProgress',
    'cancelled',
    'completed',
    'failed',
    'partial',
    'assessingCancellation',
    'pendingCancellation',
  ],
};

const bucket = { usageType: 'monetary', remainingValue: { amount: 5, units: 'EUR' } };
const order = (item: object): object => ({ orderItem: [{ id: '1', action: 'add', ...item }] });

describe('words of closed sets', () => {
  let server: TestServer;
  let schema: GraphQLSchema;
  let id: string;

  beforeAll(async () => {
    server = await startTestServer();
    schema = await clientSchema(server);
    id = (await server.rest('POST', '/bucket', { body: { ...bucket, name: 'one' } })).body.id;
    await server.rest('POST', '/bucket', { body: { ...bucket, name: 'two', status: 'suspended' } });
  });
  afterAll(() => server.close());

  const names = async (filter: string): Promise<unknown> => {
    const { data, errors } = await server.graphql(
      `{ buckets(filter: { ${filter} }, orderBy: [{ name: ASC }]) { items { name status } } }`,
    );
    return errors?.[0]?.message ?? data.buckets.items.map(({ name }: { name: string }) => name);
  };
  const listed = async (query: string): Promise<unknown> => {
    const { status, body } = await server.rest('GET', `/bucket?sort=name&${query}`);
    return status === 200 ? body.map(({ name }: { name: string }) => name) : [status, body.message];
  };

  it.each(Object.entries(published))('%s has the published ones, spelled so', (name, words) => {
    const type = schema.getType(name);
    if (!isEnumType(type)) throw new Error(`${name} is no enum`);
    expect(
      type
        .getValues()
        .map((value) => value.name)
        .sort(),
    ).toEqual([...words].sort());
  });

  it('are compared as a whole with words, and otherwise with any text, by GraphQL', async () => {
    expect(await names('status: { eq: suspended }')).toEqual(['two']);
    expect(await names('status: { nin: [suspended, expired] }')).toEqual(['one']);
    expect(await names('status: { regex: "^(act|susp)" }')).toEqual(['one', 'two']);
    expect(await names('status: { icontains: "ACT" }')).toEqual(['one']);
    expect(await names('status: { gt: "b" }')).toEqual(['two']);
    expect(await names('status: { eq: actve }')).toContain('actve');
    expect(await names('status: { eq: "active" }')).toContain('BucketStatusType');
  });

  it('are compared so by TMF REST, which names the attribute and its words', async () => {
    const refused = [
      400,
      expect.stringMatching(/^'status(\.ne)?' must be one of active, suspended, expired: 'actve'$/),
    ];
    expect(await listed('status=suspended')).toEqual(['two']);
    expect(await listed('status.nin=suspended,expired')).toEqual(['one']);
    expect(await listed('status.regex=^(act|susp)')).toEqual(['one', 'two']);
    expect(await listed('status=~^susp')).toEqual(['two']);
    expect(await listed('status.contains=ctve')).toEqual([]);
    expect(await listed("filter=$[?(@.status=='suspended')]")).toEqual(['two']);
    for (const query of ['status=actve', 'status=active,actve', 'status.ne=actve', "filter=$[?(@.status!='actve')]"])
      expect([query, await listed(query)]).toEqual([query, refused]);
  });

  it('are taken and answered as they are spelled, in variables as text', async () => {
    const update =
      'mutation ($id: ID!, $status: BucketStatusType) { updateBucket(id: $id, input: { status: $status }) { status } }';
    expect((await server.graphql(update, { id, status: 'suspended' })).data.updateBucket).toEqual({
      status: 'suspended',
    });
    expect((await server.graphql(update, { id, status: 'active' })).data.updateBucket).toEqual({ status: 'active' });
    const { errors } = await server.graphql(update, { id, status: 'Active' });
    expect([errors?.[0]?.extensions.status, errors?.[0]?.message]).toEqual([400, expect.stringContaining('"Active"')]);
  });

  it('are refused in a body of TMF REST by attribute and words, at any depth', async () => {
    const answers: [string, object, string][] = [
      ['/bucket', { ...bucket, status: 'Active' }, "status must be one of active, suspended, expired: 'Active'"],
      ['/bucket', { ...bucket, status: 5 }, "status must be one of active, suspended, expired: '5'"],
      [
        '/resourceOrder',
        order({ action: 'Add' }),
        "orderItem.0.action must be one of add, modify, delete, noChange: 'Add'",
      ],
      [
        '/resourceOrder',
        order({ resource: { usageState: 'lazy' } }),
        "orderItem.0.resource.usageState must be one of idle, active, busy: 'lazy'",
      ],
    ];
    for (const [path, body, message] of answers)
      expect(await server.rest('POST', path, { body })).toMatchObject({ status: 400, body: { message } });
    expect(await server.rest('POST', '/resourceOrder', { body: order({ action: 'no_change' }) })).toMatchObject({
      status: 201,
      body: { orderItem: [{ action: 'noChange', state: 'acknowledged' }] },
    });
  });

  it('take the status of the published samples of TMF654 for the one that an action has', async () => {
    const body = { amount: { amount: 1, units: 'EUR' }, bucket: { id }, status: 'confirmed' };
    const topup = (await server.rest('POST', '/topupBalance', { body })).body;
    const held = (await server.rest('POST', '/reserveBalance', { body })).body;
    expect([topup.status, held.status]).toEqual(['completed', 'created']);
    for (const [path, status] of [
      [`/topupBalance/${topup.id}`, 'completed'],
      [`/reserveBalance/${held.id}`, 'created'],
    ] as const)
      expect(await server.rest('PATCH', path, { body: { status: 'confirmed' } })).toMatchObject({
        status: 200,
        body: { status },
      });
  });

  it('are told by OpenAPI, with null where it removes one', () => {
    const { components } = JSON.parse(readFileSync('openapi/prepay-balance.json', 'utf8')) as any;
    const words = ['weekly', 'fortnightly', 'monthly'];
    expect(components.schemas.TopupBalance.properties.recurringPeriod.enum).toEqual(words);
    expect(components.schemas.TopupBalance_Update.properties.recurringPeriod.enum).toEqual([...words, null]);
    expect(components.schemas.Bucket_Update.properties.status.enum).toEqual(['active', 'suspended', 'expired']);
  });
});
