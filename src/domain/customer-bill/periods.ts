import type { DateTime, DurationLike } from 'luxon';
import { later, localTime } from '../../platform/calendar.js';
import { ownProperty } from '../../platform/json.js';
import { invalid } from '../input.js';
import type { CycleRow, CycleSpecificationRow } from './model.js';

interface Recurrence {
  /** How often such a period is billed. */
  frequency: string;
  times(count: number): DurationLike;
  /** What a period of this kind is called that begins then, as ISO 8601 has it where it does. */
  name(start: DateTime): string;
}

/** The periods that can be billed, by the name a specification gives them in billingPeriod. */
const recurrences: Readonly<Record<string, Recurrence>> = {
  week: { frequency: 'weekly', times: (weeks) => ({ weeks }), name: (start) => start.toFormat("kkkk-'W'WW") },
  month: { frequency: 'monthly', times: (months) => ({ months }), name: (start) => start.toFormat('yyyy-MM') },
  quarter: {
    frequency: 'quarterly',
    times: (quarters) => ({ quarters }),
    name: (start) => start.toFormat("yyyy-'Q'q"),
  },
  year: { frequency: 'yearly', times: (years) => ({ years }), name: (start) => start.toFormat('yyyy') },
};

/** What a specification may say in billingPeriod. */
export const billingPeriods: readonly string[] = Object.keys(recurrences);
export const frequencies: readonly string[] = Object.values(recurrences).map(({ frequency }) => frequency);

/** The frequency that goes with a billingPeriod; undefined for another word. */
export function frequencyOf(billingPeriod: string): string | undefined {
  return ownProperty(recurrences, billingPeriod)?.frequency;
}

/** What recurs by a specification: its billingPeriod, or the period of its frequency. */
function recurrenceOf({ billingPeriod, frequency }: CycleSpecificationRow): Recurrence | undefined {
  return Object.entries(recurrences).find(
    ([period, recurrence]) => period === billingPeriod || recurrence.frequency === frequency,
  )?.[1];
}

/** The start, which belongs to the period, and the end, which belongs to the next one. */
export interface BillingPeriod {
  start: Date;
  end: Date;
}

/**
 * The period of this index, counted from an anchor, on the operator's calendar; undefined when the specification
 * does not say what recurs. Months, quarters and years count from the anchor: 31 January, 28 February, 31 March.
 */
export function periodOf(
  specification: CycleSpecificationRow,
  anchor: Date,
  index: number,
  zone: string,
): BillingPeriod | undefined {
  const recurrence = recurrenceOf(specification);
  if (recurrence === undefined) return undefined;
  const at = (count: number): Date =>
    count === 0 ? new Date(anchor) : requireRepresentable(later(anchor, recurrence.times(count), zone));
  return { start: at(index), end: at(index + 1) };
}

/**
 * The period behind the one that begins with `last`, counted from the first one there is; without a last one, the first.
 * Undefined when the specification does not say what recurs.
 */
export function nextPeriod(
  specification: CycleSpecificationRow,
  first: Date,
  last: Date | undefined,
  zone: string,
): BillingPeriod | undefined {
  for (let index = 0; ; index++) {
    const period = periodOf(specification, first, index, zone);
    if (period === undefined || last === undefined || period.start > last) return period;
  }
}

/** Whether one of the periods that are counted from this anchor begins at that instant. */
export function isOneOfPeriods(specification: CycleSpecificationRow, anchor: Date, start: Date, zone: string): boolean {
  return nextPeriod(specification, anchor, new Date(start.getTime() - 1), zone)?.start.getTime() === start.getTime();
}

const offsets = {
  billingDate: 'billingDateShift',
  chargeDate: 'chargeDateOffset',
  creditDate: 'creditDateOffset',
  mailingDate: 'mailingDateOffset',
  paymentDueDate: 'paymentDueDateOffset',
} as const;
export const offsetAttributes = Object.values(offsets);

/**
 * What a cycle leaves to its specification: the end of its period, the period's name, and the dates so many days
 * after its start. Without a start there is nothing to count from.
 */
export function completeCycle(cycle: CycleRow, specification: CycleSpecificationRow, zone: string): CycleRow {
  const { startDateTime, endDateTime } = cycle.validFor ?? {};
  if (!startDateTime) return cycle;
  const start = new Date(startDateTime);
  const end = endDateTime ?? periodOf(specification, start, 0, zone)?.end.toISOString();
  const name = recurrenceOf(specification)?.name(localTime(start, zone));
  const dates = Object.entries(offsets).flatMap(([date, offset]) => {
    const days = specification[offset];
    return typeof days === 'number' ? [[date, daysAfter(start, days, zone).toISOString()] as const] : [];
  });
  const derived: Partial<CycleRow> = { ...(name && { billingPeriod: name }), ...Object.fromEntries(dates) };
  return { ...derived, ...cycle, validFor: { startDateTime, ...(end && { endDateTime: end }) } };
}

function daysAfter(start: Date, days: number, zone: string): Date {
  return days === 0 ? start : requireRepresentable(later(start, { days }, zone));
}

/** Refuses a date whose year has not four digits. Throws INVALID_ATTRIBUTE. */
function requireRepresentable(date: Date): Date {
  const year = date.getUTCFullYear();
  if (year >= 1 && year <= 9999) return date;
  throw invalid('validFor.startDateTime', 'leads to a date beyond the calendar');
}
