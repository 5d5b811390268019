/** Text of a query as the value an attribute's type has; nothing is rounded or guessed at. */
import { parseDateTime } from '../../src/platform/date-time.js';
import { Decimal } from '../../src/platform/decimal.js';
import type { ScalarType } from '../../src/platform/filter/tree/attribute-type.js';
import { INT_MAX, INT_MIN } from '../../src/platform/limits.js';
import { SIGNIFICANT_DIGITS_MAX, TIME_LENGTH_MAX } from '../limits.js';
import type { FilterValue } from '../../src/platform/filter/tree/filter.js';
import { isDecimalInRange } from '../../src/platform/filter/tree/values.js';

/**
 * The values that the text may stand for, or undefined when it is none of the type. Several only for json
 * (type Any): unquoted `5` is the text and the number, `true` the text and the boolean.
 */
export function parseValue(type: ScalarType, text: string, isQuoted: boolean): FilterValue[] | undefined {
  if (type === 'json') {
    const other = isQuoted
      ? undefined
      : (parseDecimal(text) ?? (text === 'true' || text === 'false' ? text === 'true' : undefined));
    return other === undefined ? [text] : [text, other];
  }
  const value = parseScalar(type, text);
  return value === undefined ? undefined : [value];
}

function parseScalar(type: Exclude<ScalarType, 'json'>, text: string): FilterValue | undefined {
  switch (type) {
    case 'string':
      return text;
    case 'int':
      return parseInteger(text);
    case 'decimal':
      return parseDecimal(text);
    case 'boolean':
      return parseBoolean(text);
    case 'dateTime':
      return parseTime(text);
  }
}

function parseInteger(text: string): number | undefined {
  const value = /^-?\d{1,10}$/.test(text) ? Number(text) : undefined;
  return value !== undefined && value >= INT_MIN && value <= INT_MAX ? value : undefined;
}

function parseDecimal(text: string): Decimal | undefined {
  // A space is the `+` of an exponent that came unencoded.
  if (!/^-?\d{1,40}(?:\.\d{1,40})?(?:e[+ -]?\d{1,3})?$/i.test(text)) return undefined;
  const value = new Decimal(text.replace(' ', '+'));
  return isDecimalInRange(value) && value.precision() <= SIGNIFICANT_DIGITS_MAX ? value : undefined;
}

export function parseBoolean(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  return lower === 'true' || lower === 'false' ? lower === 'true' : undefined;
}

/**
 * ISO 8601 as an instant: a year, a month or a day is its beginning in UTC, a time without zone is UTC,
 * and a space before the offset is a `+` that came unencoded. Below the millisecond only zeros.
 */
export function parseTime(text: string): Date | undefined {
  if (text.length > TIME_LENGTH_MAX || /[.,]\d{3}\d*[1-9]/.test(text)) return undefined;
  const day = text.replace(/^(\d{4})$/, '$1-01').replace(/^(\d{4}-\d{2})$/, '$1-01');
  return parseDateTime(day.replace(/^(\S+[T ]\d\d:\d\d\S*) (\d\d(?::?\d\d)?)$/i, '$1+$2'));
}
