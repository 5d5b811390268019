import { Decimal } from '../../platform/decimal.js';
import type { JsonValue } from '../../platform/json-object.js';

/** What a spreadsheet would take for a formula where a text begins with it. */
const formula = /^[=+\-@\t\r]/;

/**
 * A value as the text of a cell, for people with a spreadsheet. Numbers stay numbers, as exact as they are. A text that could
 * be a formula begins with an apostrophe, which spreadsheets take for "text follows".
 */
export function cellText(value: JsonValue): string {
  if (value === null) return '';
  if (typeof value === 'number') return new Decimal(value).toFixed();
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return formula.test(text) ? `'${text}` : text;
}
