/**
 * What a filter demands of the JSON it is applied to, as documents that must be contained in it
 * (jsonb `@>`), because that is what a GIN jsonb_path_ops index can answer.
 */
import type { AttributeType } from '../tree/attribute-type.js';
import { elementOf, scalarFor, typeAt } from '../tree/resolve.js';
import type { Filter } from '../tree/filter.js';
import { checkValue, toJson } from '../tree/values.js';

/** Above this many alternatives an index would not pay, and the statement would grow long. */
const ALTERNATIVES_MAX = 64;

export type Contained =
  | { kind: 'scalar'; json: string }
  | { kind: 'object'; members: ReadonlyMap<string, Contained> }
  | { kind: 'list'; elements: readonly Contained[] };

/** One of the alternatives is contained whenever the filter holds; when exact, also the reverse. */
export interface Containment {
  alternatives: readonly Contained[];
  exact: boolean;
}

/** The containment that a filter on values of that type implies, or undefined when it implies none. */
export function containmentOf(filter: Filter, type: AttributeType): Containment | undefined {
  switch (filter.kind) {
    case 'compare': {
      if (filter.operator !== 'eq') return undefined;
      return { alternatives: [equal(filter.path, type, 'eq', filter.value)], exact: true };
    }
    case 'compareList': {
      if (filter.operator !== 'in' || filter.values.length === 0 || filter.values.length > ALTERNATIVES_MAX)
        return undefined;
      return { alternatives: filter.values.map((value) => equal(filter.path, type, 'in', value)), exact: true };
    }
    case 'some': {
      const inner = containmentOf(filter.filter, elementOf(typeAt(type, filter.path), filter.path));
      return (
        inner && {
          ...inner,
          alternatives: inner.alternatives.map((element) => nest(filter.path, { kind: 'list', elements: [element] })),
        }
      );
    }
    case 'and':
      return conjunction(filter.filters.map((part) => containmentOf(part, type)));
    case 'or':
      return disjunction(filter.filters.map((part) => containmentOf(part, type)));
    default:
      return undefined;
  }
}

function equal(
  path: readonly string[],
  type: AttributeType,
  operator: 'eq' | 'in',
  value: Parameters<typeof checkValue>[1],
): Contained {
  const scalar = scalarFor(typeAt(type, path), operator, path);
  return nest(path, { kind: 'scalar', json: toJson(checkValue(scalar, value, path)) });
}

/** The document that has the inner one at the path. */
export function nest(path: readonly string[], inner: Contained): Contained {
  return path.reduceRight<Contained>((nested, name) => ({ kind: 'object', members: new Map([[name, nested]]) }), inner);
}

/** Parts that cannot be merged in are left out: the containment is then implied, but not exact. */
function conjunction(parts: readonly (Containment | undefined)[]): Containment | undefined {
  let result: Containment | undefined;
  let exact = parts.length > 0;
  for (const part of parts) {
    const merged = part && (result ? product(result, part) : part);
    if (merged === undefined) exact = false;
    else result = merged;
  }
  return result && { alternatives: result.alternatives, exact: exact && result.exact };
}

function product(a: Containment, b: Containment): Containment | undefined {
  if (a.alternatives.length * b.alternatives.length > ALTERNATIVES_MAX) return undefined;
  const alternatives: Contained[] = [];
  for (const left of a.alternatives) {
    for (const right of b.alternatives) {
      const merged = merge(left, right);
      if (merged === undefined) return undefined;
      alternatives.push(merged);
    }
  }
  return { alternatives, exact: a.exact && b.exact };
}

function disjunction(parts: readonly (Containment | undefined)[]): Containment | undefined {
  const alternatives: Contained[] = [];
  for (const part of parts) {
    if (part === undefined) return undefined;
    alternatives.push(...part.alternatives);
  }
  if (alternatives.length === 0 || alternatives.length > ALTERNATIVES_MAX) return undefined;
  return { alternatives, exact: parts.every((part) => part?.exact) };
}

/** One document demanding both; lists are joined, since each demanded element may be met by another one. */
function merge(a: Contained, b: Contained): Contained | undefined {
  if (a.kind === 'scalar' && b.kind === 'scalar') return a.json === b.json ? a : undefined;
  if (a.kind === 'list' && b.kind === 'list') return { kind: 'list', elements: [...a.elements, ...b.elements] };
  if (a.kind !== 'object' || b.kind !== 'object') return undefined;
  const members = new Map(a.members);
  for (const [name, value] of b.members) {
    const present = members.get(name);
    const merged = present === undefined ? value : merge(present, value);
    if (merged === undefined) return undefined;
    members.set(name, merged);
  }
  return { kind: 'object', members };
}

/** The document as JSON text; decimals stay exact because they never become numbers. */
export function containedJson(contained: Contained): string {
  if (contained.kind === 'scalar') return contained.json;
  if (contained.kind === 'list') return `[${contained.elements.map(containedJson).join(',')}]`;
  return `{${[...contained.members].map(([name, value]) => `${JSON.stringify(name)}:${containedJson(value)}`).join(',')}}`;
}
