import { fullOrder } from '../filter/sql/compile.js';
import { namedValues } from './named-values.js';
import type { PageRequest } from './page.js';
import type { ResourceMapping } from './resource-mapping.js';

/**
 * Whether a page has to look at many rows for the few it shows: no index gives its order, or its rows are sums that are
 * made for all owners. Where the filter names what leads to few rows, these are sorted or summed up in no time.
 */
export function isReport(mapping: ResourceMapping, { filter, order }: Pick<PageRequest, 'filter' | 'order'>): boolean {
  const { references = [] } = mapping.indexes ?? {};
  const owners = [
    ['id'],
    ...references.map((name) => [name, 'id']),
    ...(mapping.asOfArgument ? [mapping.asOfArgument] : []),
  ];
  if (owners.some((path) => namedValues(filter, path) !== undefined)) return false;
  // Without a filter rows are computed as the page needs them, unless they are computed all at once.
  if (mapping.asOfArgument !== undefined || (mapping.asOfFunction !== undefined && filter !== undefined)) return true;
  return !isServed(mapping, order);
}

/** Nulls come last in both directions, so an index gives only the ascending order, and rows of one value by ascending key. */
function isServed(mapping: ResourceMapping, order: PageRequest['order']): boolean {
  const { orders = [] } = mapping.indexes ?? {};
  const [first, ...others] = fullOrder(order, mapping);
  // By the key alone, in either direction.
  if (others.length === 0) return true;
  const isByKey = others.length === 1 && others[0]?.descending === false;
  return isByKey && first?.descending === false && first.path.length === 1 && orders.includes(first.path[0] as string);
}
