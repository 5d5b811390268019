import type { ListOperator, ValueOperator } from '../operators.js';
import type { FilterValue } from './attribute-type.js';

export type { ListOperator, Operator, ValueOperator } from '../operators.js';
export type { FilterValue } from './attribute-type.js';

/**
 * The one filter language, which the TMF630 grammar and the GraphQL filter inputs both become, and
 * which is compiled to SQL or evaluated in memory. Two-valued: a condition on an absent value is
 * false, except `ne`, `nin` and `none`, which are the negations of `eq`, `in` and `some`.
 * A path runs through nested objects, never through a list: lists are entered by `some` and `none`,
 * whose inner paths start at the element (an empty path is the element itself, for lists of scalars).
 */
export type Filter =
  | { kind: 'and'; filters: readonly Filter[] }
  | { kind: 'or'; filters: readonly Filter[] }
  | { kind: 'not'; filter: Filter }
  | { kind: 'compare'; path: readonly string[]; operator: ValueOperator; value: FilterValue }
  | { kind: 'compareList'; path: readonly string[]; operator: ListOperator; values: readonly FilterValue[] }
  | { kind: 'isNull'; path: readonly string[]; isNull: boolean }
  | { kind: 'some' | 'none'; path: readonly string[]; filter: Filter };

/** Sort key; nulls come last in both directions, and rows that are equal in all keys go by id in the direction of the last. Paths as in filters. */
export interface OrderKey {
  path: readonly string[];
  descending: boolean;
}

/** The paths that a filter compares, each once. */
export function pathsOf(filter: Filter): string[] {
  const below = (prefix: readonly string[], part: Filter): string[] => {
    if (part.kind === 'and' || part.kind === 'or') return part.filters.flatMap((one) => below(prefix, one));
    if (part.kind === 'not') return below(prefix, part.filter);
    const path = [...prefix, ...part.path];
    return part.kind === 'some' || part.kind === 'none' ? below(path, part.filter) : [path.join('.')];
  };
  return [...new Set(below([], filter))];
}
