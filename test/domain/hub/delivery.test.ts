import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';
import { startTestServer, TestClock, type TestServer } from '../../support/server.js';
import { Receiver } from './receiver.js';

jest.setTimeout(120_000);

// Servers come and go here; the database stays.
const clock = new TestClock();
let database: TestDatabase;
let server: TestServer;
const receivers: Receiver[] = [];

async function start(env: Record<string, string> = {}): Promise<TestServer> {
  const kept = { ...database, close: () => Promise.resolve() };
  const one = await startTestServer({ CALLBACK_TIMEOUT_SECONDS: '2', ...env }, { database: kept, clock });
  await one.startJobs();
  return one;
}

beforeAll(async () => {
  database = await openTestDatabase();
});
afterEach(async () => {
  await server.close();
  for (const receiver of receivers.splice(0)) await receiver.down();
  await database.client.hub.deleteMany();
  await database.client.hubCursor.deleteMany();
});
afterAll(() => database.close());

async function listen(query?: string): Promise<Receiver> {
  const receiver = await Receiver.start();
  receivers.push(receiver);
  const { status } = await server.rest('POST', '/hub', { body: { callback: receiver.url, query } });
  expect(status).toBe(201);
  return receiver;
}

const have = (receiver: Receiver, count: number): Promise<true> =>
  eventually(`there are ${count} events`, () => (receiver.events.length >= count ? true : undefined));

async function bucket(): Promise<string> {
  const { body } = await server.rest('POST', '/bucket', { body: { usageType: 'monetary' } });
  return body.id as string;
}

const rename = (id: string, name: string): Promise<unknown> =>
  server.rest('PATCH', `/bucket/${id}`, { body: { name } });

async function outboxOf(ids: readonly string[]): Promise<string[]> {
  const rows = await database.client.outbox.findMany({
    where: { resourceType: 'bucket', resourceId: { in: [...ids] } },
  });
  return rows.map(({ id }) => id).sort();
}

const ask = async (query: string, variables: object = {}): Promise<any> =>
  (await server.graphql(query, variables)).data;

describe('a receiver', () => {
  it('that was down, while the server was restarted, gets every committed change in its order', async () => {
    server = await start();
    const receiver = await listen();
    const ids = [await bucket(), await bucket(), await bucket()];
    await have(receiver, 3);
    await receiver.down();
    const write = async (from: number): Promise<void> => {
      for (let round = from; round < from + 8; round++)
        await Promise.all(ids.map((id) => rename(id, `round ${round}`)));
    };
    await write(0);
    // What is refused or rolled back tells nothing.
    expect((await server.rest('PATCH', `/bucket/${ids[0]}`, { body: { name: 7 } })).status).toBe(400);
    const rolledBack = database.transaction(async (tx) => {
      await tx.statement(
        `INSERT INTO "Outbox" ("tenantId", "id", "eventType", "resourceType", "resourceId", "occurredAt", "payload")
         VALUES ('default', 'never', 'BucketDeleteEvent', 'bucket', $1, now(), '{}')`,
        [ids[0]],
      );
      throw new Error('rolled back');
    });
    await expect(rolledBack).rejects.toThrow('rolled back');
    await eventually(
      'a delivery has failed',
      async () => (await database.client.hubCursor.findFirst({ where: { attempts: { gt: 0 } } })) ?? undefined,
    );
    await server.close();
    server = await start();
    await write(8);
    await receiver.up();
    const wanted = await outboxOf(ids);
    expect(wanted).toHaveLength(3 + 16 * 3);
    await have(receiver, wanted.length);
    expect(receiver.events.map(({ eventId }) => eventId).sort()).toEqual(wanted);
    for (const id of ids) {
      const names = receiver.events.filter(({ event }) => event.bucket.id === id).map(({ event }) => event.bucket.name);
      expect(names).toEqual([undefined, ...Array.from({ length: 16 }, (_, round) => `round ${round}`)]);
    }
  });

  it('is not told of what comes after a change that is not committed yet, and then in its order', async () => {
    server = await start();
    const receiver = await listen('event.bucket.name.isNull=false');
    const id = await bucket();
    const event = (eventId: string, revision: number): [string, unknown[]] => [
      `INSERT INTO "Outbox" ("tenantId", "id", "eventType", "resourceType", "resourceId", "occurredAt", "payload")
       VALUES ('default', $1, 'BucketAttributeValueChangeEvent', 'bucket', $2, $4::timestamptz, jsonb_build_object('id', $2::text, 'name', $1::text, 'revision', $3::int))`,
      [eventId, id, revision, clock.now().toISOString()],
    ];
    // The earlier transaction has waited for the later one, and has its revision after it.
    if (database.kind === 'postgresql') {
      await database.transaction(async (tx) => {
        await tx.statement(`SELECT pg_current_xact_id()::text`, []);
        await database.transaction(async (other) => void (await other.statement(...event('first', 2))));
        await new Promise((done) => setTimeout(done, 1_500));
        expect(receiver.events).toEqual([]);
        await tx.statement(...event('second', 3));
        // As many as a transaction of balance actions may have come before what it has waited for.
        await tx.statement(
          `INSERT INTO "Outbox" ("tenantId", "id", "eventType", "resourceType", "resourceId", "occurredAt", "payload")
           SELECT 'default', 'then ' || n, 'BucketCreateEvent', 'bucket', 'other ' || n, $1::timestamptz, jsonb_build_object('id', 'other ' || n, 'revision', 1)
           FROM generate_series(1, 256) n`,
          [clock.now().toISOString()],
        );
      });
    } else {
      for (const [eventId, revision] of [
        ['first', 2],
        ['second', 3],
      ] as const)
        await database.transaction(async (tx) => void (await tx.statement(...event(eventId, revision))));
    }
    await have(receiver, 2);
    expect(receiver.events.map(({ eventId }) => eventId)).toEqual(['first', 'second']);
  });

  it('is shared by servers: each event comes once', async () => {
    server = await start();
    const receivers = [
      await listen(),
      await listen('eventType.ne=BucketDeleteEvent'),
      await listen('eventType=BucketCreateEvent'),
    ];
    const other = await start();
    try {
      const ids = await Promise.all(Array.from({ length: 30 }, bucket));
      for (const receiver of receivers) {
        await have(receiver, 30);
        expect(receiver.deliveries.map(({ event }) => event.event.bucket.id).sort()).toEqual([...ids].sort());
      }
    } finally {
      await other.close();
    }
  });
});

describe('an event that is too old', () => {
  it('is a dead letter, behind which the others come, and can be sent again', async () => {
    server = await start({ CALLBACK_RETRY_SECONDS: '0' });
    const receiver = await listen();
    receiver.manner = ({ event }) => (event.event.bucket.name === 'poison' ? 500 : 200);
    const id = await bucket();
    await rename(id, 'poison');
    await rename(id, 'good');
    await have(receiver, 2);
    expect(receiver.events.map(({ event }) => event.bucket.name)).toEqual([undefined, 'good']);
    const letters = async (): Promise<any[]> =>
      (await ask('{ hubDeadLetters { items { id state eventId eventType resourceId attempts error } } }'))
        .hubDeadLetters.items;
    const [letter] = await eventually('there is a dead letter', async () =>
      (await letters()).length > 0 ? letters() : undefined,
    );
    expect(letter).toMatchObject({
      state: 'dead',
      eventType: 'BucketAttributeValueChangeEvent',
      resourceId: id,
      attempts: 1,
      error: 'it answered 500',
    });

    const resend = (): Promise<any> =>
      ask('mutation ($id: ID!) { resendHubDeadLetter(id: $id) { state } }', { id: letter.id });
    expect(await resend()).toEqual({ resendHubDeadLetter: { state: 'waiting' } });
    await eventually('it has failed again', async () =>
      (await letters()).find((one) => one.attempts === 2 && one.state === 'dead'),
    );
    receiver.manner = () => 200;
    await resend();
    await have(receiver, 3);
    expect(receiver.events.at(-1).eventId).toBe(letter.eventId);
    expect(receiver.deliveries.at(-1)!.headers['x-delivery-attempt']).toBe('3');
    await eventually('it is gone', async () => ((await letters()).length === 0 ? true : undefined));
  });
});

describe('an address that is not of the internet', () => {
  it('is refused, in whatever form it is written', async () => {
    server = await start({ CALLBACK_ALLOW_PRIVATE: 'off' });
    for (const host of [
      ...['127.0.0.1', '2130706433', '0x7f000001', '0177.0.0.1', '127.1', '0', '10.1.2.3', '172.16.0.1', '192.168.0.1'],
      ...['0.0.0.0', '0x7f.1', '017700000001', '127.0.0.1.', '[::ffff:0:7f00:1]', '[64:ff9b:1::7f00:1]', '[fec0::1]'],
      ...['169.254.169.254', '100.64.0.1', '[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::7f00:1]'],
      ...['[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[fe80::1]', '[fd00::1]', '[ff02::1]', '[2001:db8::1]'],
    ]) {
      const { status, body } = await server.rest('POST', '/hub', { body: { callback: `http://${host}:8080/` } });
      const refused = { host, status: 400, message: expect.stringContaining('is no public address') };
      expect({ host, status, message: body.message }).toEqual(refused);
    }
    for (const host of ['[fe80::1%25lo]', 'user@127.0.0.1', 'example.org:80@127.0.0.1', '127.0.0.1#@example.org']) {
      const { status } = await server.rest('POST', '/hub', { body: { callback: `http://${host}/` } });
      expect({ host, status }).toEqual({ host, status: 400 });
    }
    const allowed = { callback: 'http://[2606:4700::1111]:8080/' };
    expect((await server.rest('POST', '/hub', { body: allowed })).status).toBe(201);
  });

  it('is not called by a name that leads to it', async () => {
    server = await start({ CALLBACK_ALLOW_PRIVATE: 'off' });
    const receiver = await Receiver.start();
    receivers.push(receiver);
    const names = ['localhost', 'LocalHost', 'localhost.', 'any.localhost'];
    for (const [index, name] of names.entries()) {
      const callback = `${receiver.url.replace('127.0.0.1', name)}/${index}`;
      expect((await server.rest('POST', '/hub', { body: { callback } })).status).toBe(201);
    }
    await bucket();
    const cursors = await eventually('each was tried', async () => {
      const failed = await database.client.hubCursor.findMany({ where: { attempts: { gt: 0 } } });
      return failed.length === names.length ? failed : undefined;
    });
    // Whether the system knows the last one is its own matter.
    for (const { error } of cursors)
      expect(error).toMatch(
        /^(\S*localhost\.? leads to (127\.0\.0\.1|::1), which is no public address|its name is not known)$/,
      );
    expect(receiver.deliveries).toEqual([]);
  });
});
