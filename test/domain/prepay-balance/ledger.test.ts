import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import {
  accepted,
  actions,
  balanceOf,
  entriesOf,
  eur,
  eventsOf,
  ledgerOf,
  ledgerProblems,
  make,
  makeBucket,
  makeReservation,
  read,
} from './balances.js';
import { commitVerb, create, transports, releaseVerb, remove, update, type Type } from './transports.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const topUp = (bucketId: string, amount: number | string): Promise<any> =>
  make(server, 'TopupBalance', { bucket: { id: bucketId }, amount: eur(amount) });
const debit = (bucketId: string, amount: number | string): Promise<any> =>
  make(server, 'AdjustBalance', { ...actions.debit.attributes, bucket: { id: bucketId }, amount: eur(amount) });

describe('the ledger of a bucket', () => {
  it.each(transports)('explains every movement, and replayed gives the stored balance (%s)', async (door) => {
    const bucketId = (await create(server, door, 'Bucket', { usageType: 'monetary', remainingValue: eur(10) })).resource
      .id;
    const bucket = { id: bucketId };
    const topup = accepted(await create(server, door, 'TopupBalance', { bucket, amount: eur(5) }));
    const credit = accepted(await create(server, door, 'AdjustBalance', { bucket, amount: eur(1) }));
    const charge = accepted(
      await create(server, door, 'AdjustBalance', { ...actions.debit.attributes, bucket, amount: eur(2) }),
    );
    const released = accepted(await create(server, door, 'ReserveBalance', { bucket, amount: eur(4) }));
    accepted(await update(server, door, 'ReserveBalance', released.id, { status: 'cancelled' }));
    const committed = accepted(await create(server, door, 'ReserveBalance', { bucket, amount: eur(4) }));
    const commit = accepted(
      await create(server, door, 'AdjustBalance', {
        ...actions.commit.attributes,
        reserveBalance: { id: committed.id },
        amount: eur(3),
      }),
    );

    expect(await ledgerOf(server, bucketId)).toEqual([
      '1 opening 10 0 → 10 0 EUR',
      '2 topup 5 0 → 15 0 EUR',
      '3 credit 1 0 → 16 0 EUR',
      '4 debit -2 0 → 14 0 EUR',
      '5 reserve -4 4 → 10 4 EUR',
      '6 release 4 -4 → 14 0 EUR',
      '7 reserve -4 4 → 10 4 EUR',
      '8 commit 0 -3 → 10 1 EUR',
      '9 release 1 -1 → 11 0 EUR',
    ]);
    expect((await entriesOf(server, bucketId)).map(({ actionKind, actionId }) => `${actionKind} ${actionId}`)).toEqual([
      `bucket ${bucketId}`,
      `topupBalance ${topup.id}`,
      `adjustBalance ${credit.id}`,
      `adjustBalance ${charge.id}`,
      `reserveBalance ${released.id}`,
      `reserveBalance ${released.id}`,
      `reserveBalance ${committed.id}`,
      `adjustBalance ${commit.id}`,
      `adjustBalance ${commit.id}`,
    ]);
    expect(await ledgerProblems(server, bucketId)).toEqual([]);
    const problems = await server.database.query(Prisma.sql`
      SELECT b."id" FROM "Bucket" b JOIN "LedgerEntry" e ON e."tenantId" = b."tenantId" AND e."bucketId" = b."id" AND e."sequence" = b."entrySequence"
      WHERE b."id" = ${bucketId} AND (b."remainingValueAmount", b."reservedValueAmount") IS DISTINCT FROM (e."remainingAfter", e."reservedAfter")`);
    expect(problems).toEqual([]);
  });

  it('has no entry for an opening that was not given, and one for an opening of zero', async () => {
    expect(await ledgerOf(server, await makeBucket(server, undefined))).toEqual([]);
    expect(await ledgerOf(server, await makeBucket(server, 0))).toEqual(['1 opening 0 0 → 0 0 EUR']);
  });

  it('is not changed by requests that are refused or change no balance', async () => {
    const id = await makeBucket(server, 10);
    await create(server, 'rest', 'ReserveBalance', { bucket: { id }, amount: eur(11) });
    accepted(await update(server, 'rest', 'Bucket', id, { name: 'new', status: 'suspended' }));
    const topup = await create(server, 'rest', 'TopupBalance', { bucket: { id }, amount: eur(1) });
    expect(topup.code).toBe('BUCKET_SUSPENDED');
    expect(await ledgerOf(server, id)).toHaveLength(1);
  });

  it('counts revisions of the bucket with its movements', async () => {
    const id = await makeBucket(server, 10);
    const eTag = async (): Promise<string | null> => (await server.rest('GET', `/bucket/${id}`)).headers.get('etag');
    expect(await eTag()).toBe('"1"');
    await topUp(id, 1);
    expect(await eTag()).toBe('"2"');
    await releaseVerb(server, await makeReservation(server, id, 1));
    expect(await eTag()).toBe('"4"');
  });

  it('keeps the order of one hundred movements that arrive together', async () => {
    const id = await makeBucket(server, 0);
    await Promise.all(Array.from({ length: 100 }, () => topUp(id, 1)));
    expect(await ledgerProblems(server, id)).toEqual([]);
    expect(await balanceOf(server, id)).toEqual([100, 0]);
  });
});

describe('a bucket without a value', () => {
  it('takes on the units of its first credit, and no others afterwards', async () => {
    const id = await makeBucket(server, undefined);
    expect(await read(server, 'Bucket', id)).not.toHaveProperty('remainingValue');
    const topup = await make(server, 'TopupBalance', { bucket: { id }, amount: { amount: 2, units: 'GB' } });
    expect(topup.impactedBucket[0]).toMatchObject({
      amountBefore: { amount: 0, units: 'GB' },
      amountAfter: { amount: 2, units: 'GB' },
    });
    expect(await read(server, 'Bucket', id)).toMatchObject({
      remainingValue: { amount: 2, units: 'GB' },
      reservedValue: { amount: 0, units: 'GB' },
    });
    expect((await create(server, 'rest', 'TopupBalance', { bucket: { id }, amount: eur(1) })).code).toBe(
      'UNITS_MISMATCH',
    );
  });

  it('takes on one of the units that arrive together', async () => {
    const id = await makeBucket(server, undefined);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        create(server, transports[index % 2] ?? 'rest', 'TopupBalance', {
          bucket: { id },
          amount: { amount: 1, units: index % 2 ? 'EUR' : 'USD' },
        }),
      ),
    );
    const units = (await read(server, 'Bucket', id)).remainingValue.units;
    expect(outcomes.filter(({ code }) => code === undefined).map(({ resource }) => resource.amount.units)).toEqual(
      Array(10).fill(units),
    );
    expect(outcomes.filter(({ code }) => code === 'UNITS_MISMATCH')).toHaveLength(10);
    expect(await ledgerProblems(server, id)).toEqual([]);
  });
});

describe('an applied action', () => {
  it.each(transports)('tells what it did to the bucket, when and for what (%s)', async (door) => {
    const bucketId = await makeBucket(server, 10);
    const now = server.clock.now().toISOString();
    const topup = accepted(await create(server, door, 'TopupBalance', { bucket: { id: bucketId }, amount: eur(5) }));
    expect(topup).toMatchObject({
      status: 'completed',
      usageType: 'monetary',
      requestedDate: now,
      confirmationDate: now,
      impactedBucket: [
        {
          bucket: { id: bucketId, usageType: 'monetary' },
          amountBefore: eur(10),
          amountAfter: eur(15),
          confirmationDate: now,
          item: [{ itemType: 'topup', amount: eur(5) }],
        },
      ],
    });
    const reservation = accepted(
      await create(server, door, 'ReserveBalance', { bucket: { id: bucketId }, amount: eur(3) }),
    );
    expect(reservation).toMatchObject({ status: 'created', relatedParty: [], confirmationDate: now });
    expect(reservation.impactedBucket[0]).toMatchObject({ amountBefore: eur(15), amountAfter: eur(12) });
    const stored = await read(server, 'ReserveBalance', reservation.id);
    expect(stored).toEqual(door === 'rest' ? reservation : { ...stored, ...reservation });
  });

  it('lists the live reservations on the bucket until each has ended', async () => {
    const id = await makeBucket(server, 10);
    const [first, second] = [await makeReservation(server, id, 1), await makeReservation(server, id, 2)];
    const live = async (): Promise<unknown> => (await read(server, 'Bucket', id)).reserveBalance;
    expect(await live()).toEqual([{ id: first }, { id: second }]);
    accepted(await commitVerb(server, first));
    expect(await live()).toEqual([{ id: second }]);
    accepted(await releaseVerb(server, second));
    expect(await live()).toBeUndefined();
  });
});

describe('exact decimals', () => {
  it('adds 0.1 and 0.2 to 0.3', async () => {
    const id = await makeBucket(server, 0.1);
    const topup = await topUp(id, 0.2);
    expect(topup.impactedBucket[0].amountAfter).toEqual(eur(0.3));
    expect(await balanceOf(server, id)).toEqual([0.3, 0]);
    await debit(id, 0.3);
    expect(await balanceOf(server, id)).toEqual([0, 0]);
  });

  it('adds fifty times 0.07 to 3.5', async () => {
    const id = await makeBucket(server, 0);
    await Promise.all(Array.from({ length: 50 }, () => topUp(id, 0.07)));
    expect(await balanceOf(server, id)).toEqual([3.5, 0]);
  });

  it('keeps 1e-9, the smallest amount', async () => {
    const id = await makeBucket(server, 1);
    await topUp(id, '1e-9');
    expect(await balanceOf(server, id)).toEqual([1.000000001, 0]);
    await debit(id, 1);
    expect(await balanceOf(server, id)).toEqual([1e-9, 0]);
    expect((await entriesOf(server, id)).map(({ remainingAfter }) => remainingAfter)).toEqual([1, 1.000000001, 1e-9]);
  });

  it.each([
    '999999999999999',
    '123456789012345',
    '123456.789012345',
    '999999.999999999',
    '0.000000001',
    '4.35',
    '1.005',
  ])('takes %s in, holds it and gives it back without rounding', async (amount) => {
    const id = await makeBucket(server, amount);
    const reservation = await makeReservation(server, id, amount);
    expect(await balanceOf(server, id)).toEqual([0, Number(amount)]);
    accepted(await releaseVerb(server, reservation));
    await debit(id, amount);
    expect(await balanceOf(server, id)).toEqual([0, 0]);
    const rows = await server.database.client.ledgerEntry.findMany({
      where: { bucketId: id },
      orderBy: { sequence: 'asc' },
    });
    const delta = String(rows[0]?.remainingDelta);
    expect(Number(delta)).toBe(Number(amount));
    expect(rows.map(({ remainingDelta }) => String(remainingDelta))).toEqual([delta, `-${delta}`, delta, `-${delta}`]);
  });

  it('refuses decimals that would not fit beside what the bucket holds, however they come in', async () => {
    const id = await makeBucket(server, 999_999);
    await topUp(id, '0.999999999');
    expect(await balanceOf(server, id)).toEqual([999_999.999999999, 0]);
    expect((await create(server, 'rest', 'TopupBalance', { bucket: { id }, amount: eur(1) })).code).toBe(
      'BALANCE_LIMIT',
    );
    await topUp(id, '0.000000001');
    expect(await balanceOf(server, id)).toEqual([1_000_000, 0]);
  });

  it('answers every balance with at most 15 digits after a partial commit', async () => {
    const id = await makeBucket(server, 100_000_000_000_000);
    const reservation = await makeReservation(server, id, 100_000_000_000_000);
    await commitVerb(server, reservation, eur(0.001));
    const row = await server.database.client.bucket.findFirst({ where: { id } });
    const stored = [row?.remainingValueAmount, row?.reservedValueAmount].map(String);
    expect((await balanceOf(server, id)).map(String)).toEqual(stored);
  });
});

describe('the outbox', () => {
  const descriptive = { description: 'changed' };

  it.each(transports)('tells each change of a bucket (%s)', async (door) => {
    const { id } = accepted(await create(server, door, 'Bucket', { usageType: 'monetary' }));
    accepted(await update(server, door, 'Bucket', id, descriptive));
    accepted(await update(server, door, 'Bucket', id, descriptive));
    expect((await remove(server, door, 'Bucket', id)).code).toBeUndefined();
    expect(await eventsOf(server, id)).toEqual([
      'BucketCreateEvent',
      'BucketAttributeValueChangeEvent',
      'BucketDeleteEvent',
    ]);
  });

  it.each(['TopupBalance', 'AdjustBalance'] as const)(
    'tells each change of a %s, and none of its bucket',
    async (type: Type) => {
      const bucketId = await makeBucket(server, 10);
      const { id } = await make(server, type, { bucket: { id: bucketId }, amount: eur(5) });
      accepted(await update(server, 'rest', type, id, descriptive));
      await remove(server, 'rest', type, id);
      expect(await eventsOf(server, id)).toEqual([
        `${type}CreateEvent`,
        `${type}AttributeValueChangeEvent`,
        `${type}DeleteEvent`,
      ]);
      expect(await eventsOf(server, bucketId)).toEqual(['BucketCreateEvent']);
      const refused = await create(server, 'rest', type, {
        bucket: { id: 'nowhere' },
        usageType: 'monetary',
        amount: eur(5),
      });
      expect(await eventsOf(server, String(refused.reference?.split('/').at(-1)))).toEqual([`${type}FailureEvent`]);
    },
  );

  it.each(transports)(
    'tells a released reservation as Cancel and StatusChange, a committed one as StatusChange (%s)',
    async (door) => {
      const bucketId = await makeBucket(server, 10);
      const [released, committed] = [
        await makeReservation(server, bucketId, 1),
        await makeReservation(server, bucketId, 1),
      ];
      accepted(await update(server, door, 'ReserveBalance', released, { status: 'cancelled' }));
      const commit = accepted(
        await create(server, door, 'AdjustBalance', {
          ...actions.commit.attributes,
          reserveBalance: { id: committed },
          amount: eur(1),
        }),
      );
      expect(await eventsOf(server, released)).toEqual([
        'ReserveBalanceCreateEvent',
        'ReserveBalanceCancelEvent',
        'ReserveBalanceStatusChangeEvent',
      ]);
      expect(await eventsOf(server, committed)).toEqual([
        'ReserveBalanceCreateEvent',
        'ReserveBalanceStatusChangeEvent',
      ]);
      expect(await eventsOf(server, commit.id)).toEqual(['AdjustBalanceCreateEvent']);
    },
  );

  it('carries the resource as it stands after the change', async () => {
    const bucketId = await makeBucket(server, 10);
    const id = await makeReservation(server, bucketId, 4);
    accepted(await commitVerb(server, id, eur(1)));
    const rows = await server.database.client.outbox.findMany({ where: { resourceId: id }, orderBy: { id: 'asc' } });
    expect(
      rows.map(({ resourceType, payload }) => [resourceType, (payload as any).status, (payload as any).amount]),
    ).toEqual([
      ['reserveBalance', 'created', eur(4)],
      ['reserveBalance', 'completed', eur(4)],
    ]);
    expect((rows[0]?.payload as any).impactedBucket[0].amountAfter).toEqual(eur(6));
    expect(rows.map(({ occurredAt }) => occurredAt.toISOString())).toEqual(
      Array(2).fill(server.clock.now().toISOString()),
    );
  });
});

describe('tenants', () => {
  it('marks every row of every table with the tenant', async () => {
    const id = await makeBucket(server, 10);
    accepted(
      await create(server, 'rest', 'ReserveBalance', { bucket: { id }, amount: eur(1) }, { key: 'tenant-test' }),
    );
    for (const table of ['Bucket', 'BalanceAction', 'ReservationHold', 'LedgerEntry', 'Outbox', 'Idempotency']) {
      const rows = await server.database.query<{ tenantId: string }>(
        Prisma.raw(`SELECT DISTINCT "tenantId" FROM "${table}"`),
      );
      expect([table, ...rows.map(({ tenantId }) => tenantId)]).toEqual([table, 'default']);
    }
  });

  it('neither reads nor moves the balances of another tenant', async () => {
    const id = await makeBucket(server, 10, { product: [{ id: 'moved-away' }] });
    const reservation = await makeReservation(server, id, 1);
    for (const table of ['Bucket', 'BalanceAction', 'ReservationHold', 'LedgerEntry']) {
      const column = table === 'Bucket' ? 'id' : table === 'BalanceAction' ? 'id' : 'bucketId';
      await server.database.query(
        Prisma.raw(`UPDATE "${table}" SET "tenantId" = 'other' WHERE "${column}" IN ('${id}', '${reservation}')`),
      );
    }
    expect(await read(server, 'Bucket', id)).toBeUndefined();
    expect(await read(server, 'ReserveBalance', reservation)).toBeUndefined();
    expect((await create(server, 'rest', 'TopupBalance', { bucket: { id }, amount: eur(1) })).code).toBe(
      'BUCKET_UNKNOWN',
    );
    expect((await create(server, 'rest', 'TopupBalance', { product: { id: 'moved-away' }, amount: eur(1) })).code).toBe(
      'BUCKET_UNKNOWN',
    );
    const commit = {
      ...actions.commit.attributes,
      reserveBalance: { id: reservation },
      amount: eur(1),
      usageType: 'monetary',
    };
    expect((await create(server, 'rest', 'AdjustBalance', commit)).code).toBe('RESERVATION_UNKNOWN');
    expect((await releaseVerb(server, reservation)).code).toBe('NOT_FOUND');
    expect((await update(server, 'rest', 'Bucket', id, { name: 'x' })).code).toBe('NOT_FOUND');
    expect((await remove(server, 'rest', 'Bucket', id)).code).toBe('NOT_FOUND');
    // The other tenant is this test's own invention: it goes with it.
    for (const table of ['Bucket', 'BalanceAction', 'ReservationHold', 'LedgerEntry']) {
      await server.database.query(Prisma.raw(`DELETE FROM "${table}" WHERE "tenantId" = 'other'`));
    }
  });
});

describe('the clock of a bucket', () => {
  it('stands still while the clock of another server is a little behind', async () => {
    const start = server.clock.now().toISOString();
    const id = await makeBucket(server, 10);
    server.clock.advance(3_000);
    const later = server.clock.now().toISOString();
    try {
      await topUp(id, 1);
      server.clock.set(start);
      await topUp(id, 1);
      const entries = await entriesOf(server, id);
      expect(entries.map(({ recordedAt }) => recordedAt)).toEqual([start, later, later]);
      const ids = entries.map((entry) => entry.itemId);
      expect(ids).toEqual([...ids].sort());
    } finally {
      server.clock.set(start);
    }
  });

  it('follows the present again after a clock had jumped ahead', async () => {
    const start = server.clock.now();
    const id = await makeBucket(server, 10);
    server.clock.advance(86_400_000);
    const ahead = server.clock.now().toISOString();
    try {
      await topUp(id, 1);
      server.clock.set(start.toISOString());
      const behind = await topUp(id, 1);
      // An hour from now, and before the entry that is ahead.
      const expirationDate = new Date(start.getTime() + 3_600_000).toISOString();
      const reservation = await make(server, 'ReserveBalance', { bucket: { id }, amount: eur(1), expirationDate });
      const now = start.toISOString();
      expect([behind.requestedDate, behind.confirmationDate, reservation.confirmationDate]).toEqual([now, now, now]);
      expect((await entriesOf(server, id)).map(({ recordedAt }) => recordedAt)).toEqual([now, ahead, now, now]);
      const { data } = await server.graphql(
        'query ($id: ID!, $at: DateTime!) { bucket(id: $id, asOf: $at) { remainingValue { amount } } }',
        { id, at: now },
      );
      expect(data.bucket.remainingValue).toEqual({ amount: 11 });
    } finally {
      server.clock.set(start.toISOString());
    }
  });
});
