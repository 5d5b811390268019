import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { proofSize } from '../../support/proof.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { Receiver } from './receiver.js';

jest.setTimeout(300_000);

const count = proofSize('RECEIVERS', { short: 12, long: 100 });
const rounds = proofSize('RECEIVER_ROUNDS', { short: 3, long: 20 });
const buckets = 8;

let server: TestServer;
const receivers: Receiver[] = [];
beforeAll(async () => {
  server = await startTestServer({ CALLBACK_TIMEOUT_SECONDS: '2' });
  await server.startJobs();
});
afterAll(async () => {
  await server.close();
  for (const receiver of receivers) await receiver.down();
});

it('receivers get each change while others hang, fail or are down, and so do those that come back', async () => {
  for (let index = 0; index < count; index++) {
    const receiver = await Receiver.start();
    receivers.push(receiver);
    expect((await server.rest('POST', '/hub', { body: { callback: receiver.url } })).status).toBe(201);
  }
  const [hanging, failing, down, ...healthy] = receivers as [Receiver, Receiver, Receiver, ...Receiver[]];
  let isHanging = true;
  hanging.manner = () => (isHanging ? 'hang' : 204);
  let tries = 0;
  failing.manner = () => ((tries += 1) % 2 === 0 ? 204 : 500);
  await down.down();

  const ids: string[] = [];
  for (let index = 0; index < buckets; index++)
    ids.push((await server.rest('POST', '/bucket', { body: { usageType: 'monetary', name: 'n0' } })).body.id);
  let changes = buckets;
  for (let round = 1; round <= rounds; round++) {
    await Promise.all(ids.map((id) => server.rest('PATCH', `/bucket/${id}`, { body: { name: `n${round}` } })));
    changes += buckets;
    // Each has everything before the next changes are made: nobody falls behind, while three take nothing or little.
    for (const receiver of healthy)
      await eventually('it has all of them', () => receiver.events.length >= changes || undefined);
  }
  expect([hanging.events.length, down.events.length]).toEqual([0, 0]);

  isHanging = false;
  await down.up();
  const names = Array.from({ length: rounds + 1 }, (_, round) => `n${round}`);
  for (const receiver of receivers) {
    await eventually('it has all of them', () => receiver.events.length >= changes || undefined);
    for (const id of ids) {
      const told = receiver.events.filter(({ event }) => event.bucket.id === id);
      expect(told.map(({ event }) => event.bucket.name)).toEqual(names);
    }
    expect(receiver.events).toHaveLength(changes);
  }
  for (const receiver of healthy) expect(receiver.deliveries).toHaveLength(changes);
});
