import {
  getNamedType,
  isInputObjectType,
  isListType,
  isNonNullType,
  type GraphQLInputObjectType,
  type GraphQLInputType,
} from 'graphql';
import { fieldOfAttribute, toWire } from '../../graphql/naming.js';
import { Decimal } from '../../src/platform/decimal.js';
import { DomainError } from '../../src/platform/errors.js';
import { matches } from '../../src/platform/filter/memory/evaluate.js';
import type { Filter, FilterValue, OrderKey } from '../../src/platform/filter/tree/filter.js';
import { ParsedFilter, ParsedOrder } from '../../graphql/parsed-arguments.js';
import type { Json } from '../body/input.js';
import type { ResourceModel } from '../resource-model.js';
import { extensionAttribute } from '../../src/platform/json.js';

/** What REST knows of a resource beyond its schema, for filters. */
export interface RestNames {
  /** `@type=Bucket` finds every bucket that names no other type (docs/decisions/0022-extensions.md). */
  readonly typeName: string;
  /** Attributes of extensions whose schema is known: `colour=red` means `extension.colour=red`. */
  readonly extensionAttributes: ReadonlySet<string>;
}

const typeAttribute = 'atType';

/** The filter with the names of REST resolved: those of extensions to their paths, `@type` to what may be absent. */
export function resolveRestNames(filter: Filter, names: RestNames): Filter {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return { kind: filter.kind, filters: filter.filters.map((part) => resolveRestNames(part, names)) };
    case 'not':
      return { kind: 'not', filter: resolveRestNames(filter.filter, names) };
    default:
      return withDefaultType(withExtensionPath(filter, names), names);
  }
}

type Condition = Exclude<Filter, { kind: 'and' | 'or' | 'not' }>;

function withExtensionPath(filter: Condition, { extensionAttributes }: RestNames): Condition {
  const [first] = filter.path;
  return first !== undefined && extensionAttributes.has(first)
    ? { ...filter, path: [extensionAttribute, ...filter.path] }
    : filter;
}

function withDefaultType(filter: Condition, { typeName }: RestNames): Filter {
  const isOnType = filter.path.length === 1 && filter.path[0] === typeAttribute;
  if (!isOnType || (filter.kind !== 'compare' && filter.kind !== 'compareList')) return filter;
  const absent: Filter = { kind: 'isNull', path: filter.path, isNull: true };
  const isMet = matches(filter, { [typeAttribute]: typeName }, { [typeAttribute]: { kind: 'scalar', type: 'string' } });
  return isMet
    ? { kind: 'or', filters: [filter, absent] }
    : { kind: 'and', filters: [filter, { ...absent, isNull: false }] };
}

/**
 * The filter as the variable of a list: the tree itself, which prints as the filter input it stands for.
 * Throws INVALID_QUERY for an attribute that the resource cannot be filtered by.
 */
export function filterVariable(
  filter: Filter,
  { name, filterInput, attributes }: Pick<ResourceModel, 'name' | 'filterInput' | 'attributes'>,
  extensionAttributes: ReadonlySet<string>,
): ParsedFilter {
  if (filterInput === undefined) throw new DomainError('INVALID_QUERY', `${name} cannot be filtered`);
  const tree = resolveRestNames(filter, { typeName: name, extensionAttributes });
  requireFilterable(tree, filterInput);
  return new ParsedFilter(tree, attributes, (whole) => toFilterInput(whole, filterInput));
}

function requireFilterable(filter: Filter, input: GraphQLInputObjectType): void {
  switch (filter.kind) {
    case 'and':
    case 'or':
      for (const part of filter.filters) requireFilterable(part, input);
      return;
    case 'not':
      requireFilterable(filter.filter, input);
      return;
    case 'some':
    case 'none':
      requireFilterable(filter.filter, elementInput(inputAt(input, filter.path).input));
      return;
    default:
      inputAt(input, filter.path);
  }
}

/**
 * The filter tree as a value of the GraphQL filter input: `relatedParty.id=5` is by now a `some`, and
 * becomes `{ relatedParty: { some: { id: { eq: "5" } } } }`.
 */
function toFilterInput(filter: Filter, input: GraphQLInputObjectType): Json {
  switch (filter.kind) {
    case 'and':
      // Always true; an empty object is refused inside `or`.
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
  const { input: at, names, below } = inputAt(input, path);
  const condition = below.length > 0 ? { path: below.join('.'), ...leaf(at) } : leaf(at);
  return names.reduceRight<Json>((inner, name) => ({ [name]: inner }), condition);
}

/** The input of the attribute at the end of a path, by which fields; of a JSON value also the names within it, which nothing declares. */
function inputAt(
  input: GraphQLInputObjectType,
  path: readonly string[],
): { input: GraphQLInputObjectType; names: readonly string[]; below: readonly string[] } {
  let at = input;
  const names: string[] = [];
  for (const [index, name] of path.entries()) {
    if (index > 0 && 'path' in at.getFields()) return { input: at, names, below: path.slice(index) };
    const field = fieldOfAttribute(at.getFields(), name);
    const type = field && getNamedType(field.type);
    if (field === undefined || !isInputObjectType(type)) {
      const target = at.name.replace(/Filter$/, '');
      throw new DomainError('INVALID_QUERY', `cannot filter ${target} by '${toWire(name)}'`, { path: toWire(name) });
    }
    at = type;
    names.push(field.name);
  }
  return { input: at, names, below: [] };
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

/**
 * The order as the variable of a list: the keys themselves, which print as the order input they stand for
 * (`sort=-amount.amount` as `{ amount: { amount: DESC } }`). Throws INVALID_QUERY for what nothing can be sorted by.
 */
export function orderVariable(order: readonly OrderKey[], input: GraphQLInputObjectType | undefined): ParsedOrder {
  for (const { path } of order) orderFields(path, input);
  return new ParsedOrder(order, (keys) =>
    keys.map(({ path, descending }) =>
      orderFields(path, input).reduceRight<unknown>((inner, name) => ({ [name]: inner }), descending ? 'DESC' : 'ASC'),
    ),
  );
}

/** The fields of the order input that lead to an attribute. */
function orderFields(path: readonly string[], input: GraphQLInputObjectType | undefined): string[] {
  let at = input;
  return path.map((attribute) => {
    const field = at && fieldOfAttribute(at.getFields(), attribute);
    if (field === undefined) {
      const written = path.map(toWire).join('.');
      throw new DomainError('INVALID_QUERY', `cannot sort by '${written}'`, { path: 'sort' });
    }
    const named = getNamedType(field.type);
    at = isInputObjectType(named) ? named : undefined;
    return field.name;
  });
}

/** The type without `!`, and whether it is a list. */
export function unwrap(type: GraphQLInputType): { type: GraphQLInputType; isList: boolean } {
  const nullable = isNonNullType(type) ? (type.ofType as GraphQLInputType) : type;
  return isListType(nullable)
    ? { type: nullable.ofType as GraphQLInputType, isList: true }
    : { type: nullable, isList: false };
}
