import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { canonicalJson, type JsonObject } from '../../../src/platform/json-object.js';
import { eventually } from '../../support/eventually.js';
import { proofSize } from '../../support/proof.js';
import { Random } from '../../support/random.js';
import { seed } from '../../support/seed.js';
import { startTestServer, TestClock, type TestServer } from '../../support/server.js';
import { actions, eur, make, makeBucket, makeBuckets, makeReservation } from '../prepay-balance/balances.js';
import { charged } from '../usage/charges.js';
import { startSecondServer } from '../prepay-balance/second-server.js';
import { commitVerb, releaseVerb, create, update } from '../prepay-balance/transports.js';
import { Receiver } from './receiver.js';

jest.setTimeout(180_000);

// Movements of buckets are told as changes of the buckets, by events that are made of those of the actions.

const hourMs = 3_600_000;
const clock = new TestClock();
const servers: TestServer[] = [];
let server: TestServer;
const receivers: Receiver[] = [];

beforeAll(async () => {
  server = await startTestServer({ CALLBACK_RETRY_SECONDS: '3600' }, { clock });
  servers.push(server);
  if (server.database.url) servers.push(await startSecondServer(server, clock));
  await server.startJobs();
});
afterEach(async () => {
  for (const receiver of receivers.splice(0)) await receiver.down();
  await server.database.client.hub.deleteMany();
  await server.database.client.hubCursor.deleteMany();
});
afterAll(async () => {
  for (const one of [...servers].reverse()) await one.close();
});

async function listen(query?: string): Promise<Receiver> {
  const receiver = await Receiver.start();
  receivers.push(receiver);
  expect((await server.rest('POST', '/hub', { body: { callback: receiver.url, query } })).status).toBe(201);
  return receiver;
}

/** What a mirror keeps of a bucket. */
const mirrored = [
  ...['id', 'usageType', 'status', 'remainingValue', 'reservedValue', 'validFor'],
  ...['threshold', 'lastReachedThreshold', 'depletedAt'],
];
const partOf = (bucket: any): object => Object.fromEntries(mirrored.map((name) => [name, bucket[name] ?? undefined]));

/** Buckets as somebody knows them who takes the last event of each. */
function mirrorOf(receiver: Receiver): Map<string, any> {
  return new Map(receiver.events.flatMap(({ event }) => (event.bucket ? [[event.bucket.id, event.bucket]] : [])));
}

/** The buckets as they are read. */
const textOf = async (ids: readonly string[]): Promise<string> => {
  const buckets = await Promise.all(ids.map(async (id) => partOf((await server.rest('GET', `/bucket/${id}`)).body)));
  return canonicalJson(buckets as JsonObject[]);
};

async function isMirrored(receiver: Receiver, ids: readonly string[], what: string): Promise<void> {
  const wanted = await textOf(ids);
  const known = (): object[] => ids.map((id) => partOf(mirrorOf(receiver).get(id) ?? {}));
  await eventually(
    `the mirror is right: ${what}`,
    () => (canonicalJson(known() as JsonObject[]) === wanted ? true : undefined),
    {
      maxMs: 20_000,
    },
  ).catch(() => expect({ what, known: known() }).toEqual({ what, known: JSON.parse(wanted) }));
}

describe('a receiver that knows buckets from their events alone', () => {
  it('knows them after each of the ways in which they move', async () => {
    const receiver = await listen('eventType=BucketCreateEvent,BucketAttributeValueChangeEvent');
    const later = (hours: number): string => new Date(clock.now().getTime() + hours * hourMs).toISOString();
    const threshold = [{ name: 'low', amount: eur(90) }, { percent: 50 }];
    const one = await makeBucket(server, 100, { threshold });
    const other = await makeBucket(server, undefined, { validFor: { endDateTime: later(24) } });
    const ids = [one, other];
    const on = (id: string, amount: number, more: object = {}): object => ({
      bucket: { id },
      amount: eur(amount),
      ...more,
    });
    let reservation = '';
    let topup = '';
    const ways: Record<string, () => Promise<unknown>> = {
      'a top-up of a bucket without a value': async () => make(server, 'TopupBalance', on(other, 5)),
      'a debit': () => make(server, 'AdjustBalance', on(one, 1, actions.debit.attributes)),
      'a reservation': async () => (reservation = await makeReservation(server, one, 10)),
      'a commit of a part of it': () => commitVerb(server, reservation, eur(4)),
      'a second reservation': async () => (reservation = await makeReservation(server, one, 3)),
      'its release': () => releaseVerb(server, reservation),
      'a reservation that ends': () => makeReservation(server, one, 7, { expirationDate: later(1) }),
      'its lapse': async () => void clock.advance(2 * hourMs),
      'a transfer with its cost': () =>
        make(server, 'TransferBalance', {
          ...on(one, 8),
          receiverBucket: { id: other },
          transferCost: eur(1),
          costOwner: 'originator',
        }),
      'a top-up with a validity': async () => {
        topup = (await make(server, 'TopupBalance', on(other, 2, { validFor: { endDateTime: later(48) } }))).id;
      },
      'a top-up that is cancelled': () =>
        server.rest('PATCH', `/topupBalance/${topup}`, { body: { status: 'cancelled' } }),
      'a scheduled top-up': async () => {
        await make(server, 'TopupBalance', on(one, 9, { requestedDate: later(1) }));
        clock.advance(2 * hourMs);
      },
      'an auto top-up': async () => {
        await make(server, 'TopupBalance', on(one, 20, { isAutoTopup: true, autoTopupThreshold: eur(50) }));
        await make(server, 'AdjustBalance', on(one, 45, actions.debit.attributes));
      },
      'a bulk request': () =>
        server.graphql('mutation ($inputs: [TopupBalanceCreate!]!) { createTopupBalances(inputs: $inputs) { id } }', {
          inputs: [one, other, one].map((refId, index) => ({ bucket: { refId }, amount: eur(index + 1) })),
        }),
      'a usage that is charged': () => charged(server, one, 2),
      'its expiry': async () => void clock.advance(100 * hourMs),
      'a top-up that revives it': () =>
        make(server, 'TopupBalance', on(other, 1, { validFor: { endDateTime: later(48) } })),
    };
    let before = await textOf(ids);
    for (const [what, move] of Object.entries(ways)) {
      const answer: any = await move();
      expect({ what, status: answer?.status, errors: answer?.errors }).toMatchObject({ what, errors: undefined });
      await isMirrored(receiver, ids, what);
      const after = await textOf(ids);
      expect({ what, moved: after !== before }).toEqual({ what, moved: true });
      before = after;
    }
  });

  it(`knows them after concurrent random actions (seed ${seed})`, async () => {
    const random = new Random(seed);
    const receiver = await listen('eventType=BucketCreateEvent,BucketAttributeValueChangeEvent');
    const validFor = { endDateTime: new Date(clock.now().getTime() + 1_000 * hourMs).toISOString() };
    const threshold = [{ percent: 80 }, { amount: eur(1) }];
    const ids = await makeBuckets(server, 6, 100, { product: [{ id: 'mirrored' }], threshold });
    const reservations: string[] = [];
    const act = async (one: TestServer): Promise<unknown> => {
      const [id, amount] = [random.pick(ids), eur(random.below(20) + 1)];
      const where = random.chance(0.2) ? { product: [{ id: 'mirrored' }], usageType: 'monetary' } : { bucket: { id } };
      const held =
        random.chance(0.5) && reservations.length > 0
          ? reservations.splice(random.below(reservations.length), 1)[0]
          : undefined;
      switch (random.below(8)) {
        case 0:
          return create(one, 'rest', 'TopupBalance', {
            bucket: { id },
            amount,
            ...(random.chance(0.3) && { validFor }),
          });
        case 1:
          return create(one, 'rest', 'AdjustBalance', { ...where, amount, ...actions.debit.attributes });
        case 2:
        case 3: {
          const { resource } = await create(one, 'rest', 'ReserveBalance', { ...where, amount });
          return resource?.status === 'created' && reservations.push(resource.id);
        }
        case 4:
          return held && (await commitVerb(one, held, random.chance(0.5) ? eur(1) : undefined));
        case 5:
          return held && (await releaseVerb(one, held));
        case 6:
          return create(one, 'rest', 'TransferBalance', {
            bucket: { id },
            receiverBucket: { id: random.pick(ids) },
            amount,
          });
        default:
          return update(one, 'rest', 'Bucket', id, { name: `name ${random.below(1_000)}` });
      }
    };
    let left = proofSize('MIRRORED_ACTIONS', { short: 150, long: 5_000 });
    const work = async (index: number): Promise<void> => {
      while (left-- > 0) await act(servers[index % servers.length] as TestServer);
    };
    await Promise.all(Array.from({ length: 24 }, (_, index) => work(index)));
    await isMirrored(receiver, ids, 'random actions');
  });

  it('gets them alone, of one bucket, when it asks for those, and behind the event that they come with when it asks for all', async () => {
    const [one, other] = [await makeBucket(server, 10), await makeBucket(server, 10)];
    const alone = await listen(`eventType=BucketAttributeValueChangeEvent&event.bucket.id=${one}`);
    const all = await listen();
    const transfer = { bucket: { id: one }, receiverBucket: { id: other }, amount: eur(4) };
    const { id } = await make(server, 'TransferBalance', transfer);
    await make(server, 'TopupBalance', { bucket: { id: one }, amount: eur(1) });
    const have = (receiver: Receiver, count: number): Promise<true> =>
      eventually(`there are ${count} events`, () => (receiver.events.length >= count ? true : undefined));
    await have(alone, 2);
    const [moved, filled] = alone.events;
    const [stored] = await server.database.client.outbox.findMany({ where: { resourceId: id } });
    expect(moved).toEqual({
      eventId: `${stored!.id}.${one}`,
      eventTime: stored!.occurredAt.toISOString(),
      eventType: 'BucketAttributeValueChangeEvent',
      event: {
        bucket: {
          ...{ id: one, href: `${server.url}/tmf-api/prepayBalanceManagement/v4/bucket/${one}` },
          ...{ usageType: 'monetary', status: 'active', remainingValue: eur(6), reservedValue: eur(0) },
        },
      },
    });
    expect(filled.event.bucket.remainingValue).toEqual(eur(7));
    expect(alone.events).toHaveLength(2);
    // It may be told of what came right before it, too.
    const told = [stored!.id, `${stored!.id}.${one}`, `${stored!.id}.${other}`];
    await eventually('it is told of the action and both buckets', () =>
      told.every((id) => all.events.some(({ eventId }) => eventId === id)) ? true : undefined,
    );
    // What the action's own event says has nothing of it.
    const { event } = all.events.find(({ eventId }) => eventId === stored!.id);
    expect(Object.keys(event)).toEqual(['transferBalance']);
    expect(event.transferBalance.impact).toBeUndefined();
  });

  it('gets one again that was given up', async () => {
    const id = await makeBucket(server, 10);
    const receiver = await listen('eventType=BucketAttributeValueChangeEvent');
    receiver.manner = () => 500;
    await make(server, 'TopupBalance', { bucket: { id }, amount: eur(1) });
    const cursors = server.database.client.hubCursor;
    await eventually(
      'it was tried',
      async () => (await cursors.findFirst({ where: { attempts: { gt: 0 } } })) ?? undefined,
    );
    clock.advance(2 * hourMs);
    const letters = async (): Promise<any[]> =>
      (await server.graphql('{ hubDeadLetters { items { id eventId resourceId } } }')).data.hubDeadLetters.items;
    const [letter] = await eventually('it is given up', async () => {
      const found = await letters();
      return found.length > 0 ? found : undefined;
    });
    expect(letter.resourceId).toBe(id);
    receiver.manner = () => 200;
    await server.graphql('mutation ($id: ID!) { resendHubDeadLetter(id: $id) { state } }', { id: letter.id });
    await eventually('it came', () => (receiver.events.length > 0 ? true : undefined));
    expect(receiver.events[0]).toMatchObject({
      eventId: letter.eventId,
      event: { bucket: { id, remainingValue: eur(11) } },
    });
  });

  it('is told what remains where an earlier version has written the event of the action', async () => {
    const id = await makeBucket(server, 10);
    const { database } = server;
    const receiver = await listen('eventType=BucketAttributeValueChangeEvent');
    receiver.manner = () => 503;
    await make(server, 'TopupBalance', { bucket: { id }, amount: eur(1) });
    await database.client.$executeRawUnsafe(`UPDATE "Outbox" SET "impact" = NULL`);
    receiver.manner = () => 200;
    await eventually('it came', () => (receiver.events.length > 0 ? true : undefined));
    const { href: _, ...bucket } = receiver.events[0].event.bucket;
    expect(bucket).toEqual({ id, usageType: 'monetary', remainingValue: eur(11) });
  });
});
