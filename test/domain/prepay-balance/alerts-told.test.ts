import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { Receiver } from '../hub/receiver.js';
import { actions, eur, make, makeBucket, read } from './balances.js';

let server: TestServer;
let receiver: Receiver;
beforeAll(async () => {
  server = await startTestServer();
  receiver = await Receiver.start();
  await server.startJobs();
});
afterAll(async () => {
  await server.close();
  await receiver.down();
});

it('is told to who has registered for a threshold by its name, with the bucket as TMF REST writes it', async () => {
  const query = 'eventType=BucketThresholdReachedEvent&event.bucket.lastReachedThreshold.name=low';
  expect((await server.rest('POST', '/hub', { body: { callback: receiver.url, query } })).status).toBe(201);
  const low = { name: 'low', amount: eur(5) };
  const threshold = [low, { name: 'lower', amount: eur(3) }];
  const end = { validFor: { endDateTime: '2026-04-01T00:00:00.000Z' } };
  const id = await makeBucket(server, 10, { threshold, description: 'watched', ...end });
  const take = (amount: number): Promise<any> =>
    make(server, 'AdjustBalance', { ...actions.debit.attributes, amount: eur(amount), bucket: { id } });
  await take(6);
  const bucket = await read(server, 'Bucket', id);
  await take(2);
  const other = await makeBucket(server, 10, { threshold: [low] });
  await make(server, 'AdjustBalance', { ...actions.debit.attributes, amount: eur(9), bucket: { id: other } });
  await eventually('both are told', () => (receiver.events.length >= 2 ? true : undefined));
  const [first, second] = receiver.events;
  expect(first).toMatchObject({
    eventType: 'BucketThresholdReachedEvent',
    event: { bucket: { id, lastReachedThreshold: low, remainingValue: eur(4) } },
  });
  expect(first.event.bucket).toEqual(bucket);
  expect(second.event.bucket).toMatchObject({ id: other, remainingValue: eur(1) });
});
