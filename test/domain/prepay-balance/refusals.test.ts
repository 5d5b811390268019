import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { errorCatalogue } from '../../../src/app/errors.js';
import type { ErrorCode } from '../../../src/platform/errors.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import {
  accepted,
  actions,
  allTables,
  balanceOf,
  balanceTables,
  eur,
  eventsOf,
  make,
  makeBucket,
  makeBuckets,
  makeReservation,
  read,
  type Action,
} from './balances.js';
import {
  commitVerb,
  create,
  transports,
  unknownWord,
  pathOf,
  releaseVerb,
  remove,
  update,
  type Transport,
  type Outcome,
  type Type,
} from './transports.js';

const past = { startDateTime: '2026-01-01T00:00:00.000Z', endDateTime: '2026-02-01T00:00:00.000Z' };
const future = { startDateTime: '2026-04-01T00:00:00.000Z' };
const credits: readonly Action[] = ['topup', 'credit'];
const draws: readonly Action[] = ['debit', 'reserve'];
const moves: readonly Action[] = [...credits, ...draws];

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** A request that the engine must refuse, and why. */
interface Row {
  code: ErrorCode;
  actions: readonly Action[];
  when: string;
  /** Makes the state and answers the locator and amount of the request. */
  arrange: () => Promise<object>;
}

const inBucket =
  (opening: number | string | undefined, attributes: object = {}, amount: object = eur(5)) =>
  async (): Promise<object> => ({
    bucket: { id: await makeBucket(server, opening, attributes) },
    amount,
  });

/** A reservation of 5 EUR in a bucket of 20, and what is committed of it. */
const ofReservation =
  (end: (id: string) => Promise<unknown>, amount: object = eur(5), attributes: object = {}) =>
  async (): Promise<object> => {
    const id = await makeReservation(server, await makeBucket(server, 20), 5, attributes);
    await end(id);
    return { reserveBalance: { id }, amount };
  };

const committed = async (id: string): Promise<unknown> => accepted(await commitVerb(server, id));
const released = async (id: string): Promise<unknown> => accepted(await releaseVerb(server, id));
const held = async (): Promise<void> => undefined;

/** Made once, because it takes its time. */
let crowded: Promise<object> | undefined;

let products = 0;
async function productWith(
  bucketCount: number,
  opening: number,
  attributes: object = {},
): Promise<{ product: object[] }> {
  const product = [{ id: `product-${++products}` }];
  await makeBuckets(server, bucketCount, opening, { product, ...attributes });
  return { product };
}

const rows: readonly Row[] = [
  {
    code: 'BUCKET_UNKNOWN',
    actions: moves,
    when: 'the bucket does not exist',
    arrange: async () => ({ bucket: { id: '01ARZ3NDEKTSV4RRFFQ69G5FAV' }, amount: eur(5), usageType: 'monetary' }),
  },
  {
    code: 'BUCKET_UNKNOWN',
    actions: moves,
    when: 'no bucket belongs to the product',
    arrange: async () => ({ product: [{ id: 'nobody-s' }], amount: eur(5), usageType: 'monetary' }),
  },
  {
    code: 'BUCKET_UNKNOWN',
    actions: moves,
    when: 'the only bucket of the product counts other units',
    arrange: async () => ({
      ...(await productWith(1, 10)),
      amount: { amount: 5, units: 'USD' },
      usageType: 'monetary',
    }),
  },
  {
    code: 'BUCKET_UNKNOWN',
    actions: moves,
    when: 'the only bucket of the product is suspended',
    arrange: async () => ({
      ...(await productWith(1, 10, { status: 'suspended' })),
      amount: eur(5),
      usageType: 'monetary',
    }),
  },
  {
    code: 'BUCKET_UNKNOWN',
    actions: moves,
    when: 'the validity of the only bucket of the product is over',
    arrange: async () => ({ ...(await productWith(1, 10, { validFor: past })), amount: eur(5), usageType: 'monetary' }),
  },
  {
    code: 'BUCKET_AMBIGUOUS',
    actions: credits,
    when: 'two buckets belong to the product',
    arrange: async () => ({ ...(await productWith(2, 10)), amount: eur(5) }),
  },
  {
    code: 'BUCKET_AMBIGUOUS',
    actions: draws,
    when: 'more buckets belong to the product than one action may draw on',
    arrange: async () => ({ ...(await (crowded ??= productWith(101, 10))), amount: eur(5) }),
  },
  {
    code: 'UNITS_MISMATCH',
    actions: moves,
    when: 'the bucket counts other units',
    arrange: inBucket(10, {}, { amount: 5, units: 'USD' }),
  },
  {
    code: 'BUCKET_SUSPENDED',
    actions: moves,
    when: 'the bucket is suspended',
    arrange: inBucket(10, { status: 'suspended' }),
  },
  {
    code: 'BUCKET_EXPIRED',
    actions: moves,
    when: 'the bucket has the status expired',
    arrange: inBucket(10, { status: 'expired' }),
  },
  {
    code: 'BUCKET_EXPIRED',
    actions: moves,
    when: 'the validity of the bucket is over',
    arrange: inBucket(10, { validFor: past }),
  },
  {
    code: 'BUCKET_EXPIRED',
    actions: moves,
    when: 'the validity of the bucket ends at this very instant',
    arrange: inBucket(10, { validFor: { endDateTime: '2026-03-01T12:00:00.000Z' } }),
  },
  {
    code: 'BUCKET_NOT_YET_VALID',
    actions: moves,
    when: 'the validity of the bucket has not begun',
    arrange: inBucket(10, { validFor: future }),
  },
  {
    code: 'INSUFFICIENT_REMAINING',
    actions: draws,
    when: 'the bucket has less left',
    arrange: inBucket('4.999999999'),
  },
  {
    code: 'INSUFFICIENT_REMAINING',
    actions: draws,
    when: 'the bucket never had a value',
    arrange: inBucket(undefined),
  },
  {
    code: 'INSUFFICIENT_REMAINING',
    actions: draws,
    when: 'what the bucket has is reserved',
    arrange: async () => {
      const id = await makeBucket(server, 10);
      await makeReservation(server, id, 6);
      return { bucket: { id }, amount: eur(5) };
    },
  },
  {
    code: 'INSUFFICIENT_REMAINING',
    actions: draws,
    when: 'all buckets of the product together have less left',
    arrange: async () => ({ ...(await productWith(3, 1)), amount: eur(5) }),
  },
  {
    code: 'BALANCE_LIMIT',
    actions: credits,
    when: 'the sum would have more than 15 digits',
    arrange: inBucket(999_999_999_999_998, {}, eur(5)),
  },
  {
    code: 'BALANCE_LIMIT',
    actions: moves,
    when: 'the decimals of the amount do not fit beside what the bucket has',
    arrange: inBucket(999_999_999_999_998, {}, eur(0.1)),
  },
  {
    code: 'BALANCE_LIMIT',
    actions: credits,
    when: 'what is reserved could not come back',
    arrange: async () => {
      const id = await makeBucket(server, 999_999_999_999_990);
      await makeReservation(server, id, 999_999_999_999_990);
      return { bucket: { id }, amount: eur(50) };
    },
  },
  {
    code: 'RESERVATION_UNKNOWN',
    actions: ['commit'],
    when: 'the reservation does not exist',
    arrange: async () => ({
      reserveBalance: { id: '01ARZ3NDEKTSV4RRFFQ69G5FAV' },
      amount: eur(5),
      usageType: 'monetary',
    }),
  },
  {
    code: 'RESERVATION_UNKNOWN',
    actions: ['commit'],
    when: 'what it names is no reservation',
    arrange: async () => {
      const { id } = await make(server, 'TopupBalance', {
        bucket: { id: await makeBucket(server, 1) },
        amount: eur(5),
      });
      return { reserveBalance: { id }, amount: eur(5), usageType: 'monetary' };
    },
  },
  {
    code: 'UNITS_MISMATCH',
    actions: ['commit'],
    when: 'the reservation holds other units',
    arrange: ofReservation(held, { amount: 5, units: 'USD' }),
  },
  {
    code: 'RESERVATION_NOT_LIVE',
    actions: ['commit'],
    when: 'the reservation was committed',
    arrange: ofReservation(committed),
  },
  {
    code: 'RESERVATION_NOT_LIVE',
    actions: ['commit'],
    when: 'the reservation was released',
    arrange: ofReservation(released),
  },
  {
    code: 'RESERVATION_NOT_LIVE',
    actions: ['commit'],
    when: 'the reservation was refused itself',
    arrange: async () => {
      const refused = await create(server, 'rest', 'ReserveBalance', {
        bucket: { id: await makeBucket(server, 1) },
        amount: eur(5),
      });
      return { reserveBalance: { id: refused.reference?.split('/').at(-1) }, amount: eur(5), usageType: 'monetary' };
    },
  },
  {
    code: 'COMMIT_ABOVE_RESERVED',
    actions: ['commit'],
    when: 'the reservation holds less',
    arrange: ofReservation(held, eur('5.000000001')),
  },
  {
    code: 'BALANCE_LIMIT',
    actions: ['commit'],
    when: 'what comes back would have more than 15 digits',
    arrange: async () => {
      const id = await makeReservation(server, await makeBucket(server, 500_000_000_000_000), 500_000_000_000_000);
      return { reserveBalance: { id }, amount: eur(0.01) };
    },
  },
];

/** 422: what the request names cannot be used; 409: the state of the balance forbids it (docs/decisions/0016-refusals-are-records.md). */
const statusOf: Partial<Record<ErrorCode, number>> = {
  BUCKET_UNKNOWN: 422,
  BUCKET_AMBIGUOUS: 422,
  UNITS_MISMATCH: 422,
  RESERVATION_UNKNOWN: 422,
  BUCKET_SUSPENDED: 409,
  BUCKET_EXPIRED: 409,
  BUCKET_NOT_YET_VALID: 409,
  INSUFFICIENT_REMAINING: 409,
  RESERVATION_NOT_LIVE: 409,
  COMMIT_ABOVE_RESERVED: 409,
  BALANCE_LIMIT: 409,
};

const refusals = rows.flatMap(({ actions: names, ...row }) =>
  names.flatMap((action) => transports.map((door) => ({ ...row, action, door }))),
);

describe('what the engine refuses', () => {
  it.each(refusals)('refuses a $action with $code when $when ($door)', async ({ code, action, door, arrange }) => {
    const { type, attributes } = actions[action];
    const input = { ...(await arrange()), ...attributes };
    // A read settles what lapses meanwhile: that is not the refusal's doing.
    await server.rest('GET', '/bucket?limit=1');
    const before = await balanceTables(server);
    const events = await server.database.client.outbox.count();

    const outcome = await create(server, door, type, input);

    expect([outcome.code, outcome.status]).toEqual([code, statusOf[code]]);
    expectErrorBody(door, outcome, code);
    const id = String(outcome.reference?.split('/').at(-1));
    expect(outcome.reference).toBe(`${server.url}/tmf-api/prepayBalanceManagement/v4${pathOf(type)}/${id}`);
    const record = await read(server, type, id);
    expect(record).toMatchObject({
      id,
      status: 'failed',
      failureCode: code,
      failureMessage: outcome.message,
      href: outcome.reference,
    });
    expect(record).not.toHaveProperty('impactedBucket');
    expect(record).not.toHaveProperty('confirmationDate');
    expect(await balanceTables(server)).toEqual(before);
    expect(await eventsOf(server, id)).toEqual([`${type}FailureEvent`]);
    expect(await server.database.client.outbox.count()).toBe(events + 1);
  });

  it.each(transports)(
    'refuses to commit or release a reservation that has expired: it has given everything back by itself (%s)',
    async (door) => {
      const bucketId = await makeBucket(server, 20);
      const id = await makeReservation(server, bucketId, 5, { expirationDate: '2026-03-01T12:00:10.000Z' });
      server.clock.advance(10_000);
      try {
        const commit = await create(server, door, 'AdjustBalance', {
          ...actions.commit.attributes,
          reserveBalance: { id },
          amount: eur(5),
        });
        expect([commit.code, commit.status]).toEqual(['RESERVATION_NOT_LIVE', 409]);
        const release = await update(server, door, 'ReserveBalance', id, { status: 'cancelled' });
        expect([release.code, release.status]).toEqual(['RESERVATION_NOT_LIVE', 409]);
        expect(await balanceOf(server, bucketId)).toEqual([20, 0]);
      } finally {
        server.clock.set('2026-03-01T12:00:00.000Z');
      }
    },
  );

  it('keeps of a refused action what the request said', async () => {
    const bucket = { id: await makeBucket(server, 1) };
    const input = {
      bucket,
      amount: eur(5),
      reason: 'roaming',
      relatedParty: [{ id: '42', '@referredType': 'Customer' }],
      channel: { id: 'shop' },
    };
    const refused = await create(server, 'rest', 'ReserveBalance', input);
    const record = await read(server, 'ReserveBalance', String(refused.reference?.split('/').at(-1)));
    expect(record).toMatchObject({ ...input, status: 'failed', requestedDate: '2026-03-01T12:00:00.000Z' });
  });
});

function expectErrorBody(door: Transport, { body, message, reference }: Outcome, code: ErrorCode): void {
  const { status, tmfCode, reason } = errorCatalogue.find((error) => error.code === code)!;
  if (door === 'rest') {
    expect(body).toEqual({
      code: tmfCode,
      reason,
      message,
      status: String(status),
      referenceError: reference,
      requestId: expect.any(String),
      '@type': 'Error',
    });
  } else {
    const { extensions } = body[0];
    expect([body.length, extensions.code, extensions.status, extensions.reason]).toEqual([1, code, status, reason]);
  }
}

describe('the order of refusals', () => {
  const wrongUnits = { amount: { amount: 50, units: 'USD' } };
  const suspended = { status: 'suspended' };
  const pairs: readonly {
    first: ErrorCode;
    second: string;
    names: readonly Action[];
    opening: number;
    bucket: object;
    amount: object;
  }[] = [
    {
      first: 'UNITS_MISMATCH',
      second: 'BUCKET_SUSPENDED',
      names: moves,
      opening: 100,
      bucket: suspended,
      ...wrongUnits,
    },
    {
      first: 'UNITS_MISMATCH',
      second: 'BUCKET_EXPIRED',
      names: moves,
      opening: 100,
      bucket: { validFor: past },
      ...wrongUnits,
    },
    {
      first: 'UNITS_MISMATCH',
      second: 'BUCKET_NOT_YET_VALID',
      names: moves,
      opening: 100,
      bucket: { validFor: future },
      ...wrongUnits,
    },
    { first: 'UNITS_MISMATCH', second: 'INSUFFICIENT_REMAINING', names: draws, opening: 10, bucket: {}, ...wrongUnits },
    {
      first: 'UNITS_MISMATCH',
      second: 'BALANCE_LIMIT',
      names: credits,
      opening: 999_999_999_999_999,
      bucket: {},
      ...wrongUnits,
    },
    {
      first: 'BUCKET_SUSPENDED',
      second: 'BUCKET_NOT_YET_VALID',
      names: moves,
      opening: 100,
      bucket: { ...suspended, validFor: future },
      amount: eur(5),
    },
    {
      first: 'BUCKET_SUSPENDED',
      second: 'INSUFFICIENT_REMAINING',
      names: draws,
      opening: 1,
      bucket: suspended,
      amount: eur(5),
    },
    {
      first: 'BUCKET_SUSPENDED',
      second: 'BALANCE_LIMIT',
      names: moves,
      opening: 999_999_999_999_999,
      bucket: suspended,
      amount: eur(5.5),
    },
    {
      first: 'BUCKET_EXPIRED',
      second: 'BUCKET_NOT_YET_VALID',
      names: moves,
      opening: 100,
      bucket: { status: 'expired', validFor: future },
      amount: eur(5),
    },
    {
      first: 'BUCKET_EXPIRED',
      second: 'INSUFFICIENT_REMAINING',
      names: draws,
      opening: 1,
      bucket: { validFor: past },
      amount: eur(5),
    },
    {
      first: 'BUCKET_NOT_YET_VALID',
      second: 'INSUFFICIENT_REMAINING',
      names: draws,
      opening: 1,
      bucket: { validFor: future },
      amount: eur(5),
    },
    {
      first: 'BUCKET_NOT_YET_VALID',
      second: 'BALANCE_LIMIT',
      names: credits,
      opening: 999_999_999_999_999,
      bucket: { validFor: future },
      amount: eur(5),
    },
  ];
  const cases = pairs.flatMap(({ names, ...pair }) => names.map((action) => ({ ...pair, action })));

  it.each(cases)('tells $first before $second to a $action', async ({ first, action, opening, bucket, amount }) => {
    const { type, attributes } = actions[action];
    const id = await makeBucket(server, opening, bucket);
    expect((await create(server, 'rest', type, { bucket: { id }, amount, ...attributes })).code).toBe(first);
  });

  it.each(draws)('tells INSUFFICIENT_REMAINING before BALANCE_LIMIT to a %s', async (action) => {
    const id = await makeBucket(server, 200_000_000_000_000);
    await makeReservation(server, id, 199_999_999_999_999);
    const { type, attributes } = actions[action];
    expect((await create(server, 'rest', type, { bucket: { id }, amount: eur(2.5), ...attributes })).code).toBe(
      'INSUFFICIENT_REMAINING',
    );
  });

  const commits = [
    { first: 'UNITS_MISMATCH', second: 'RESERVATION_NOT_LIVE', end: released, amount: { amount: 5, units: 'USD' } },
    { first: 'UNITS_MISMATCH', second: 'COMMIT_ABOVE_RESERVED', end: held, amount: { amount: 50, units: 'USD' } },
    { first: 'RESERVATION_NOT_LIVE', second: 'COMMIT_ABOVE_RESERVED', end: committed, amount: eur(50) },
  ] as const;
  it.each(commits)('tells $first before $second to a commit', async ({ first, end, amount }) => {
    const input = await ofReservation(end, amount)();
    expect((await create(server, 'rest', 'AdjustBalance', { ...input, ...actions.commit.attributes })).code).toBe(
      first,
    );
  });

  it('tells COMMIT_ABOVE_RESERVED before BALANCE_LIMIT to a commit', async () => {
    const bucketId = await makeBucket(server, 500_000_000_000_000);
    const reserveBalance = { id: await makeReservation(server, bucketId, 5) };
    const input = { ...actions.commit.attributes, reserveBalance, amount: eur(5.5) };
    expect((await create(server, 'rest', 'AdjustBalance', input)).code).toBe('COMMIT_ABOVE_RESERVED');
  });

  it('does not mind the state of the bucket when it commits or releases what is held', async () => {
    for (const end of [committed, released]) {
      const bucketId = await makeBucket(server, 20);
      const id = await makeReservation(server, bucketId, 5);
      accepted(await update(server, 'rest', 'Bucket', bucketId, { status: 'suspended', validFor: past }));
      await end(id);
      expect((await balanceOf(server, bucketId))[1]).toBe(0);
    }
  });
});

describe('invalid actions', () => {
  const bucket = { id: '' };
  beforeAll(async () => {
    bucket.id = await makeBucket(server, 100);
  });
  const invalid: readonly { what: string; action: Action; input: object; named: string }[] = [
    { what: 'an amount of zero', action: 'topup', input: { bucket, amount: eur(0) }, named: 'amount.amount' },
    { what: 'a negative amount', action: 'debit', input: { bucket, amount: eur(-5) }, named: 'amount.amount' },
    { what: 'sixteen digits', action: 'reserve', input: { bucket, amount: eur('1.000000000000001') }, named: 'amount' },
    { what: 'ten decimals', action: 'topup', input: { bucket, amount: eur('0.0000000001') }, named: 'amount.amount' },
    { what: 'more than 1e15', action: 'credit', input: { bucket, amount: eur('1.1e15') }, named: 'amount.amount' },
    { what: 'no number', action: 'topup', input: { bucket, amount: eur('ten') }, named: 'amount' },
    { what: 'no amount', action: 'topup', input: { bucket }, named: 'amount' },
    { what: 'no units', action: 'reserve', input: { bucket, amount: { amount: 1 } }, named: 'units' },
    { what: 'empty units', action: 'reserve', input: { bucket, amount: { amount: 1, units: '' } }, named: 'units' },
    {
      what: 'units of 256 characters',
      action: 'topup',
      input: { bucket, amount: { amount: 1, units: 'x'.repeat(256) } },
      named: 'units',
    },
    {
      what: 'an empty usageType',
      action: 'topup',
      input: { bucket, amount: eur(1), usageType: '' },
      named: 'usageType',
    },
    { what: 'nothing that leads to a bucket', action: 'topup', input: { amount: eur(1) }, named: 'bucket' },
    {
      what: 'a logicalResource without id and value',
      action: 'topup',
      input: { amount: eur(1), logicalResource: [{ name: 'x' }] },
      named: 'logicalResource',
    },
    {
      what: 'an adjustType without direction',
      action: 'credit',
      input: { bucket, amount: eur(1), adjustType: 'correction' },
      named: 'adjustType',
    },
    {
      what: 'a commit without a reservation',
      action: 'commit',
      input: { bucket, amount: eur(1) },
      named: 'reserveBalance',
    },
    {
      what: 'a reservation in an adjustment that is no commit',
      action: 'debit',
      input: { bucket, amount: eur(1), reserveBalance: bucket },
      named: 'reserveBalance',
    },
    {
      what: 'an expirationDate that is over',
      action: 'reserve',
      input: { bucket, amount: eur(1), expirationDate: '2026-03-01T12:00:00Z' },
      named: 'expirationDate',
    },
    {
      what: 'a requestedDate that is over',
      action: 'topup',
      input: { bucket, amount: eur(1), requestedDate: '2026-03-01T11:59:59Z' },
      named: 'requestedDate',
    },
    {
      what: 'an end of validity that is over',
      action: 'topup',
      input: { bucket, amount: eur(1), validFor: { endDateTime: '2026-03-01T12:00:00Z' } },
      named: 'validFor',
    },
    {
      what: 'an unknown recurringPeriod',
      action: 'topup',
      input: { bucket, amount: eur(1), recurringPeriod: 'daily' },
      named: 'recurringPeriod',
    },
    {
      what: 'numberOfPeriods of nothing',
      action: 'topup',
      input: { bucket, amount: eur(1), numberOfPeriods: 2 },
      named: 'numberOfPeriods',
    },
    {
      what: 'no period at all',
      action: 'topup',
      input: { bucket, amount: eur(1), recurringPeriod: 'weekly', numberOfPeriods: 0 },
      named: 'numberOfPeriods',
    },
    {
      what: 'a recurring top-up that is not automatic',
      action: 'topup',
      input: { bucket, amount: eur(1), recurringPeriod: 'weekly', isAutoTopup: false },
      named: 'isAutoTopup',
    },
    {
      what: 'a threshold and a calendar',
      action: 'topup',
      input: { bucket, amount: eur(1), recurringPeriod: 'weekly', autoTopupThreshold: eur(1) },
      named: 'recurringPeriod',
    },
    {
      what: 'a threshold of zero',
      action: 'topup',
      input: { bucket, amount: eur(1), autoTopupThreshold: eur(0) },
      named: 'autoTopupThreshold',
    },
    { what: 'an empty channel', action: 'topup', input: { bucket, amount: eur(1), channel: {} }, named: 'channel' },
    {
      what: 'a relatedParty without @referredType',
      action: 'topup',
      input: { bucket, amount: eur(1), relatedParty: [{ id: '42' }] },
      named: 'eferredType',
    },
  ];
  const cases = invalid.flatMap((row) => transports.map((door) => ({ ...row, door })));

  it.each(cases)(
    'refuses a $action with $what as 400, and keeps no record ($door)',
    async ({ action, input, named, door }) => {
      const { type, attributes } = actions[action];
      const before = await allTables(server);
      const outcome = await create(server, door, type, { ...attributes, ...input }, { key: 'invalid' });
      expect(outcome.status).toBe(400);
      expect(outcome.message).toContain(named);
      expect(await allTables(server)).toEqual(before);
    },
  );

  it.each(transports)(
    'refuses an adjustment without usageType of a bucket that does not exist as 400, and keeps no record (%s)',
    async (door) => {
      const before = await allTables(server);
      for (const where of [{ bucket: { id: 'nowhere' } }, { product: [{ id: 'nobody-s' }] }]) {
        for (const action of ['credit', 'debit'] as const) {
          const outcome = await create(
            server,
            door,
            'AdjustBalance',
            { ...where, ...actions[action].attributes, amount: eur(1) },
            { key: 'k' },
          );
          expect([outcome.code, outcome.status, outcome.reference]).toEqual(['MISSING_ATTRIBUTE', 400, undefined]);
          expect(outcome.message).toContain('usageType');
        }
      }
      expect(await allTables(server)).toEqual(before);
    },
  );

  it('refuses commitReserveBalance of a reservation that does not exist as RESERVATION_UNKNOWN, as its description says', async () => {
    for (const amount of [undefined, eur(5)]) {
      const outcome = await commitVerb(server, 'nowhere', amount);
      expect([outcome.code, outcome.status]).toEqual(['RESERVATION_UNKNOWN', 422]);
    }
  });

  it('takes the largest and the smallest amount there is', async () => {
    for (const amount of ['1e15', '999999999999999', '0.000000001']) {
      for (const action of credits) {
        const id = await makeBucket(server, undefined);
        const { type, attributes } = actions[action];
        const outcome = await create(server, 'rest', type, { bucket: { id }, amount: eur(amount), ...attributes });
        expect([amount, outcome.status, outcome.code]).toEqual([amount, 201, undefined]);
        expect(await balanceOf(server, id)).toEqual([Number(amount), 0]);
      }
    }
  });

  it('fills a bucket up to 1e15, and refuses what goes beyond', async () => {
    const id = await makeBucket(server, 999_999_999_999_999);
    const outcomes = [];
    for (let times = 0; times < 2; times++)
      outcomes.push(await create(server, 'rest', 'TopupBalance', { bucket: { id }, amount: eur(1) }));
    expect(outcomes.map(({ status, code }) => [status, code])).toEqual([
      [201, undefined],
      [409, 'BALANCE_LIMIT'],
    ]);
  });
});

describe('changes of status', () => {
  it.each(transports)('moves a bucket between active and suspended, and to expired for good (%s)', async (door) => {
    const id = await makeBucket(server, 10);
    for (const status of ['suspended', 'active', 'active', 'suspended', 'expired', 'expired']) {
      const outcome = await update(server, door, 'Bucket', id, { status });
      expect([outcome.status, outcome.resource?.status]).toEqual([200, status]);
    }
    const before = await allTables(server);
    for (const status of ['active', 'suspended']) {
      const outcome = await update(server, door, 'Bucket', id, { status });
      expect([outcome.code, outcome.status]).toEqual(['CONFLICT', 409]);
      expect(outcome.message).toContain(`cannot become ${status}`);
    }
    const unknown = await update(server, door, 'Bucket', id, { status: 'frozen' });
    expect([unknown.code, unknown.status]).toEqual([unknownWord, 400]);
    expect(await allTables(server)).toEqual(before);
  });

  const completed = async (type: Type, attributes: object = {}): Promise<string> => {
    const bucket = { id: await makeBucket(server, 100) };
    return (await make(server, type, { bucket, amount: eur(5), ...attributes })).id;
  };
  const failed = async (type: Type): Promise<string> => {
    const refused = await create(server, 'rest', type, {
      bucket: { id: 'nowhere' },
      usageType: 'monetary',
      amount: eur(5),
    });
    return String(refused.reference?.split('/').at(-1));
  };
  const ended = (end: (id: string) => Promise<unknown>) => async (): Promise<string> => {
    const id = await completed('ReserveBalance');
    await end(id);
    return id;
  };
  const fixed: readonly {
    what: string;
    type: Type;
    from: string;
    to: string;
    id: () => Promise<string>;
    code?: ErrorCode;
  }[] = [
    { what: 'top-up', type: 'TopupBalance', from: 'completed', to: 'created', id: () => completed('TopupBalance') },
    { what: 'top-up', type: 'TopupBalance', from: 'failed', to: 'completed', id: () => failed('TopupBalance') },
    { what: 'adjustment', type: 'AdjustBalance', from: 'failed', to: 'cancelled', id: () => failed('AdjustBalance') },
    {
      what: 'reservation',
      type: 'ReserveBalance',
      from: 'created',
      to: 'completed',
      id: () => completed('ReserveBalance'),
    },
    {
      what: 'reservation',
      type: 'ReserveBalance',
      from: 'created',
      to: 'failed',
      id: () => completed('ReserveBalance'),
    },
    {
      what: 'reservation',
      type: 'ReserveBalance',
      from: 'completed',
      to: 'cancelled',
      id: ended(committed),
      code: 'RESERVATION_NOT_LIVE',
    },
    { what: 'reservation', type: 'ReserveBalance', from: 'completed', to: 'created', id: ended(committed) },
    { what: 'reservation', type: 'ReserveBalance', from: 'cancelled', to: 'created', id: ended(released) },
    {
      what: 'reservation',
      type: 'ReserveBalance',
      from: 'cancelled',
      to: 'cancelled',
      id: ended(released),
      code: 'RESERVATION_NOT_LIVE',
    },
    {
      what: 'reservation',
      type: 'ReserveBalance',
      from: 'failed',
      to: 'cancelled',
      id: () => failed('ReserveBalance'),
      code: 'RESERVATION_NOT_LIVE',
    },
  ];
  const cases = fixed.flatMap((row) => transports.map((door) => ({ ...row, door })));
  it.each(cases)(
    'refuses to make a $from $what $to, and keeps no record ($door)',
    async ({ type, from, to, id, door, code }) => {
      const actionId = await id();
      expect((await read(server, type, actionId)).status).toBe(from);
      const before = await allTables(server);
      const outcome = await update(server, door, type, actionId, { status: to });
      expect([outcome.code, outcome.status, outcome.reference]).toEqual([code ?? 'CONFLICT', 409, undefined]);
      expect(await allTables(server)).toEqual(before);
    },
  );

  it('refuses to release a reservation that has ended or does not exist', async () => {
    expect((await releaseVerb(server, await ended(committed)())).code).toBe('RESERVATION_NOT_LIVE');
    expect((await releaseVerb(server, await ended(released)())).code).toBe('RESERVATION_NOT_LIVE');
    expect((await releaseVerb(server, 'nowhere')).code).toBe('NOT_FOUND');
  });

  it.each(transports)('refuses a change to a channel without a name of any kind (%s)', async (door) => {
    const id = await completed('AdjustBalance');
    const outcome = await update(server, door, 'AdjustBalance', id, { channel: {} });
    expect([outcome.code, outcome.status]).toEqual(['MISSING_ATTRIBUTE', 400]);
  });

  it.each(transports)('refuses to change or delete what does not exist (%s)', async (door) => {
    for (const type of ['Bucket', 'TopupBalance', 'AdjustBalance', 'ReserveBalance', 'TransferBalance'] as const) {
      const outcomes = [
        await update(server, door, type, 'nowhere', { description: 'x' }),
        await remove(server, door, type, 'nowhere'),
      ];
      expect(outcomes.map(({ code, status }) => [code, status])).toEqual([
        ['NOT_FOUND', 404],
        ['NOT_FOUND', 404],
      ]);
    }
  });

  it.each(transports)('changes what describes an action, and refuses to change what it did (%s)', async (door) => {
    const id = await completed('ReserveBalance');
    const described = await update(server, door, 'ReserveBalance', id, {
      description: 'held for the call',
      reason: 'call',
    });
    expect(described.resource).toMatchObject({ description: 'held for the call', reason: 'call', status: 'created' });
    for (const change of [{ amount: eur(1) }, { bucket: { id: 'other' } }, { usageType: 'data' }]) {
      expect((await update(server, door, 'ReserveBalance', id, change)).status).toBe(409);
    }
  });

  it.each(transports)('keeps a reservation readable when its related parties are removed (%s)', async (door) => {
    const id = await completed('ReserveBalance', { relatedParty: [{ id: '42', '@referredType': 'Customer' }] });
    const outcome = await update(server, door, 'ReserveBalance', id, { relatedParty: null });
    expect([outcome.status, outcome.resource?.relatedParty]).toEqual([200, []]);
    expect(await read(server, 'ReserveBalance', id)).toMatchObject({ id, relatedParty: [] });
  });

  it.each(transports)('releases a reservation whose related parties the same request removes (%s)', async (door) => {
    const id = await completed('ReserveBalance', { relatedParty: [{ id: '42', '@referredType': 'Customer' }] });
    const outcome = await update(server, door, 'ReserveBalance', id, { relatedParty: null, status: 'cancelled' });
    expect([outcome.status, outcome.resource?.status, outcome.resource?.relatedParty]).toEqual([200, 'cancelled', []]);
    expect(await read(server, 'ReserveBalance', id)).toMatchObject({ id, relatedParty: [] });
  });
});

describe('deletion', () => {
  it.each(transports)('refuses to delete a live reservation, and deletes it when it has ended (%s)', async (door) => {
    const bucketId = await makeBucket(server, 20);
    const id = await makeReservation(server, bucketId, 5);
    const before = await allTables(server);
    const refused = await remove(server, door, 'ReserveBalance', id);
    expect([refused.code, refused.status]).toEqual(['CONFLICT', 409]);
    expect(await allTables(server)).toEqual(before);

    await released(id);
    const entries = await server.database.client.ledgerEntry.count();
    expect((await remove(server, door, 'ReserveBalance', id)).code).toBeUndefined();
    expect(await read(server, 'ReserveBalance', id)).toBeUndefined();
    expect((await server.rest('GET', `/reserveBalance?id=${id}`)).body).toEqual([]);
    expect(await server.database.client.ledgerEntry.count()).toBe(entries);
  });

  it.each(transports)('deletes completed and failed actions, whose ledger entries stay (%s)', async (door) => {
    const bucketId = await makeBucket(server, 1);
    const { id } = await make(server, 'TopupBalance', { bucket: { id: bucketId }, amount: eur(5) });
    const refused = await create(server, 'rest', 'AdjustBalance', {
      ...actions.debit.attributes,
      bucket: { id: bucketId },
      amount: eur(50),
    });
    for (const [type, actionId] of [
      ['TopupBalance', id],
      ['AdjustBalance', String(refused.reference?.split('/').at(-1))],
    ] as const) {
      expect((await remove(server, door, type, actionId)).code).toBeUndefined();
      expect(await read(server, type, actionId)).toBeUndefined();
    }
    expect(await server.database.client.ledgerEntry.count({ where: { bucketId } })).toBe(2);
    expect(await balanceOf(server, bucketId)).toEqual([6, 0]);
  });

  it.each(transports)('deletes a bucket only when it is empty (%s)', async (door) => {
    const bucketId = await makeBucket(server, 5);
    const reservation = await makeReservation(server, bucketId, 5);
    const before = await allTables(server);
    const reserved = await remove(server, door, 'Bucket', bucketId);
    expect([reserved.code, reserved.status]).toEqual(['BUCKET_NOT_EMPTY', 409]);
    expect(await allTables(server)).toEqual(before);

    await released(reservation);
    const remaining = await remove(server, door, 'Bucket', bucketId);
    expect([remaining.code, remaining.status]).toEqual(['BUCKET_NOT_EMPTY', 409]);

    accepted(
      await create(server, door, 'AdjustBalance', {
        ...actions.debit.attributes,
        bucket: { id: bucketId },
        amount: eur(5),
      }),
    );
    expect((await remove(server, door, 'Bucket', bucketId)).code).toBeUndefined();
    expect(await read(server, 'Bucket', bucketId)).toBeUndefined();
    expect(await server.database.client.ledgerEntry.count({ where: { bucketId } })).toBe(4);
    const gone = await create(server, door, 'TopupBalance', { bucket: { id: bucketId }, amount: eur(5) });
    expect(gone.code).toBe('BUCKET_UNKNOWN');
  });
});

describe('invalid buckets', () => {
  const invalid: readonly { what: string; input: object; named: string }[] = [
    { what: 'no usageType', input: {}, named: 'usageType' },
    { what: 'an unknown status', input: { usageType: 'monetary', status: 'frozen' }, named: 'status' },
    {
      what: 'a negative opening balance',
      input: { usageType: 'monetary', remainingValue: eur(-1) },
      named: 'remainingValue',
    },
    {
      what: 'something reserved',
      input: { usageType: 'monetary', remainingValue: eur(1), reservedValue: eur(1) },
      named: 'reservedValue',
    },
    {
      what: 'a validity that ends before it starts',
      input: { usageType: 'monetary', validFor: { ...past, startDateTime: '2026-02-02T00:00:00Z' } },
      named: 'validFor',
    },
    { what: 'ten decimals', input: { usageType: 'monetary', remainingValue: eur('1e-10') }, named: 'remainingValue' },
  ];
  const cases = invalid.flatMap((row) => transports.map((door) => ({ ...row, door })));
  it.each(cases)('refuses to create a bucket with $what ($door)', async ({ input, named, door }) => {
    const before = await allTables(server);
    const outcome = await create(server, door, 'Bucket', input);
    expect(outcome.status).toBe(400);
    expect(outcome.message).toContain(named);
    expect(await allTables(server)).toEqual(before);
  });

  it.each(transports)('refuses to change a balance but by actions (%s)', async (door) => {
    const id = await makeBucket(server, 5);
    const before = await allTables(server);
    for (const change of [
      { remainingValue: eur(6) },
      { remainingValue: null },
      { reservedValue: eur(1) },
      { remainingValue: { amount: 5, units: 'USD' } },
    ]) {
      const outcome = await update(server, door, 'Bucket', id, change);
      expect([outcome.code, outcome.status]).toEqual(['INVALID_ATTRIBUTE', 400]);
      expect(outcome.message).toContain('adjustBalance');
    }
    expect(await allTables(server)).toEqual(before);
    expect((await update(server, door, 'Bucket', id, { remainingValue: eur(5), name: 'same' })).resource).toMatchObject(
      { name: 'same' },
    );
  });
});
