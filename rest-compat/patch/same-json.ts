import { LosslessNumber } from 'lossless-json';
import { Decimal } from '../../src/platform/decimal.js';
import { ownProperty } from '../../src/platform/json.js';
import { isObject } from '../body/input.js';

/** Whether two values are the same JSON (RFC 6902 §4.6): members in any order, numbers by what they are, exactly. */
export function isSameJson(one: unknown, other: unknown): boolean {
  const number = decimalOf(one);
  if (number !== undefined) return decimalOf(other)?.eq(number) === true;
  if (Array.isArray(one)) {
    return (
      Array.isArray(other) && one.length === other.length && one.every((part, index) => isSameJson(part, other[index]))
    );
  }
  if (!isObject(one)) return one === other;
  if (!isObject(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSameJson(ownProperty(one, name), ownProperty(other, name)))
  );
}

function decimalOf(value: unknown): Decimal | undefined {
  if (typeof value === 'number') return new Decimal(value);
  return value instanceof LosslessNumber ? new Decimal(value.value) : undefined;
}
