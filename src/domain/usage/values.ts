import { parseDateTime } from '../../platform/date-time.js';
import { Decimal } from '../../platform/decimal.js';
import { DomainError } from '../../platform/errors.js';
import { parseJson } from '../../platform/json.js';
import { canonicalJson, type JsonValue } from '../../platform/json-object.js';

/** The types that the value of a characteristic can have. */
export const valueTypes = ['string', 'integer', 'number', 'boolean', 'dateTime', 'object', 'array'] as const;
export type ValueType = (typeof valueTypes)[number];

/** Numbers as text are those of files; longer ones are no number that anybody measured. */
const numberPattern = /^-?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?$/;

/** Whether a text names a type of values. */
export function isValueType(text: string): text is ValueType {
  return (valueTypes as readonly string[]).includes(text);
}

/** An empty text counts as no value (docs/standard/usage.md). */
export function isAbsent(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || value === '';
}

/** A number, or a text that is one: the published samples write 12 as "12". */
export function numberOf(value: JsonValue): Decimal | undefined {
  if (typeof value === 'number') return new Decimal(value);
  return typeof value === 'string' && numberPattern.test(value) ? new Decimal(value) : undefined;
}

/**
 * The value as its type has it, as text: equal texts are equal values. Undefined when it is no value of the
 * type. Without a type it is the JSON itself.
 */
export function readAs(type: ValueType | undefined, value: JsonValue): string | undefined {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : undefined;
    case 'integer': {
      const number = numberOf(value);
      return number?.isInteger() ? number.toString() : undefined;
    }
    case 'number':
      return numberOf(value)?.toString();
    case 'boolean':
      return typeof value === 'boolean' || value === 'true' || value === 'false' ? String(value) : undefined;
    case 'dateTime':
      return typeof value === 'string' ? parseDateTime(value)?.toISOString() : undefined;
    case 'array':
    case 'object': {
      const structure = structureOf(value);
      return structure !== undefined && Array.isArray(structure) === (type === 'array')
        ? canonicalJson(structure)
        : undefined;
    }
    case undefined:
      return canonicalJson(value);
  }
}

/** An object or a list, or a text that is one: CSV has nothing else. */
function structureOf(value: JsonValue): JsonValue | undefined {
  const read = typeof value === 'string' && /^\s*[[{]/.test(value) ? jsonOf(value) : value;
  return typeof read === 'object' && read !== null ? read : undefined;
}

function jsonOf(text: string): JsonValue | undefined {
  try {
    return parseJson(text) as JsonValue;
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}

/** A value as a regular expression sees it. */
export function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : canonicalJson(value);
}
