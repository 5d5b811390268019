/** The filter tree on a value in memory, with exactly the meaning that the SQL of sql/compile.ts has on a row. */
import { Decimal } from '../../decimal.js';
import type { Attributes, AttributeType, ScalarType } from '../tree/attribute-type.js';
import { operators, type TextOperator } from '../operators.js';
import { elementOf, scalarFor, typeAt } from '../tree/resolve.js';
import type { Filter, FilterValue } from '../tree/filter.js';
import { checkValue, isNormalTime } from '../tree/values.js';

/**
 * Whether the value, in the form readers give it, matches. Decimals may be numbers, Decimals or numeric
 * strings, times Dates or texts in the form we write; a value of another type than its attribute's matches
 * no comparison. (In jsonb an amount is a number; a numeric string there is not one to SQL.)
 */
export function matches(filter: Filter, value: Readonly<Record<string, unknown>>, attributes: Attributes): boolean {
  return holds(filter, value, { kind: 'object', attributes: () => attributes });
}

function holds(filter: Filter, value: unknown, type: AttributeType): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.filters.every((part) => holds(part, value, type));
    case 'or':
      return filter.filters.some((part) => holds(part, value, type));
    case 'not':
      return !holds(filter.filter, value, type);
    case 'compare': {
      const scalar = scalarFor(typeAt(type, filter.path), filter.operator, filter.path);
      const operand = checkValue(scalar, filter.value, filter.path);
      return compare(filter, read(value, filter.path), operand, scalar);
    }
    case 'compareList': {
      const scalar = scalarFor(typeAt(type, filter.path), filter.operator, filter.path);
      const stored = read(value, filter.path);
      const isIn = filter.values
        .map((each) => checkValue(scalar, each, filter.path))
        .some((each) => order(stored, each, scalar) === 0);
      return isIn === (filter.operator === 'in');
    }
    case 'isNull':
      typeAt(type, filter.path);
      return ((read(value, filter.path) ?? null) === null) === filter.isNull;
    case 'some':
    case 'none': {
      const element = elementOf(typeAt(type, filter.path), filter.path);
      const list = read(value, filter.path);
      const some = Array.isArray(list) && list.some((each: unknown) => holds(filter.filter, each, element));
      return some === (filter.kind === 'some');
    }
  }
}

/** The value at the path; undefined when a step is missing or not an object. */
function read(value: unknown, path: readonly string[]): unknown {
  let reached = value;
  for (const name of path) {
    if (!isObject(reached) || !Object.hasOwn(reached, name)) return undefined;
    reached = reached[name];
  }
  return reached;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !(value instanceof Decimal)
  );
}

function compare(
  filter: Extract<Filter, { kind: 'compare' }>,
  stored: unknown,
  operand: FilterValue,
  type: ScalarType,
): boolean {
  const facts = operators[filter.operator];
  if (facts.family === 'text') {
    // Made whatever is stored: a bad operand is refused even where no value could match.
    const holds = matcherOf(filter, facts, operand as string);
    return typeof stored === 'string' && holds(stored);
  }
  const sign = order(stored, operand, type);
  if (facts.family === 'range') return sign !== undefined && facts.holds(sign);
  return (sign === 0) === (filter.operator === 'eq');
}

type Matcher = ReturnType<TextOperator['matcher']>;
const matchers = new WeakMap<Filter, Matcher>();

/** One filter is applied to many values: its operand is read once. */
function matcherOf(filter: Extract<Filter, { kind: 'compare' }>, facts: TextOperator, operand: string): Matcher {
  let matcher = matchers.get(filter);
  if (matcher === undefined) {
    matcher = facts.matcher(operand, filter.path.join('.'));
    matchers.set(filter, matcher);
  }
  return matcher;
}

/** Sign of the stored value against the operand; undefined when there is no value of the type. */
function order(stored: unknown, operand: FilterValue, type: ScalarType): number | undefined {
  switch (type) {
    case 'string':
      return typeof stored === 'string' ? compareText(stored, operand as string) : undefined;
    case 'int':
      return typeof stored === 'string' ? undefined : decimalOf(stored)?.comparedTo(operand as number);
    case 'decimal':
      return decimalOf(stored)?.comparedTo(operand as Decimal);
    case 'boolean':
      return typeof stored === 'boolean' ? Number(stored) - Number(operand) : undefined;
    case 'dateTime':
      return compareTime(stored, operand as Date);
    case 'json':
      return isSameJson(stored, operand) ? 0 : undefined;
  }
}

/** Bytewise by UTF-8, as COLLATE "C" does; UTF-16 order differs beyond the basic plane. */
function compareText(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function decimalOf(stored: unknown): Decimal | undefined {
  if (stored instanceof Decimal) return stored;
  if (typeof stored === 'number') return Number.isFinite(stored) ? new Decimal(stored) : undefined;
  // Exact decimals travel as text between the database driver and us.
  if (typeof stored === 'string' && /^-?\d+(\.\d+)?$/.test(stored)) return new Decimal(stored);
  return undefined;
}

function compareTime(stored: unknown, operand: Date): number | undefined {
  if (stored instanceof Date) return Math.sign(stored.getTime() - operand.getTime());
  return typeof stored === 'string' && isNormalTime(stored) ? compareText(stored, operand.toISOString()) : undefined;
}

/** Equality of JSON values: numbers numerically, and no type equals another. */
function isSameJson(stored: unknown, operand: FilterValue): boolean {
  if (typeof operand === 'string' || typeof operand === 'boolean') return stored === operand;
  return typeof stored !== 'string' && decimalOf(stored)?.equals(operand as Decimal) === true;
}
