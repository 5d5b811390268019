import { periodStart, type Period } from '../../../platform/calendar.js';
import type { ScheduledTopupCommand } from '../command/commands.js';

/** When a scheduled top-up is first due; undefined for an auto top-up, which is not due by time. */
export function firstDueDate({ threshold, requestedDate }: ScheduledTopupCommand, now: Date): Date | undefined {
  return threshold ? undefined : (requestedDate ?? now);
}

/** Periods examined to find the next one: hundreds of years of weeks. */
const periodsMax = 100_000;

/** The first period of a recurring top-up that begins after this instant; the first of all begins at the anchor itself. */
export function nextDueDate(anchor: Date, period: Period, after: Date, timeZone: string): Date {
  const days = Math.max(0, (after.getTime() - anchor.getTime()) / 86_400_000);
  // An estimate that is never too late: no month has more than 31 days, and the zone's offset changes by hours only.
  const estimate = Math.max(0, Math.floor(days / longestDays[period]) - 1);
  for (let index = estimate; index < estimate + periodsMax; index++) {
    const start = periodStart(anchor, period, index, timeZone);
    if (start > after) return start;
  }
  throw new Error(`no ${period} period of ${anchor.toISOString()} begins after ${after.toISOString()}`);
}

const longestDays: Readonly<Record<Period, number>> = { weekly: 7, fortnightly: 14, monthly: 31 };
