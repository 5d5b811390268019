import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { bearer, TestIssuer } from '../support/issuer.js';
import { startTestServer, TestClock, type TestServer } from '../support/server.js';
import { Subscriber, type SubscriberOptions } from '../support/subscriber.js';
import { makeTenant } from '../support/tenants.js';

jest.setTimeout(60_000);

const clock = new TestClock();
let issuer: TestIssuer;
let server: TestServer;
let folder: string;
const subscribers: Subscriber[] = [];

/** Roles and what is theirs, by name. */
const people = {
  root: { roles: ['admin', 'installation'] },
  ann: { roles: ['customer'], parties: ['ann'] },
  biller: { roles: ['biller'] },
  nobody: { roles: [] },
};
type Name = keyof typeof people;
const tokens = new Map<string, Record<string, string>>();

beforeAll(async () => {
  issuer = await TestIssuer.start(() => clock.now());
  for (const [sub, claims] of Object.entries(people))
    tokens.set(sub, bearer(await issuer.token({ claims: { sub, ...claims } })));
  folder = await mkdtemp(join(tmpdir(), 'policy-'));
  const policyFile = join(folder, 'policy.json');
  const policy = {
    partyRoles: ['customer'],
    roles: {
      admin: { grants: [{ operations: ['*:*'] }] },
      installation: { grants: [{ operations: ['tenant:*'] }] },
      customer: {
        grants: [{ operations: ['bucket:read', 'transferBalance:read'], rows: 'own' }],
        hidden: { bucket: ['description'] },
      },
      biller: { grants: [{ operations: ['customerBill:read'] }] },
    },
  };
  await writeFile(policyFile, JSON.stringify(policy));
  server = await startTestServer(
    { ...issuer.env, POLICY_FILE: policyFile, SUBSCRIPTIONS_PER_PRINCIPAL_MAX: '3' },
    { clock },
  );
});
afterEach(async () => {
  for (const one of subscribers.splice(0)) await one.close();
});
afterAll(async () => {
  await server.close();
  await issuer.close();
  await rm(folder, { recursive: true });
});

const as = (name: Name): Record<string, string> => tokens.get(name)!;

function subscribe(query: string, options: SubscriberOptions, variables: Record<string, unknown> = {}): Subscriber {
  const one = new Subscriber(server.url, query, variables, options);
  subscribers.push(one);
  return one;
}

async function create(path: string, body: object): Promise<any> {
  const answer = await server.rest('POST', path, { headers: as('root'), body });
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
}

const bucketOf = async (party: string, amount = 100): Promise<string> =>
  (
    await create('/bucket', {
      usageType: 'monetary',
      ...(amount > 0 && { remainingValue: { amount, units: 'EUR' } }),
      description: `of ${party}`,
      relatedParty: [{ id: party, role: 'customer', '@referredType': 'Individual' }],
    })
  ).id as string;

async function lastEvent(): Promise<string> {
  const last = await server.database.client.outbox.findFirst({ orderBy: [{ transactionId: 'desc' }, { id: 'desc' }] });
  return last!.id;
}

const mutate = async (query: string, variables: object): Promise<any> => {
  const { data, errors } = await server.graphql(query, variables, as('root'));
  expect(errors).toBeUndefined();
  return Object.values(data)[0];
};

const everything = `subscription ($after: ID) { events(after: $after) {
  eventId eventType resourceId
  resource {
    ... on Bucket { description }
    ... on TransferBalance { impactedBucket { bucket { refId target { id } } amountAfter { amount } } }
  }
} }`;

describe('a subscriber', () => {
  it('is told of what it may see, without what is hidden from it', async () => {
    const mine = await bucketOf('ann', 0);
    const after = await lastEvent();
    const [ann, root] = [
      subscribe(everything, { params: { Authorization: as('ann')['authorization'] } }, { after }),
      subscribe(everything, { headers: as('root') }, { after }),
    ];
    const foreign = await bucketOf('bob');
    const own = await bucketOf('ann');
    await create('/transferBalance', {
      bucket: { id: own },
      receiverBucket: { id: foreign },
      amount: { amount: 3, units: 'EUR' },
    });
    expect((await server.rest('DELETE', `/bucket/${mine}`, { headers: as('root') })).status).toBe(204);
    await root.have(6);
    expect(root.events[0].resource).toEqual({ description: 'of bob' });
    await ann.have(4);
    const [created, transferred, moved, deleted] = ann.results;
    expect(created.data.events).toMatchObject({ resourceId: own, resource: { description: null } });
    expect(created.errors).toMatchObject([
      { path: ['events', 'resource', 'description'], extensions: { code: 'FORBIDDEN' } },
    ]);
    const { impactedBucket } = transferred.data.events.resource;
    expect(impactedBucket.find(({ bucket }: any) => bucket.refId === foreign)).toEqual({
      bucket: { refId: foreign, target: null },
      amountAfter: null,
    });
    expect(impactedBucket.find(({ bucket }: any) => bucket.refId === own)).toMatchObject({
      bucket: { target: { id: own } },
      amountAfter: { amount: 97 },
    });
    // Its movement; that of the other bucket is somebody else's.
    expect(moved.data.events).toMatchObject({ eventType: 'BucketAttributeValueChangeEvent', resourceId: own });
    expect(deleted.data.events).toMatchObject({ eventType: 'BucketDeleteEvent', resourceId: mine });
  });

  it('that says nobody, or somebody else than its header, is turned away', async () => {
    const query = 'subscription { events { eventId } }';
    for (const options of [
      {},
      { params: { authorization: 'Bearer nonsense' } },
      { params: { 'x-api-key': 'tmfk_nonsense' } },
      { headers: as('ann'), params: { authorization: as('root')['authorization'] } },
    ])
      expect(await subscribe(query, options).ended()).toMatchObject({ code: 4403 });
  });

  it('without a right to read anything is refused, and cannot choose by what is hidden', async () => {
    const [error] = await subscribe('subscription { events { eventId } }', { headers: as('nobody') }).ended();
    expect(error.extensions).toMatchObject({ code: 'FORBIDDEN', status: 403 });
    const hidden = 'subscription { events(filter: "event.bucket.description=x") { eventId } }';
    const [other] = await subscribe(hidden, { headers: as('ann') }).ended();
    expect(other.extensions).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('has a bounded number of subscriptions', async () => {
    const query = 'subscription { events { eventId resourceType } }';
    const some = Array.from({ length: 3 }, () => subscribe(query, { headers: as('root') }));
    const tenantEvents = async (): Promise<void> => {
      for (const one of some) while (one.events.length === 0) await bucketOf('ann');
    };
    await tenantEvents();
    const [error] = await subscribe(query, { headers: as('root') }).ended();
    expect(error).toMatchObject({
      message: expect.stringContaining('SUBSCRIPTIONS_PER_PRINCIPAL_MAX'),
      extensions: { code: 'RATE_LIMITED', status: 429 },
    });
    await some[0]!.close();
    const after = await lastEvent();
    await bucketOf('ann');
    const again = subscribe(
      'subscription ($after: ID) { events(after: $after) { eventId } }',
      { headers: as('root') },
      { after },
    );
    await again.have(1);
  });
});

describe('a subscription ends', () => {
  const query = 'subscription ($after: ID) { events(after: $after, types: [BucketCreateEvent]) { eventId } }';

  it('when its API key is revoked', async () => {
    const { key, apiKey } = await mutate(
      'mutation ($input: ApiKeyCreate!) { createApiKey(input: $input) { key apiKey { id } } }',
      { input: { name: 'listener', roles: ['admin'] } },
    );
    const after = await lastEvent();
    const one = subscribe(query, { params: { 'X-API-Key': key } }, { after });
    await bucketOf('ann');
    await one.have(1);
    await mutate('mutation ($id: ID!) { revokeApiKey(id: $id) { id } }', { id: apiKey.id });
    await bucketOf('ann');
    expect(await one.ended()).toMatchObject({ code: 4403, reason: 'the API key is revoked' });
    expect(one.events).toHaveLength(1);
  });

  it('when its token expires', async () => {
    const token = bearer(await issuer.token({ claims: { sub: 'brief', roles: ['admin'] }, expiresIn: 60 }));
    const one = subscribe(query, { headers: token }, { after: await lastEvent() });
    await bucketOf('ann');
    await one.have(1);
    clock.advance(600_000);
    expect(await one.ended()).toMatchObject({ code: 4403, reason: 'the token is expired' });
    clock.advance(-600_000);
  });

  it('when its tenant is suspended', async () => {
    const id = await makeTenant((text, values) => server.graphql(text, values, as('root')), 'other');
    const token = bearer(await issuer.token({ claims: { sub: 'there', roles: ['admin'], tenant: 'other' } }));
    const one = subscribe(query, { headers: token });
    const create = async (): Promise<void> => {
      await server.rest('POST', '/bucket', { headers: token, body: { usageType: 'monetary' } });
    };
    while (one.events.length === 0) await create();
    await mutate('mutation { suspendTenant(id: "' + id + '") { id } }', {});
    expect(await one.ended()).toMatchObject({ code: 4403, reason: expect.stringContaining('suspended') });
  });
});
