import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { outboxCursors } from '../../../src/domain/outbox-cursors.js';
import { OutboxRetention } from '../../../src/platform/write/outbox-retention.js';
import { eventually } from '../../support/eventually.js';
import { startTestServer, TestClock, type GraphqlAnswer, type TestServer } from '../../support/server.js';
import { eur, make, makeBucket } from '../prepay-balance/balances.js';
import { Receiver } from './receiver.js';

jest.setTimeout(120_000);

const dayMs = 24 * 3_600_000;
const clock = new TestClock();
let server: TestServer;
const receivers: Receiver[] = [];
beforeAll(async () => {
  server = await startTestServer({}, { clock });
  await server.startJobs();
});
afterEach(async () => {
  for (const receiver of receivers.splice(0)) await receiver.down();
});
afterAll(() => server.close());

async function listen(query?: string): Promise<{ receiver: Receiver; id: string }> {
  const receiver = await Receiver.start();
  receivers.push(receiver);
  const { body } = await server.rest('POST', '/hub', { body: { callback: receiver.url, query } });
  return { receiver, id: body.id };
}

const replay = (variables: object): Promise<GraphqlAnswer> =>
  server.graphql(
    'mutation ($id: ID!, $afterEventId: ID, $since: DateTime, $key: String) { replayHub(id: $id, afterEventId: $afterEventId, since: $since, idempotencyKey: $key) { id } }',
    variables,
  );

const idsOf = (receiver: Receiver): string[] => receiver.deliveries.map(({ event }) => event.eventId);

const have = (receiver: Receiver, count: number): Promise<true> =>
  eventually(`${count} events came`, () => (receiver.deliveries.length >= count ? true : undefined));

/** Names that a bucket gets, one each minute. */
async function rename(bucket: string, ...names: string[]): Promise<void> {
  for (const name of names) {
    clock.advance(60_000);
    expect((await server.rest('PATCH', `/bucket/${bucket}`, { body: { name } })).status).toBe(200);
  }
}

describe('a registration', () => {
  it('is told again what came behind an event or since an instant, with the same ids, in its order', async () => {
    const { receiver, id } = await listen();
    const bucket = await makeBucket(server, 1);
    await rename(bucket, 'a', 'b');
    const since = clock.now().toISOString();
    await rename(bucket, 'c');
    await have(receiver, 4);
    const told = idsOf(receiver);

    expect(await replay({ id, afterEventId: told[1], key: 'again' })).toMatchObject({ data: { replayHub: { id } } });
    await have(receiver, 6);
    expect(idsOf(receiver).slice(4)).toEqual(told.slice(2));
    // A repeated request is not done again.
    expect((await replay({ id, afterEventId: told[1], key: 'again' })).data).toEqual({ replayHub: { id } });
    await replay({ id, since });
    await have(receiver, 8);
    expect(idsOf(receiver).slice(6)).toEqual(told.slice(2));
    await replay({ id, since: '1990-01-01T00:00:00Z' });
    await have(receiver, 12);
    expect(idsOf(receiver).slice(8)).toEqual(told);
    expect(receiver.deliveries.at(-1)!.headers['x-delivery-attempt']).toBe('1');
    // Nothing has been written since.
    clock.advance(60_000);
    await replay({ id, since: clock.now().toISOString() });
    await rename(bucket, 'd');
    await have(receiver, 13);
    expect(receiver.deliveries).toHaveLength(13);
  });

  it('is told again all that is made of an action with an event that is made of it', async () => {
    const { receiver, id } = await listen('eventType=BucketAttributeValueChangeEvent');
    const [one, other] = [await makeBucket(server, 10), await makeBucket(server, 10)];
    await make(server, 'TransferBalance', { bucket: { id: one }, receiverBucket: { id: other }, amount: eur(1) });
    await have(receiver, 2);
    const told = idsOf(receiver);
    await replay({ id, afterEventId: told[1] });
    await have(receiver, 4);
    expect(idsOf(receiver).slice(2).sort()).toEqual([...told].sort());
  });

  it('is told again also what was under way meanwhile', async () => {
    const { receiver, id } = await listen();
    const bucket = await makeBucket(server, 1);
    await have(receiver, 1);
    const [first] = idsOf(receiver);
    let release: undefined | (() => void);
    receiver.manner = () => new Promise<number>((done) => (release = () => done(204)));
    await rename(bucket, 'under way');
    const take = await eventually('it is under way', () => release);
    await replay({ id, since: '1990-01-01T00:00:00Z' });
    receiver.manner = () => 204;
    take();
    await eventually('the first came again', () =>
      idsOf(receiver).filter((one) => one === first).length === 2 ? true : undefined,
    );
    await eventually('and the second', () =>
      receiver.deliveries.filter(({ event }) => event.event.bucket?.name === 'under way').length === 2
        ? true
        : undefined,
    );
  });

  it('is told again what was taken, also when that is not noted yet', async () => {
    const { receiver, id } = await listen();
    const [one, other] = [await makeBucket(server, 1), await makeBucket(server, 1)];
    await have(receiver, 2);
    const told = idsOf(receiver);
    let release: undefined | (() => void);
    receiver.manner = ({ event }) =>
      event.event.bucket.id === one ? 204 : new Promise<number>((done) => (release = () => done(204)));
    await rename(one, 'taken');
    await rename(other, 'under way');
    const take = await eventually('one is under way', () => release);
    const taken = await eventually('the other was taken', () => idsOf(receiver).find((event) => !told.includes(event)));
    await replay({ id, afterEventId: told.at(-1) });
    receiver.manner = () => 204;
    take();
    await eventually('it came again', () =>
      idsOf(receiver).filter((event) => event === taken).length === 2 ? true : undefined,
    );
  });

  it('is not told again what is no longer kept', async () => {
    const { id } = await listen('eventId=dropped');
    const cursors = server.database.client.hubCursor;
    const { database } = server;
    const retention = new OutboxRetention(database, {
      cursors: outboxCursors,
      keptMs: 30 * dayMs,
      log: { warn: (details) => expect(details).toBeUndefined() },
    });
    const bucket = await makeBucket(server, 1);
    const event = await database.client.outbox.findFirst({ where: { resourceId: bucket } });
    const since = clock.now().toISOString();
    clock.advance(100 * dayMs);
    await retention.prepare(clock.now());
    const { id: kept } = (await makeBucket(server, 1).then((later) =>
      database.client.outbox.findFirst({ where: { resourceId: later } }),
    ))!;
    await cursors.deleteMany({ where: { hubId: { not: id } } });
    await retention.run(clock.now());
    expect(await database.client.outbox.count()).toBeGreaterThan(0);
    for (const from of [{ since }, { afterEventId: event!.id }]) {
      const { errors } = await replay({ id, ...from });
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'EVENTS_GONE', status: 410, oldest: kept });
    }
    expect((await replay({ id, since: new Date(clock.now().getTime() - dayMs) })).data.replayHub).toEqual({ id });
  });

  it.each([
    [{}, 'INVALID_ATTRIBUTE'],
    [{ afterEventId: 'one', since: '2026-01-01T00:00:00Z' }, 'INVALID_ATTRIBUTE'],
    [{ since: '2036-01-01T00:00:00Z' }, 'INVALID_ATTRIBUTE'],
    [{ id: 'nobody', since: '2026-01-01T00:00:00Z' }, 'NOT_FOUND'],
    [{ afterEventId: '01ARZ3NDEKTSV4RRFFQ69G5FAV' }, 'EVENTS_GONE'],
  ])('is not told again: %j', async (asked, code) => {
    await makeBucket(server, 1);
    const { id } = await listen(`eventId=${code}`);
    const { errors } = await replay({ id, ...asked });
    expect(errors?.[0]?.extensions.code).toBe(code);
    const oldest = await server.database.client.outbox.findFirst({ orderBy: { id: 'asc' } });
    if (code === 'EVENTS_GONE') expect(errors?.[0]?.extensions).toMatchObject({ status: 410, oldest: oldest!.id });
  });
});
