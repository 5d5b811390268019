import { describe, expect, it } from '@jest/globals';
import {
  billingPeriods,
  completeCycle,
  frequencies,
  frequencyOf,
  isOneOfPeriods,
  nextPeriod,
  offsetAttributes,
  periodOf,
} from '../../../src/domain/customer-bill/periods.js';

const utc = 'UTC';
const at = (text: string): Date => new Date(text);
const by = (billingPeriod?: string, frequency?: string, more: object = {}): never =>
  ({ billingPeriod, frequency, ...more }) as never;
const days = ({ start, end }: { start: Date; end: Date }): string[] => [start, end].map((time) => time.toISOString());

it('knows weeks, months, quarters and years', () => {
  expect([billingPeriods, frequencies, billingPeriods.map(frequencyOf), frequencyOf('constructor')]).toEqual([
    ['week', 'month', 'quarter', 'year'],
    ['weekly', 'monthly', 'quarterly', 'yearly'],
    ['weekly', 'monthly', 'quarterly', 'yearly'],
    undefined,
  ]);
  expect(offsetAttributes).toEqual([
    'billingDateShift',
    'chargeDateOffset',
    'creditDateOffset',
    'mailingDateOffset',
    'paymentDueDateOffset',
  ]);
});

describe('a period', () => {
  it.each([
    ['week', 0, '2026-01-31T00:00:00.000Z', '2026-02-07T00:00:00.000Z'],
    ['week', 2, '2026-02-14T00:00:00.000Z', '2026-02-21T00:00:00.000Z'],
    ['month', 0, '2026-01-31T00:00:00.000Z', '2026-02-28T00:00:00.000Z'],
    ['month', 1, '2026-02-28T00:00:00.000Z', '2026-03-31T00:00:00.000Z'],
    ['quarter', 1, '2026-04-30T00:00:00.000Z', '2026-07-31T00:00:00.000Z'],
    ['year', 1, '2027-01-31T00:00:00.000Z', '2028-01-31T00:00:00.000Z'],
  ])('of a %s counts from its anchor: %i', (name, index, start, end) => {
    for (const specification of [by(name), by(undefined, frequencyOf(name)), by(name, 'yearly')].slice(
      0,
      name === 'year' ? 3 : 2,
    ))
      expect(days(periodOf(specification, at('2026-01-31T00:00:00Z'), index, utc)!)).toEqual([start, end]);
  });

  it('follows the calendar of the operator', () => {
    expect(days(periodOf(by('month'), at('2026-02-28T23:00:00Z'), 1, 'Europe/Berlin')!)).toEqual([
      '2026-03-31T22:00:00.000Z',
      '2026-04-30T22:00:00.000Z',
    ]);
  });

  it('is none where nothing recurs', () => {
    for (const specification of [by(), by('day', 'daily')]) {
      expect(periodOf(specification, at('2026-01-01'), 0, utc)).toBeUndefined();
      expect(nextPeriod(specification, at('2026-01-01'), at('2026-05-01'), utc)).toBeUndefined();
      expect(isOneOfPeriods(specification, at('2026-01-01'), at('2026-01-01'), utc)).toBe(false);
    }
  });

  it('ends within the calendar', () => {
    expect(days(periodOf(by('year'), at('9998-06-01T00:00:00Z'), 0, utc)!)[1]).toBe('9999-06-01T00:00:00.000Z');
    expect(() => periodOf(by('year'), at('9999-06-01T00:00:00Z'), 0, utc)).toThrow(
      'validFor.startDateTime leads to a date beyond the calendar',
    );
  });

  it('follows the last one, or is the first', () => {
    const next = (last?: string): string =>
      nextPeriod(by('month'), at('2026-01-31T00:00:00Z'), last === undefined ? undefined : at(last), utc)!
        .start.toISOString()
        .slice(0, 10);
    expect([
      next(),
      next('2026-01-30'),
      next('2026-01-31'),
      next('2026-02-27'),
      next('2026-02-28'),
      next('2026-03-01'),
    ]).toEqual(['2026-01-31', '2026-01-31', '2026-02-28', '2026-02-28', '2026-03-31', '2026-03-31']);
  });

  it('begins just when it begins', () => {
    const isOne = (start: string): boolean => isOneOfPeriods(by('month'), at('2026-01-31T00:00:00Z'), at(start), utc);
    expect(['2026-01-31', '2026-02-28', '2026-02-27', '2026-03-01', '2026-01-01'].map(isOne)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('a cycle', () => {
  const complete = (cycle: object, specification: never, zone = utc): object =>
    completeCycle(cycle as never, specification, zone);
  const startDateTime = '2026-02-01T00:00:00.000Z';

  it('gets the end, the name and the dates that its specification says', () => {
    const specification = by('month', undefined, {
      billingDateShift: 0,
      chargeDateOffset: 1,
      creditDateOffset: 2,
      mailingDateOffset: 3,
      paymentDueDateOffset: 14,
    });
    expect(complete({ name: 'x', validFor: { startDateTime } }, specification)).toEqual({
      name: 'x',
      billingPeriod: '2026-02',
      billingDate: startDateTime,
      chargeDate: '2026-02-02T00:00:00.000Z',
      creditDate: '2026-02-03T00:00:00.000Z',
      mailingDate: '2026-02-04T00:00:00.000Z',
      paymentDueDate: '2026-02-15T00:00:00.000Z',
      validFor: { startDateTime, endDateTime: '2026-03-01T00:00:00.000Z' },
    });
  });

  it.each([
    ['week', '2026-W05'],
    ['month', '2026-02'],
    ['quarter', '2026-Q1'],
    ['year', '2026'],
  ])('of a %s is called %s', (period, name) => {
    expect(complete({ validFor: { startDateTime } }, by(period))).toMatchObject({ billingPeriod: name });
  });

  it('keeps what it says itself', () => {
    const own = {
      billingPeriod: 'mine',
      billingDate: '2026-02-09T00:00:00.000Z',
      validFor: { startDateTime, endDateTime: '2026-02-10T00:00:00.000Z' },
    };
    expect(complete(own, by('month', undefined, { billingDateShift: 3 }))).toEqual(own);
  });

  it('is left alone where there is nothing to count from, or nothing recurs', () => {
    const [open, none] = [{ validFor: { endDateTime: '2026-02-10T00:00:00.000Z' } }, {}];
    expect([complete(open, by('month')), complete(none, by('month'))]).toEqual([open, none]);
    expect(complete({ validFor: { startDateTime } }, by())).toEqual({ validFor: { startDateTime } });
  });

  it('is named by the calendar of the operator', () => {
    expect(
      complete({ validFor: { startDateTime: '2026-01-31T23:30:00.000Z' } }, by('month'), 'Europe/Berlin'),
    ).toMatchObject({ billingPeriod: '2026-02' });
  });

  it('is refused when a date is beyond the calendar', () => {
    expect(() =>
      complete(
        { validFor: { startDateTime: '9999-12-31T00:00:00.000Z', endDateTime: '9999-12-31T01:00:00.000Z' } },
        by('month', undefined, { billingDateShift: 1 }),
      ),
    ).toThrow('leads to a date beyond the calendar');
  });
});
