import { Decimal } from './decimal.js';

/** A resource, or a part of one, as JSON: the form reads give and snapshots keep. Absent means null. */
export type JsonObject = { [attribute: string]: JsonValue };
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

/**
 * Input as it arrives from a transport (class instances, Dates, Decimals) becomes plain JSON. Absent
 * attributes are left out, null ones kept: an update distinguishes them. Amounts carry at most 15
 * significant digits (see the Decimal scalar), so that a JSON number holds them exactly.
 */
export function toJsonValue(value: unknown): JsonValue {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Decimal) return value.toNumber();
  if (Array.isArray(value)) return value.map(toJsonValue);
  if (typeof value === 'object') return toJsonObject(value);
  return value as string | number | boolean;
}

export function toJsonObject(value: object): JsonObject {
  const plain: JsonObject = {};
  for (const [name, part] of Object.entries(value)) {
    if (part !== undefined) setOwn(plain, name, toJsonValue(part));
  }
  return plain;
}

/** The type that a value has when it is plain JSON: an instant is text, an amount a number. */
export type JsonForm<T> = T extends JsonValue
  ? T
  : T extends Date
    ? string
    : T extends Decimal
      ? number
      : T extends readonly (infer Element)[]
        ? JsonForm<Element>[]
        : { -readonly [Name in keyof T]: JsonForm<Exclude<T[Name], undefined>> };

/** `toJsonObject` for a value whose type is known: the result has the same attributes. */
export function toJsonForm<T extends object>(value: T): JsonForm<T> {
  return toJsonObject(value) as JsonForm<T>;
}

const texts = new WeakMap<JsonObject, string>();

/** The JSON of a resource that is stored in several places, made once: the resource must not be changed afterwards. */
export function jsonTextOf(resource: JsonObject): string {
  const known = texts.get(resource);
  if (known !== undefined) return known;
  const text = JSON.stringify(resource);
  texts.set(resource, text);
  return text;
}

/** Drops what is null, on the first level: absent and null are the same in a stored resource. */
export function withoutNulls<T extends JsonObject>(plain: T): T {
  const result: JsonObject = {};
  for (const [name, value] of Object.entries(plain)) {
    if (value !== null) setOwn(result, name, value);
  }
  return result as T;
}

/** Assigning `__proto__` would change what the object inherits. */
function setOwn(plain: JsonObject, name: string, value: JsonValue): void {
  if (name === '__proto__')
    Object.defineProperty(plain, name, { value, enumerable: true, writable: true, configurable: true });
  else plain[name] = value;
}

/**
 * JSON with sorted names, so that equal values give equal text. Null is a value: in an update it removes. Written out,
 * because JSON.stringify with a function takes five times as long, and files have many values.
 */
export function canonicalJson(value: JsonValue | undefined): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const parts: string[] = [];
  for (const name of Object.keys(value).sort()) {
    const part = value[name];
    if (part !== undefined) parts.push(`${JSON.stringify(name)}:${canonicalJson(part)}`);
  }
  return `{${parts.join(',')}}`;
}
