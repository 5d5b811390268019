import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { Receiver } from './receiver.js';

jest.setTimeout(120_000);

let server: TestServer;
let receiver: Receiver;
beforeAll(async () => {
  server = await startTestServer({ CALLBACK_TIMEOUT_SECONDS: '2' });
  await server.startJobs();
});
beforeEach(async () => {
  receiver = await Receiver.start();
  await server.rest('POST', '/hub', { body: { callback: receiver.url } });
});
afterEach(async () => {
  for (const { id } of await server.database.client.hub.findMany()) await server.rest('DELETE', `/hub/${id}`);
  expect(await server.database.client.hubHeldEvent.count()).toBe(0);
  await receiver.down();
});
afterAll(() => server.close());

const have = (count: number): Promise<true> =>
  eventually(`there are ${count} events`, () => (receiver.events.length >= count ? true : undefined));

async function bucket(name: string): Promise<string> {
  const { body } = await server.rest('POST', '/bucket', { body: { usageType: 'monetary', name } });
  return body.id as string;
}

/** Changes of a bucket, many in no time. */
async function change(id: string, count: number, revision = 2): Promise<void> {
  const at = server.clock.now().toISOString();
  await server.database.statement(
    `INSERT INTO "Outbox" ("tenantId", "id", "eventType", "resourceType", "resourceId", "occurredAt", "payload")
     SELECT 'default', $1 || '-' || lpad(n::text, 6, '0'), 'BucketAttributeValueChangeEvent', 'bucket', $1, $2::timestamptz,
       jsonb_build_object('id', $1::text, 'name', 'n' || n, 'revision', n) FROM generate_series($3::int, $4::int) n`,
    [id, at, revision, revision + count - 1],
  );
}

/** What the changes say, in their order. */
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index + 2}`);
const toldOf = (bucketId: string): any[] => receiver.events.filter(({ event }) => event.bucket.id === bucketId);
const held = (): Promise<number> => server.database.client.hubHeldEvent.count();

describe('a resource whose events a receiver does not take', () => {
  it('holds up no other, and its own come in their order', async () => {
    const poison = await bucket('poison');
    let isPoisoned = true;
    const attempts = new Map<string, number[]>();
    receiver.manner = ({ event, headers }) => {
      attempts.set(event.eventId, [...(attempts.get(event.eventId) ?? []), Number(headers['x-delivery-attempt'])]);
      return isPoisoned && event.event.bucket.id === poison ? 500 : 204;
    };
    await change(poison, 3);
    const good = await bucket('good');
    await change(good, 250);
    await have(251);
    await change(poison, 2, 5);
    await change(good, 2, 252);
    await have(253);
    expect(toldOf(good)).toHaveLength(253);
    expect(toldOf(poison)).toEqual([]);
    await eventually('what comes behind is held', async () => ((await held()) === 6 ? true : undefined));
    // Who runs the server sees that something is held, though what came last was taken.
    const [{ delivery }] = (await server.rest('GET', '/hub')).body;
    expect(delivery).toMatchObject({ delivered: 253, lastError: 'it answered 500', nextAttemptAt: expect.any(String) });
    expect(delivery.failedAttempts).toBeGreaterThan(0);
    expect(delivery.lagSeconds).toBeGreaterThan(0);
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('\ntmf_hub_failing 1\n');
    isPoisoned = false;
    await have(259);
    expect(toldOf(poison).map(({ event }) => event.bucket.name)).toEqual(['poison', ...names(5)]);
    // Attempts are those of the event, and each was taken once.
    const [first, ...behind] = toldOf(poison).map(({ eventId }) => attempts.get(eventId)!);
    expect(first!.length).toBeGreaterThan(1);
    expect(first).toEqual(first!.map((_, index) => index + 1));
    expect(behind).toEqual(behind.map(() => [1]));
    expect(receiver.deliveries).toHaveLength(receiver.events.length);
    await eventually('nothing is held', async () => ((await held()) === 0 ? true : undefined));
    expect(await server.database.client.hubCursor.findFirst()).toMatchObject({ heldUntil: null, error: null });
  });

  it('is waited for when too much of it is held, and nothing is lost', async () => {
    const poison = await bucket('poison');
    let isPoisoned = true;
    receiver.manner = ({ event }) => (isPoisoned && event.event.bucket.id === poison ? 500 : 204);
    await change(poison, 1_500);
    const late = await bucket('late');
    await eventually('enough is held', async () => ((await held()) >= 1_000 ? true : undefined));
    expect(toldOf(late)).toEqual([]);
    expect(await held()).toBeLessThanOrEqual(1_000 + 200);
    isPoisoned = false;
    await have(1_502);
    expect(toldOf(poison).map(({ event }) => event.bucket.name)).toEqual(['poison', ...names(1_500)]);
    expect(toldOf(late)).toHaveLength(1);
  });

  it('is one of many: each event comes, in order, when half of what is sent fails', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, (_, index) => bucket(`b${index}`)));
    // Every attempt but the second of each event, which is taken.
    const tries = new Map<string, number>();
    receiver.manner = ({ event }) => {
      const count = (tries.get(event.eventId) ?? 0) + 1;
      tries.set(event.eventId, count);
      return count % 2 === 0 ? 204 : 500;
    };
    for (const id of ids) await change(id, 4);
    await have(100);
    for (const id of ids)
      expect(toldOf(id).map(({ event }) => event.bucket.name)).toEqual([expect.stringMatching(/^b/), ...names(4)]);
    expect(receiver.deliveries).toHaveLength(100);
  });
});
