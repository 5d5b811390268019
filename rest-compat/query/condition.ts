/** Terms of the query string as conditions of the filter tree. */
import { DomainError } from '../../src/platform/errors.js';
import type { AttributeType } from '../../src/platform/filter/tree/attribute-type.js';
import { printable, splitValues, unquote, type WrittenValue } from './decode.js';
import { limitExceeded, VALUES_PER_KEY_MAX } from '../../src/platform/limits.js';
import { parseBoolean, parseValue } from './parse-value.js';
import {
  operatorNames,
  operators,
  operatorsBySymbol,
  type Operator,
  type ValueOperator,
} from '../../src/platform/filter/operators.js';
import { operatorsOf } from '../../src/platform/filter/tree/resolve.js';
import type { Term } from './term.js';
import type { Filter, FilterValue } from '../../src/platform/filter/tree/filter.js';
import { anyElement, elementType, resolvePath, segments, type ReachedPath, type ToAttribute } from './wire-path.js';

/** One attribute and operator with all values it may have. */
export interface Condition {
  /** Equal for conditions that are ORed when they are repeated. */
  key: string;
  path: readonly string[];
  operator: Operator;
  values: readonly FilterValue[];
}

/** By the last segment of a name, in lower case; eq gt gte lt lte regex are TMF630's, the others ours. */
const operatorsBySuffix: ReadonlyMap<string, Operator> = new Map(
  operatorNames.map((name) => [name.toLowerCase(), name]),
);

export function toCondition(term: Term, root: AttributeType, toAttribute: ToAttribute): Condition {
  refuseBrackets(term.name);
  const { reached, operator } = resolveName(term, root, toAttribute);
  const type = operator === 'isNull' ? reached.type : elementType(reached.type);
  if (!operatorsOf(type).has(operator)) {
    throw new DomainError(
      'INVALID_QUERY',
      `operator '${operator.toLowerCase()}' does not fit '${printable(term.name)}'`,
      { path: printable(term.name) },
    );
  }
  return {
    key: JSON.stringify([operator, reached.path]),
    path: reached.path,
    operator,
    values: term.values
      .flatMap((text) => alternatives(text, operator, term.name))
      .flatMap((value) => typedValues(value, type, operator, term)),
  };
}

/** PHP and others write several values as `status[]=a&status[]=b`, and what is nested as `amount[units]=EUR`. */
function refuseBrackets(name: string): void {
  const bracket = name.indexOf('[');
  if (bracket < 0 || !name.endsWith(']')) return;
  const base = name.slice(0, bracket) || 'status';
  const within = /^\[([\w@.]+)\]$/.exec(name.slice(bracket))?.[1];
  const isIndex = within === undefined || /^\d+$/.test(within);
  const how = isIndex ? `several values as '${base}=a,b' or '${base}=a&${base}=b'` : `'${base}.${within}'`;
  throw new DomainError('INVALID_QUERY', `cannot filter by '${printable(name)}': write ${printable(how)}`, {
    path: printable(name),
  });
}

/**
 * The longest attribute path wins, so an attribute may be named like an operator; but among the free names
 * below a json value the operator wins, since nothing declares them.
 */
function resolveName(
  { name, symbol }: Term,
  root: AttributeType,
  toAttribute: ToAttribute,
): { reached: ReachedPath; operator: Operator } {
  const names = segments(name);
  const last = (names.at(-1) ?? '').toLowerCase();
  const suffix = names.length > 1 ? operatorsBySuffix.get(last) : undefined;
  const whole = resolvePath(root, names, toAttribute);
  if (whole && (suffix === undefined || whole.declared === names.length))
    return { reached: whole, operator: operatorsBySymbol.get(symbol)! };
  const front = names.length > 1 ? resolvePath(root, names.slice(0, -1), toAttribute) : undefined;
  if (front && suffix !== undefined) {
    if (symbol === '=') return { reached: front, operator: suffix };
    throw new DomainError('INVALID_QUERY', `'${printable(name)}${symbol}' has two operators`, {
      path: printable(name),
    });
  }
  const what = front
    ? `'${printable(names.at(-1) ?? '')}' is no attribute of '${printable(names.slice(0, -1).join('.'))}' and no operator`
    : 'no such attribute';
  throw new DomainError('INVALID_QUERY', `cannot filter by '${printable(name)}': ${what}`, { path: printable(name) });
}

/** A comma separates values that are compared as a whole. What is compared otherwise may well hold one (`a{1,3}`, `Doe, J`). */
function alternatives(text: string, operator: Operator, name: string): readonly WrittenValue[] {
  const { family } = operators[operator];
  return family === 'equality' || family === 'list' ? splitValues(text, name) : [unquote(text)];
}

function typedValues(
  { text, isQuoted }: WrittenValue,
  type: AttributeType,
  operator: Operator,
  term: Term,
): readonly FilterValue[] {
  const scalar = operator === 'isNull' ? 'boolean' : type.kind === 'scalar' ? type.type : 'json';
  const values = operator === 'isNull' ? flag(text) : parseValue(scalar, text, isQuoted);
  if (values === undefined) {
    throw new DomainError(
      'INVALID_QUERY',
      `'${printable(text)}' is not a valid ${scalar} for '${printable(term.name)}'`,
      { path: printable(term.name) },
    );
  }
  requireWord(type, operator, text, printable(term.name));
  operators[operator].check?.(text, printable(term.name));
  return values;
}

/** Refuses a comparison with what no value can be: words that are compared as a whole are those that the attribute has. */
export function requireWord(type: AttributeType, operator: Operator, text: string, path: string): void {
  const { family } = operators[operator];
  if (type.kind !== 'scalar' || type.words === undefined || (family !== 'equality' && family !== 'list')) return;
  if (!type.words.includes(text))
    throw new DomainError('INVALID_QUERY', `'${path}' must be one of ${type.words.join(', ')}: '${printable(text)}'`, {
      path,
    });
}

function flag(text: string): readonly FilterValue[] | undefined {
  const value = parseBoolean(text);
  return value === undefined ? undefined : [value];
}

/** Conditions of one key as one, bounded. */
export function joinConditions(conditions: readonly [Condition, ...Condition[]]): Condition {
  const [first] = conditions;
  const values = conditions.flatMap((condition) => condition.values);
  if (values.length > VALUES_PER_KEY_MAX) {
    const name = first.path.join('.');
    throw limitExceeded(
      'VALUES_PER_KEY_MAX',
      VALUES_PER_KEY_MAX,
      `'${name}' is compared with ${values.length} values`,
      name,
    );
  }
  return { ...first, values };
}

/** The values are ORed; `ne` and `nin` are the negation of that, through lists too (no element equals any). */
export function toFilter({ path, operator, values }: Condition, root: AttributeType): Filter {
  const positive = operators[operator].negates ?? operator;
  const filter = anyElement(root, path, operator !== 'isNull', (below) => leaf(below, positive, values));
  if (positive === operator) return filter;
  if (filter.kind === 'some') return { ...filter, kind: 'none' };
  if (filter.kind === 'compareList') return { ...filter, operator: 'nin' };
  return filter.kind === 'compare' ? { ...filter, operator: 'ne' } : { kind: 'not', filter };
}

function leaf(path: readonly string[], operator: Operator, values: readonly FilterValue[]): Filter {
  const [first] = values;
  if (operator === 'in' || (operator === 'eq' && values.length > 1))
    return { kind: 'compareList', path, operator: 'in', values };
  const each = values.map((value): Filter => {
    if (operator === 'isNull') return { kind: 'isNull', path, isNull: value === true };
    return { kind: 'compare', path, operator: operator as ValueOperator, value };
  });
  return each.length === 1 && first !== undefined ? (each[0] as Filter) : { kind: 'or', filters: each };
}
