import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { pino } from 'pino';
import { call, createMigratedStorage, killAll, Program, startMaxMs } from '../program.js';
import { eventsOfBrokers as expected } from './expected.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { NatsServer } from '../../support/nats-server.js';
import { startTestServer, type TestServer } from '../../support/server.js';

jest.setTimeout(4 * startMaxMs);

interface Told {
  readonly subject: string;
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: any;
}

let nats: NatsServer;
const ending: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  await startNats();
});
afterEach(async () => {
  await killAll();
  for (const end of ending.splice(0).reverse()) await end();
});

async function startNats(more?: string): Promise<void> {
  const started = await NatsServer.start(more);
  ending.push(() => started.remove());
  nats = started;
}

async function client(): Promise<NatsConnection> {
  const connection = await connect({ servers: `127.0.0.1:${nats.port}`, user: 'teller', pass: 'secret-word' });
  ending.push(() => connection.close());
  return connection;
}

/** All that the stream has so far, as a consumer gets it. */
async function told(connection: NatsConnection, stream = 'tmf-events'): Promise<Told[]> {
  const manager = await jetstreamManager(connection);
  const info = await manager.streams.info(stream).catch(() => undefined);
  const count = info?.state.messages ?? 0;
  if (count === 0) return [];
  const consumer = await jetstream(connection).consumers.get(stream, { deliver_policy: DeliverPolicy.All });
  const found: Told[] = [];
  for await (const message of await consumer.fetch({ max_messages: count, expires: 10_000 })) {
    const { headers, subject } = message;
    const names = headers?.keys() ?? [];
    found.push({
      subject,
      id: headers?.get('Nats-Msg-Id') ?? '',
      headers: Object.fromEntries(names.map((name) => [name, headers?.get(name) ?? ''])),
      body: message.json(),
    });
    if (found.length === count) break;
  }
  return found;
}

const names = (events: readonly Told[], bucket: string): string[] =>
  events.filter(({ body }) => body.event.bucket?.id === bucket).map(({ body }) => body.event.bucket.name);

describe('NATS', () => {
  let database: TestDatabase;
  let server: TestServer;
  let log = '';

  async function start(env: Record<string, string> = {}): Promise<void> {
    const kept = { ...database, close: () => Promise.resolve() };
    const logger = pino({ level: 'trace' }, { write: (line: string) => void (log += line) });
    const settings = { NATS_URL: nats.url, ...env };
    server = await startTestServer(settings, { database: kept, logger });
    await server.startJobs();
  }
  beforeEach(async () => {
    log = '';
    database = await openTestDatabase();
    ending.push(() => database.close());
    ending.push(() => server.close());
  });

  const bucket = async (name: string): Promise<string> =>
    (
      await server.rest('POST', '/bucket', {
        body: { usageType: 'monetary', name, remainingValue: { amount: 9, units: 'EUR' } },
      })
    ).body.id;
  const rename = (id: string, name: string): Promise<unknown> =>
    server.rest('PATCH', `/bucket/${id}`, { body: { name } });

  it('is told every change, as TMF writes it, with what it is about in subject and headers', async () => {
    await start();
    const connection = await client();
    const id = await bucket('first');
    await rename(id, 'second');
    const topup = await server.rest('POST', '/topupBalance', {
      body: { bucket: { id }, amount: { amount: 1, units: 'EUR' } },
    });
    const found = await eventually('all is told', async () => {
      const events = await told(connection);
      return events.length >= 4 ? events : undefined;
    });
    expect(found.map(({ id: eventId }) => eventId).sort()).toEqual(await expected(database));
    expect(found[0]).toMatchObject({
      subject: 'tmf.default.TMF654.bucket.BucketCreateEvent',
      headers: {
        'event-id': found[0]!.id,
        'event-type': 'BucketCreateEvent',
        'tenant-id': 'default',
        'resource-type': 'bucket',
        'resource-id': id,
        ...{ api: 'TMF654', 'api-version': 'v4' },
      },
      body: { eventId: found[0]!.id, eventTime: expect.any(String), eventType: 'BucketCreateEvent' },
    });
    const { body } = found.find(({ body: { eventType } }) => eventType === 'TopupBalanceCreateEvent')!;
    const { id: topupId, href } = topup.body;
    // Whoever reads it has another address of the server than who made it: PUBLIC_URL, which is not set here.
    const { pathname } = new URL(href);
    expect(body.event.topupBalance).toMatchObject({ id: topupId, href: pathname, amount: { amount: 1, units: 'EUR' } });
    expect(names(found, id).slice(0, 2)).toEqual(['first', 'second']);
  });

  it('gets what was changed while it was down, once and in its order, and nothing of its password is logged', async () => {
    await start();
    const id = await bucket('n0');
    const other = await bucket('m0');
    const connection = await client();
    await eventually('it has begun', async () => ((await told(connection)).length >= 2 ? true : undefined));
    await nats.kill();
    for (let round = 1; round <= 5; round++) await Promise.all([rename(id, `n${round}`), rename(other, `m${round}`)]);
    await eventually('it is missed', () => (log.includes('events wait') ? true : undefined));
    await nats.up();
    const again = await client();
    const found = await eventually('all is told', async () => {
      const events = await told(again);
      return events.length >= 12 ? events : undefined;
    });
    expect(found.map(({ id: eventId }) => eventId).sort()).toEqual(await expected(database));
    expect(names(found, id)).toEqual(['n0', 'n1', 'n2', 'n3', 'n4', 'n5']);
    expect(names(found, other)).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5']);
    expect(log).not.toContain('secret-word');
  });

  it('that is away keeps the server neither from its start nor from its stop', async () => {
    await nats.kill();
    await start();
    const id = await bucket('n0');
    await eventually('it is missed', () => (log.includes('events wait') ? true : undefined));
    await server.close();
    await nats.up();
    await start();
    const connection = await client();
    const found = await eventually('it is told', async () => {
      const events = await told(connection);
      return events.length >= 1 ? events : undefined;
    });
    expect(names(found, id)).toEqual(['n0']);
  });

  it('is told the address alone of what is larger than its messages', async () => {
    await startNats('max_payload: 4096');
    await start();
    const connection = await client();
    const { body } = await server.rest('POST', '/bucket', {
      body: { usageType: 'monetary', description: 'x'.repeat(5_000) },
    });
    const [event] = await eventually('it is told', async () => {
      const events = await told(connection);
      return events.length >= 1 ? events : undefined;
    });
    expect(event!.body).toMatchObject({ eventId: event!.id, eventType: 'BucketCreateEvent' });
    expect(event!.body.event).toEqual({ bucket: { id: body.id, href: new URL(body.href).pathname } });
  });

  it('is told what has room for its body and none for its headers', async () => {
    const maxBytes = 8_192;
    await startNats(`max_payload: ${maxBytes}`);
    await start();
    const connection = await client();
    const sizes = Array.from({ length: 20 }, (_, index) => maxBytes - 100 * index);
    for (const size of sizes)
      await server.rest('POST', '/bucket', { body: { usageType: 'monetary', description: 'x'.repeat(size) } });
    await eventually('all are told', async () => (await told(connection)).length >= sizes.length || undefined);
  });
});

it('is told what servers had committed when they were killed', async () => {
  const storage = await createMigratedStorage();
  ending.push(() => storage.remove());
  const env = { ...storage.env, SEED: 'none', LOG_LEVEL: 'warn', NATS_URL: nats.url };
  let program = new Program('start', env);
  let origin = await program.origin();
  const { id } = (await call(origin, 'POST', '/bucket', { usageType: 'monetary', name: 'n0' })).body;
  let count = 0;
  for (let round = 0; round < 2; round++) {
    for (let change = 0; change < 20; change++) {
      count += 1;
      expect((await call(origin, 'PATCH', `/bucket/${id}`, { name: `n${count}` })).status).toBe(200);
    }
    await program.kill();
    program = new Program('start', env);
    origin = await program.origin();
  }
  const connection = await client();
  const found = await eventually('all is told', async () => {
    const events = await told(connection);
    return events.length >= count + 1 ? events : undefined;
  });
  expect(names(found, id)).toEqual(Array.from({ length: count + 1 }, (_, index) => `n${index}`));
  expect(await program.stop()).toBe(0);
  expect(found.map(({ id: eventId }) => eventId).sort()).toEqual(await storage.inspect(expected));
});
