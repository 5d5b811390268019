import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { reschedule } from '../../../src/domain/prepay-balance/decide/reschedule.js';
import { eventually } from '../../support/eventually.js';
import { TestClock, startTestServer, type TestServer } from '../../support/server.js';
import {
  accepted,
  actions,
  allTables,
  balanceOf,
  balanceTables,
  entriesOf,
  eur,
  eventsOf,
  ledgerProblems,
  make,
  makeBucket,
  read,
} from './balances.js';
import { create, transports, remove, update, type Transport, unknownWord, type Outcome } from './transports.js';
import { startSecondServer } from './second-server.js';

const begin = '2026-01-31T09:00:00.000Z';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(() => server.clock.set(begin));
// What still waits would be due in the tests that come after, whose time begins anew.
afterEach(() => settle());
afterAll(() => server.close());

/** Lets no top-up of an earlier test wait on. */
async function settle(): Promise<void> {
  const waiting = (await server.rest('GET', '/topupBalance?status=created')).body;
  for (const { id } of waiting) await update(server, 'rest', 'TopupBalance', id, { status: 'cancelled' });
}

const data = (amount: number, units: string): object => ({ amount, units });
const order = async (door: Transport, input: object, key?: string): Promise<any> =>
  accepted(await create(server, door, 'TopupBalance', { amount: eur(10), ...input }, { key }));
const debit = (bucketId: string, amount: number): Promise<any> =>
  make(server, 'AdjustBalance', { ...actions.debit.attributes, bucket: { id: bucketId }, amount: eur(amount) });

/** The top-ups that a recurring one has made, oldest first. */
async function madeBy(id: string, one: TestServer = server): Promise<any[]> {
  const { body } = await one.rest('GET', `/topupBalance?relatedTopupBalance.id=${id}&sort=requestedDate`);
  return body;
}
const datesOf = (made: any[]): string[] => made.map(({ requestedDate }) => requestedDate);

describe.each(transports)('a scheduled top-up through %s', (door) => {
  const requestedDate = '2026-02-10T00:00:00.000Z';

  it('moves nothing before its date, and then itself, dated when it was due', async () => {
    const bucket = { id: await makeBucket(server, 1) };
    const topup = await order(door, { bucket, requestedDate });
    expect(topup).toMatchObject({ status: 'created', requestedDate, nextDueDate: requestedDate });
    expect([topup.confirmationDate, topup.impactedBucket, topup.periodsDone]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    server.clock.set('2026-02-09T23:59:59.999Z');
    expect(await balanceOf(server, bucket.id)).toEqual([1, 0]);
    server.clock.set('2026-03-10T12:00:00.000Z');
    expect(await balanceOf(server, bucket.id)).toEqual([11, 0]);
    const done = await read(server, 'TopupBalance', topup.id);
    expect(done).toMatchObject({
      status: 'completed',
      confirmationDate: requestedDate,
      impactedBucket: [{ amountBefore: eur(1), amountAfter: eur(11) }],
    });
    expect(done.nextDueDate).toBeUndefined();
    expect(
      (await entriesOf(server, bucket.id)).map(({ actionId, recordedAt }) => [actionId, recordedAt]),
    ).toContainEqual([topup.id, requestedDate]);
    expect(await madeBy(topup.id)).toEqual([]);
    expect(await eventsOf(server, topup.id)).toEqual(['TopupBalanceCreateEvent', 'TopupBalanceStatusChangeEvent']);
  });

  it('is due at the very instant', async () => {
    const bucket = { id: await makeBucket(server, 1) };
    await order(door, { bucket, requestedDate });
    server.clock.set(requestedDate);
    expect(await balanceOf(server, bucket.id)).toEqual([11, 0]);
  });

  it('of this very instant is done at once', async () => {
    const bucket = { id: await makeBucket(server, 1) };
    expect((await order(door, { bucket, requestedDate: begin })).status).toBe('completed');
    expect(await balanceOf(server, bucket.id)).toEqual([11, 0]);
  });

  it('that is refused when it is due has failed, says why, and moved nothing', async () => {
    const id = await makeBucket(server, 1);
    const topup = await order(door, { bucket: { id }, requestedDate });
    accepted(await update(server, door, 'Bucket', id, { status: 'suspended' }));
    server.clock.set('2026-02-11T00:00:00.000Z');
    const failed = await read(server, 'TopupBalance', topup.id);
    expect(failed).toMatchObject({ status: 'failed', failureCode: 'BUCKET_SUSPENDED' });
    expect(failed.failureMessage).toContain(id);
    expect(await balanceOf(server, id)).toEqual([1, 0]);
    expect(await eventsOf(server, topup.id)).toContain('TopupBalanceFailureEvent');
    expect((await update(server, door, 'TopupBalance', topup.id, { status: 'cancelled' })).status).toBe(409);
  });

  it('whose bucket was deleted has failed', async () => {
    const id = await makeBucket(server, 0);
    const topup = await order(door, { bucket: { id }, requestedDate });
    accepted(await remove(server, door, 'Bucket', id));
    server.clock.set(requestedDate);
    expect(await read(server, 'TopupBalance', topup.id)).toMatchObject({
      status: 'failed',
      failureCode: 'BUCKET_UNKNOWN',
    });
  });

  it('goes to the bucket that its product leads to when it is due', async () => {
    const product = { id: `due later ${door}` };
    const first = await makeBucket(server, 0, {
      product: [product],
      validFor: { endDateTime: '2026-02-09T00:00:00.000Z' },
    });
    await order(door, { product, requestedDate });
    const second = await makeBucket(server, 0, { product: [product] });
    server.clock.set('2026-03-01T00:00:00.000Z');
    expect([await balanceOf(server, first), await balanceOf(server, second)]).toEqual([
      [0, 0],
      [10, 0],
    ]);
  });

  it('goes to the bucket that was valid when it was due, though it is over when somebody looks', async () => {
    const product = { id: `valid then ${door}` };
    const id = await makeBucket(server, 0, {
      product: [product],
      validFor: { endDateTime: '2026-02-11T00:00:00.000Z' },
    });
    const topup = await order(door, { product, requestedDate });
    server.clock.set('2026-03-01T00:00:00.000Z');
    expect(await read(server, 'TopupBalance', topup.id)).toMatchObject({
      status: 'completed',
      confirmationDate: requestedDate,
    });
    expect(await read(server, 'Bucket', id)).toMatchObject({ status: 'expired', remainingValue: eur(10) });
  });

  it('cancelled never happens, and is not cancelled twice', async () => {
    const bucket = { id: await makeBucket(server, 1) };
    const topup = await order(door, { bucket, requestedDate });
    const cancelled = accepted(
      await update(server, door, 'TopupBalance', topup.id, { status: 'cancelled', reason: 'changed my mind' }),
    );
    expect(cancelled).toMatchObject({ status: 'cancelled', reason: 'changed my mind' });
    expect(cancelled.nextDueDate).toBeUndefined();
    accepted(await update(server, door, 'TopupBalance', topup.id, { status: 'cancelled' }));
    server.clock.set('2026-03-01T00:00:00.000Z');
    expect(await balanceOf(server, bucket.id)).toEqual([1, 0]);
    expect(await eventsOf(server, topup.id)).toEqual([
      'TopupBalanceCreateEvent',
      'TopupBalanceCancelEvent',
      'TopupBalanceStatusChangeEvent',
    ]);
  });

  it('is not deleted while it waits', async () => {
    const topup = await order(door, { bucket: { id: await makeBucket(server, 1) }, requestedDate });
    expect(await remove(server, door, 'TopupBalance', topup.id)).toMatchObject({ status: 409, code: 'CONFLICT' });
    accepted(await update(server, door, 'TopupBalance', topup.id, { status: 'cancelled' }));
    accepted(await remove(server, door, 'TopupBalance', topup.id));
    expect(await read(server, 'TopupBalance', topup.id)).toBeUndefined();
  });
});

describe('the periods of a recurring top-up', () => {
  const rows: { period: string; from: string; dates: string[] }[] = [
    {
      period: 'weekly',
      from: '2026-02-01T10:30:00.000Z',
      dates: ['2026-02-01', '2026-02-08', '2026-02-15', '2026-02-22', '2026-03-01'],
    },
    {
      period: 'fortnightly',
      from: '2026-02-01T10:30:00.000Z',
      dates: ['2026-02-01', '2026-02-15', '2026-03-01', '2026-03-15', '2026-03-29'],
    },
    {
      period: 'monthly',
      from: '2026-02-15T10:30:00.000Z',
      dates: ['2026-02-15', '2026-03-15', '2026-04-15', '2026-05-15', '2026-06-15'],
    },
    {
      period: 'monthly',
      from: '2026-12-31T23:59:59.999Z',
      dates: ['2026-12-31', '2027-01-31', '2027-02-28', '2027-03-31', '2027-04-30'],
    },
    {
      period: 'monthly',
      from: '2028-01-31T00:00:00.000Z',
      dates: ['2028-01-31', '2028-02-29', '2028-03-31', '2028-04-30', '2028-05-31'],
    },
    {
      period: 'monthly',
      from: '2028-01-30T00:00:00.000Z',
      dates: ['2028-01-30', '2028-02-29', '2028-03-30', '2028-04-30', '2028-05-30'],
    },
    {
      period: 'monthly',
      from: '2026-08-29T12:00:00.000Z',
      dates: [
        '2026-08-29',
        '2026-09-29',
        '2026-10-29',
        '2026-11-29',
        '2026-12-29',
        '2027-01-29',
        '2027-02-28',
        '2027-03-29',
      ],
    },
  ];

  it.each(rows)(
    '$period from $from begin when the calendar says, looked at one by one',
    async ({ period, from, dates }) => {
      const bucket = { id: await makeBucket(server, 0) };
      const recurring = await order('graphql', {
        bucket,
        requestedDate: from,
        recurringPeriod: period,
        numberOfPeriods: dates.length,
      });
      expect([recurring.status, recurring.nextDueDate]).toEqual(['created', from]);
      for (const [index, date] of dates.entries()) {
        const due = `${date}${from.slice(10)}`;
        expect((await read(server, 'TopupBalance', recurring.id)).nextDueDate).toBe(due);
        server.clock.set(due);
        expect(await balanceOf(server, bucket.id)).toEqual([10 * (index + 1), 0]);
      }
      expect(datesOf(await madeBy(recurring.id))).toEqual(dates.map((date) => `${date}${from.slice(10)}`));
      const ended = await read(server, 'TopupBalance', recurring.id);
      expect(ended).toMatchObject({ status: 'completed', periodsDone: dates.length });
      expect(ended.nextDueDate).toBeUndefined();
    },
  );

  it.each(rows)('$period from $from are the same when nobody looked for years', async ({ period, from, dates }) => {
    const bucket = { id: await makeBucket(server, 0) };
    const recurring = await order('rest', {
      bucket,
      requestedDate: from,
      recurringPeriod: period,
      numberOfPeriods: dates.length,
    });
    server.clock.set('2032-01-01T00:00:00.000Z');
    expect(await balanceOf(server, bucket.id)).toEqual([10 * dates.length, 0]);
    const expected = dates.map((date) => `${date}${from.slice(10)}`);
    expect(datesOf(await madeBy(recurring.id))).toEqual(expected);
    const entries = (await entriesOf(server, bucket.id)).filter(({ entryType }) => entryType === 'topup');
    expect(entries.map(({ recordedAt }) => recordedAt)).toEqual(expected);
  });
});

describe.each(transports)('a recurring top-up through %s', (door) => {
  it('makes top-ups of its own, which name it as their parent', async () => {
    const bucket = { id: await makeBucket(server, 0) };
    const recurring = await order(door, {
      bucket,
      recurringPeriod: 'monthly',
      description: 'pocket money',
      relatedTopupBalance: { id: 'older', role: 'successor' },
    });
    expect(recurring).toMatchObject({
      status: 'created',
      isAutoTopup: true,
      periodsDone: 1,
      nextDueDate: '2026-02-28T09:00:00.000Z',
    });
    const [child] = await madeBy(recurring.id);
    expect(child).toMatchObject({
      status: 'completed',
      amount: eur(10),
      isAutoTopup: true,
      description: 'pocket money',
      requestedDate: begin,
      confirmationDate: begin,
      relatedTopupBalance: { id: recurring.id, role: 'parent' },
    });
    expect([child.recurringPeriod, child.numberOfPeriods, child.periodsDone, child.nextDueDate]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(await eventsOf(server, child.id)).toEqual(['TopupBalanceCreateEvent']);
    const { data: found } = await server.graphql(
      'query ($id: ID!) { topupBalance(id: $id) { relatedTopupBalance { target { id } } } }',
      { id: child.id },
    );
    expect(found.topupBalance.relatedTopupBalance.target.id).toBe(recurring.id);
  });

  it('of one period is over at once', async () => {
    const recurring = await order(door, {
      bucket: { id: await makeBucket(server, 0) },
      recurringPeriod: 'weekly',
      numberOfPeriods: 1,
    });
    expect(recurring).toMatchObject({ status: 'completed', periodsDone: 1 });
  });

  it('keeps a refused period as a failed top-up, counts it, and goes on', async () => {
    const id = await makeBucket(server, 0);
    const recurring = await order(door, { bucket: { id }, recurringPeriod: 'weekly', numberOfPeriods: 4 });
    server.clock.set('2026-02-01T00:00:00.000Z');
    accepted(await update(server, door, 'Bucket', id, { status: 'suspended' }));
    server.clock.set('2026-02-20T00:00:00.000Z');
    expect((await madeBy(recurring.id)).map(({ status, failureCode }) => [status, failureCode])).toEqual([
      ['completed', undefined],
      ['failed', 'BUCKET_SUSPENDED'],
      ['failed', 'BUCKET_SUSPENDED'],
    ]);
    accepted(await update(server, door, 'Bucket', id, { status: 'active' }));
    server.clock.set('2026-03-20T00:00:00.000Z');
    expect((await madeBy(recurring.id)).map(({ status }) => status)).toEqual([
      'completed',
      'failed',
      'failed',
      'completed',
    ]);
    expect(await balanceOf(server, id)).toEqual([20, 0]);
    expect(await read(server, 'TopupBalance', recurring.id)).toMatchObject({ status: 'completed', periodsDone: 4 });
    const failed = (await madeBy(recurring.id))[1];
    expect(await eventsOf(server, failed.id)).toEqual(['TopupBalanceFailureEvent']);
  });

  it('cancelled makes no more, and what it made stays', async () => {
    const id = await makeBucket(server, 0);
    const recurring = await order(door, { bucket: { id }, recurringPeriod: 'monthly' });
    server.clock.set('2026-03-01T00:00:00.000Z');
    // The period that is due meanwhile comes first.
    accepted(await update(server, door, 'TopupBalance', recurring.id, { status: 'cancelled' }));
    server.clock.set('2027-01-01T00:00:00.000Z');
    expect(await balanceOf(server, id)).toEqual([20, 0]);
    expect(await read(server, 'TopupBalance', recurring.id)).toMatchObject({ status: 'cancelled', periodsDone: 2 });
  });

  it('made under a key is made once, and answers the same when its periods have gone on', async () => {
    const bucket = { id: await makeBucket(server, 0) };
    const key = `recurring ${door}`;
    const recurring = await order(door, { bucket, recurringPeriod: 'monthly' }, key);
    server.clock.set('2026-03-01T00:00:00.000Z');
    expect(await balanceOf(server, bucket.id)).toEqual([20, 0]);
    for (const other of transports) {
      const again = await create(
        server,
        other,
        'TopupBalance',
        { amount: eur(10), bucket, recurringPeriod: 'monthly' },
        { key },
      );
      expect([again.replayed, again.resource.id, again.resource.periodsDone]).toEqual([true, recurring.id, 1]);
    }
    expect(await balanceOf(server, bucket.id)).toEqual([20, 0]);
    expect(
      (await create(server, door, 'TopupBalance', { amount: eur(10), bucket, recurringPeriod: 'weekly' }, { key }))
        .code,
    ).toBe('IDEMPOTENCY_KEY_REUSED');
  });

  it('scheduled under a key answers the same when its date is over', async () => {
    const bucket = { id: await makeBucket(server, 0) };
    const input = { bucket, requestedDate: '2026-02-01T00:00:00.000Z' };
    const first = await order(door, input, `scheduled ${door}`);
    server.clock.set('2026-03-01T00:00:00.000Z');
    const again = await order(door, input, `scheduled ${door}`);
    expect([again.id, again.status]).toEqual([first.id, 'created']);
    expect(await balanceOf(server, bucket.id)).toEqual([10, 0]);
  });
});

describe('catching up', () => {
  it('does what was due in its order: a period before the bucket ends, and none after', async () => {
    const id = await makeBucket(server, 0, { validFor: { endDateTime: '2026-04-15T00:00:00.000Z' } });
    const recurring = await order('rest', { bucket: { id }, recurringPeriod: 'monthly', numberOfPeriods: 5 });
    const reservation = await make(server, 'ReserveBalance', {
      bucket: { id },
      amount: eur(4),
      expirationDate: '2026-03-10T00:00:00.000Z',
    });
    server.clock.set('2027-01-01T00:00:00.000Z');
    expect(
      (await madeBy(recurring.id)).map(({ requestedDate, status, failureCode }) => [
        requestedDate.slice(0, 10),
        status,
        failureCode,
      ]),
    ).toEqual([
      ['2026-01-31', 'completed', undefined],
      ['2026-02-28', 'completed', undefined],
      ['2026-03-31', 'completed', undefined],
      ['2026-04-30', 'failed', 'BUCKET_EXPIRED'],
      ['2026-05-31', 'failed', 'BUCKET_EXPIRED'],
    ]);
    expect(
      (await entriesOf(server, id)).map(({ entryType, recordedAt, remainingAfter }) => [
        entryType,
        recordedAt.slice(0, 10),
        remainingAfter,
      ]),
    ).toEqual([
      ['opening', '2026-01-31', 0],
      ['topup', '2026-01-31', 10],
      ['reserve', '2026-01-31', 6],
      ['topup', '2026-02-28', 16],
      ['expire', '2026-03-10', 20],
      ['topup', '2026-03-31', 30],
    ]);
    expect(await read(server, 'ReserveBalance', reservation.id)).toMatchObject({ status: 'cancelled' });
  });

  it('lets a top-up that came in time keep a bucket alive', async () => {
    const id = await makeBucket(server, 1, { validFor: { endDateTime: '2026-03-01T00:00:00.000Z' } });
    await order('rest', {
      bucket: { id },
      requestedDate: '2026-02-20T00:00:00.000Z',
      validFor: { endDateTime: '2026-04-01T00:00:00.000Z' },
    });
    await order('rest', { bucket: { id }, requestedDate: '2026-03-20T00:00:00.000Z' });
    await order('rest', { bucket: { id }, requestedDate: '2026-04-20T00:00:00.000Z' });
    server.clock.set('2026-06-01T00:00:00.000Z');
    expect(await read(server, 'Bucket', id)).toMatchObject({
      status: 'expired',
      remainingValue: eur(21),
      validFor: { endDateTime: '2026-04-01T00:00:00.000Z' },
    });
    expect((await eventsOf(server, id)).filter((name) => name !== 'BucketCreateEvent')).toEqual([
      'BucketAttributeValueChangeEvent',
    ]);
  });

  it('of many recurring top-ups is done once, whoever asks, and however many at once', async () => {
    const servers = [server];
    const clock = new TestClock(new Date(begin));
    if (server.database.url) servers.push(await startSecondServer(server, clock));
    try {
      const ids = await Promise.all(Array.from({ length: 12 }, () => makeBucket(server, 0)));
      const recurring = await Promise.all(
        ids.map((id) => order('graphql', { bucket: { id }, amount: eur(1), recurringPeriod: 'weekly' })),
      );
      for (const one of servers) one.clock.set('2026-08-01T09:00:00.000Z');
      const ask = (index: number): Promise<[number, number]> =>
        balanceOf(servers[index % servers.length] as TestServer, String(ids[index % ids.length]));
      const answers = await Promise.all(Array.from({ length: 24 }, (_, index) => ask(index)));
      for (const [index, [remaining, reserved]] of answers.entries()) {
        expect(reserved).toBe(0);
        // 26 weeks after the first. A reader is patient with locks of another server, but not for ever: then it is for the next one.
        if (servers.length === 1) expect(remaining).toBe(27);
        else await eventually('the other server has done it', async () => (await ask(index))[0] === 27 || undefined);
      }
      for (const [index, id] of ids.entries()) {
        expect(await ledgerProblems(server, id)).toEqual([]);
        expect(new Set(datesOf(await madeBy(recurring[index].id))).size).toBe(27);
      }
    } finally {
      await servers[1]?.close();
    }
  });

  it('goes on when the clock was set back in between', async () => {
    const id = await makeBucket(server, 0);
    const recurring = await order('rest', { bucket: { id }, recurringPeriod: 'monthly' });
    server.clock.set('2026-03-01T00:00:00.000Z');
    expect(await balanceOf(server, id)).toEqual([20, 0]);
    server.clock.set('2026-02-10T00:00:00.000Z');
    expect(await balanceOf(server, id)).toEqual([20, 0]);
    await debit(id, 1);
    server.clock.set('2026-03-01T00:00:00.000Z');
    expect(await balanceOf(server, id)).toEqual([19, 0]);
    // The entry that came ahead of the debit keeps its time.
    expect(await ledgerProblems(server, id)).toEqual([`entry 4 of ${id} is older than the one before`]);
    expect(await madeBy(recurring.id)).toHaveLength(2);
  });
});

describe('creation of a scheduled top-up', () => {
  const bucket = async (): Promise<object> => ({ id: await makeBucket(server, 100) });

  it.each<[string, object, unknown]>([
    ['a requestedDate in the past', { requestedDate: '2026-01-31T08:59:59.999Z' }, 'INVALID_ATTRIBUTE'],
    ['an unknown period', { recurringPeriod: 'daily' }, unknownWord],
    ['a period in capitals', { recurringPeriod: 'Monthly' }, unknownWord],
    ['an empty period', { recurringPeriod: '' }, unknownWord],
    ['periods without a recurringPeriod', { numberOfPeriods: 3 }, 'INVALID_ATTRIBUTE'],
    [
      'periods of a scheduled one',
      { numberOfPeriods: 3, requestedDate: '2026-03-01T00:00:00.000Z' },
      'INVALID_ATTRIBUTE',
    ],
    ['no periods at all', { recurringPeriod: 'weekly', numberOfPeriods: 0 }, 'INVALID_ATTRIBUTE'],
    ['less than no periods', { recurringPeriod: 'weekly', numberOfPeriods: -3 }, 'INVALID_ATTRIBUTE'],
    ['more periods than anybody lives', { recurringPeriod: 'weekly', numberOfPeriods: 10_001 }, 'INVALID_ATTRIBUTE'],
    [
      'a recurring top-up that is not automatic',
      { recurringPeriod: 'weekly', isAutoTopup: false },
      'INVALID_ATTRIBUTE',
    ],
    ['a threshold of nothing', { autoTopupThreshold: eur(0) }, 'INVALID_ATTRIBUTE'],
    ['a negative threshold', { autoTopupThreshold: eur(-1) }, 'INVALID_ATTRIBUTE'],
    ['a threshold without units', { autoTopupThreshold: { amount: 1, units: '' } }, 'INVALID_ATTRIBUTE'],
    ['a threshold and a period', { autoTopupThreshold: eur(1), recurringPeriod: 'weekly' }, 'INVALID_ATTRIBUTE'],
    [
      'a threshold and a date',
      { autoTopupThreshold: eur(1), requestedDate: '2026-03-01T00:00:00.000Z' },
      'INVALID_ATTRIBUTE',
    ],
    ['a threshold that is not automatic', { autoTopupThreshold: eur(1), isAutoTopup: false }, 'INVALID_ATTRIBUTE'],
    [
      'validity that ends before it starts',
      {
        recurringPeriod: 'weekly',
        validFor: { startDateTime: '2026-05-01T00:00:00.000Z', endDateTime: '2026-04-01T00:00:00.000Z' },
      },
      'INVALID_ATTRIBUTE',
    ],
  ])('with %s is invalid at both doors and leaves no trace', async (_what, attributes, code) => {
    const input = { bucket: await bucket(), amount: eur(1), ...attributes };
    const before = await allTables(server);
    for (const door of transports)
      expect(await create(server, door, 'TopupBalance', input)).toMatchObject({ status: 400, code });
    expect(await allTables(server)).toEqual(before);
  });

  it.each<[string, (one: any) => Promise<object> | object, string, number]>([
    [
      'its bucket does not exist',
      () => ({ bucket: { id: 'nowhere' }, recurringPeriod: 'weekly' }),
      'BUCKET_UNKNOWN',
      422,
    ],
    [
      'its bucket counts other units',
      (one) => ({ bucket: one, recurringPeriod: 'weekly', amount: data(1, 'MB') }),
      'UNITS_MISMATCH',
      422,
    ],
    [
      'the threshold has other units',
      (one) => ({ bucket: one, autoTopupThreshold: data(1, 'MB') }),
      'UNITS_MISMATCH',
      422,
    ],
    [
      'the threshold cannot be told in the units of the bucket',
      async () => ({
        bucket: { id: (await make(server, 'Bucket', { usageType: 'data', remainingValue: data(1, 'TB') })).id },
        amount: data(1, 'TB'),
        autoTopupThreshold: data(1, 'B'),
      }),
      'UNITS_MISMATCH',
      422,
    ],
    [
      'a threshold has other units than what fills a bucket without a value',
      async () => ({
        bucket: { id: await makeBucket(server, undefined) },
        amount: data(1, 'GB'),
        autoTopupThreshold: eur(5),
      }),
      'UNITS_MISMATCH',
      422,
    ],
    [
      'a bucket without a value, which a threshold is to fill at once, is suspended',
      async () => ({
        bucket: { id: await makeBucket(server, undefined, { status: 'suspended' }) },
        autoTopupThreshold: eur(5),
      }),
      'BUCKET_SUSPENDED',
      409,
    ],
    [
      'the bucket has another threshold already',
      async (one) => {
        await order('rest', { bucket: one, autoTopupThreshold: eur(5) });
        return { bucket: one, autoTopupThreshold: eur(7) };
      },
      'CONFLICT',
      409,
    ],
  ])('is refused and kept as failed when %s', async (_when, arrange, code, status) => {
    for (const door of transports) {
      const input = { amount: eur(1), ...(await arrange(await bucket())) };
      const before = await balanceTables(server);
      const outcome = await create(server, door, 'TopupBalance', input);
      expect([outcome.code, outcome.status]).toEqual([code, status]);
      expect(await balanceTables(server)).toEqual(before);
      expect(await read(server, 'TopupBalance', String(outcome.reference).split('/').at(-1) as string)).toMatchObject({
        status: 'failed',
        failureCode: code,
      });
    }
  });

  it('in bulk makes all or none', async () => {
    const id = await makeBucket(server, 0);
    const mutation =
      'mutation ($inputs: [TopupBalanceCreate!]!) { createTopupBalances(inputs: $inputs) { id status periodsDone } }';
    const recurring = { bucket: { refId: id }, amount: eur(1), recurringPeriod: 'weekly' };
    const { data: made } = await server.graphql(mutation, {
      inputs: [
        recurring,
        { ...recurring, recurringPeriod: 'monthly' },
        { bucket: { refId: id }, amount: eur(1), autoTopupThreshold: eur(5) },
      ],
    });
    expect(made.createTopupBalances.map(({ status, periodsDone }: any) => [status, periodsDone])).toEqual([
      ['created', 1],
      ['created', 1],
      ['created', 1],
    ]);
    expect(await balanceOf(server, id)).toEqual([3, 0]);
    const before = await balanceTables(server);
    const waiting = (await server.rest('GET', '/topupBalance?status=created')).body.length;
    const { errors } = await server.graphql(mutation, {
      inputs: [recurring, { ...recurring, bucket: { refId: 'nowhere' } }],
    });
    expect(errors?.[0]?.extensions.code).toBe('BUCKET_UNKNOWN');
    expect(await balanceTables(server)).toEqual(before);
    expect((await server.rest('GET', '/topupBalance?status=created')).body).toHaveLength(waiting);
  });
});

describe.each(transports)('PATCH of a scheduled top-up through %s', (door) => {
  const change = (id: string, input: object): Promise<Outcome> => update(server, door, 'TopupBalance', id, input);
  const recurring = async (attributes: object = {}): Promise<any> =>
    order(door, { bucket: { id: await makeBucket(server, 0) }, recurringPeriod: 'monthly', ...attributes });
  const later = (): Promise<any> => recurring({ requestedDate: '2026-02-15T00:00:00.000Z' });
  const scheduled = async (): Promise<any> =>
    order(door, { bucket: { id: await makeBucket(server, 0) }, requestedDate: '2026-02-15T00:00:00.000Z' });

  it('changes the amount of the periods to come', async () => {
    const { id, bucket } = await recurring();
    accepted(await change(id, { amount: eur(25) }));
    server.clock.set('2026-03-01T00:00:00.000Z');
    expect(await balanceOf(server, bucket.id)).toEqual([35, 0]);
    expect((await madeBy(id)).map(({ amount }) => amount.amount)).toEqual([10, 25]);
    expect(await eventsOf(server, id)).toContain('TopupBalanceAttributeValueChangeEvent');
  });

  it('moves what has not begun', async () => {
    const one = await scheduled();
    const other = await later();
    for (const { id } of [one, other]) {
      expect(accepted(await change(id, { requestedDate: '2026-02-20T00:00:00.000Z' }))).toMatchObject({
        requestedDate: '2026-02-20T00:00:00.000Z',
        nextDueDate: '2026-02-20T00:00:00.000Z',
      });
    }
    server.clock.set('2026-02-19T00:00:00.000Z');
    expect([await balanceOf(server, one.bucket.id), await balanceOf(server, other.bucket.id)]).toEqual([
      [0, 0],
      [0, 0],
    ]);
    server.clock.set('2026-03-20T00:00:00.000Z');
    expect([await balanceOf(server, one.bucket.id), await balanceOf(server, other.bucket.id)]).toEqual([
      [10, 0],
      [20, 0],
    ]);
  });

  it('moves the periods of a recurring top-up that goes on', async () => {
    const { id } = await recurring();
    expect(accepted(await change(id, { requestedDate: '2026-02-05T00:00:00.000Z' })).nextDueDate).toBe(
      '2026-02-05T00:00:00.000Z',
    );
    server.clock.set('2026-03-06T00:00:00.000Z');
    expect(datesOf(await madeBy(id))).toEqual([begin, '2026-02-05T00:00:00.000Z', '2026-03-05T00:00:00.000Z']);
  });

  it('to this very instant is due at once', async () => {
    const { id, bucket } = await scheduled();
    accepted(await change(id, { requestedDate: begin }));
    expect(await balanceOf(server, bucket.id)).toEqual([10, 0]);
    expect((await read(server, 'TopupBalance', id)).status).toBe('completed');
  });

  it('changes the length of the periods', async () => {
    const { id } = await recurring();
    expect(accepted(await change(id, { recurringPeriod: 'weekly' })).nextDueDate).toBe('2026-02-07T09:00:00.000Z');
    server.clock.set('2026-02-14T10:00:00.000Z');
    expect(datesOf(await madeBy(id))).toEqual([begin, '2026-02-07T09:00:00.000Z', '2026-02-14T09:00:00.000Z']);
  });

  it('changes how many periods there are, or takes the end away', async () => {
    const { id } = await recurring({ numberOfPeriods: 5 });
    accepted(await change(id, { numberOfPeriods: 2 }));
    server.clock.set('2026-05-01T00:00:00.000Z');
    expect(await read(server, 'TopupBalance', id)).toMatchObject({ status: 'completed', periodsDone: 2 });
    const endless = await recurring({ numberOfPeriods: 2 });
    expect(accepted(await change(endless.id, { numberOfPeriods: null })).numberOfPeriods).toBeUndefined();
    server.clock.set('2026-09-01T00:00:00.000Z');
    expect(await read(server, 'TopupBalance', endless.id)).toMatchObject({ status: 'created', periodsDone: 5 });
  });

  it('changes what describes it, and the new top-ups are described like that', async () => {
    const { id } = await recurring();
    accepted(await change(id, { description: 'new', channel: { id: 'web' } }));
    server.clock.set('2026-03-01T00:00:00.000Z');
    expect((await madeBy(id)).map(({ description, channel }) => [description, channel?.id])).toEqual([
      [undefined, undefined],
      ['new', 'web'],
    ]);
  });

  it.each<[string, () => Promise<any>, object, unknown]>([
    ['a date in the past', scheduled, { requestedDate: '2026-01-30T00:00:00.000Z' }, 'INVALID_ATTRIBUTE'],
    ['no amount', recurring, { amount: eur(0) }, 'INVALID_ATTRIBUTE'],
    ['the absence of an amount', recurring, { amount: null }, 'INVALID_ATTRIBUTE'],
    ['the absence of a date', scheduled, { requestedDate: null }, 'INVALID_ATTRIBUTE'],
    ['a negative amount', recurring, { amount: eur(-10) }, 'INVALID_ATTRIBUTE'],
    ['an amount in other units', recurring, { amount: data(1, 'MB') }, 'UNITS_MISMATCH'],
    ['an unknown period', recurring, { recurringPeriod: 'yearly' }, unknownWord],
    ['no period', recurring, { recurringPeriod: null }, 'INVALID_ATTRIBUTE'],
    ['a period for a single one', scheduled, { recurringPeriod: 'weekly' }, 'INVALID_ATTRIBUTE'],
    ['periods for a single one', scheduled, { numberOfPeriods: 2 }, 'INVALID_ATTRIBUTE'],
    ['no more periods than were made', recurring, { numberOfPeriods: 1 }, 'INVALID_ATTRIBUTE'],
    ['zero periods', later, { numberOfPeriods: 0 }, 'INVALID_ATTRIBUTE'],
    ['less than no periods', recurring, { numberOfPeriods: -1 }, 'INVALID_ATTRIBUTE'],
    ['a recurring top-up that is not automatic', recurring, { isAutoTopup: false }, 'INVALID_ATTRIBUTE'],
    ['a channel without a name', scheduled, { channel: {} }, 'MISSING_ATTRIBUTE'],
    [
      'validity that ends before it starts',
      recurring,
      { validFor: { startDateTime: '2027-05-01T00:00:00.000Z', endDateTime: '2026-04-01T00:00:00.000Z' } },
      'INVALID_ATTRIBUTE',
    ],
    ['an amount and its end', recurring, { amount: eur(1), status: 'cancelled' }, 'INVALID_ATTRIBUTE'],
  ])('refuses %s, and everything goes on as it was', async (_what, make_, input, code) => {
    const topup = await make_();
    const before = await allTables(server);
    expect((await change(topup.id, input)).code).toEqual(code);
    expect(await allTables(server)).toEqual(before);
    server.clock.set('2026-03-01T00:00:00.000Z');
    expect((await balanceOf(server, topup.bucket.id))[0]).toBeGreaterThan(0);
  });

  it.each<[string, object | null]>([
    ['no parties', []],
    ['null', null],
  ])('refuses %s where its party says which bucket is meant', async (_what, relatedParty) => {
    const party = [{ id: `party ${door} ${String(_what)}`, '@referredType': 'Individual' }];
    const id = await makeBucket(server, 0, { relatedParty: party });
    const topup = await order(door, { relatedParty: party, requestedDate: '2026-02-15T00:00:00.000Z' });
    expect((await change(topup.id, { relatedParty })).code).toBe('MISSING_ATTRIBUTE');
    server.clock.set('2026-03-01T00:00:00.000Z');
    expect(await balanceOf(server, id)).toEqual([10, 0]);
  });

  it('may name another bucket, which is found when it is due', async () => {
    const named = (what: string): object[] => [{ id: `${what} ${door}`, '@referredType': 'Individual' }];
    const [byId, byParty] = [await makeBucket(server, 0), await makeBucket(server, 0, { relatedParty: named('heir') })];
    const first = await scheduled();
    accepted(await change(first.id, { bucket: { id: byId } }));
    const second = await recurring();
    accepted(await change(second.id, { bucket: null, relatedParty: named('heir') }));
    server.clock.set('2026-03-01T00:00:00.000Z');
    expect([await balanceOf(server, first.bucket.id), await balanceOf(server, byId)]).toEqual([
      [0, 0],
      [10, 0],
    ]);
    expect([await balanceOf(server, second.bucket.id), await balanceOf(server, byParty)]).toEqual([
      [10, 0],
      [10, 0],
    ]);
  });

  it('keeps the bucket that a threshold watches', async () => {
    const watching = await order(door, { bucket: { id: await makeBucket(server, 50) }, autoTopupThreshold: eur(5) });
    expect(await change(watching.id, { bucket: { id: await makeBucket(server, 0) } })).toMatchObject({
      status: 409,
      message: expect.stringContaining('watches its bucket'),
    });
    expect(accepted(await change(watching.id, { amount: eur(3), bucket: watching.bucket }))).toMatchObject({
      amount: eur(3),
    });
  });

  it('refuses a status that it does not come to by PATCH', async () => {
    const { id } = await recurring();
    for (const status of ['completed', 'failed']) expect(await change(id, { status })).toMatchObject({ status: 409 });
    expect(await change(id, { status: '' })).toMatchObject({ status: 400, code: unknownWord });
    // It means completed.
    const published = await change(id, { status: 'confirmed' });
    expect(published).toMatchObject(door === 'rest' ? { status: 409 } : { status: 400, code: unknownWord });
    accepted(await change(id, { status: 'created' }));
  });

  it('refuses amount and dates of one that is over', async () => {
    const { id, bucket } = await recurring({ numberOfPeriods: 1 });
    const done = await make(server, 'TopupBalance', { bucket, amount: eur(1) });
    for (const one of [id, done.id]) {
      const refused = (name: string): object => ({
        status: 409,
        code: 'CONFLICT',
        message: expect.stringMatching(new RegExp(`^${name} cannot be changed: .* is completed`)),
      });
      expect(await change(one, { amount: eur(11) })).toMatchObject(refused('amount'));
      expect(await change(one, { requestedDate: '2026-05-01T00:00:00.000Z' })).toMatchObject(refused('requestedDate'));
      expect(await change(one, { bucket: { id: 'another' } })).toMatchObject(refused('bucket'));
      accepted(await change(one, { description: 'but this may change' }));
    }
  });
});

describe('a change of a recurring top-up whose period falls due in the same moment', () => {
  it('leaves that period due', () => {
    const before = {
      id: 'x',
      revision: 1,
      updatedAt: begin,
      status: 'created',
      bucket: { id: 'b' },
      amount: { amount: 1, units: 'EUR' },
      requestedDate: begin,
      recurringPeriod: 'monthly',
      nextDueDate: '2026-02-28T09:00:00.000Z',
    };
    const now = new Date('2026-02-28T09:00:00.001Z');
    for (const [name, value] of [
      ['amount', { amount: 2, units: 'EUR' }],
      ['numberOfPeriods', 5],
      ['description', 'x'],
    ] as const) {
      expect(
        { ...before, ...reschedule(before, { [name]: value }, name === 'description' ? [] : [name], now, 'UTC') }
          .nextDueDate,
      ).toBe(before.nextDueDate);
    }
    expect(reschedule(before, { recurringPeriod: 'weekly' }, ['recurringPeriod'], now, 'UTC')).toMatchObject({
      nextDueDate: '2026-03-07T09:00:00.000Z',
    });
  });
});

describe.each(transports)('a threshold through %s', (door) => {
  it('fills at once when less than it is there, once for each time', async () => {
    const id = await makeBucket(server, 1);
    const topup = await order(door, { bucket: { id }, amount: eur(2), autoTopupThreshold: eur(10) });
    expect(topup).toMatchObject({ status: 'created', isAutoTopup: true, periodsDone: 1 });
    // The amount is smaller than the need: every debit fills once, never in a loop.
    expect(await balanceOf(server, id)).toEqual([3, 0]);
    await debit(id, 1);
    expect(await balanceOf(server, id)).toEqual([4, 0]);
    expect(await madeBy(topup.id)).toHaveLength(2);
  });

  it('is not reached by a balance that equals it', async () => {
    const id = await makeBucket(server, 10);
    const topup = await order(door, { bucket: { id }, autoTopupThreshold: eur(5) });
    await debit(id, 5);
    expect(await madeBy(topup.id)).toHaveLength(0);
    await debit(id, 0.000000001);
    expect(await madeBy(topup.id)).toHaveLength(1);
  });

  it.each<[string, (id: string) => Promise<unknown>]>([
    ['debit', (id) => debit(id, 6)],
    ['reservation', (id) => make(server, 'ReserveBalance', { bucket: { id }, amount: eur(6) })],
    [
      'transfer',
      async (id) =>
        make(server, 'TransferBalance', {
          bucket: { id },
          amount: eur(6),
          receiverBucket: { id: await makeBucket(server, 0) },
        }),
    ],
    [
      'cost of a received transfer',
      async (id) =>
        make(server, 'TransferBalance', {
          bucket: { id: await makeBucket(server, 1) },
          amount: eur(1),
          receiverBucket: { id },
          transferCost: eur(7),
          costOwner: 'receiver',
        }),
    ],
  ])('is watched by a %s', async (_what, take) => {
    const id = await makeBucket(server, 10);
    const topup = await order(door, { bucket: { id }, autoTopupThreshold: eur(5) });
    await take(id);
    expect((await balanceOf(server, id))[0]).toBe(14);
    expect(await madeBy(topup.id)).toHaveLength(1);
    expect(await ledgerProblems(server, id)).toEqual([]);
  });

  it('has units of its own, also where the bucket has none yet', async () => {
    const id = await makeBucket(server, undefined);
    await order(door, { bucket: { id }, amount: data(1, 'GB'), autoTopupThreshold: data(500, 'MB') });
    const use = (amount: number): Promise<any> =>
      make(server, 'AdjustBalance', { ...actions.debit.attributes, bucket: { id }, amount: data(amount, 'MB') });
    await use(100);
    expect((await read(server, 'Bucket', id)).remainingValue).toEqual(data(0.9, 'GB'));
    await use(401);
    expect((await read(server, 'Bucket', id)).remainingValue).toEqual(data(1.499, 'GB'));
  });

  it('cancelled is watched no more, and another one may be set', async () => {
    const id = await makeBucket(server, 10);
    const topup = await order(door, { bucket: { id }, autoTopupThreshold: eur(5) });
    accepted(await update(server, door, 'TopupBalance', topup.id, { status: 'cancelled' }));
    await debit(id, 8);
    expect(await balanceOf(server, id)).toEqual([2, 0]);
    await order(door, { bucket: { id }, autoTopupThreshold: eur(3), numberOfPeriods: 1 });
    expect(await balanceOf(server, id)).toEqual([12, 0]);
    // Over after its only filling: the place is free again.
    await order(door, { bucket: { id }, autoTopupThreshold: eur(3) });
  });

  it('finds its bucket by the product, and says which it watches', async () => {
    const product = { id: `watched ${door}` };
    const id = await makeBucket(server, 10, { product: [product] });
    const topup = await order(door, { product, autoTopupThreshold: eur(5) });
    expect(topup.bucket).toMatchObject({ id });
    await debit(id, 6);
    expect(await balanceOf(server, id)).toEqual([14, 0]);
  });

  it('keeps a refused filling as failed, and counts it', async () => {
    const id = await makeBucket(server, 999_999_999_999_990);
    const topup = await order(door, {
      bucket: { id },
      amount: eur(100),
      autoTopupThreshold: eur(999_999_999_999_985),
      numberOfPeriods: 2,
    });
    await make(server, 'ReserveBalance', { bucket: { id }, amount: eur(7) });
    expect(await balanceOf(server, id)).toEqual([999_999_999_999_983, 7]);
    expect((await madeBy(topup.id)).map(({ status, failureCode }) => [status, failureCode])).toEqual([
      ['failed', 'BALANCE_LIMIT'],
    ]);
    expect(await read(server, 'TopupBalance', topup.id)).toMatchObject({ status: 'created', periodsDone: 1 });
  });

  it('changes its amount by PATCH, not its date', async () => {
    const id = await makeBucket(server, 10);
    const topup = await order(door, { bucket: { id }, autoTopupThreshold: eur(5) });
    accepted(await update(server, door, 'TopupBalance', topup.id, { amount: eur(20) }));
    expect(
      (await update(server, door, 'TopupBalance', topup.id, { requestedDate: '2026-03-01T00:00:00.000Z' })).code,
    ).toBe('INVALID_ATTRIBUTE');
    await debit(id, 6);
    expect(await balanceOf(server, id)).toEqual([24, 0]);
  });

  it('fills once for each of many debits at once that find too little', async () => {
    const id = await makeBucket(server, 20);
    const topup = await order(door, { bucket: { id }, autoTopupThreshold: eur(5), amount: eur(10) });
    await Promise.all(Array.from({ length: 40 }, () => debit(id, 1)));
    const made = await madeBy(topup.id);
    expect(await balanceOf(server, id)).toEqual([20 - 40 + 10 * made.length, 0]);
    // Down from 20 to 4, and then again after each ten.
    expect(made).toHaveLength(3);
    expect(await ledgerProblems(server, id)).toEqual([]);
  });
});

it.each(transports)('a bucket that an auto top-up fills is not deleted before that is cancelled (%s)', async (door) => {
  const id = await makeBucket(server, 0);
  // Suspended for a moment, so that the first filling is refused and the bucket stays empty.
  await update(server, door, 'Bucket', id, { status: 'suspended' });
  const order = await create(server, door, 'TopupBalance', {
    bucket: { id },
    amount: eur(5),
    autoTopupThreshold: eur(1),
  });
  const refused = await remove(server, door, 'Bucket', id);
  expect([refused.code, refused.message]).toEqual(['CONFLICT', expect.stringContaining(order.resource.id)]);
  await update(server, door, 'TopupBalance', order.resource.id, { status: 'cancelled' });
  expect((await remove(server, door, 'Bucket', id)).code).toBeUndefined();
});
