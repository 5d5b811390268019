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
 * its last one: 31 January, 28 February, 31 March. A local time that daylight saving time skips is as much later
 * as the clock jumps (02:30 is 03:30); one that comes twice is the first of the two.
 */
export function periodStart(anchor: Date, period: Period, index: number, zone: string): Date {
  if (!Number.isSafeInteger(index) || index < 0) throw new RangeError(`a period has an index from 0 on, not ${index}`);
  const start = DateTime.fromJSDate(anchor, { zone });
  if (!start.isValid) throw new RangeError(`cannot count from ${String(anchor)} in ${zone}: ${start.invalidReason}`);
  // The anchor may be the second of two equal local times.
  if (index === 0) return new Date(anchor);
  const [first] = start.plus(lengths[period](index)).getPossibleOffsets();
  if (!first?.isValid) throw new RangeError(`period ${index} is beyond the calendar`);
  return first.toJSDate();
}
