import { isTimeInRange } from '../../date-time.js';
import { Decimal } from '../../decimal.js';
import { DomainError } from '../../errors.js';
import type { ScalarType } from './attribute-type.js';
import { DECIMAL_EXPONENT_MAX, INT_MAX, INT_MIN } from '../../limits.js';
import { isStorable } from '../../storable-text.js';
import { dotted } from './resolve.js';
import type { FilterValue } from './filter.js';

/**
 * The form in which we write times into JSON. Texts of this form compare bytewise exactly as their
 * instants do, so ranges need no cast that could fail; a text of another form is not a time.
 */
export const NORMAL_TIME =
  '^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\.[0-9]{3}Z$';
const normalTime = new RegExp(NORMAL_TIME);

export function isNormalTime(text: string): boolean {
  return normalTime.test(text);
}

export function isDecimalInRange(value: Decimal): boolean {
  return value.isFinite() && (value.isZero() || Math.abs(value.e) <= DECIMAL_EXPONENT_MAX);
}

/** The value as its attribute's type has it, or a refusal: trees may come from any front. */
export function checkValue(type: ScalarType, value: FilterValue, path: readonly string[]): FilterValue {
  const checked = valueOfType(type, value);
  if (checked === undefined) {
    throw new DomainError(
      'INVALID_QUERY',
      `'${String(value)}' is not a ${type} that '${dotted(path)}' can be compared with`,
      {
        path: dotted(path),
      },
    );
  }
  return checked;
}

function valueOfType(type: ScalarType, value: FilterValue): FilterValue | undefined {
  switch (type) {
    case 'string':
      return typeof value === 'string' && isStorable(value) ? value : undefined;
    case 'int':
      return typeof value === 'number' && Number.isInteger(value) && value >= INT_MIN && value <= INT_MAX
        ? value
        : undefined;
    case 'decimal':
      return decimalValue(value);
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'dateTime':
      return value instanceof Date && isTimeInRange(value) ? value : undefined;
    case 'json':
      if (value instanceof Date) return isTimeInRange(value) ? value.toISOString() : undefined;
      if (typeof value === 'string') return isStorable(value) ? value : undefined;
      return typeof value === 'boolean' ? value : decimalValue(value);
  }
}

function decimalValue(value: FilterValue): Decimal | undefined {
  if (typeof value !== 'number' && !Decimal.isDecimal(value)) return undefined;
  const decimal = new Decimal(value);
  return isDecimalInRange(decimal) ? decimal : undefined;
}

/** The checked value as JSON text, exact. */
export function toJson(value: FilterValue): string {
  if (value instanceof Date) return JSON.stringify(value.toISOString());
  if (Decimal.isDecimal(value)) return value.toFixed();
  return JSON.stringify(value);
}
