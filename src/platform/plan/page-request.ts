import { Decimal } from '../decimal.js';
import type { Filter, OrderKey } from '../filter/tree/filter.js';
import type { Grouping } from '../read/groups.js';

/** Which page a client asks for. */
export interface PageRequest {
  readonly filter?: Filter;
  readonly order: readonly OrderKey[];
  readonly offset: number;
  readonly limit: number;
  /** A cursor: only rows behind it; when it is read backward, before it. */
  readonly cursor?: string;
  /** The last rows of the order, or before the cursor, are read, and shown in their order all the same. */
  readonly isBackward?: boolean;
  /** Of what stood at an instant: when. */
  readonly at?: Date;
  /** Of groups of rows: which. */
  readonly groups?: Grouping;
}

/** Whether rows precede the page, and whether some follow; `isMore`: there are more than it has, in the direction in which it is read. */
export function neighbours(
  { offset, cursor, isBackward }: Pick<PageRequest, 'offset' | 'cursor' | 'isBackward'>,
  isMore: boolean,
): { readonly precede: boolean; readonly follow: boolean } {
  // The row of the cursor lies on the other side.
  const isBehind = cursor !== undefined || offset > 0;
  return isBackward ? { precede: isMore, follow: isBehind } : { precede: isBehind, follow: isMore };
}

/** A text that is the same for the same requests only. */
export function textOf({ filter, order, offset, limit, cursor, isBackward, at, groups }: PageRequest): string {
  const place = `${offset} ${isBackward ? '-' : ''}${limit} ${cursor ?? ''} ${at?.getTime() ?? ''}`;
  if (filter === undefined && order.length === 0 && groups === undefined) return place;
  return `${place} ${JSON.stringify([order, filter, groups], typed)}`;
}

/** A time and a decimal are no text that looks like them. */
function typed(this: Readonly<Record<string, unknown>>, name: string, json: unknown): unknown {
  const value = this[name];
  if (value instanceof Date) return { date: json };
  return Decimal.isDecimal(value) ? { decimal: json } : json;
}
