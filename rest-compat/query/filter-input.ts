import {
  getNamedType,
  isInputObjectType,
  isListType,
  isNonNullType,
  type GraphQLInputObjectType,
  type GraphQLInputType,
} from 'graphql';
import { toWire } from '../../graphql/naming.js';
import { Decimal } from '../../src/platform/decimal.js';
import { DomainError } from '../../src/platform/errors.js';
import { matches } from '../../src/platform/filter/memory/evaluate.js';
import type { Filter, FilterValue, OrderKey } from '../../src/platform/filter/tree/filter.js';
import type { Json } from '../body/input.js';
import { extensionAttribute } from '../extension.js';

/** What REST knows of a resource beyond its schema, for filters. */
export interface FilterFacts {
  /** `@type=Bucket` finds every bucket that names no other type (docs/decisions/0022-extensions.md). */
  readonly typeName: string;
  /** Attributes of extensions whose schema is known: `colour=red` means `extension.colour=red`. */
  readonly extensionAttributes: ReadonlySet<string>;
}

const typeAttribute = 'atType';

/** The filter with these facts worked in. */
export function withFacts(filter: Filter, facts: FilterFacts): Filter {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return { kind: filter.kind, filters: filter.filters.map((part) => withFacts(part, facts)) };
    case 'not':
      return { kind: 'not', filter: withFacts(filter.filter, facts) };
    default:
      return withDefaultType(withExtensionPath(filter, facts), facts);
  }
}

type Condition = Exclude<Filter, { kind: 'and' | 'or' | 'not' }>;

function withExtensionPath(filter: Condition, { extensionAttributes }: FilterFacts): Condition {
  const [first] = filter.path;
  return first !== undefined && extensionAttributes.has(first)
    ? { ...filter, path: [extensionAttribute, ...filter.path] }
    : filter;
}

function withDefaultType(filter: Condition, { typeName }: FilterFacts): Filter {
  const isOnType = filter.path.length === 1 && filter.path[0] === typeAttribute;
  if (!isOnType || (filter.kind !== 'compare' && filter.kind !== 'compareList')) return filter;
  const absent: Filter = { kind: 'isNull', path: filter.path, isNull: true };
  const isMet = matches(filter, { [typeAttribute]: typeName }, { [typeAttribute]: { kind: 'scalar', type: 'string' } });
  return isMet
    ? { kind: 'or', filters: [filter, absent] }
    : { kind: 'and', filters: [filter, { ...absent, isNull: false }] };
}

/**
 * The filter tree as a value of the GraphQL filter input: `relatedParty.id=5` is by now a `some`, and
 * becomes `{ relatedParty: { some: { id: { eq: "5" } } } }`. Names the input does not have are refused.
 */
export function toFilterInput(filter: Filter, input: GraphQLInputObjectType): Json {
  switch (filter.kind) {
    case 'and':
      // What always holds: beside alternatives GraphQL wants it said.
      if (filter.filters.length === 0) return { not: { or: [] } };
      return { and: filter.filters.map((part) => toFilterInput(part, input)) };
    case 'or':
      return { or: filter.filters.map((part) => toFilterInput(part, input)) };
    case 'not':
      return { not: toFilterInput(filter.filter, input) };
    case 'some':
    case 'none':
      return nest(input, filter.path, (list) => ({ [filter.kind]: toFilterInput(filter.filter, elementInput(list)) }));
    case 'compare':
      return nest(input, filter.path, () => ({ [filter.operator]: toVariable(filter.value) }));
    case 'compareList':
      return nest(input, filter.path, () => ({ [filter.operator]: filter.values.map(toVariable) }));
    case 'isNull':
      return nest(input, filter.path, () => ({ isNull: filter.isNull }));
  }
}

function nest(
  input: GraphQLInputObjectType,
  path: readonly string[],
  leaf: (at: GraphQLInputObjectType) => Json,
): Json {
  const [name, ...rest] = path;
  if (name === undefined) return leaf(input);
  const field = input.getFields()[name];
  const type = field && getNamedType(field.type);
  if (isInputObjectType(type) && 'path' in type.getFields() && rest.length > 0) {
    return { [name]: { path: rest.join('.'), ...leaf(type) } };
  }
  if (!isInputObjectType(type)) {
    const target = input.name.replace(/Filter$/, '');
    throw new DomainError('INVALID_QUERY', `cannot filter ${target} by '${toWire(name)}'`, { path: toWire(name) });
  }
  return { [name]: nest(type, rest, leaf) };
}

function elementInput(list: GraphQLInputObjectType): GraphQLInputObjectType {
  const type = list.getFields()['some'];
  const named = type && getNamedType(type.type);
  if (!isInputObjectType(named)) throw new Error(`${list.name} is no condition on a list`);
  return named;
}

function toVariable(value: FilterValue): unknown {
  if (value instanceof Date) return value.toISOString();
  // At most 15 digits (the parser sees to it), so the number is exact.
  return Decimal.isDecimal(value) ? value.toNumber() : value;
}

/** `sort=-amount.amount` is `{ amount: { amount: DESC } }`. Names the input does not have are refused. */
export function toOrderInput(order: readonly OrderKey[], input: GraphQLInputObjectType | undefined): Json[] {
  return order.map(({ path, descending }) => {
    requireOrderPath(path, input);
    return path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), descending ? 'DESC' : 'ASC') as Json;
  });
}

function requireOrderPath(path: readonly string[], input: GraphQLInputObjectType | undefined): void {
  let at = input;
  for (const name of path) {
    const type = at?.getFields()[name]?.type;
    if (type === undefined) {
      const written = path.map(toWire).join('.');
      throw new DomainError('INVALID_QUERY', `cannot sort by '${written}'`, { path: 'sort' });
    }
    const named = getNamedType(type);
    at = isInputObjectType(named) ? named : undefined;
  }
}

/** The type without `!`, and whether it is a list. */
export function unwrap(type: GraphQLInputType): { type: GraphQLInputType; isList: boolean } {
  const nullable = isNonNullType(type) ? (type.ofType as GraphQLInputType) : type;
  return isListType(nullable)
    ? { type: nullable.ofType as GraphQLInputType, isList: true }
    : { type: nullable, isList: false };
}
