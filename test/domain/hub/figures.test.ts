import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';
import { startTestServer, TestClock, type TestServer } from '../../support/server.js';
import { Receiver } from './receiver.js';

jest.setTimeout(120_000);

const hour = 3_600;
let database: TestDatabase;
let server: TestServer;
let receiver: Receiver;

beforeAll(async () => {
  database = await openTestDatabase();
});
afterEach(async () => {
  await server.close();
  await receiver.down();
  await database.client.hub.deleteMany();
  await database.client.hubCursor.deleteMany();
  await database.client.hubDeadLetter.deleteMany();
});
afterAll(() => database.close());

/** A server with one registration; it delivers once its jobs have started. */
async function register(env: Record<string, string> = {}): Promise<string> {
  const kept = { ...database, close: () => Promise.resolve() };
  server = await startTestServer({ CALLBACK_TIMEOUT_SECONDS: '2', ...env }, { database: kept, clock: new TestClock() });
  receiver = await Receiver.start();
  const { status, body } = await server.rest('POST', '/hub', { body: { callback: receiver.url } });
  expect(status).toBe(201);
  return body.id as string;
}

const figures = 'delivered lastDeliveredAt deadLetters failedAttempts lastError nextAttemptAt lagSeconds';

async function delivery(id: string): Promise<any> {
  const { data } = await server.graphql(`query ($id: ID!) { hub(id: $id) { delivery { ${figures} } } }`, { id });
  return data.hub.delivery;
}

/** Waits for what the figures come to. */
const comesTo = (id: string, wanted: object): Promise<any> =>
  eventually(`the figures come to ${JSON.stringify(wanted)}`, async () => {
    const found = await delivery(id);
    return Object.entries(wanted).every(([name, value]) => found[name] === value) ? found : undefined;
  });

/** Events that happened so many hours ago, in the order of their ids. */
async function events(
  hours: number,
  { resource = 'bucket', tenant = 'default', count = 1 }: { resource?: string; tenant?: string; count?: number } = {},
): Promise<void> {
  await database.transaction(
    async (tx) =>
      void (await tx.statement(
        `INSERT INTO "Outbox" ("tenantId", "id", "eventType", "resourceType", "resourceId", "occurredAt", "payload")
         SELECT $1, gen_random_uuid()::text, initcap($2) || 'CreateEvent', $2, 'r', now() - make_interval(hours => $3::int), '{"id": "r"}'
         FROM generate_series(1, $4::int)`,
        [tenant, resource, hours, count],
      )),
  );
}

const isAbout = (seconds: number, hours: number): void => {
  expect(seconds).toBeGreaterThanOrEqual(hours * hour);
  expect(seconds).toBeLessThan((hours + 0.5) * hour);
};

describe('the figures of a registration', () => {
  it('count what was taken, the same in TMF REST, and are no change of it', async () => {
    const id = await register();
    expect(await delivery(id)).toEqual({
      ...{ delivered: 0, lastDeliveredAt: null, deadLetters: 0, failedAttempts: 0 },
      ...{ lastError: null, nextAttemptAt: null, lagSeconds: 0 },
    });
    const etag = async (): Promise<string> => (await server.rest('GET', `/hub/${id}`)).headers.get('etag') ?? '';
    const before = await etag();
    expect(await etag()).toBe(before);
    await server.startJobs();
    await events(1, { count: 3 });
    const found = await comesTo(id, { delivered: 3 });
    expect(found).toEqual({
      ...{ delivered: 3, lastDeliveredAt: '2026-03-01T12:00:00.000Z', deadLetters: 0, failedAttempts: 0 },
      ...{ lastError: null, nextAttemptAt: null, lagSeconds: 0 },
    });
    const { body } = await server.rest('GET', `/hub/${id}`);
    const shown = Object.fromEntries(Object.entries(found).filter(([, value]) => value !== null));
    expect(body).toMatchObject({ id, delivery: shown });
    expect(await etag()).not.toBe(before);
    expect((await server.rest('GET', '/hub?delivery.failedAttempts.gt=0')).body).toEqual([]);
    expect((await server.rest('GET', '/hub?delivery.delivered=3&fields=delivery.lagSeconds')).body).toMatchObject([
      { delivery: { lagSeconds: 0 } },
    ]);
    const { data } = await server.graphql('{ hubs { items { id revision } } }');
    expect(data.hubs.items).toEqual([{ id, revision: 1 }]);
    const told = await database.client.outbox.findMany({ where: { resourceType: 'hub' } });
    expect(told.filter(({ resourceId }) => resourceId === id).map(({ eventType }) => eventType)).toEqual([
      'HubCreateEvent',
    ]);
  });

  it('say what fails, since when, and that it is over', async () => {
    const id = await register();
    receiver.manner = () => 503;
    await events(10, { resource: 'usage' });
    await events(3);
    await events(1);
    await server.startJobs();
    const failing = await eventually('it has failed', async () => {
      const found = await delivery(id);
      return found.failedAttempts > 0 ? found : undefined;
    });
    expect(failing).toMatchObject({ delivered: 0, lastError: 'it answered 503', nextAttemptAt: expect.any(String) });
    // The older one is no event of this API.
    isAbout(failing.lagSeconds, 3);
    receiver.manner = () => 204;
    await comesTo(id, { delivered: 2, failedAttempts: 0, lastError: null, nextAttemptAt: null, lagSeconds: 0 });
  });

  it('count dead letters, and what is taken when it is sent again', async () => {
    const id = await register({ CALLBACK_RETRY_SECONDS: '0' });
    receiver.manner = () => 500;
    await server.startJobs();
    const { body } = await server.rest('POST', '/bucket', { body: { usageType: 'monetary' } });
    await comesTo(id, { deadLetters: 1, delivered: 0, lagSeconds: 0 });
    receiver.manner = () => 204;
    const { data } = await server.graphql('{ hubDeadLetters { items { id resourceId } } }');
    expect(data.hubDeadLetters.items).toEqual([{ id: expect.any(String), resourceId: body.id }]);
    const [letter] = data.hubDeadLetters.items;
    await server.graphql('mutation ($id: ID!) { resendHubDeadLetter(id: $id) { id } }', { id: letter.id });
    await comesTo(id, { deadLetters: 0, delivered: 1 });
  });

  it('tell the age of what nobody has looked at, past the events of other tenants', async () => {
    const id = await register();
    await events(9, { tenant: 'other' });
    expect((await delivery(id)).lagSeconds).toBe(0);
    await events(2);
    isAbout((await delivery(id)).lagSeconds, 2);
    await database.client.outbox.deleteMany({ where: { resourceId: 'r' } });
    // Of so many no more are looked at: what comes behind them is no older.
    await events(5, { tenant: 'other', count: 1_000 });
    isAbout((await delivery(id)).lagSeconds, 5);
    await database.client.outbox.deleteMany({ where: { resourceId: 'r' } });
  });
});

it('a secret that was told once can be neither found nor sorted by', async () => {
  await register();
  for (const asked of ['filter: { secret: { isNull: true } }', 'orderBy: [{ secret: ASC }]']) {
    const { errors } = await server.graphql(`{ hubs(${asked}) { items { id } } }`);
    expect(errors?.[0]?.message).toContain('secret');
  }
  for (const query of ['secret.isnull=true', 'sort=secret']) {
    const { status, body } = await server.rest('GET', `/hub?${query}`);
    expect({ status, message: body.message }).toEqual({ status: 400, message: expect.stringContaining('secret') });
  }
  expect((await server.rest('GET', '/hub?fields=secret')).body).toEqual([{}]);
});
