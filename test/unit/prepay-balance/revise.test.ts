import { describe, expect, it } from '@jest/globals';
import { revise } from '../../../src/domain/prepay-balance/decide/revise.js';
import { firstDueDate, nextDueDate } from '../../../src/domain/prepay-balance/decide/schedule.js';

// What a PATCH may change of an action, and what follows from it.

const now = new Date('2026-03-01T12:00:00.000Z');
const [past, soon, late] = ['2026-02-01T00:00:00.000Z', '2026-03-10T00:00:00.000Z', '2026-04-01T00:00:00.000Z'];
const eur = (amount: number, units = 'EUR'): object => ({ amount, units });
const row = (more: object): never =>
  ({
    id: 'x',
    revision: 1,
    status: 'created',
    amount: eur(10),
    usageType: 'monetary',
    bucket: { id: 'b' },
    ...more,
  }) as never;
const changed = (kind: string, before: object, changes: object): unknown => {
  try {
    return revise(kind as never, row(before), changes as never, now, 'UTC');
  } catch (error) {
    return (error as Error).message;
  }
};

describe('an action that is over', () => {
  it.each(['completed', 'cancelled', 'failed'])('when %s keeps what it did, and takes what describes it', (status) => {
    const why = `amount cannot be changed: topupBalance 'x' is ${status}, and what it did or was refused stays as it was`;
    expect(changed('topupBalance', { status }, { amount: eur(11) })).toBe(why);
    for (const changes of [{ description: 'new' }, { amount: eur(10) }, {}])
      expect(changed('topupBalance', { status }, changes)).toEqual(changes);
  });
});

it('has an amount, and an adjustment its usageType', () => {
  for (const kind of ['topupBalance', 'adjustBalance'])
    expect(changed(kind, { paymentDueDate: late }, { amount: null })).toBe('amount cannot be removed');
  expect(changed('adjustBalance', { paymentDueDate: late }, { usageType: null })).toBe('usageType cannot be removed');
  expect(changed('reserveBalance', {}, { usageType: null })).toContain('holds already');
});

describe('a live reservation', () => {
  const reserve = (before: object, changes: object): unknown => changed('reserveBalance', before, changes);
  it('changes only when it expires', () => {
    expect(reserve({}, { amount: eur(11) })).toBe(
      "amount cannot be changed: reserveBalance 'x' holds already: release it and make another one",
    );
    expect(reserve({}, { description: 'new' })).toEqual({ description: 'new' });
    expect(reserve({}, { expirationDate: late })).toEqual({ expirationDate: late, nextDueDate: late });
    expect(reserve({ expirationDate: soon, nextDueDate: soon }, { expirationDate: null })).toEqual({
      expirationDate: null,
      nextDueDate: null,
    });
    expect(
      reserve({ expirationDate: soon, nextDueDate: soon, validFor: { endDateTime: late } }, { expirationDate: null }),
    ).toEqual({ expirationDate: null, nextDueDate: late });
  });
  it('neither ends in the past nor comes back', () => {
    for (const date of [past, now.toISOString()])
      expect(reserve({ expirationDate: soon, nextDueDate: soon }, { expirationDate: date })).toBe(
        `expirationDate must be in the future: ${date}`,
      );
    for (const date of [past, now.toISOString()])
      expect(reserve({ expirationDate: date, nextDueDate: date }, { expirationDate: late })).toBe(
        `expirationDate cannot be changed: reserveBalance 'x' lapsed at ${date}`,
      );
  });
});

describe('an action that awaits its payment', () => {
  it('has no date', () => {
    for (const [name, value] of [
      ['requestedDate', late],
      ['recurringPeriod', 'weekly'],
      ['numberOfPeriods', 3],
    ] as const)
      expect(changed('topupBalance', { paymentDueDate: late }, { [name]: value })).toBe(
        `${name} cannot be changed: topupBalance 'x' awaits its payment, and no date`,
      );
  });
  it('takes another amount or bucket', () => {
    for (const changes of [{ amount: eur(11) }, { bucket: { id: 'c' } }])
      expect(changed('topupBalance', { paymentDueDate: late }, changes)).toEqual(changes);
  });
});

describe('a scheduled top-up', () => {
  const topup = (before: object, changes: object): unknown =>
    changed('topupBalance', { requestedDate: soon, nextDueDate: soon, isAutoTopup: true, ...before }, changes);
  const recurring = { recurringPeriod: 'weekly', isAutoTopup: true };
  const watching = { autoTopupThreshold: eur(5), isAutoTopup: true };

  it('is due when it is moved to', () => {
    expect(topup({}, { requestedDate: late })).toEqual({ requestedDate: late, nextDueDate: late });
    expect(topup({}, { requestedDate: now.toISOString() })).toEqual({
      requestedDate: now.toISOString(),
      nextDueDate: now.toISOString(),
    });
    expect(topup({}, { requestedDate: past })).toBe(`requestedDate must not be in the past: ${past}`);
    expect(topup({}, { requestedDate: null })).toBe('requestedDate cannot be removed');
  });
  it('keeps its date when something else changes', () => {
    for (const changes of [{ amount: eur(11) }, { bucket: { id: 'c' } }, { description: 'new' }])
      expect(topup({}, changes)).toEqual(changes);
    expect(topup({ requestedDate: past, ...recurring }, { amount: eur(11) })).toEqual({ amount: eur(11) });
  });
  it('adds units of the same kind, unless it means another bucket', () => {
    expect(topup({}, { amount: eur(1, 's') })).toBe("topupBalance 'x' adds EUR, not s");
    const before = row({ requestedDate: soon, isAutoTopup: true });
    expect(() => revise('topupBalance', before, { amount: eur(1, 's') } as never, now, 'UTC')).toThrow(
      expect.objectContaining({ code: 'UNITS_MISMATCH' }),
    );
    expect(topup({ amount: eur(1, 'h') }, { amount: eur(90, 'min') })).toEqual({ amount: eur(90, 'min') });
    for (const moved of [{ bucket: { id: 'c' } }, { bucket: null, product: [{ id: 'c' }] }])
      expect(topup({}, { amount: eur(1, 's'), ...moved })).toEqual({ amount: eur(1, 's'), ...moved });
  });
  it('recurs or does not, for good', () => {
    const why = 'recurringPeriod can be changed, but neither added nor removed: cancel the top-up and make another one';
    expect(topup({}, { recurringPeriod: 'weekly' })).toBe(why);
    expect(topup(recurring, { recurringPeriod: null })).toBe(why);
    expect(topup(recurring, { recurringPeriod: 'monthly' })).toEqual({ recurringPeriod: 'monthly', nextDueDate: soon });
    expect(topup({ ...recurring, requestedDate: past }, { recurringPeriod: 'monthly' })).toEqual({
      recurringPeriod: 'monthly',
      nextDueDate: '2026-04-01T00:00:00.000Z',
    });
    expect(topup({ ...recurring, requestedDate: past }, { requestedDate: late })).toEqual({
      requestedDate: late,
      nextDueDate: late,
    });
  });
  it('stays automatic where it recurs, whether or not anything else changes', () => {
    for (const more of [{}, { amount: eur(11) }])
      expect(topup(recurring, { isAutoTopup: false, ...more })).toContain('isAutoTopup');
    expect(topup({}, { isAutoTopup: false })).toEqual({ isAutoTopup: false });
  });
  it('recurs from when it is moved to, and else after now', () => {
    const at = now.toISOString();
    expect(topup(recurring, { requestedDate: at })).toEqual({ requestedDate: at, nextDueDate: at });
    expect(topup({ ...recurring, requestedDate: at }, { recurringPeriod: 'monthly' })).toEqual({
      recurringPeriod: 'monthly',
      nextDueDate: '2026-04-01T12:00:00.000Z',
    });
  });
  it('has more periods than were made', () => {
    for (const numberOfPeriods of [2, 3])
      expect(topup({ ...recurring, numberOfPeriods: 9, periodsDone: 3 }, { numberOfPeriods })).toBe(
        `numberOfPeriods must be more than the 3 that were made already: ${numberOfPeriods}`,
      );
    expect(topup({ ...recurring, numberOfPeriods: 9, periodsDone: 3 }, { numberOfPeriods: 4 })).toEqual({
      numberOfPeriods: 4,
    });
  });
  it('that watches a bucket means that bucket, and no date', () => {
    expect(topup(watching, { bucket: { id: 'c' } })).toBe(
      "bucket cannot be changed: topupBalance 'x' watches its bucket: cancel it and make another one",
    );
    expect(topup(watching, { usageType: 'data' })).toBe(
      "usageType cannot be changed: topupBalance 'x' watches its bucket: cancel it and make another one",
    );
    expect(topup(watching, { requestedDate: late })).toBe('requestedDate does not go with autoTopupThreshold');
    expect(topup(watching, { amount: eur(11) })).toEqual({ amount: eur(11) });
  });
});

describe('the due date', () => {
  it('comes first when it is asked for, or at once; never by time for one that watches', () => {
    const due = (threshold: unknown, requestedDate: unknown): unknown =>
      firstDueDate({ threshold, requestedDate } as never, now);
    expect([due(undefined, undefined), due(undefined, new Date(late)), due(eur(1), undefined)]).toEqual([
      now,
      new Date(late),
      undefined,
    ]);
  });
  it.each([
    ['weekly', '2026-01-01', '2025-12-01', '2026-01-01'],
    ['weekly', '2026-01-01', '2026-01-01', '2026-01-08'],
    ['weekly', '2026-01-01', '2026-01-07T23:59:59Z', '2026-01-08'],
    ['weekly', '2026-01-01', '2026-03-01', '2026-03-05'],
    ['fortnightly', '2026-01-01', '2026-01-14', '2026-01-15'],
    ['fortnightly', '2026-01-01', '2026-01-15', '2026-01-29'],
    ['monthly', '2026-01-31', '2026-01-31', '2026-02-28'],
    ['monthly', '2026-01-31', '2026-02-28', '2026-03-31'],
    ['monthly', '2026-01-31', '2036-02-01', '2036-02-29'],
  ] as const)('%s from %s comes after %s on %s', (period, anchor, after, expected) => {
    expect(nextDueDate(new Date(anchor), period, new Date(after), 'UTC').toISOString().slice(0, 10)).toBe(expected);
  });
});
