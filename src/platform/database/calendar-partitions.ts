import type { PartitionedTable, Period } from './range-partitions.js';

/** How many months a partition is for. */
const monthsOf = { month: 1, quarter: 3, year: 12 } as const;
export type Width = keyof typeof monthsOf;
export const widths = Object.keys(monthsOf) as Width[];

/** A day as names of partitions have it: `2027_01_31`. */
export function dateText(at: Date): string {
  return at.toISOString().slice(0, 10).replaceAll('-', '_');
}

/** The day that follows in a name, if one does and nothing else. */
export function dateIn(name: string, before: string): Date | undefined {
  const [, year, month, day] = new RegExp(`^${before}(\\d{4})_(\\d\\d)_(\\d\\d)$`).exec(name) ?? [];
  return day === undefined ? undefined : new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
}

/** Name of the partition that has what was there before there were partitions. */
export function nameUntil(table: string, end: Date): string {
  return `${table}_until_${dateText(end)}`;
}

export function periodUntil(table: string, name: string): Period | undefined {
  const end = dateIn(name, `${table}_until_`);
  return end && { begin: new Date(0), end };
}

function partsOf(table: string, name: string): { width: Width; begin: Date } | undefined {
  const [, year, month, quarter] = new RegExp(`^${table}_(\\d{4})(?:_(\\d\\d)|_q([1-4]))?$`).exec(name) ?? [];
  if (year === undefined) return undefined;
  const width = month ? 'month' : quarter ? 'quarter' : 'year';
  const index = month ? Number(month) - 1 : quarter ? 3 * (Number(quarter) - 1) : 0;
  return { width, begin: new Date(Date.UTC(Number(year), index)) };
}

/** How wide the partitions of a table are, by the name of one of them; undefined: it is none of a period of the calendar. */
export function widthOf(table: string, name: string): Width | undefined {
  return partsOf(table, name)?.width;
}

/** Periods of the calendar, of UTC, and their partitions: `Usage_2027_01`, `Usage_2027_q1`, `Usage_2027`. */
export function calendarPartitions(
  table: string,
  width: Width,
): Pick<PartitionedTable, 'table' | 'periodAt' | 'nameOf' | 'periodOf'> {
  const months = monthsOf[width];
  const periodAt = (at: Date): Period => {
    const first = Math.floor(at.getUTCMonth() / months) * months;
    const beginIn = (month: number): Date => new Date(Date.UTC(at.getUTCFullYear(), month));
    return { begin: beginIn(first), end: beginIn(first + months) };
  };
  return {
    table,
    periodAt,
    nameOf: ({ begin }) => {
      const month = begin.getUTCMonth();
      const within = { month: `_${String(month + 1).padStart(2, '0')}`, quarter: `_q${month / 3 + 1}`, year: '' };
      return `${table}_${begin.getUTCFullYear()}${within[width]}`;
    },
    periodOf: (name) => {
      const parts = partsOf(table, name);
      return parts ? periodAt(parts.begin) : periodUntil(table, name);
    },
  };
}
