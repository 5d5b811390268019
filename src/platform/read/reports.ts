import { fullOrder } from '../filter/sql/compile.js';
import { attributeOf } from './columns.js';
import { namedValues } from './named-values.js';
import type { PageRequest } from '../plan/page-request.js';
import type { ResourceMapping } from './resource-mapping.js';

/**
 * Whether reading a page touches many rows for the few that it shows, because no index gives its order or because its
 * rows are sums over all owners. A filter by id or by a reference leaves few rows, which are quickly sorted or summed up.
 */
export function isReport(mapping: ResourceMapping, { filter, order }: Pick<PageRequest, 'filter' | 'order'>): boolean {
  const { references = [] } = mapping.indexes ?? {};
  const owners = [
    ['id'],
    ...references.map((name) => [name, 'id']),
    ...(mapping.asOfArgument ? [mapping.asOfArgument] : []),
  ];
  if (owners.some((path) => namedValues(filter, path) !== undefined)) return false;
  // Without a filter, rows are computed one by one as the page needs them, except those of an asOfArgument.
  if (mapping.asOfArgument !== undefined || (mapping.asOfFunction !== undefined && filter !== undefined)) return true;
  return !isServed(mapping, order);
}

/**
 * Whether an index gives the order, its last key apart. Nulls come last in both directions: an index serves the descending order
 * of what is never null. There it gives those of one value in the wrong order, so that they are sorted, all of them; of one
 * instant there are few.
 */
function isServed(mapping: ResourceMapping, order: PageRequest['order']): boolean {
  const { orders = [] } = mapping.indexes ?? {};
  const [first, key, ...others] = fullOrder(order, mapping);
  // The key alone, in either direction.
  if (first === undefined || key === undefined) return true;
  const [name = '', ...below] = first.path;
  if (others.length > 0 || below.length > 0 || !orders.includes(name)) return false;
  if (!first.descending) return !key.descending;
  const { type, isNeverNull } = attributeOf(mapping, name);
  return isNeverNull === true && (key.descending || (type.kind === 'scalar' && type.type === 'dateTime'));
}
