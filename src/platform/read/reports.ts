import { operators, type Operator, type OperatorDeclaration } from '../filter/operators.js';
import { fullOrder } from '../filter/sql/compile.js';
import type { Filter, OrderKey } from '../filter/tree/filter.js';
import { attributeOf } from './columns.js';
import { namedValues } from './named-values.js';
import type { PageRequest } from '../plan/page-request.js';
import type { ResourceMapping } from './resource-mapping.js';

/**
 * Whether reading a page may touch many rows for the few that it shows, because no index finds them or gives their order,
 * or because its rows are sums over all owners. A filter by id or by a reference leaves few rows, which are quickly sorted
 * or summed up. Groups are made of all rows that match, whatever the page shows of them.
 */
export function isReport(
  mapping: ResourceMapping,
  { filter, order, groups }: Pick<PageRequest, 'filter' | 'order' | 'groups'>,
): boolean {
  if (ownersOf(mapping).some((path) => namedValues(filter, path) !== undefined)) return false;
  if (groups !== undefined) return true;
  // Without a filter, rows are computed one by one as the page needs them, except those of an asOfArgument.
  if (mapping.asOfArgument !== undefined || (mapping.asOfFunction !== undefined && filter !== undefined)) return true;
  return !isOrderServed(mapping, order) || !conditionsOf(filter).every((one) => isFound(mapping, one, order));
}

/** Paths whose values, named by a filter, leave few rows. */
function ownersOf({ indexes = {}, asOfArgument }: ResourceMapping): (readonly string[])[] {
  const { references = [], links } = indexes;
  return [
    ['id'],
    ...references.map((name) => [name, 'id']),
    ...(links?.paths ?? []),
    ...(asOfArgument ? [asOfArgument] : []),
  ];
}

/** The conditions that all have to hold. */
function conditionsOf(filter: Filter | undefined): readonly Filter[] {
  if (filter === undefined) return [];
  return filter.kind === 'and' ? filter.filters.flatMap(conditionsOf) : [filter];
}

/**
 * Whether an index gives the order, its last key apart. Nulls come last in both directions: of what may be null an index
 * gives one of them, the descending one where `-` says so. Read backwards, it gives those of one value in the wrong order, so
 * that they are sorted, all of them; of one instant there are few.
 */
function isOrderServed(mapping: ResourceMapping, order: readonly OrderKey[]): boolean {
  const [first, key, ...others] = fullOrder(order, mapping);
  // The key alone, in either direction.
  if (first === undefined || key === undefined) return true;
  const [name = '', ...below] = first.path;
  if (others.length > 0 || below.length > 0) return false;
  const { orders = [] } = mapping.indexes ?? {};
  if (orders.includes(`-${name}`)) return first.descending && !key.descending;
  if (!orders.includes(name)) return false;
  if (!first.descending) return !key.descending;
  const { type, isNeverNull } = attributeOf(mapping, name);
  return isNeverNull === true && (key.descending || (type.kind === 'scalar' && type.type === 'dateTime'));
}

const ranges: ReadonlySet<string> = new Set<Operator>(['eq', 'gt', 'gte', 'lt', 'lte', 'startsWith']);

/** Whether an index finds the rows: by values of an attribute, or as a range of the order. */
function isFound(mapping: ResourceMapping, condition: Filter, order: readonly OrderKey[]): boolean {
  const { orders = [], values = [] } = mapping.indexes ?? {};
  const names = [...orders.map((name) => name.replace(/^-/, '')), ...values];
  if (names.some((name) => namedValues(condition, [name]) !== undefined) || isSearched(mapping, condition)) return true;
  const [first] = fullOrder(order, mapping);
  return (
    condition.kind === 'compare' && ranges.has(condition.operator) && condition.path.join('.') === first?.path.join('.')
  );
}

/** Whether an index has the parts of texts that it, or each alternative of it, asks for. */
function isSearched(mapping: ResourceMapping, condition: Filter): boolean {
  if (condition.kind === 'or') return condition.filters.every((one) => isSearched(mapping, one));
  if (condition.kind === 'and') return condition.filters.some((one) => isSearched(mapping, one));
  if (condition.kind !== 'compare' || !mapping.indexes?.searches?.includes(condition.path.join('.'))) return false;
  const facts: OperatorDeclaration = operators[condition.operator];
  return facts.family === 'text' && (facts.grams?.(String(condition.value)) ?? []).length > 0;
}
