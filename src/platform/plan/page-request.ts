import { Decimal } from '../decimal.js';
import type { Filter, OrderKey } from '../filter/tree/filter.js';

/** Which page a client asks for. */
export interface PageRequest {
  readonly filter?: Filter;
  readonly order: readonly OrderKey[];
  readonly offset: number;
  readonly limit: number;
  /** A cursor: only rows behind it. */
  readonly after?: string;
}

/** A text that is the same for the same requests only. */
export function textOf({ filter, order, offset, limit, after }: PageRequest): string {
  const place = `${offset} ${limit} ${after ?? ''}`;
  return filter === undefined && order.length === 0 ? place : `${place} ${JSON.stringify([order, filter], typed)}`;
}

/** A time and a decimal are no text that looks like them. */
function typed(this: Readonly<Record<string, unknown>>, name: string, json: unknown): unknown {
  const value = this[name];
  if (value instanceof Date) return { date: json };
  return Decimal.isDecimal(value) ? { decimal: json } : json;
}
