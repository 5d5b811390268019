import type { Filter } from '../filter/tree/filter.js';

/**
 * The values that the attribute at the path can have in rows that match the filter.
 * @returns all of them, perhaps with some that no row has; undefined when the filter does not restrict the attribute to
 *   a list of values
 */
export function namedValues(filter: Filter | undefined, path: readonly string[]): string[] | undefined {
  switch (filter?.kind) {
    case 'compare':
      return filter.operator === 'eq' && isSame(filter.path, path) ? [String(filter.value)] : undefined;
    case 'compareList':
      return filter.operator === 'in' && isSame(filter.path, path) ? filter.values.map(String) : undefined;
    case 'some':
      return isSame(filter.path, path.slice(0, filter.path.length))
        ? namedValues(filter.filter, path.slice(filter.path.length))
        : undefined;
    case 'and':
      return filter.filters.map((part) => namedValues(part, path)).find((values) => values !== undefined);
    case 'or': {
      const alternatives = filter.filters.map((part) => namedValues(part, path));
      return alternatives.includes(undefined) ? undefined : alternatives.flatMap((values) => values ?? []);
    }
    default:
      return undefined;
  }
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index]);
}
