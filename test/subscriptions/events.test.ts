import { get, request } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { openTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { startTestServer, TestClock, type TestServer } from '../support/server.js';
import { Subscriber, type SubscriberOptions } from '../support/subscriber.js';

jest.setTimeout(60_000);

const clock = new TestClock();
let database: TestDatabase;
let server: TestServer;
const subscribers: Subscriber[] = [];

const start = (env: Record<string, string> = {}): Promise<TestServer> =>
  startTestServer(env, { database: { ...database, close: () => Promise.resolve() }, clock });

beforeAll(async () => {
  database = await openTestDatabase();
  server = await start();
});
afterEach(async () => {
  for (const one of subscribers.splice(0)) await one.close();
});
afterAll(async () => {
  await server.close();
  await database.close();
});

const fields = 'eventId eventTime eventType resourceType resourceId';

function subscribe(query: string, variables: Record<string, unknown> = {}, options?: SubscriberOptions): Subscriber {
  const one = new Subscriber(server.url, query, variables, options);
  subscribers.push(one);
  return one;
}

/** The id of the last event so far. */
async function lastEvent(): Promise<string> {
  const last = await database.client.outbox.findFirst({
    orderBy: [{ epoch: 'desc' }, { transactionId: 'desc' }, { id: 'desc' }],
  });
  return last!.id;
}

async function bucket(name = 'a bucket'): Promise<string> {
  const { status, body } = await server.rest('POST', '/bucket', { body: { usageType: 'monetary', name } });
  expect(status).toBe(201);
  return body.id as string;
}

const rename = (id: string, name: string): Promise<unknown> =>
  server.rest('PATCH', `/bucket/${id}`, { body: { name } });

describe('events', () => {
  it('come as they are committed, with the resource as it stood, and what lies beside it', async () => {
    await bucket();
    const one = subscribe(
      `subscription ($after: ID) { events(types: [BucketCreateEvent, BucketAttributeValueChangeEvent], after: $after) {
         ${fields}
         resource { __typename nodeId ... on Bucket { id name status href revision actions(limit: 1) { totalCount } } }
       } }`,
      { after: await lastEvent() },
    );
    const id = await bucket('first');
    await rename(id, 'second');
    await one.have(2);
    expect(one.results.flatMap(({ errors }) => errors ?? [])).toEqual([]);
    expect(one.events).toMatchObject([
      {
        eventType: 'BucketCreateEvent',
        eventTime: clock.now().toISOString(),
        resourceType: 'bucket',
        resourceId: id,
        resource: { __typename: 'Bucket', id, name: 'first', status: 'active', actions: { totalCount: 0 } },
      },
      {
        eventType: 'BucketAttributeValueChangeEvent',
        resource: { id, name: 'second', href: expect.stringContaining(id) },
      },
    ]);
  });

  it('begin with what happens from now on', async () => {
    // Events can be told when no earlier transaction of the cluster is running.
    const earlier = subscribe('subscription ($after: ID) { events(after: $after) { eventId } }', {
      after: await lastEvent(),
    });
    await bucket('before');
    await earlier.have(1);
    const one = subscribe('subscription { events { resource { ... on Bucket { name } } } }');
    await eventually('it has begun', async () => {
      await bucket('after');
      return one.events.length > 0 ? true : undefined;
    });
    expect(new Set(one.events.map(({ resource }) => resource.name))).toEqual(new Set(['after']));
  });

  it('are chosen by name and by the language of a hub', async () => {
    const one = subscribe(
      `subscription ($after: ID) {
         events(after: $after, types: [BucketCreateEvent], filter: "event.bucket.name.startsWith=chosen") { resourceId }
       }`,
      { after: await lastEvent() },
    );
    await bucket('other');
    const id = await bucket('chosen 1');
    await rename(id, 'chosen 2');
    const last = await bucket('chosen 3');
    await one.have(2);
    expect(one.events.map(({ resourceId }) => resourceId)).toEqual([id, last]);
  });

  it.each([
    ['subscription { events(filter: "event.bucket.colour=red") { eventId } }', 'INVALID_QUERY', 'event.bucket.colour'],
    ['subscription { events(filter: "eventType=NoEvent") { eventId } }', 'INVALID_QUERY', 'eventType'],
    ['subscription { events(filter: "limit=5") { eventId } }', 'INVALID_QUERY', 'limit'],
    ['subscription { events(types: [NoEvent]) { eventId } }', 'GRAPHQL_VALIDATION_FAILED', 'NoEvent'],
    ['subscription { events(colour: 1) { eventId } }', 'GRAPHQL_VALIDATION_FAILED', 'colour'],
    ['subscription { events { colour } }', 'GRAPHQL_VALIDATION_FAILED', 'colour'],
    ['subscription { events ', 'GRAPHQL_PARSE_FAILED', 'Expected Name'],
    ['subscription { a: events { eventId } b: events { eventId } }', 'GRAPHQL_VALIDATION_FAILED', 'only one top level'],
    ['query { buckets { totalCount } }', 'GRAPHQL_VALIDATION_FAILED', 'send a query to /graphql by POST'],
    ['mutation { deleteBucket(id: "1") }', 'GRAPHQL_VALIDATION_FAILED', 'send a mutation to /graphql by POST'],
    ['subscription ($after: ID!) { events(after: $after) { eventId } }', 'BAD_USER_INPUT', 'after'],
    ['subscription { events(after: "nobody") { eventId } }', 'EVENTS_GONE', 'nobody'],
    [
      `subscription { events { resource { ...on Bucket { ${'relatedParty { party { buckets { items { '.repeat(4)} id ${'} } } }'.repeat(4)} } } } }`,
      'GRAPHQL_VALIDATION_FAILED',
      'SELECTION_DEPTH_MAX',
    ],
  ])('refuse %s', async (query, code, named) => {
    const [error] = await subscribe(query).ended();
    expect(error).toMatchObject({
      message: expect.stringContaining(named),
      extensions: { code, status: code === 'EVENTS_GONE' ? 410 : 400 },
    });
  });

  it.each(['\u0000', 'x'.repeat(2_000), '.', "'"])('are gone behind an id that nobody has: %j', async (after) => {
    const [error] = await subscribe('subscription ($after: ID) { events(after: $after) { eventId } }', {
      after,
    }).ended();
    expect(error.extensions).toMatchObject({ code: 'EVENTS_GONE', oldest: expect.any(String) });
  });

  it('refuse what costs too much', async () => {
    const cheap = await start({ OPERATION_COST_MAX: '10000' });
    try {
      const query = 'subscription { events { resource { ... on Bucket { actions { items { id } } } } } }';
      const costly = new Subscriber(cheap.url, query);
      subscribers.push(costly);
      const [error] = await costly.ended();
      expect(error.extensions).toMatchObject({ code: 'OPERATION_TOO_COSTLY', status: 400 });
    } finally {
      await cheap.close();
    }
  });
});

describe('a subscriber', () => {
  it('goes on behind an event after the server was restarted: nothing is lost, and nothing comes twice', async () => {
    const query = 'subscription ($after: ID) { events(after: $after) { eventId resourceId } }';
    const after = await lastEvent();
    const one = subscribe(query, { after });
    const wanted = [await bucket(), await bucket(), await bucket()];
    await one.have(3);
    await server.close();
    const error = await one.ended();
    expect(error).toMatchObject({ code: 1001 });
    server = await start();
    wanted.push(await bucket(), await bucket());
    const again = subscribe(query, { after: one.events[1].eventId });
    wanted.push(await bucket());
    await again.have(4);
    expect([...one.events.slice(0, 2), ...again.events].map(({ resourceId }) => resourceId)).toEqual(wanted);
    // From far behind, from the database.
    const all = subscribe(query, { after });
    await all.have(6);
    expect(all.events.map(({ resourceId }) => resourceId)).toEqual(wanted);
  });

  it('is told what another server on the database does, and goes on there', async () => {
    const other = await start();
    try {
      const query = 'subscription ($after: ID) { events(after: $after) { eventId resourceId } }';
      const one = subscribe(query, { after: await lastEvent() });
      const { body } = await other.rest('POST', '/bucket', { body: { usageType: 'data' } });
      const [event] = await one.have(1);
      expect(event.resourceId).toBe(body.id);
      const next = await bucket();
      const there = new Subscriber(other.url, query, { after: event.eventId });
      subscribers.push(there);
      const [following] = await there.have(1);
      expect(following.resourceId).toBe(next);
    } finally {
      await other.close();
    }
  });

  it('is told when what it has not seen is no longer kept, and what is', async () => {
    const gone = await lastEvent();
    await bucket();
    await bucket();
    await database.client.outbox.deleteMany({ where: { id: { lte: gone } } });
    const [error] = await subscribe('subscription ($after: ID) { events(after: $after) { eventId } }', {
      after: gone,
    }).ended();
    const kept = await database.client.outbox.findMany({
      orderBy: [{ epoch: 'asc' }, { transactionId: 'asc' }, { id: 'asc' }],
    });
    expect(error.extensions).toMatchObject({ code: 'EVENTS_GONE', status: 410, oldest: kept[0]!.id });
  });
});

describe('an upgrade', () => {
  it('that is not meant for subscriptions means nothing', async () => {
    const { port } = new URL(server.url);
    for (const [path, upgrade] of [
      ['/health/live', 'h2c'],
      ['/health/live', 'websocket'],
    ] as const) {
      const status = await new Promise((resolve, reject) => {
        get({ port, path, headers: { connection: 'upgrade', upgrade } }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        }).on('error', reject);
      });
      expect({ path, upgrade, status }).toEqual({ path, upgrade, status: 200 });
    }
  });

  it('that is offered with a body is no hindrance, and a tunnel is not made', async () => {
    const { port } = new URL(server.url);
    const ask = (method: string, path: string): Promise<unknown> =>
      new Promise((resolve) => {
        const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'content-type': 'application/json' };
        const asked = request({ port, method, path, ...(method === 'POST' && { headers }) }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        });
        asked.on('connect', () => resolve('connected')).on('error', () => resolve('cut'));
        asked.end(method === 'POST' ? JSON.stringify({ query: '{ buckets(limit: 1) { totalCount } }' }) : undefined);
      });
    expect(await ask('POST', '/graphql')).toBe(200);
    expect(await ask('CONNECT', '127.0.0.1:22')).toBe('cut');
  });

  it('by a page of another origin is refused', async () => {
    const page = subscribe('subscription { events { eventId } }', {}, { headers: { origin: 'http://evil.example' } });
    expect(String((await page.ended()).message)).toContain('403');
  });
});
