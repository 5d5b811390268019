/** JSONPath `filter=` (TMF630 Part 6) as conditions of the filter tree; never evaluated over rows. */
import type { Decimal } from '../../src/platform/decimal.js';
import { DomainError } from '../../src/platform/errors.js';
import type { Attributes, AttributeType, ScalarType } from '../../src/platform/filter/tree/attribute-type.js';
import { printable } from './decode.js';
import type { JsonPath, Literal, PathStep, Test } from './json-path-ast.js';
import { notSupported, syntaxError } from './json-path-lexer.js';
import { readJsonPaths } from './json-path-parser.js';
import { limitExceeded } from '../../src/platform/limits.js';
import { JSON_PATH_LENGTH_MAX } from '../limits.js';
import { requireWord } from './condition.js';
import { parseValue } from './parse-value.js';
import { operators, operatorsBySymbol, type ValueOperator } from '../../src/platform/filter/operators.js';
import { operatorsOf, stepInto } from '../../src/platform/filter/tree/resolve.js';
import type { Filter, FilterValue } from '../../src/platform/filter/tree/filter.js';
import { isJson, type ToAttribute } from './wire-path.js';

export interface JsonPathFilter {
  filter: Filter;
  /** How many conditions it has, for the bound on all of a query. */
  clauses: number;
}

/** The resources from which one of the paths selects something. */
export function parseJsonPaths(
  texts: readonly string[],
  attributes: Attributes,
  toAttribute: ToAttribute,
): JsonPathFilter {
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  if (length > JSON_PATH_LENGTH_MAX)
    throw limitExceeded('JSON_PATH_LENGTH_MAX', JSON_PATH_LENGTH_MAX, `'filter' has ${length} characters`, 'filter');
  const translation = new Translation(toAttribute);
  const filters = texts
    .flatMap(readJsonPaths)
    .map((path) => translation.root(path, { kind: 'object', attributes: () => attributes }));
  return {
    filter: filters.length === 1 ? (filters[0] as Filter) : { kind: 'or', filters },
    clauses: translation.clauses,
  };
}

/** What is to hold at the end of a path. */
type Leaf = (path: readonly string[], type: AttributeType, shown: string) => Filter;

class Translation {
  clauses = 0;

  constructor(private readonly toAttribute: ToAttribute) {}

  /** `$[?…]` and `$[*]` start from the collection, `$.name` from each resource of it: both are in use. */
  root({ steps, position }: JsonPath, type: AttributeType): Filter {
    const [first, ...rest] = steps;
    if (first?.kind !== 'all' && first?.kind !== 'filter') return this.exists({ steps, position }, type);
    const beyondFirst = this.exists({ steps: rest, position }, type);
    return first.kind === 'all' ? beyondFirst : conjunction(this.test(first.test, type), beyondFirst);
  }

  private exists({ steps }: JsonPath, type: AttributeType): Filter {
    this.clauses += 1;
    // The node itself is there: the row, or the element a step has just entered.
    return this.follow(steps, type, [], [], false, (path) =>
      path.length === 0 ? { kind: 'and', filters: [] } : { kind: 'isNull', path, isNull: false },
    );
  }

  private test(test: Test, type: AttributeType): Filter {
    switch (test.kind) {
      case 'and':
      case 'or':
        return { kind: test.kind, filters: test.tests.map((part) => this.test(part, type)) };
      case 'not':
        return { kind: 'not', filter: this.test(test.test, type) };
      case 'exists':
        return this.exists(test.path, type);
      case 'compare':
        return this.compare(test, type);
    }
  }

  private compare(
    { path, comparison, literal, position }: Extract<Test, { kind: 'compare' }>,
    type: AttributeType,
  ): Filter {
    this.clauses += 1;
    if (literal.kind === 'null') {
      if (comparison !== '==' && comparison !== '!=') throw syntaxError(`'${comparison}' does not take null`, position);
      const isNull = this.follow(path.steps, type, [], [], false, (below) => ({
        kind: 'isNull',
        path: below,
        isNull: true,
      }));
      return comparison === '==' ? isNull : negation(isNull);
    }
    const operator = comparison === '!=' ? 'eq' : (operatorsBySymbol.get(comparison) as ValueOperator);
    const filter = this.follow(path.steps, type, [], [], true, (below, reached, shown) => ({
      kind: 'compare',
      path: below,
      operator,
      value: literalValue(literal, operator, reached, shown),
    }));
    // The filter tree is two-valued: an absent value differs from every other.
    return comparison === '!=' ? negation(filter) : filter;
  }

  /** Walks the steps, entering every list on the way; the names so far are kept for messages. */
  private follow(
    steps: readonly PathStep[],
    type: AttributeType,
    path: readonly string[],
    shown: readonly string[],
    entersLast: boolean,
    leaf: Leaf,
  ): Filter {
    const [step, ...rest] = steps;
    if (type.kind === 'list' && (step !== undefined || entersLast)) {
      const { element } = type;
      // A name behind a list means any element, as in plain filters.
      if (step === undefined || step.kind === 'child')
        return { kind: 'some', path, filter: this.follow(steps, element, [], shown, entersLast, leaf) };
      const beyondStep = this.follow(rest, element, [], shown, entersLast, leaf);
      return {
        kind: 'some',
        path,
        filter: step.kind === 'all' ? beyondStep : conjunction(this.test(step.test, element), beyondStep),
      };
    }
    if (step === undefined) return leaf(path, type, shown.join('.'));
    if (step.kind === 'all')
      throw notSupported(`wildcard '[*]' on '${shown.join('.') || '@'}', which is not a list,`, step.position);
    if (step.kind === 'filter')
      throw syntaxError(`the filter of '${shown.join('.') || '$'}', which is not a list,`, step.position);
    const name = isJson(type) ? step.name : this.toAttribute(step.name);
    const next = stepInto(type, name);
    const names = [...shown, step.name];
    if (next === undefined) throw syntaxError(`unknown attribute '${printable(names.join('.'))}'`, step.position);
    return this.follow(rest, next, [...path, name], names, entersLast, leaf);
  }
}

/** Without a part that always holds, so that one element's conditions stay flat. */
function conjunction(first: Filter, second: Filter): Filter {
  return second.kind === 'and' && second.filters.length === 0 ? first : { kind: 'and', filters: [first, second] };
}

function negation(filter: Filter): Filter {
  if (filter.kind === 'compare' && filter.operator === 'eq') return { ...filter, operator: 'ne' };
  if (filter.kind === 'isNull') return { ...filter, isNull: !filter.isNull };
  return filter.kind === 'some' ? { ...filter, kind: 'none' } : { kind: 'not', filter };
}

/** The literal as the attribute's type; quoted or not decides only where the type is open. */
function literalValue(literal: Literal, operator: ValueOperator, type: AttributeType, shown: string): FilterValue {
  const path = printable(shown);
  if (type.kind !== 'scalar' || !operatorsOf(type).has(operator)) {
    throw new DomainError('INVALID_QUERY', `operator '${operator}' does not fit '${path}'`, { path });
  }
  if (operators[operator].family === 'text') {
    operators[operator].check?.(literal.text, path);
    return literal.text;
  }
  requireWord(type, operator, literal.text, path);
  const value = type.type === 'json' ? jsonLiteral(literal) : typedLiteral(literal, type.type);
  if (value === undefined) {
    throw new DomainError('INVALID_QUERY', `'${printable(literal.text)}' is not a valid ${type.type} for '${path}'`, {
      path,
    });
  }
  return value;
}

function typedLiteral({ text }: Literal, type: Exclude<ScalarType, 'json'>): FilterValue | undefined {
  return parseValue(type, text, true)?.[0];
}

function jsonLiteral({ kind, text }: Literal): FilterValue | undefined {
  if (kind === 'string') return text;
  return kind === 'boolean' ? text === 'true' : (typedLiteral({ kind, text }, 'decimal') as Decimal | undefined);
}
