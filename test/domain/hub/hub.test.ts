import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { bearer, TestIssuer } from '../../support/issuer.js';
import { startTestServer, TestClock, type RestAnswer, type TestServer } from '../../support/server.js';
import { documentedIsSigned, Receiver } from './receiver.js';

jest.setTimeout(120_000);

const clock = new TestClock();
let issuer: TestIssuer;
let server: TestServer;
let folder: string;
const receivers: Receiver[] = [];

/** Roles and what is theirs, by name. */
const people = {
  root: { roles: ['admin'] },
  clerk: { roles: ['operator'] },
  ann: { roles: ['listener'], parties: ['ann'] },
  biller: { roles: ['biller'] },
  guest: { roles: ['customer'], parties: ['ann'] },
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
      operator: { grants: [{ operations: ['bucket:*', 'topupBalance:*'] }, { operations: ['hub:*'], rows: 'own' }] },
      listener: {
        grants: [{ operations: ['bucket:read', 'transferBalance:read', 'hub:*'], rows: 'own' }],
        hidden: { bucket: ['description'] },
      },
      biller: { grants: [{ operations: ['customerBill:*', 'hub:*'] }] },
      customer: { grants: [{ operations: ['bucket:read'], rows: 'own' }] },
    },
  };
  await writeFile(policyFile, JSON.stringify(policy));
  server = await startTestServer({ ...issuer.env, POLICY_FILE: policyFile, CALLBACK_TIMEOUT_SECONDS: '2' }, { clock });
  await server.startJobs();
});
afterEach(async () => {
  for (const receiver of receivers.splice(0)) await receiver.down();
});
afterAll(async () => {
  await server.close();
  await issuer.close();
  await rm(folder, { recursive: true });
});

const as = (name: Name): Record<string, string> => tokens.get(name)!;
const rest = (name: Name, method: string, path: string, body?: object): Promise<RestAnswer> =>
  server.rest(method, path, { headers: as(name), ...(body && { body }) });

async function listen(): Promise<Receiver> {
  const receiver = await Receiver.start();
  receivers.push(receiver);
  return receiver;
}

async function register(
  receiver: Receiver,
  query?: string,
  name: Name = 'root',
): Promise<{ id: string; secret: string }> {
  const { status, body } = await rest(name, 'POST', '/hub', { callback: receiver.url, query });
  expect({ status, body }).toMatchObject({ status: 201 });
  return body;
}

async function bucket(own: object = {}): Promise<string> {
  const remainingValue = { amount: 100, units: 'EUR' };
  const { status, body } = await rest('root', 'POST', '/bucket', { usageType: 'monetary', remainingValue, ...own });
  expect(status).toBe(201);
  return body.id as string;
}

const topup = (id: string, amount = 1): Promise<RestAnswer> =>
  rest('root', 'POST', '/topupBalance', { bucket: { id }, amount: { amount, units: 'EUR' } });

/** Ids of all events of a resource, in the order of its changes. */
async function toldOf(resourceType: string, resourceId: string): Promise<string[]> {
  const rows = await server.database.client.outbox.findMany({
    where: { tenantId: 'default', resourceType, resourceId },
    orderBy: { id: 'asc' },
  });
  return rows.map(({ id }) => id);
}

const have = (receiver: Receiver, count: number): Promise<true> =>
  eventually(`there are ${count} events`, () => (receiver.events.length >= count ? true : undefined));

describe('a registration', () => {
  it('is made, read and deleted at the hub of its API, and is not there twice', async () => {
    const receiver = await listen();
    const made = await rest('clerk', 'POST', '/hub', { callback: receiver.url, query: 'eventType=BucketCreateEvent' });
    expect(made).toMatchObject({
      status: 201,
      body: { id: expect.any(String), api: 'TMF654', callback: receiver.url, secret: expect.any(String) },
    });
    const { id } = made.body;
    expect(made.headers.get('location')).toBe(`${server.url}/tmf-api/prepayBalanceManagement/v4/hub/${id}`);
    const read = await rest('clerk', 'GET', `/hub/${id}`);
    expect(read.body).toEqual({ ...made.body, secret: undefined, delivery: expect.any(Object) });
    const list = await rest('clerk', 'GET', '/hub');
    expect(list.body).toEqual([read.body]);
    expect(
      (await rest('clerk', 'POST', '/hub', { callback: receiver.url, query: 'eventType=BucketCreateEvent' })).status,
    ).toBe(409);

    const other = `${server.url}/tmf-api/usageManagement/v4/hub`;
    const headers = as('clerk');
    expect(await (await fetch(other, { headers })).json()).toEqual([]);
    for (const method of ['GET', 'DELETE'])
      expect((await fetch(`${other}/${id}`, { method, headers })).status).toBe(404);
    // Somebody else's.
    expect((await rest('ann', 'GET', `/hub/${id}`)).status).toBe(404);
    expect((await rest('ann', 'DELETE', `/hub/${id}`)).status).toBe(404);
    const rotate = `mutation { rotateHubSecret(id: "${id}") { secret } }`;
    expect((await server.graphql(rotate, {}, as('ann'))).errors?.[0]?.extensions.code).toBe('NOT_FOUND');
    expect((await server.graphql(rotate, {}, as('guest'))).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    expect((await rest('guest', 'POST', '/hub', { callback: receiver.url })).status).toBe(403);

    expect((await rest('clerk', 'DELETE', `/hub/${id}`)).status).toBe(204);
    expect((await rest('clerk', 'GET', `/hub/${id}`)).status).toBe(404);
    const { client } = server.database;
    expect(await client.hubCursor.count({ where: { hubId: id } })).toBe(0);
  });

  it('is made, read and deleted in GraphQL, of one API or of all', async () => {
    const create =
      'mutation ($input: HubCreate!) { createHub(input: $input, idempotencyKey: "k") { id api callback secret } }';
    const input = { callback: 'http://192.0.2.1/a', secret: 'a secret of sixteen' };
    const { data } = await server.graphql(create, { input }, as('root'));
    expect(data.createHub).toMatchObject({ api: null, ...input });
    // What is told once is not in the answer that is repeated.
    const again = await server.graphql(create, { input }, as('root'));
    expect(again.data.createHub).toEqual({ ...data.createHub, secret: null });
    const { id } = data.createHub;
    const read = await server.graphql(
      'query ($id: ID!) { hub(id: $id) { id secret } hubs { items { id secret } } }',
      { id },
      as('root'),
    );
    expect(read.data).toEqual({ hub: { id, secret: null }, hubs: { items: [{ id, secret: null }] } });
    const gone = await server.graphql('mutation ($id: ID!) { deleteHub(id: $id) }', { id }, as('root'));
    expect(gone.data).toEqual({ deleteHub: id });
    const { client } = server.database;
    const kept = [
      await client.outbox.findMany(),
      await client.idempotency.findMany(),
      await client.auditRecord.findMany(),
    ];
    expect(JSON.stringify(kept, (_name, value) => (typeof value === 'bigint' ? `${value}` : value))).not.toContain(
      input.secret,
    );
  });

  it.each([
    [{ callback: 'ftp://example.org/' }, 'callback'],
    [{ callback: 'not a URL' }, 'callback'],
    [{ callback: 'http://user:pass@example.org/' }, 'callback'],
    [{ callback: 'http://example.org/', secret: 'short' }, 'secret'],
    [{ callback: 'http://example.org/', query: 'eventType=UsageCreateEvent' }, 'eventType'],
    [{ callback: 'http://example.org/', query: 'event.bucket.colour=red' }, 'event.bucket.colour'],
    [{ callback: 'http://example.org/', query: 'event.usage.status=guided' }, 'event.usage.status'],
    [{ callback: 'http://example.org/', query: 'status=active' }, 'status'],
    [{ callback: 'http://example.org/', query: 'limit=5' }, 'limit'],
    [{ callback: 'http://example.org/', query: 'fields=status' }, 'status'],
    [{ callback: 'http://example.org/', query: 'fields=event.bucket.colour' }, 'event.bucket.colour'],
    [{ callback: 'http://example.org/', query: 'fields=event.bucket.status.colour' }, 'event.bucket.status.colour'],
    [{ callback: 'http://example.org/', query: 'fields=event.usage.status' }, 'event.usage.status'],
    [{ callback: 'http://example.org/', query: 'event.bucket.href=a' }, 'event.bucket.href'],
    [{ callback: 'http://example.org/', api: 'TMF635' }, 'api'],
    [{ callback: 'http://example.org/', colour: 'red' }, 'colour'],
  ])('is refused: %j', async (body, named) => {
    const answer = await rest('root', 'POST', '/hub', body);
    expect(answer.status).toBe(400);
    expect(answer.body.message).toContain(named);
  });

  it('cannot choose by what is hidden', async () => {
    const body = { callback: 'http://example.org/', query: 'event.bucket.description=secret' };
    expect((await rest('ann', 'POST', '/hub', body)).status).toBe(403);
    const selecting = { callback: 'http://example.org/', query: 'fields=event.bucket.description' };
    expect((await rest('ann', 'POST', '/hub', selecting)).status).toBe(403);
  });
});

describe('events', () => {
  it('come as TMF writes them, signed, each change in its order, and none of what was refused', async () => {
    const receiver = await listen();
    const { secret, id: hubId } = await register(receiver);
    const id = await bucket({ name: 'told' });
    expect((await topup(id, -5)).status).toBe(400);
    for (let revision = 1; revision <= 5; revision++)
      await rest('root', 'PATCH', `/bucket/${id}`, { name: `told ${revision}` });
    const { body: done } = await topup(id);
    await have(receiver, 8);
    const own = receiver.events.filter(({ event }) => event.bucket?.id === id);
    // The last is that of the top-up.
    const [created, ...others] = own.slice(0, -1);
    expect(created).toEqual({
      eventId: expect.any(String),
      eventTime: clock.now().toISOString(),
      eventType: 'BucketCreateEvent',
      event: { bucket: expect.objectContaining({ id, name: 'told', remainingValue: { amount: 100, units: 'EUR' } }) },
    });
    const { body: read } = await rest('root', 'GET', `/bucket/${id}`);
    // Computed when it is read, or changed by the top-up.
    const { remainingValue: _, reserveBalance: __, ...described } = read;
    expect(others.at(-1).event.bucket).toMatchObject(described);
    expect(others.map(({ event }) => event.bucket.name)).toEqual([1, 2, 3, 4, 5].map((n) => `told ${n}`));
    const [filled] = await toldOf('topupBalance', done.id);
    expect(own.map(({ eventId }) => eventId)).toEqual([...(await toldOf('bucket', id)), `${filled}.${id}`]);
    expect(receiver.events.find(({ event }) => event.topupBalance)).toMatchObject({
      eventType: 'TopupBalanceCreateEvent',
      event: { topupBalance: { id: done.id, href: done.href } },
    });
    const isSigned = await documentedIsSigned();
    for (const { headers, body, event } of receiver.deliveries) {
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'x-event-id': event.eventId,
        ...{ 'x-event-api': 'TMF654', 'x-event-api-version': 'v4' },
        'x-delivery-attempt': '1',
      });
      const signature = headers['x-signature'] as string;
      expect(isSigned(signature, body, secret, clock.now().getTime())).toBe(true);
      expect(isSigned(signature, `${body} `, secret, clock.now().getTime())).toBe(false);
      expect(isSigned(signature, body, `${secret}x`, clock.now().getTime())).toBe(false);
      expect(isSigned(signature, body, secret, clock.now().getTime() + 600_000)).toBe(false);
    }
    await rest('root', 'DELETE', `/hub/${hubId}`);
    const before = receiver.deliveries.length;
    const second = await listen();
    await register(second);
    await topup(id);
    await have(second, 1);
    expect(receiver.deliveries).toHaveLength(before);
  });

  it('are those that the query chooses', async () => {
    const [created, rich] = [await listen(), await listen()];
    await register(created, 'eventType=BucketCreateEvent,BucketDeleteEvent');
    await register(rich, 'event.bucket.remainingValue.amount.gt=500&event.bucket.name.startsWith=ri');
    await bucket({ name: 'poor' });
    const id = await bucket({ name: 'rich', remainingValue: { amount: 501, units: 'EUR' } });
    await topup(id);
    await bucket({ name: 'richer', remainingValue: { amount: 900, units: 'EUR' } });
    await have(created, 3);
    await have(rich, 2);
    expect(created.events.map(({ eventType }) => eventType)).toEqual(Array(3).fill('BucketCreateEvent'));
    expect(rich.events.map(({ event }) => event.bucket.name)).toEqual(['rich', 'richer']);
  });

  it('say of resources what the query selects, and which these are', async () => {
    const [thin, none] = [await listen(), await listen()];
    const chosen = 'event.bucket.status,event.bucket.remainingValue.amount,event.bucket.relatedParty.role';
    await register(thin, `event.bucket.usageType=monetary&fields=${chosen}&fields=event.bucket.href`);
    await register(none, 'fields=none');
    const relatedParty = [{ id: 'ann', role: 'customer', '@referredType': 'Individual' }];
    const id = await bucket({ name: 'told', relatedParty });
    await topup(id);
    await have(thin, 2);
    await have(none, 3);
    const href = `${server.url}/tmf-api/prepayBalanceManagement/v4/bucket/${id}`;
    const status = 'active';
    expect(thin.events.map(({ event }) => event)).toEqual([
      { bucket: { id, href, status, remainingValue: { amount: 100 }, relatedParty: [{ role: 'customer' }] } },
      { bucket: { id, href, status, remainingValue: { amount: 101 } } },
    ]);
    expect(none.events.map(({ event }) => event)).toEqual(
      expect.arrayContaining([
        { bucket: { id, href } },
        { topupBalance: { id: expect.any(String), href: expect.any(String) } },
      ]),
    );
  });

  it('are those that the principal may see, without what is hidden from it', async () => {
    const [ann, biller, root] = [await listen(), await listen(), await listen()];
    await register(ann, undefined, 'ann');
    await register(biller, undefined, 'biller');
    await register(root);
    const relatedParty = (id: string): object => ({
      relatedParty: [{ id, role: 'customer', '@referredType': 'Individual' }],
    });
    const foreign = await bucket({ ...relatedParty('bob'), description: 'of bob' });
    const own = await bucket({ ...relatedParty('ann'), description: 'of ann' });
    const transfer = await rest('root', 'POST', '/transferBalance', {
      bucket: { id: own },
      receiverBucket: { id: foreign },
      amount: { amount: 3, units: 'EUR' },
    });
    expect(transfer.status).toBe(201);
    await have(root, 5);
    await have(ann, 3);
    // The biller's have been gone through when nothing is behind its cursor.
    const first = ann.events.find(({ eventType }) => eventType === 'BucketCreateEvent');
    const second = ann.events.find(({ event }) => event.transferBalance);
    expect(first.event.bucket.id).toBe(own);
    expect(first.event.bucket.description).toBeUndefined();
    const { impactedBucket } = second.event.transferBalance;
    expect(impactedBucket.find((one: any) => one.bucket.id === foreign)).toEqual({ bucket: { id: foreign } });
    expect(Object.keys(impactedBucket.find((one: any) => one.bucket.id === own)).length).toBeGreaterThan(1);
    // Of both buckets that moved, her own.
    const moved = ann.events.filter(({ eventType }) => eventType === 'BucketAttributeValueChangeEvent');
    expect(moved.map(({ event }) => event.bucket.id)).toEqual([own]);
    expect(ann.events).toHaveLength(3);
    expect(biller.events).toHaveLength(0);
    expect(root.events.some(({ event }) => event.bucket?.description === 'of bob')).toBe(true);
  });

  it('of everybody else come while one receiver hangs and one fails', async () => {
    const [hanging, failing, ...healthy] = await Promise.all(Array.from({ length: 8 }, listen));
    const attempts = new Map<string, number[]>();
    hanging!.manner = () => 'hang';
    failing!.manner = ({ event, headers }) => {
      const before = attempts.get(event.eventId) ?? [];
      attempts.set(event.eventId, [...before, Number(headers['x-delivery-attempt'])]);
      return before.length === 0 ? 503 : before.length === 1 ? 302 : 200;
    };
    for (const receiver of [hanging, failing, ...healthy]) await register(receiver!, 'eventType=BucketCreateEvent');
    const ids: string[] = [];
    for (let count = 0; count < 5; count++) ids.push(await bucket());
    for (const receiver of healthy) {
      await have(receiver, 5);
      expect(receiver.events.map(({ event }) => event.bucket.id).sort()).toEqual(ids);
      expect(receiver.deliveries).toHaveLength(5);
    }
    expect(hanging!.deliveries).toHaveLength(0);
    await have(failing!, 5);
    expect(failing!.events.map(({ event }) => event.bucket.id).sort()).toEqual([...ids].sort());
    expect([...attempts.values()]).toEqual(ids.map(() => [1, 2, 3]));
  });
});
