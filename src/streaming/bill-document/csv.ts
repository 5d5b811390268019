import type { RateRow } from '../../domain/customer-bill/index.js';
import type { JsonValue } from '../../platform/json-object.js';
import { cellText } from '../csv/cell-text.js';
import { csvText } from '../csv/csv-text.js';

/** The columns: dotted TMF paths of the rate. Lists are written as JSON. */
const columns: readonly string[] = [
  'id',
  'date',
  'appliedBillingRateType',
  'name',
  'description',
  'product.id',
  'product.name',
  'periodCoverage.startDateTime',
  'periodCoverage.endDateTime',
  'taxExcludedAmount.value',
  'taxExcludedAmount.unit',
  'taxIncludedAmount.value',
  'taxIncludedAmount.unit',
  'appliedTax',
  'billingAccount.id',
  'characteristic',
];

/** The record of the column names. */
export const csvHead: string = csvText([columns]);

/** One record of RFC 4180 for each rate. */
export function csvRows(rates: readonly RateRow[]): string {
  return csvText(rates.map((rate) => columns.map((path) => cellText(valueAt(rate, path)))));
}

function valueAt(rate: RateRow, path: string): JsonValue {
  return path
    .split('.')
    .reduce<JsonValue>(
      (value, name) =>
        value === null || typeof value !== 'object' || Array.isArray(value) ? null : (value[name] ?? null),
      rate,
    );
}
