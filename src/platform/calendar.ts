import { DateTime, IANAZone, type DurationLike } from 'luxon';

// Calendar arithmetic in the operator's time zone: what a customer sees on the clock and calendar of the
// wall stays the same across months of different length and across changes of daylight saving time.

export type Period = 'weekly' | 'fortnightly' | 'monthly';

const lengths: Record<Period, (count: number) => DurationLike> = {
  weekly: (count) => ({ weeks: count }),
  fortnightly: (count) => ({ weeks: 2 * count }),
  monthly: (count) => ({ months: count }),
};

/** An IANA name like Europe/Berlin, or UTC. Offsets are refused: they know no daylight saving time. */
export function isTimeZone(zone: string): boolean {
  return /^[a-z]/i.test(zone) && IANAZone.isValidZone(zone);
}

/**
 * The instant at which the period of this index begins; 0 is the anchor itself. The local time of day is the
 * anchor's. Months count from the anchor's day, not from the period before, and a month without that day gives
 * its last one: 31 January, 28 February, 31 March.
 */
export function periodStart(anchor: Date, period: Period, index: number, zone: string): Date {
  if (!Number.isSafeInteger(index) || index < 0) throw new RangeError(`a period has an index from 0 on, not ${index}`);
  // The anchor may be the second of two equal local times.
  return index === 0 ? new Date(anchor) : later(anchor, lengths[period](index), zone);
}

/**
 * So much later (or earlier) on the wall's clock and calendar. A local time that daylight saving time skips is as
 * much later as the clock jumps (02:30 is 03:30); one that comes twice is the first of the two.
 */
export function later(from: Date, duration: DurationLike, zone: string): Date {
  const start = localTime(from, zone);
  const [first] = start.plus(duration).getPossibleOffsets();
  if (!first?.isValid)
    throw new RangeError(`${JSON.stringify(duration)} after ${from.toISOString()} is beyond the calendar`);
  return first.toJSDate();
}

/** The instant as the operator's wall shows it. */
export function localTime(at: Date, zone: string): DateTime {
  const local = DateTime.fromJSDate(at, { zone });
  if (!local.isValid) throw new RangeError(`cannot count from ${String(at)} in ${zone}: ${local.invalidReason}`);
  return local;
}
