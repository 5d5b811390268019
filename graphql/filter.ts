import { Field, InputType, Int } from 'type-graphql';
import type { AttributeType, ScalarType } from '../src/platform/filter/tree/attribute-type.js';
import { isListOperator, operators } from '../src/platform/filter/operators.js';
import type { Filter, FilterValue, ValueOperator } from '../src/platform/filter/tree/filter.js';
import { Decimal as DecimalValue } from '../src/platform/decimal.js';
import { DomainError } from '../src/platform/errors.js';
import { attributeOf, operatorsOf } from '../src/platform/filter/tree/resolve.js';
import { limitExceeded, CLAUSES_MAX, PATH_DEPTH_MAX, VALUES_PER_KEY_MAX } from '../src/platform/limits.js';
import { FILTER_DEPTH_MAX } from './limits.js';
import { ParsedFilter, type FilterMeasure } from './parsed-arguments.js';
import { isResource, resolveType, storedAttributesOf, type SingleType, type TypeClass } from './attribute.js';
import { enumFacts, type EnumType } from './enum.js';
import { attributeNamed } from './naming.js';
import { DateTime, Decimal, JsonScalar } from './scalars.js';
import { scalarTypeOf } from './resource-mapping.js';

// Filter inputs are made from the attributes of a class: per attribute the operators its type allows,
// nested objects nest, lists take `some` and `none`, and everything combines by `and`, `or`, `not`.

/** By the type of an attribute: the name of its input, and what it is compared with. */
const scalarInputs: Readonly<Record<ScalarType, { name: string; value: SingleType }>> = {
  string: { name: 'StringFilter', value: String },
  int: { name: 'IntFilter', value: Int },
  decimal: { name: 'DecimalFilter', value: Decimal },
  dateTime: { name: 'DateTimeFilter', value: DateTime },
  boolean: { name: 'BooleanFilter', value: Boolean },
  json: { name: 'JsonFilter', value: JsonScalar },
};

const scalarFilters = new Map<ScalarType, TypeClass>();

function scalarFilterOf(type: ScalarType): TypeClass {
  let filter = scalarFilters.get(type);
  if (filter === undefined) {
    const { name, value } = scalarInputs[type];
    const operands = { value, list: [value] as [SingleType], boolean: Boolean };
    filter = inputClass(
      name,
      'Conditions on one value; all that are given must hold. A null is refused: isNull finds absent values.',
    );
    for (const operator of operatorsOf({ kind: 'scalar', type })) {
      const { operand, description } = operators[operator];
      field(filter, operator, () => operands[operand], description);
    }
    if (type === 'json')
      field(
        filter,
        'path',
        () => String,
        'Where in the JSON the value lies, names separated by dots; absent: the whole value.',
      );
    scalarFilters.set(type, filter);
  }
  return filter;
}

const enumFilters = new Map<EnumType, TypeClass>();

/** A condition on one of the words of an enum. What compares texts otherwise than as a whole takes any text. */
function enumFilterOf(type: EnumType, name: string): TypeClass {
  let filter = enumFilters.get(type);
  if (filter === undefined) {
    filter = inputClass(
      `${name}Filter`,
      `Conditions on a ${name}; all that are given must hold. A null is refused: isNull finds absent values.`,
    );
    for (const operator of operatorsOf({ kind: 'scalar', type: 'string' })) {
      const { family, operand, description } = operators[operator];
      const value = family === 'equality' || family === 'list' ? type : String;
      const operands = { value, list: [value] as [SingleType], boolean: Boolean };
      field(filter, operator, () => operands[operand], description);
    }
    enumFilters.set(type, filter);
  }
  return filter;
}

const objectFilters = new Map<TypeClass, TypeClass>();

/** BucketFilter for Bucket, QuantityFilter for Quantity, ... */
export function filterInputOf(target: TypeClass): TypeClass {
  const known = objectFilters.get(target);
  if (known) return known;
  const filter = inputClass(`${target.name}Filter`, `Conditions on ${target.name}; all that are given must hold.`);
  objectFilters.set(target, filter);
  for (const { name, field: fieldName = name, type: thunk, description } of storedAttributesOf(target)) {
    const { type, isList } = resolveType(thunk);
    // Made now, not when the schema asks: the schema only knows the classes that exist when it is built.
    const single = singleFilterOf(type);
    const condition = isList ? listFilterOf(single) : single;
    field(filter, fieldName, () => condition, description);
  }
  if (!isResource(target)) field(filter, 'isNull', () => Boolean, operators.isNull.description);
  field(filter, 'and', () => [filter], 'All of these hold.');
  field(filter, 'or', () => [filter], 'At least one of these holds. Each must say something.');
  field(filter, 'not', () => filter, 'This does not hold. It must say something.');
  return filter;
}

function singleFilterOf(type: SingleType): TypeClass {
  const words = enumFacts(type);
  if (words) return enumFilterOf(type as EnumType, words.name);
  const scalar = scalarTypeOf(type);
  return scalar === undefined ? filterInputOf(type as TypeClass) : scalarFilterOf(scalar);
}

const listFilters = new Map<TypeClass, TypeClass>();

function listFilterOf(element: TypeClass): TypeClass {
  let filter = listFilters.get(element);
  if (filter === undefined) {
    filter = inputClass(element.name.replace(/Filter$/, 'ListFilter'), 'Conditions on the elements of a list.');
    field(filter, 'some', () => element, 'At least one element fulfils all of this at once.');
    field(filter, 'none', () => element, 'No element fulfils all of this at once.');
    field(filter, 'isNull', () => Boolean, operators.isNull.description);
    listFilters.set(element, filter);
  }
  return filter;
}

/** A class with a name of its own, registered as an input type. */
export function inputClass(name: string, description: string): TypeClass {
  const { [name]: target } = { [name]: class {} };
  if (target === undefined) throw new Error('unreachable: the class was just made');
  InputType(name, { description })(target);
  return target;
}

/** Adds a field to a class made by inputClass. */
export function field(
  target: TypeClass,
  name: string,
  type: () => SingleType | [SingleType],
  description: string,
  nullable = true,
): void {
  Field(type, { nullable, description })(target.prototype as object, name);
}

export type FilterInput = Readonly<Record<string, unknown>>;

/** Where a part of the filter stands in the request, for messages: `filter.or.0.status.eq`. */
type InputPath = readonly (string | number)[];

/**
 * A filter input becomes the filter tree; undefined when it is absent or null. Bounded as the REST grammar is.
 * An operand that is absent (a variable that was not given) sets no condition; one that is null is refused, since
 * who passes it means something else than all rows. The same holds for alternatives and negations of nothing.
 */
export function toFilter(
  input: FilterInput | ParsedFilter | null | undefined,
  type: AttributeType,
): Filter | undefined {
  if (!input) return undefined;
  if (input instanceof ParsedFilter) {
    requireBounds(input.measure);
    return input.tree;
  }
  checkBounds(input, 0, { clauses: 0 });
  return all(conditions(input, type, [], ['filter']));
}

function requireBounds({ clauses, depth }: Pick<FilterMeasure, 'clauses' | 'depth'>): void {
  if (clauses > CLAUSES_MAX)
    throw limitExceeded('CLAUSES_MAX', CLAUSES_MAX, 'the filter has too many conditions', 'filter');
  if (depth > FILTER_DEPTH_MAX)
    throw limitExceeded('FILTER_DEPTH_MAX', FILTER_DEPTH_MAX, 'the filter is nested too deep', 'filter');
}

function checkBounds(value: unknown, depth: number, seen: { clauses: number }): void {
  if (typeof value !== 'object' || value === null || value instanceof Date || DecimalValue.isDecimal(value)) {
    seen.clauses += 1;
    requireBounds({ clauses: seen.clauses, depth: 0 });
    return;
  }
  requireBounds({ clauses: 0, depth });
  for (const [name, part] of Object.entries(value)) {
    if (isListOperator(name) && Array.isArray(part)) {
      if (part.length > VALUES_PER_KEY_MAX) {
        throw limitExceeded('VALUES_PER_KEY_MAX', VALUES_PER_KEY_MAX, `'${name}' has ${part.length} values`, 'filter');
      }
      seen.clauses += 1;
    } else if (part !== undefined) checkBounds(part, depth + 1, seen);
  }
}

function conditions(input: FilterInput, type: AttributeType, path: readonly string[], place: InputPath): Filter[] {
  if (type.kind === 'scalar') return scalarConditions(input, path, place);
  if (type.kind === 'list') return listConditions(input, type.element, path, place);
  return givenEntries(input).flatMap(([name, value]) => objectConditions(name, value, type, path, [...place, name]));
}

function objectConditions(
  name: string,
  value: unknown,
  type: Extract<AttributeType, { kind: 'object' }>,
  path: readonly string[],
  place: InputPath,
): Filter[] {
  const inner = (part: unknown, at: InputPath): Filter => all(conditions(part as FilterInput, type, path, at));
  const attribute = attributeNamed(type.attributes(), name);
  const below = attributeOf(type.attributes(), attribute);
  if (below) return value === null ? [] : conditions(value as FilterInput, below, [...path, attribute], place);
  if (name === 'and' || name === 'or') {
    if (value === null) return [];
    const parts = (value as unknown[]).map(
      (part, index) => [inner(part, [...place, index]), [...place, index]] as const,
    );
    if (name === 'and') return parts.map(([part]) => part);
    return [{ kind: 'or', filters: parts.map(([part, at]) => requireCondition(part, at)) }];
  }
  const operand = requireOperand(value, place);
  if (name === 'isNull') return [{ kind: 'isNull', path, isNull: operand as boolean }];
  return [{ kind: 'not', filter: requireCondition(inner(operand, place), place) }];
}

function listConditions(
  input: FilterInput,
  element: AttributeType,
  path: readonly string[],
  place: InputPath,
): Filter[] {
  return givenEntries(input).map(([name, value]): Filter => {
    const operand = requireOperand(value, [...place, name]);
    if (name === 'isNull') return { kind: 'isNull', path, isNull: operand as boolean };
    const filter = all(conditions(operand as FilterInput, element, [], [...place, name]));
    return { kind: name === 'none' ? 'none' : 'some', path, filter };
  });
}

function namesBelow(below: string, path: readonly string[]): string[] {
  const names = below.split('.');
  if (names.length > PATH_DEPTH_MAX)
    throw limitExceeded(
      'PATH_DEPTH_MAX',
      PATH_DEPTH_MAX,
      `the path below '${path.join('.')}' has ${names.length} segments`,
      'filter',
    );
  return names;
}

function scalarConditions(input: FilterInput, path: readonly string[], place: InputPath): Filter[] {
  const operands = givenEntries(input).map(
    ([operator, value]) => [operator, requireOperand(value, [...place, operator])] as const,
  );
  // A condition on JSON may name a place within it.
  const below = operands.find(([operator]) => operator === 'path')?.[1];
  const whole = typeof below === 'string' ? [...path, ...namesBelow(below, path)] : path;
  return operands.flatMap(([operator, value]): Filter[] => {
    if (operator === 'path') return [];
    if (operator === 'isNull') return [{ kind: 'isNull', path: whole, isNull: value as boolean }];
    requireFit(operator, value, [...place, operator]);
    if (isListOperator(operator))
      return [{ kind: 'compareList', path: whole, operator, values: value as FilterValue[] }];
    return [{ kind: 'compare', path: whole, operator: operator as ValueOperator, value: value as FilterValue }];
  });
}

/** What was given; a variable that was not makes its field undefined or leaves it out. */
function givenEntries(input: FilterInput): [string, unknown][] {
  return Object.entries(input).filter(([, value]) => value !== undefined);
}

function requireOperand(value: unknown, place: InputPath): unknown {
  if (value !== null) return value;
  const path = place.join('.');
  throw new DomainError(
    'INVALID_FILTER',
    `${path} is null: use isNull to find what is absent, or leave it out to set no condition`,
    { path },
  );
}

/** What an operator takes only some texts for is refused here, where it is known how the client wrote it. */
function requireFit(operator: string, value: unknown, place: InputPath): void {
  const { check } = operators[operator as keyof typeof operators] as {
    check?: (operand: string, name: string) => void;
  };
  if (typeof value === 'string') check?.(value, place.join('.'));
}

/** An empty condition matches every row; inside `or` or `not` it would cancel its neighbours. */
function requireCondition(filter: Filter, place: InputPath): Filter {
  if (!isEmpty(filter)) return filter;
  const path = place.join('.');
  throw new DomainError(
    'INVALID_FILTER',
    `${path} has no condition: say what must hold, or leave it out (use isNull to find what is absent)`,
    { path },
  );
}

function isEmpty(filter: Filter): boolean {
  return filter.kind === 'and' && filter.filters.every(isEmpty);
}

function all(filters: readonly Filter[]): Filter {
  const [only] = filters;
  return filters.length === 1 && only ? only : { kind: 'and', filters };
}
