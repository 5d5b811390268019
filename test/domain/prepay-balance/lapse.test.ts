import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import { startTestServer, TestClock, type TestServer } from '../../support/server.js';
import {
  accepted,
  actions,
  allTables,
  balanceOf,
  entriesOf,
  eur,
  eventsOf,
  ledgerOf,
  ledgerProblems,
  makeBucket,
  makeBuckets,
  makeReservation,
  read,
} from './balances.js';
import { commitVerb, create, transports, releaseVerb, update, type Transport } from './transports.js';
import { startSecondServer } from './second-server.js';
import { proofSize } from '../../support/proof.js';

const begin = '2026-03-01T12:00:00.000Z';
const end = '2026-03-02T00:00:00.000Z';
const justBefore = '2026-03-01T23:59:59.999Z';
const later = '2026-03-05T08:00:00.000Z';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(() => server.clock.set(begin));
afterAll(() => server.close());

const until = (endDateTime: string): object => ({ validFor: { endDateTime } });
const lapsing = (bucketId: string, amount: number): Promise<string> =>
  makeReservation(server, bucketId, amount, { expirationDate: end });

/** The status as it is stored, looked up behind the server's back. */
async function stored(table: 'Bucket' | 'BalanceAction', id: string): Promise<string> {
  const [row] = await server.database.query<{ status: string }>(
    Prisma.sql`SELECT "status" FROM ${Prisma.raw(`"${table}"`)} WHERE "id" = ${id}`,
  );
  return String(row?.status);
}

describe('a lapsed reservation', () => {
  type Look = (bucketId: string, reservationId: string) => Promise<unknown>;
  const ask = async (query: string): Promise<any> => {
    const { data, errors } = await server.graphql(query);
    expect(errors).toBeUndefined();
    return data;
  };
  const body = async (path: string): Promise<any> => (await server.rest('GET', path)).body;
  const looks: [string, Look, unknown][] = [
    ['GET of the bucket', async (bucket) => (await body(`/bucket/${bucket}`)).remainingValue.amount, 10],
    [
      'GET of the reserved value',
      async (bucket) => (await body(`/bucket/${bucket}?fields=reservedValue`)).reservedValue.amount,
      0,
    ],
    ['a list of buckets', async (bucket) => (await body(`/bucket?id=${bucket}`))[0].reservedValue.amount, 0],
    [
      'a filter on the balance',
      async (bucket) => (await body(`/bucket?id=${bucket}&remainingValue.amount=10`)).length,
      1,
    ],
    ['a look for what is reserved', async (bucket) => (await body(`/bucket?id=${bucket}`))[0].reserveBalance ?? [], []],
    ['GET of the reservation', async (_bucket, id) => (await body(`/reserveBalance/${id}`)).status, 'cancelled'],
    [
      'a list of live reservations',
      async (_bucket, id) => (await body(`/reserveBalance?id=${id}&status=created`)).length,
      0,
    ],
    [
      'GraphQL of the bucket',
      async (id) => (await ask(`{ bucket(id: "${id}") { remainingValue { amount } } }`)).bucket.remainingValue.amount,
      10,
    ],
    [
      'GraphQL of buckets',
      async (id) =>
        (await ask(`{ buckets(filter: { id: { eq: "${id}" } }) { items { reservedValue { amount } } } }`)).buckets
          .items[0].reservedValue.amount,
      0,
    ],
    [
      'a count',
      async (_bucket, id) =>
        (await ask(`{ reserveBalances(filter: { id: { eq: "${id}" }, status: { eq: created } }) { totalCount } }`))
          .reserveBalances.totalCount,
      0,
    ],
    [
      'the ledger',
      async (id) => (await ask(`{ bucket(id: "${id}") { entries { totalCount } } }`)).bucket.entries.totalCount,
      3,
    ],
    [
      'a debit of all',
      async (bucket) =>
        (
          await create(server, 'rest', 'AdjustBalance', {
            ...actions.debit.attributes,
            bucket: { id: bucket },
            amount: eur(10),
          })
        ).code,
      undefined,
    ],
    ['a commit', async (_bucket, id) => (await commitVerb(server, id)).code, 'RESERVATION_NOT_LIVE'],
    [
      'a commit by adjustBalance',
      async (_bucket, id) =>
        (
          await create(server, 'rest', 'AdjustBalance', {
            ...actions.commit.attributes,
            reserveBalance: { id },
            amount: eur(1),
          })
        ).code,
      'RESERVATION_NOT_LIVE',
    ],
    ['a release', async (_bucket, id) => (await releaseVerb(server, id)).code, 'RESERVATION_NOT_LIVE'],
    [
      'a release by PATCH',
      async (_bucket, id) => (await update(server, 'rest', 'ReserveBalance', id, { status: 'cancelled' })).status,
      409,
    ],
    ['a deletion', async (_bucket, id) => (await server.rest('DELETE', `/reserveBalance/${id}`)).status, 204],
    [
      'a PATCH of the bucket',
      async (bucket) =>
        (await server.rest('PATCH', `/bucket/${bucket}`, { body: { name: 'x' } })).body.reservedValue.amount,
      0,
    ],
  ];

  it.each(looks)('is over for %s, which is the first to look', async (_who, look, expected) => {
    const id = await makeBucket(server, 10);
    const reservation = await lapsing(id, 4);
    server.clock.set(later);
    // Nothing works in the background: as long as nobody looks, nothing is written.
    expect(await stored('BalanceAction', reservation)).toBe('created');
    expect(await look(id, reservation)).toEqual(expected);
    const entries = (await entriesOf(server, id)).filter(({ entryType }) => entryType === 'expire');
    expect(entries).toMatchObject([{ recordedAt: end, remainingDelta: 4, reservedDelta: -4, actionId: reservation }]);
    expect((await eventsOf(server, reservation)).filter((name) => name !== 'ReserveBalanceDeleteEvent')).toEqual([
      'ReserveBalanceCreateEvent',
      'ReserveBalanceCancelEvent',
      'ReserveBalanceStatusChangeEvent',
    ]);
    expect(await ledgerProblems(server, id)).toEqual([]);
  });

  it('lives until the instant, and not at it', async () => {
    const id = await makeBucket(server, 10);
    await lapsing(id, 4);
    const committed = await lapsing(id, 1);
    server.clock.set(justBefore);
    expect(await balanceOf(server, id)).toEqual([5, 5]);
    accepted(await commitVerb(server, committed));
    server.clock.set(end);
    expect(await balanceOf(server, id)).toEqual([9, 0]);
  });

  it.each(transports)('may say when it ends by validFor through %s', async (door) => {
    const id = await makeBucket(server, 10);
    const made = accepted(
      await create(server, door, 'ReserveBalance', { bucket: { id }, amount: eur(4), validFor: { endDateTime: end } }),
    );
    expect(made.nextDueDate).toBe(end);
    server.clock.set(end);
    expect(await balanceOf(server, id)).toEqual([10, 0]);
  });

  it.each(transports)('gives back to each bucket what it took there, and says so, through %s', async (door) => {
    const product = [{ id: `lapse ${door}` }];
    const [first, second] = await makeBuckets(server, 2, 3, { product });
    const made = accepted(
      await create(server, door, 'ReserveBalance', { product, amount: eur(5), expirationDate: end }),
    );
    server.clock.set(later);
    expect([await balanceOf(server, String(first)), await balanceOf(server, String(second))]).toEqual([
      [3, 0],
      [3, 0],
    ]);
    const ended = await read(server, 'ReserveBalance', made.id);
    expect(ended).toMatchObject({ status: 'cancelled', amount: eur(5) });
    expect(ended.nextDueDate).toBeUndefined();
    expect(
      ended.impactedBucket.map((impact: any) => [impact.bucket.id, impact.item[0].itemType, impact.amountAfter.amount]),
    ).toEqual([
      [first, 'reserve', 0],
      [second, 'reserve', 1],
      [first, 'expire', 3],
      [second, 'expire', 3],
    ]);
  });

  it('is dated when it was due in its events, too', async () => {
    const reservation = await lapsing(await makeBucket(server, 10), 4);
    server.clock.set(later);
    await read(server, 'ReserveBalance', reservation);
    const rows = await server.database.client.outbox.findMany({
      where: { resourceId: reservation, NOT: { eventType: 'ReserveBalanceCreateEvent' } },
    });
    expect(rows.map(({ occurredAt }) => occurredAt.toISOString())).toEqual([end, end]);
  });

  it('that was committed or released before does not lapse', async () => {
    const id = await makeBucket(server, 10);
    const [one, other] = [await lapsing(id, 4), await lapsing(id, 4)];
    accepted(await commitVerb(server, one, eur(1)));
    accepted(await releaseVerb(server, other));
    server.clock.set(later);
    expect(await balanceOf(server, id)).toEqual([9, 0]);
    expect([
      (await read(server, 'ReserveBalance', one)).status,
      (await read(server, 'ReserveBalance', other)).status,
    ]).toEqual(['completed', 'cancelled']);
    expect((await ledgerOf(server, id)).filter((line) => line.includes('expire'))).toEqual([]);
  });

  it('lapses although its bucket is suspended, and together with its bucket', async () => {
    const suspended = await makeBucket(server, 10);
    const expiring = await makeBucket(server, 10, until(end));
    await Promise.all([suspended, expiring].map((id) => lapsing(id, 4)));
    accepted(await update(server, 'rest', 'Bucket', suspended, { status: 'suspended' }));
    server.clock.set(end);
    for (const id of [suspended, expiring]) {
      expect(await balanceOf(server, id)).toEqual([10, 0]);
      expect(await ledgerProblems(server, id)).toEqual([]);
    }
    expect(await read(server, 'Bucket', expiring)).toMatchObject({
      status: 'expired',
      remainingValue: eur(10),
      reservedValue: eur(0),
    });
    expect(
      (await eventsOf(server, expiring)).filter((name) => name === 'BucketAttributeValueChangeEvent'),
    ).toHaveLength(1);
  });

  it('under a key is answered as it was when it was made', async () => {
    const id = await makeBucket(server, 10);
    const input = { bucket: { id }, amount: eur(4), expirationDate: end };
    const first = await create(server, 'rest', 'ReserveBalance', input, { key: 'lapses' });
    server.clock.set(later);
    for (const door of transports) {
      const again = await create(server, door, 'ReserveBalance', input, { key: 'lapses' });
      expect([again.replayed, again.resource.id, again.resource.status]).toEqual([true, first.resource.id, 'created']);
    }
    expect(await balanceOf(server, id)).toEqual([10, 0]);
  });

  it('stays over when the clock is set back', async () => {
    const id = await makeBucket(server, 10);
    const reservation = await lapsing(id, 4);
    server.clock.set(later);
    expect(await balanceOf(server, id)).toEqual([10, 0]);
    server.clock.set(begin);
    expect((await commitVerb(server, reservation)).code).toBe('RESERVATION_NOT_LIVE');
    const again = await makeReservation(server, id, 4, { expirationDate: later });
    // The entry of the lapse, which is ahead now, does not push it there.
    expect((await entriesOf(server, id)).at(-1)?.recordedAt).toBe(begin);
    server.clock.set(later);
    expect((await read(server, 'ReserveBalance', again)).status).toBe('cancelled');
    expect(await ledgerProblems(server, id)).toEqual([`entry 4 of ${id} is older than the one before`]);
  });

  it.each<[string, object]>([
    ['that is over', { expirationDate: '2026-02-01T00:00:00.000Z' }],
    ['of this instant', { expirationDate: begin }],
    ['by validFor that is over', { validFor: { endDateTime: '2026-02-01T00:00:00.000Z' } }],
  ])('is not made with an end %s', async (_when, attributes) => {
    const input = { bucket: { id: await makeBucket(server, 10) }, amount: eur(1), ...attributes };
    const before = await allTables(server);
    for (const door of transports)
      expect(await create(server, door, 'ReserveBalance', input)).toMatchObject({
        status: 400,
        code: 'INVALID_ATTRIBUTE',
      });
    expect(await allTables(server)).toEqual(before);
  });
});

describe('a bucket whose validity ends', () => {
  it('is expired for the next reader, with its event, dated then, and keeps what is in it', async () => {
    const id = await makeBucket(server, 10, until(end));
    server.clock.set(justBefore);
    expect(await read(server, 'Bucket', id)).toMatchObject({ status: 'active' });
    server.clock.set(later);
    expect(await stored('Bucket', id)).toBe('active');
    const { data } = await server.graphql(
      `{ buckets(filter: { id: { eq: "${id}" }, status: { eq: expired } }) { items { id remainingValue { amount } } } }`,
    );
    expect(data.buckets.items).toEqual([{ id, remainingValue: { amount: 10 } }]);
    expect(await ledgerOf(server, id)).toHaveLength(1);
    const rows = await server.database.client.outbox.findMany({
      where: { resourceId: id, eventType: 'BucketAttributeValueChangeEvent' },
    });
    expect(rows).toHaveLength(1);
    expect(rows[0]?.occurredAt.toISOString()).toBe(end);
    expect(rows[0]?.payload).toMatchObject({ id, status: 'expired', remainingValue: eur(10) });
  });

  it.each(transports)('still gives what is reserved in it, and takes back the rest, through %s', async (door) => {
    const id = await makeBucket(server, 10, until(end));
    const [one, other] = [await makeReservation(server, id, 4), await makeReservation(server, id, 3)];
    server.clock.set(later);
    accepted(
      await create(server, door, 'AdjustBalance', {
        ...actions.commit.attributes,
        reserveBalance: { id: one },
        amount: eur(1),
      }),
    );
    accepted(await update(server, door, 'ReserveBalance', other, { status: 'cancelled' }));
    expect(await read(server, 'Bucket', id)).toMatchObject({
      status: 'expired',
      remainingValue: eur(9),
      reservedValue: eur(0),
    });
    for (const type of ['AdjustBalance', 'ReserveBalance', 'TopupBalance'] as const) {
      expect(
        (
          await create(server, door, type, {
            bucket: { id },
            amount: eur(1),
            ...(type === 'AdjustBalance' && { adjustType: 'xDebit' }),
          })
        ).code,
      ).toBe('BUCKET_EXPIRED');
    }
  });

  it('stays suspended when it was, and expires when its validity is cut short by PATCH', async () => {
    const suspended = await makeBucket(server, 1, { status: 'suspended', ...until(end) });
    const cut = await makeBucket(server, 1);
    accepted(await update(server, 'graphql', 'Bucket', cut, until(end)));
    server.clock.set(end);
    expect([(await read(server, 'Bucket', suspended)).status, (await read(server, 'Bucket', cut)).status]).toEqual([
      'suspended',
      'expired',
    ]);
    accepted(await update(server, 'rest', 'Bucket', suspended, { status: 'active' }));
    expect((await read(server, 'Bucket', suspended)).status).toBe('expired');
  });
});

describe.each(transports)('a top-up with an end of validity through %s', (door: Transport) => {
  const far = '2026-06-01T00:00:00.000Z';
  const near = '2026-03-10T00:00:00.000Z';
  interface Row {
    what: string;
    bucket: object;
    brings: string;
    status: string;
    endDateTime: string | undefined;
  }
  const rows: Row[] = [
    { what: 'extends a valid bucket', bucket: until(near), brings: far, status: 'active', endDateTime: far },
    {
      what: 'does not shorten a bucket that ends later',
      bucket: until(far),
      brings: near,
      status: 'active',
      endDateTime: far,
    },
    {
      what: 'does not bound a bucket without an end',
      bucket: {},
      brings: near,
      status: 'active',
      endDateTime: undefined,
    },
    {
      what: 'revives an expired bucket with its remainder',
      bucket: until(end),
      brings: far,
      status: 'active',
      endDateTime: far,
    },
    {
      what: 'revives a bucket that was made expired',
      bucket: { status: 'expired' },
      brings: far,
      status: 'active',
      endDateTime: far,
    },
  ];
  it.each(rows)('$what', async ({ bucket, brings, status, endDateTime }) => {
    const id = await makeBucket(server, 10, bucket);
    server.clock.set(later);
    accepted(
      await create(server, door, 'TopupBalance', { bucket: { id }, amount: eur(1), validFor: { endDateTime: brings } }),
    );
    const after = await read(server, 'Bucket', id);
    expect([after.status, after.validFor?.endDateTime, after.remainingValue.amount]).toEqual([status, endDateTime, 11]);
    accepted(
      await create(server, door, 'AdjustBalance', { ...actions.debit.attributes, bucket: { id }, amount: eur(11) }),
    );
  });

  it('finds the expired bucket by its product, too, and it expires again', async () => {
    const product = [{ id: `revived ${door}` }];
    const id = await makeBucket(server, 10, { product, ...until(end) });
    server.clock.set(later);
    expect((await create(server, door, 'TopupBalance', { product, amount: eur(1) })).code).toBe('BUCKET_UNKNOWN');
    accepted(await create(server, door, 'TopupBalance', { product, amount: eur(1), validFor: { endDateTime: near } }));
    expect(await read(server, 'Bucket', id)).toMatchObject({ status: 'active', remainingValue: eur(11) });
    server.clock.set(near);
    expect(await read(server, 'Bucket', id)).toMatchObject({ status: 'expired', remainingValue: eur(11) });
    expect((await eventsOf(server, id)).filter((name) => name === 'BucketAttributeValueChangeEvent')).toHaveLength(2);
  });

  it.each<[string, object, object, string]>([
    ['a suspended bucket', { status: 'suspended' }, until(far), 'BUCKET_SUSPENDED'],
    [
      'a bucket that is not yet valid',
      { validFor: { startDateTime: far } },
      until('2026-07-01T00:00:00.000Z'),
      'BUCKET_NOT_YET_VALID',
    ],
    ['an expired bucket without bringing validity', until(end), {}, 'BUCKET_EXPIRED'],
    [
      'an expired bucket with validity that is over itself',
      until(end),
      until('2026-03-04T00:00:00.000Z'),
      'INVALID_ATTRIBUTE',
    ],
    [
      'an expired bucket with other units',
      until(end),
      { ...until(far), amount: { amount: 1, units: 'USD' } },
      'UNITS_MISMATCH',
    ],
  ])('is refused by %s', async (_what, bucket, attributes, code) => {
    const id = await makeBucket(server, 10, bucket);
    server.clock.set(later);
    const before = await read(server, 'Bucket', id);
    expect((await create(server, door, 'TopupBalance', { bucket: { id }, amount: eur(1), ...attributes })).code).toBe(
      code,
    );
    expect(await read(server, 'Bucket', id)).toEqual(before);
  });
});

describe('lapses for many', () => {
  it('readers and servers at once happen once each', async () => {
    const clock = new TestClock(new Date(begin));
    const servers = [server];
    if (server.database.url) servers.push(await startSecondServer(server, clock));
    try {
      const ids = await makeBuckets(server, 10, 100, until(later));
      const reservations = await Promise.all(
        Array.from({ length: 200 }, (_, index) => lapsing(String(ids[index % 10]), 1)),
      );
      for (const one of servers) one.clock.set(later);
      const balances = await Promise.all(
        Array.from({ length: 60 }, (_, index) =>
          balanceOf(servers[index % servers.length] as TestServer, String(ids[index % 10])),
        ),
      );
      for (const balance of balances) expect(balance).toEqual([100, 0]);
      for (const id of ids) {
        expect(await ledgerProblems(server, id)).toEqual([]);
        expect((await ledgerOf(server, id)).filter((line) => line.includes('expire'))).toHaveLength(20);
        expect((await eventsOf(server, id)).filter((name) => name === 'BucketAttributeValueChangeEvent')).toHaveLength(
          1,
        );
      }
      const events = await server.database.client.outbox.groupBy({
        by: ['eventType'],
        where: { resourceId: { in: reservations } },
        _count: true,
      });
      expect(Object.fromEntries(events.map(({ eventType, _count }) => [eventType, _count]))).toEqual({
        ReserveBalanceCreateEvent: 200,
        ReserveBalanceCancelEvent: 200,
        ReserveBalanceStatusChangeEvent: 200,
      });
    } finally {
      await servers[1]?.close();
    }
  });

  it('thousands at once are settled before the one who reads is answered', async () => {
    const count = proofSize('LAPSES', { short: 1_200, long: 2_000 });
    const id = await makeBucket(server, count);
    const mutation = 'mutation ($inputs: [ReserveBalanceCreate!]!) { createReserveBalances(inputs: $inputs) { id } }';
    for (let made = 0; made < count; made += 100) {
      const { errors } = await server.graphql(mutation, {
        inputs: Array(100).fill({ bucket: { refId: id }, amount: eur(1), expirationDate: end }),
      });
      expect(errors).toBeUndefined();
    }
    expect(await balanceOf(server, id)).toEqual([0, count]);
    server.clock.set(later);
    expect(await balanceOf(server, id)).toEqual([count, 0]);
    expect(await ledgerProblems(server, id)).toEqual([]);
  });
});

// Sizes of the race: every round is one reservation that three want to end.
const rounds = proofSize('RACE_ROUNDS', { short: 200, long: 1_000 });
const roundsAtOnce = 100;
/** The three come within this time, in any order. */
const spreadMs = 300;

describe('commit, release and lapse of one reservation', () => {
  it(`have exactly one winner, ${rounds} times`, async () => {
    const clock = new TestClock(new Date(begin));
    const servers: TestServer[] = [server];
    if (server.database.url) servers.push(await startSecondServer(server, clock));
    const other = servers[1] ?? server;
    const id = await makeBucket(server, rounds);
    const wins = { commit: 0, release: 0, lapse: 0 };
    try {
      for (let round = 0; round < rounds; round += roundsAtOnce) {
        const from = server.clock.now().getTime();
        const expirationDate = new Date(from + 1_000).toISOString();
        const ids = await Promise.all(
          Array.from({ length: roundsAtOnce }, () => makeReservation(server, id, 1, { expirationDate })),
        );
        const asked = ids.flatMap((reservation, index) => {
          const [one, two] = index % 2 ? [server, other] : [other, server];
          const commit = (): Promise<any> =>
            sleep(Math.random() * spreadMs)
              .then(() => commitVerb(one, reservation, eur(1)))
              .then(({ code }) => ({ who: 'commit', code, reservation }));
          const release = (): Promise<any> =>
            sleep(Math.random() * spreadMs)
              .then(() => releaseVerb(two, reservation))
              .then(({ code }) => ({ who: 'release', code, reservation }));
          return index % 3 ? [commit(), release()] : [release(), commit()];
        });
        // Sooner or later among them, differently in each group, the time comes.
        const isThere = sleep((spreadMs * round) / rounds).then(() => {
          for (const one of servers) one.clock.advance(1_000);
        });
        const outcomes = await Promise.all(asked);
        await isThere;
        const readers = await Promise.all(
          ids.map((reservation, index) => read(index % 2 ? server : other, 'ReserveBalance', reservation)),
        );
        for (const [index, reservation] of ids.entries()) {
          const own = outcomes.filter((outcome) => outcome.reservation === reservation);
          for (const { code } of own) expect([undefined, 'RESERVATION_NOT_LIVE']).toContain(code);
          const winners = own.filter(({ code }) => code === undefined).map(({ who }) => who as 'commit' | 'release');
          const winner = winners.length === 0 ? 'lapse' : winners[0];
          expect(winners.length).toBeLessThanOrEqual(1);
          expect(readers[index].status).toBe(winner === 'commit' ? 'completed' : 'cancelled');
          wins[winner as keyof typeof wins] += 1;
        }
      }
    } finally {
      await servers[1]?.close();
    }
    // Which of the three won is also what the ledger says, once for each.
    const endings: Record<string, number> = {};
    const perAction = new Map<string, number>();
    for (const { entryType, actionId, reservedDelta } of await entriesOf(server, id)) {
      if (reservedDelta >= 0) continue;
      endings[entryType] = (endings[entryType] ?? 0) + 1;
      perAction.set(actionId, (perAction.get(actionId) ?? 0) + 1);
    }
    console.info(`race of ${rounds}: ${JSON.stringify(wins)}`);
    expect([endings['commit'] ?? 0, endings['release'] ?? 0, endings['expire'] ?? 0]).toEqual([
      wins.commit,
      wins.release,
      wins.lapse,
    ]);
    expect(wins.commit + wins.release + wins.lapse).toBe(rounds);
    expect([...perAction.values()].filter((times) => times !== 1)).toEqual([]);
    expect(await balanceOf(server, id)).toEqual([rounds - wins.commit, 0]);
    expect(await ledgerProblems(server, id)).toEqual([]);
  });
});

describe('a read while things keep falling due', () => {
  it('waits for what was due when it began, and for no more', async () => {
    const id = await makeBucket(server, 1000);
    const start = server.clock.now().getTime();
    const inputs = Array.from({ length: 150 }, (_, second) => ({
      bucket: { refId: id },
      amount: eur(1),
      expirationDate: new Date(start + (second + 1) * 1_000).toISOString(),
    }));
    const made = await server.graphql(
      'mutation ($inputs: [ReserveBalanceCreate!]!) { createReserveBalances(inputs: $inputs) { id } }',
      { inputs },
    );
    expect(made.errors).toBeUndefined();
    server.clock.advance(1_000);
    const now = server.clock.now.bind(server.clock);
    server.clock.now = () => {
      server.clock.advance(1_000);
      return now();
    };
    try {
      await balanceOf(server, id);
    } finally {
      server.clock.now = now;
    }
    const live = await server.database.client.reservationHold.count({ where: { bucketId: id } });
    expect(live).toBeGreaterThan(50);
    server.clock.advance(200_000);
    expect(await balanceOf(server, id)).toEqual([1000, 0]);
  });
});
