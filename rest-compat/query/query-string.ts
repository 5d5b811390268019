/**
 * The query half of TMF630 (§4.3 fields, §4.4 filters, §4.5 paging, §4.7 sorting, Part 6 JSONPath): a raw
 * query string as a value. A query that can only be read by ignoring a part is refused.
 *
 * `&` joins conditions by AND and `;` binds tighter and joins by OR. Values of one attribute and operator
 * are ORed, whether separated by semicolon (or, of eq, ne, in and nin, by comma) or given in repeated
 * parameters; for `ne` and `nin` that is: none of them. `&` and `;` separate as long as they are not
 * percent-encoded, since a value may hold them; a comma does however it is written, because that is how
 * clients send lists. Nothing separates within a value in double quotes but `&`.
 */
import { DomainError } from '../../src/platform/errors.js';
import type { Attributes, AttributeType } from '../../src/platform/filter/tree/attribute-type.js';
import { joinConditions, toCondition, toFilter, type Condition } from './condition.js';
import { decode, printable } from './decode.js';
import { parseJsonPaths } from './json-path.js';
import { limitExceeded, CLAUSES_MAX } from '../../src/platform/limits.js';
import {
  parseDepth,
  parseExpand,
  parseFields,
  parseLimit,
  parseOffset,
  parseSort,
  parseText,
  reservedNames,
  type FieldSelection,
} from './reserved.js';
import { parseTerms } from './term.js';
import type { Filter, OrderKey } from '../../src/platform/filter/tree/filter.js';
import type { ToAttribute } from './wire-path.js';

export type { FieldSelection } from './reserved.js';

export interface ParsedQuery {
  filter?: Filter;
  fields?: FieldSelection;
  order: OrderKey[];
  offset?: number;
  limit?: number;
  after?: string;
  expand?: string[][];
  depth?: number;
  explain?: string;
}

export interface QueryOptions {
  attributes: Attributes;
  /** The attribute's name in trees: `@type` becomes `atType`. */
  toAttribute: ToAttribute;
}

/** Reserved parameters that may be given several times. */
const repeatable: ReadonlySet<string> = new Set(['fields', 'filter']);

/** @param raw what follows the `?`, not decoded. Refusals: INVALID_QUERY, NOT_SUPPORTED */
export function parseQuery(raw: string, { attributes, toAttribute }: QueryOptions): ParsedQuery {
  const root: AttributeType = { kind: 'object', attributes: () => attributes };
  const reserved = new Map<string, string[]>();
  const groups: Condition[][] = [];
  for (const part of raw.split('&')) {
    if (part === '') continue;
    const name = reservedName(part);
    if (name === undefined)
      groups.push(parseTerms(part).map((term) => toCondition(notReserved(term, part), root, toAttribute)));
    else reserved.set(name, [...(reserved.get(name) ?? []), part.slice(part.indexOf('=') + 1)]);
  }
  for (const [name, raws] of reserved) {
    if (raws.length > 1 && !repeatable.has(name))
      throw new DomainError('INVALID_QUERY', `'${name}' is given ${raws.length} times`, { path: name });
  }
  const jsonPaths = (reserved.get('filter') ?? []).map((text) => decode(text, 'filter'));
  const jsonPath = jsonPaths.length === 0 ? undefined : parseJsonPaths(jsonPaths, attributes, toAttribute);
  const clauses = groups.flat().length + (jsonPath?.clauses ?? 0);
  if (clauses > CLAUSES_MAX) throw limitExceeded('CLAUSES_MAX', CLAUSES_MAX, `the query has ${clauses} conditions`);
  const filters = [...plainFilters(groups, root), ...(jsonPath ? [jsonPath.filter] : [])];
  const first = (name: string): string | undefined => reserved.get(name)?.[0];
  const query: ParsedQuery = { order: mapGiven(first('sort'), (text) => parseSort(text, root, toAttribute)) ?? [] };
  return Object.assign(
    query,
    present({
      filter: filters.length > 1 ? { kind: 'and' as const, filters } : filters[0],
      fields: mapGiven(reserved.get('fields'), (raws) => parseFields(raws, root, toAttribute)),
      ...paging(first),
      expand: mapGiven(first('expand'), (text) => parseExpand(text, toAttribute)),
      depth: mapGiven(first('depth'), parseDepth),
      explain: mapGiven(first('explain'), (text) => parseText(text, 'explain')),
    }),
  );
}

function paging(first: (name: string) => string | undefined): Pick<ParsedQuery, 'offset' | 'limit' | 'after'> {
  const offset = mapGiven(first('offset'), parseOffset);
  const after = mapGiven(first('after'), (text) => parseText(text, 'after'));
  if ((offset ?? 0) > 0 && after !== undefined) {
    throw new DomainError('INVALID_QUERY', "'offset' and 'after' are two starting points: give one", { path: 'after' });
  }
  return { offset, limit: mapGiven(first('limit'), parseLimit), after };
}

/** The reserved name a part begins with; it takes the whole part as its value. */
function reservedName(part: string): string | undefined {
  const [key = ''] = part.split('=', 1);
  const name = reservedNames.has(key)
    ? key
    : key.includes('%') && reservedNames.has(decode(key, key))
      ? decode(key, key)
      : undefined;
  if (name !== undefined && key === part)
    throw new DomainError('INVALID_QUERY', `'${name}' has no value`, { path: name });
  return name;
}

/** `status=a;limit=5` would make paging an alternative of a condition, `limit>5` a condition. */
function notReserved<T extends { name: string }>(term: T, part: string): T {
  if (!reservedNames.has(term.name)) return term;
  throw new DomainError(
    'INVALID_QUERY',
    `'${term.name}' is no attribute: '${printable(part)}' gives it a condition or an alternative`,
    { path: term.name },
  );
}

/** Parts with one attribute and operator are joined with their repetitions; the others stand for themselves. */
function plainFilters(groups: readonly Condition[][], root: AttributeType): Filter[] {
  const byKey = new Map<string, [Condition, ...Condition[]]>();
  const alternatives: Filter[] = [];
  for (const group of groups) {
    const [first, ...rest] = group as [Condition, ...Condition[]];
    const joined = joinConditions([first]);
    if (rest.some((condition) => condition.key !== first.key)) {
      alternatives.push({ kind: 'or', filters: group.map((condition) => toFilter(joinConditions([condition]), root)) });
    } else {
      const same = byKey.get(first.key);
      if (same) same.push(...group);
      else byKey.set(first.key, [joined, ...rest]);
    }
  }
  return [...[...byKey.values()].map((conditions) => toFilter(joinConditions(conditions), root)), ...alternatives];
}

function mapGiven<T, R>(value: T | undefined, parse: (value: T) => R): R | undefined {
  return value === undefined ? undefined : parse(value);
}

/** Without what was not given. */
function present<T extends object>(members: T): Partial<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<T>;
}
