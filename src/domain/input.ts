import { DomainError, abbreviated } from '../platform/errors.js';
import { canonicalJson, toJsonObject, withoutNulls, type JsonObject, type JsonValue } from '../platform/json-object.js';
import type { RowChanges } from './changes.js';
import { NAME_LENGTH_MAX } from './limits.js';
import type { Reference } from './row.js';

// How the inputs of all domains are checked, and how refusals name what is wrong with them.

/** A reference as an input gives it. */
export interface ReferenceInput {
  id: string;
}

/** TMF TimePeriod as an input gives it: the end, which belongs to it no more, may be open. */
export interface Validity {
  startDateTime?: Date | null;
  endDateTime?: Date | null;
}

/** Whether a value is there: absent and null are the same. */
export function isGiven<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}

/** Refuses a period that ends before it starts. Throws INVALID_ATTRIBUTE. */
export function requireValidity(validFor: Validity | null | undefined, path = 'validFor'): void {
  if (validFor?.startDateTime && validFor.endDateTime && validFor.endDateTime <= validFor.startDateTime) {
    throw invalid(path, 'must end after it starts');
  }
}

/** Refuses a text that is too long to be indexed; an empty one is not. Throws INVALID_ATTRIBUTE. */
export function requireIndexable(path: string, value: string): void {
  if (value.length > NAME_LENGTH_MAX)
    throw invalid(
      path,
      `must have at most ${NAME_LENGTH_MAX} characters: the limit NAME_LENGTH_MAX is ${NAME_LENGTH_MAX}`,
    );
}

/** Refuses a name that is empty or too long to be indexed. Throws INVALID_ATTRIBUTE. */
export function requireName(path: string, value: string): void {
  if (value.length === 0 || value.length > NAME_LENGTH_MAX) {
    throw invalid(
      path,
      `must have 1 to ${NAME_LENGTH_MAX} characters: the limit NAME_LENGTH_MAX is ${NAME_LENGTH_MAX}`,
    );
  }
}

/**
 * The attributes of a creation in the form that rows have, without what is null. The transport has checked them by the type
 * of the resource; the caller has checked that those it names as `Required` are there.
 */
export function toGiven<Row extends JsonObject, Required extends keyof Row = never>(
  input: object,
): Partial<Row> & Pick<Row, Required> {
  return withoutNulls(toJsonObject(input)) as Partial<Row> & Pick<Row, Required>;
}

/** The attributes of an update in the form that rows have; null removes. */
export function toChanges<Row extends JsonObject>(input: object): RowChanges<Row> {
  return toJsonObject(input) as RowChanges<Row>;
}

/** A reference to what is ours, as it is kept: its address is made when it is read, and one that was given may be wrong. */
export function withoutAddress<Ref extends Reference>({ href: _, ...reference }: Ref): Omit<Ref, 'href'> {
  return reference;
}

/** Whether two rows have equal values of these attributes; absent and null are the same. */
export function areSameIn<Row extends JsonObject>(
  one: Row,
  other: Row,
  attributes: readonly (keyof Row & string)[],
): boolean {
  return attributes.every((name) => canonicalJson(one[name] ?? null) === canonicalJson(other[name] ?? null));
}

/** A value without what is null in it, on every level: absent and null say the same. */
export function withoutInnerNulls<Json extends JsonValue>(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutInnerNulls) as Json;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, part]) => (part === null ? [] : [[name, withoutInnerNulls(part)]])),
  ) as Json;
}

/** Refuses any other value, naming those that are allowed. Throws INVALID_ATTRIBUTE. */
export function requireOneOf(path: string, values: readonly string[], value: string): void {
  if (!values.includes(value)) throw invalid(path, `must be one of ${values.join(', ')}: '${abbreviated(value)}'`);
}

/** The refusal of an attribute: `path` with a problem behind it, `must be greater than zero`. */
export function invalid(path: string, problem: string): DomainError {
  return new DomainError('INVALID_ATTRIBUTE', `${path} ${problem}`, { path });
}

/** The refusal of what lacks an attribute, and why it is needed. */
export function missing(path: string, problem: string): DomainError {
  return new DomainError('MISSING_ATTRIBUTE', `${path} is missing: ${problem}`, { path });
}

/** Goes through the elements of a bulk request; a refusal says which one it is about. */
export function mapNamingElement<Input, Output>(inputs: readonly Input[], handle: (input: Input) => Output): Output[] {
  return inputs.map((input, index) => {
    try {
      return handle(input);
    } catch (error) {
      throw inElement(error, index);
    }
  });
}

/** The refusal of one element of a bulk request, as a refusal of the request. */
export function inElement(error: unknown, index: number): unknown {
  if (!(error instanceof DomainError)) return error;
  const path = [String(index), error.details.path].filter(Boolean).join('.');
  return new DomainError(error.code, `element ${index}: ${error.message}`, { ...error.details, path });
}
