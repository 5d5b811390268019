import { localTime } from '../../platform/calendar.js';
import { ownProperty } from '../../platform/json.js';
import type { Writing } from '../resource-writer.js';
import type { CustomerBillDependencies } from './model.js';
import { takeNumbers } from './bills.store.js';

/** Digits of a number; more follow when they are needed. */
const digitsMin = 6;
/** Credit notes, and statements of what was paid already, are counted apart. */
const seriesOfCategory: Readonly<Record<string, string>> = { 'credit note': 'CN', 'prepaid statement': 'PS' };
const seriesOfBills = 'INV';

/**
 * The next numbers of the series of a category in the present year of the tenant, e.g. INV-2026-000042. A series has no
 * gaps: when the transaction fails, its numbers are taken by the next one.
 */
export async function takeBillNumbers(
  { tx, tenantId, now }: Writing,
  category: string | null | undefined,
  count: number,
  { zoneOf, billPrefixOf }: Pick<CustomerBillDependencies, 'zoneOf' | 'billPrefixOf'>,
): Promise<string[]> {
  const series = ownProperty(seriesOfCategory, category ?? '') ?? seriesOfBills;
  const { year } = localTime(now, zoneOf(tenantId));
  const prefix = billPrefixOf(tenantId);
  const head = prefix === undefined ? series : `${prefix}-${series}`;
  const first = (await takeNumbers(tx, tenantId, series, year, count)) - count + 1;
  return Array.from(
    { length: count },
    (_, index) => `${head}-${year}-${String(first + index).padStart(digitsMin, '0')}`,
  );
}
