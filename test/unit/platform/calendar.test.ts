import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { isTimeZone, periodStart, type Period } from '../../../src/platform/calendar.js';
import { seed } from '../../support/seed.js';

const starts = (anchor: string, period: Period, indexes: number[], zone = 'UTC'): string[] =>
  indexes.map((index) => periodStart(new Date(anchor), period, index, zone).toISOString());

describe('isTimeZone', () => {
  test.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Asia/Kolkata'])('takes %s', (zone) => {
    expect(isTimeZone(zone)).toBe(true);
  });
  test.each(['', 'local', 'system', '+01:00', 'UTC+1', 'Europe/Atlantis', 'Europe/Berlin '])("refuses '%s'", (zone) => {
    expect(isTimeZone(zone)).toBe(false);
  });
});

describe('periodStart', () => {
  it('begins period 0 at the anchor itself', () => {
    for (const period of ['weekly', 'fortnightly', 'monthly'] as const) {
      expect(starts('2026-01-31T10:00:00.123Z', period, [0], 'Europe/Berlin')).toEqual(['2026-01-31T10:00:00.123Z']);
    }
  });

  it('counts weeks and fortnights', () => {
    expect(starts('2026-12-28T08:00:00.000Z', 'weekly', [1, 2])).toEqual([
      '2027-01-04T08:00:00.000Z',
      '2027-01-11T08:00:00.000Z',
    ]);
    expect(starts('2026-12-28T08:00:00.000Z', 'fortnightly', [1, 2])).toEqual([
      '2027-01-11T08:00:00.000Z',
      '2027-01-25T08:00:00.000Z',
    ]);
  });

  it('counts months from the day of the anchor, and takes the last day where a month has no such day', () => {
    expect(starts('2026-01-31T00:00:00.000Z', 'monthly', [1, 2, 3, 4, 11, 12])).toEqual([
      '2026-02-28T00:00:00.000Z',
      '2026-03-31T00:00:00.000Z',
      '2026-04-30T00:00:00.000Z',
      '2026-05-31T00:00:00.000Z',
      '2026-12-31T00:00:00.000Z',
      '2027-01-31T00:00:00.000Z',
    ]);
  });

  it('knows leap years', () => {
    expect(starts('2028-01-30T00:00:00.000Z', 'monthly', [1])).toEqual(['2028-02-29T00:00:00.000Z']);
    expect(starts('2028-02-29T00:00:00.000Z', 'monthly', [12, 48])).toEqual([
      '2029-02-28T00:00:00.000Z',
      '2032-02-29T00:00:00.000Z',
    ]);
    // A century that is none.
    expect(starts('2100-01-29T00:00:00.000Z', 'monthly', [1])).toEqual(['2100-02-28T00:00:00.000Z']);
  });

  it('takes the day of the operator, which may be another one than that of UTC', () => {
    // 1 February, 00:30 in Berlin.
    expect(starts('2026-01-31T23:30:00.000Z', 'monthly', [1], 'Europe/Berlin')).toEqual(['2026-02-28T23:30:00.000Z']);
  });

  it('keeps the local time across the changes of daylight saving time', () => {
    expect(starts('2026-03-22T11:00:00.000Z', 'weekly', [0, 1], 'Europe/Berlin')).toEqual([
      '2026-03-22T11:00:00.000Z',
      '2026-03-29T10:00:00.000Z',
    ]);
    expect(starts('2026-10-01T10:00:00.000Z', 'monthly', [1], 'Europe/Berlin')).toEqual(['2026-11-01T11:00:00.000Z']);
    // South of the equator, and by half an hour.
    expect(starts('2026-03-30T01:00:00.000Z', 'weekly', [1], 'Australia/Lord_Howe')).toEqual([
      '2026-04-06T01:30:00.000Z',
    ]);
  });

  it('moves a local time that is skipped as far as the clock jumps, and the next period back', () => {
    // 02:30 in Berlin; on 29 March 2026 the clock goes from 02:00 to 03:00.
    expect(starts('2026-03-22T01:30:00.000Z', 'weekly', [1, 2], 'Europe/Berlin')).toEqual([
      '2026-03-29T01:30:00.000Z',
      '2026-04-05T00:30:00.000Z',
    ]);
    // The same from summer time, a year ahead.
    expect(starts('2026-08-28T00:30:00.000Z', 'monthly', [7], 'Europe/Berlin')).toEqual(['2027-03-28T01:30:00.000Z']);
  });

  it('takes the first of two equal local times, whichever the anchor has', () => {
    // 02:30 in Berlin; on 25 October 2026 the clock goes from 03:00 to 02:00.
    expect(starts('2026-10-18T00:30:00.000Z', 'weekly', [1], 'Europe/Berlin')).toEqual(['2026-10-25T00:30:00.000Z']);
    expect(starts('2026-02-25T01:30:00.000Z', 'monthly', [8], 'Europe/Berlin')).toEqual(['2026-10-25T00:30:00.000Z']);
    // Anchored in the second of them itself.
    expect(starts('2026-10-25T01:30:00.000Z', 'weekly', [0, 1], 'Europe/Berlin')).toEqual([
      '2026-10-25T01:30:00.000Z',
      '2026-11-01T01:30:00.000Z',
    ]);
  });

  test.each([-1, 0.5, NaN, Number.MAX_SAFE_INTEGER])('refuses the index %s', (index) => {
    expect(() => periodStart(new Date(0), 'monthly', index, 'UTC')).toThrow(RangeError);
  });

  it('refuses a zone or an anchor that is none', () => {
    expect(() => periodStart(new Date(0), 'monthly', 1, 'Europe/Atlantis')).toThrow(RangeError);
    expect(() => periodStart(new Date(NaN), 'monthly', 1, 'UTC')).toThrow(RangeError);
  });
});

describe('periods of any anchor', () => {
  const zones = [
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'America/Santiago',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'Africa/Cairo',
  ];
  const anchors = fc.date({
    min: new Date('1990-01-01T00:00:00Z'),
    max: new Date('2080-01-01T00:00:00Z'),
    noInvalidDate: true,
  });

  /** The wall clock as Intl has it: another calendar than the one under test. */
  function wallClock(instant: Date, zone: string): { year: number; month: number; day: number; time: string } {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
    return {
      year: Number(parts.year),
      month: Number(parts.month),
      day: Number(parts.day),
      time: `${parts.hour}:${parts.minute}:${parts.second}`,
    };
  }
  const lastDay = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

  it("follow one another, on the anchor's day or the month's last, at the anchor's time", () => {
    fc.assert(
      fc.property(anchors, fc.constantFrom(...zones), fc.integer({ min: 1, max: 600 }), (anchor, zone, index) => {
        const start = periodStart(anchor, 'monthly', index, zone);
        expect(start.getTime()).toBeGreaterThan(periodStart(anchor, 'monthly', index - 1, zone).getTime());
        const [from, to] = [wallClock(anchor, zone), wallClock(start, zone)];
        expect((to.year - from.year) * 12 + to.month - from.month).toBe(index);
        // Only a time that does not exist on that day is moved.
        if (to.time === from.time) expect(to.day).toBe(Math.min(from.day, lastDay(to.year, to.month)));
        else expect(isSkipped(to, from.time, zone, start)).toBe(true);
      }),
      { seed, numRuns: 3_000 },
    );
  });

  it('are seven or fourteen days apart by the calendar', () => {
    fc.assert(
      fc.property(anchors, fc.constantFrom(...zones), fc.integer({ min: 1, max: 2_000 }), (anchor, zone, index) => {
        const days = ({ year, month, day }: ReturnType<typeof wallClock>): number =>
          Date.UTC(year, month - 1, day) / 86_400_000;
        const start = periodStart(anchor, 'weekly', index, zone);
        expect(start.getTime()).toBeGreaterThan(periodStart(anchor, 'weekly', index - 1, zone).getTime());
        expect(days(wallClock(start, zone)) - days(wallClock(anchor, zone))).toBe(7 * index);
        expect(periodStart(anchor, 'fortnightly', index, zone)).toEqual(periodStart(anchor, 'weekly', 2 * index, zone));
      }),
      { seed, numRuns: 3_000 },
    );
  });

  /** True when no instant around this one shows the time on that day. */
  function isSkipped(at: ReturnType<typeof wallClock>, time: string, zone: string, around: Date): boolean {
    const minute = 60_000;
    for (let shift = -180; shift <= 180; shift += 15) {
      const clock = wallClock(new Date(around.getTime() + shift * minute), zone);
      if (clock.time === time && clock.day === at.day) return false;
    }
    return true;
  }
});
