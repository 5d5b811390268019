import { Decimal } from './decimal.js';

/** A resource, or a part of one, as JSON: the form reads give and snapshots keep. Absent means null. */
export type Plain = { [attribute: string]: PlainValue };
export type PlainValue = string | number | boolean | null | PlainValue[] | Plain;

/**
 * Input as it arrives from a door (class instances, Dates, Decimals) becomes plain JSON. Absent
 * attributes are left out, null ones kept: an update distinguishes them. Amounts carry at most 15
 * significant digits (see the Decimal scalar), so that a JSON number holds them exactly.
 */
export function toPlain(value: unknown): PlainValue {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Decimal) return value.toNumber();
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value === 'object') return toPlainObject(value);
  return value as string | number | boolean;
}

export function toPlainObject(value: object): Plain {
  const plain: Plain = {};
  for (const [name, part] of Object.entries(value)) {
    if (part !== undefined) plain[name] = toPlain(part);
  }
  return plain;
}

/** Drops what is null, on the first level: absent and null are the same in a stored resource. */
export function withoutNulls(plain: Plain): Plain {
  return Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== null));
}

/** JSON with sorted names, so that equal values give equal text. Null is a value: in an update it removes. */
export function canonicalJson(value: PlainValue): string {
  return JSON.stringify(value, (_name, part: PlainValue) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
