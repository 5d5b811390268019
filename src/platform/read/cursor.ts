import { DomainError } from '../errors.js';
import { fullOrder } from '../filter/sql/order.js';
import type { OrderKey } from '../filter/tree/filter.js';
import { CURSOR_LENGTH_MAX, limitExceeded } from '../limits.js';
import type { ResourceMapping } from './resource-mapping.js';

/** The position of a row in an order: the values of its order keys and of its key attribute. */
export type CursorValues = (string | number | boolean | null)[];

/** @returns the position of a row, a JSON array as compileCursor makes it, as an opaque text (base64url) */
export function encodeCursor(values: string): string {
  return Buffer.from(values).toString('base64url');
}

/**
 * Reads a cursor that a client sent.
 * @throws DomainError INVALID_QUERY when it is too long, or encodeCursor cannot have made it for this order
 */
export function decodeCursor(
  cursor: string,
  order: readonly OrderKey[],
  mapping: ResourceMapping,
  isBefore = false,
): CursorValues {
  const path = isBefore ? 'before' : 'after';
  if (cursor.length > CURSOR_LENGTH_MAX) {
    throw limitExceeded('CURSOR_LENGTH_MAX', CURSOR_LENGTH_MAX, `${path} has ${cursor.length} characters`, path);
  }
  const values = parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  const lengths = [order.length + 1, fullOrder(order, mapping).length];
  if (Array.isArray(values) && lengths.includes(values.length) && values.every(isScalar)) return values;
  throw new DomainError('INVALID_QUERY', `${path}: '${cursor.slice(0, 40)}' is not a cursor of this order`, { path });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isScalar(value: unknown): value is string | number | boolean | null {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
