import { LosslessNumber, parse as parseLossless } from 'lossless-json';
import { DomainError } from './errors.js';
import { isStorable } from './storable-text.js';
import { DOCUMENT_DEPTH_MAX, DOCUMENT_NODES_MAX, JSON_DEPTH_MAX, limitExceeded } from './limits.js';

/** The attribute in which an object keeps what an extension adds to it (TMF630 Part 2). */
export const extensionAttribute = 'extension';
/** A number with so few characters, none of them an exponent, is exact as a JavaScript number. */
const exactCharacters = 15;

/**
 * Parses a JSON text from outside. JSON.parse would silently round 1.00000000000000000001 to 1, so numbers
 * too long for a JavaScript number stay what they are (a LosslessNumber, which the scalars refuse by
 * name). NUL and lone surrogates, which PostgreSQL cannot store, and what nests too deep or has too many values are
 * refused here; the latter before any of it is made.
 */
export function parseJson(text: string): unknown {
  const { depth, nodes, hasLongNumber, hasEscape } = inspect(text);
  if (nodes > DOCUMENT_NODES_MAX)
    throw limitExceeded(
      'DOCUMENT_NODES_MAX',
      DOCUMENT_NODES_MAX,
      `the JSON has ${nodes} values`,
      undefined,
      'INVALID_BODY',
    );
  if (depth > JSON_DEPTH_MAX)
    throw limitExceeded('JSON_DEPTH_MAX', JSON_DEPTH_MAX, 'the JSON is nested too deep', undefined, 'INVALID_BODY');
  let value: unknown;
  try {
    value = hasLongNumber ? parseLossless(text, undefined, exactNumber) : JSON.parse(text);
  } catch (error) {
    throw new DomainError(
      'INVALID_BODY',
      `the body is not valid JSON: ${error instanceof Error ? error.message.slice(0, 200) : 'unknown'}`,
    );
  }
  if (hasEscape) refuseUnstorable(value, '');
  return value;
}

/**
 * Whether a value has more than this many levels of objects and lists. The value that an object has under the name
 * `beside` counts as members of that object, not as another level.
 */
export function isDeeper(value: unknown, levels: number, beside?: string): boolean {
  if (typeof value !== 'object' || value === null || value instanceof LosslessNumber) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((part) => isDeeper(part, levels - 1, beside));
  return Object.entries(value).some(([name, part]) =>
    isDeeper(part, name === beside ? levels : levels - 1, name === beside ? undefined : beside),
  );
}

/** @returns the refusal of a resource that nests deeper than DOCUMENT_DEPTH_MAX */
export function refuseDeep(): DomainError {
  return limitExceeded(
    'DOCUMENT_DEPTH_MAX',
    DOCUMENT_DEPTH_MAX,
    'the resource is nested too deep',
    undefined,
    'INVALID_BODY',
  );
}

/** @returns the object's own property, never one that every object inherits (`constructor`, `__proto__`) */
export function ownProperty<T>(object: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Whether a value of parseJson contains a number that a JavaScript number does not hold exactly. */
export function hasExactNumber(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return value instanceof LosslessNumber || Object.values(value).some(hasExactNumber);
}

function exactNumber(digits: string): number | LosslessNumber {
  const isPlain = digits.length <= exactCharacters && !/e/i.test(digits);
  return isPlain ? Number(digits) : new LosslessNumber(digits);
}

interface Inspection {
  depth: number;
  nodes: number;
  hasLongNumber: boolean;
  hasEscape: boolean;
}

/** One pass over the text, without a parser: depth and values outside strings, runs of digits, \u escapes. */
function inspect(text: string): Inspection {
  let depth = 0;
  let deepest = 0;
  let nodes = 1;
  let inString = false;
  let numberStart = -1;
  let hasLongNumber = false;
  let hasExponent = false;
  let hasEscape = false;
  for (let index = 0; index <= text.length; index++) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === 0x5c) {
        if (text.charCodeAt(index + 1) === 0x75) hasEscape = true;
        index++;
      } else if (code === 0x22) inString = false;
      continue;
    }
    const inNumber =
      (code >= 0x30 && code <= 0x39) ||
      code === 0x2e ||
      code === 0x2d ||
      code === 0x2b ||
      code === 0x45 ||
      code === 0x65;
    if (inNumber && numberStart < 0) numberStart = index;
    // The e of true and false counts too, which only costs a careful look at the number that is none.
    if (code === 0x45 || code === 0x65) hasExponent = true;
    if (!inNumber && numberStart >= 0) {
      if (index - numberStart > exactCharacters || hasExponent) hasLongNumber = true;
      hasExponent = false;
      numberStart = -1;
    }
    if (code === 0x22) inString = true;
    else if (code === 0x2c) nodes++;
    else if (code === 0x5b || code === 0x7b) {
      nodes++;
      deepest = Math.max(deepest, ++depth);
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return { depth: deepest, nodes, hasLongNumber, hasEscape };
}

function refuseUnstorable(value: unknown, path: string): void {
  if (typeof value === 'string') {
    if (!isStorable(value))
      throw new DomainError('INVALID_BODY', `${path || 'the body'} contains a NUL or half a surrogate pair`, { path });
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, part] of Object.entries(value)) {
      refuseUnstorable(name, path);
      refuseUnstorable(part, path ? `${path}.${name}` : name);
    }
  }
}
