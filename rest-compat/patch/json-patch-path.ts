import { toAttribute, toWire } from '../../graphql/naming.js';
import { DomainError, abbreviated } from '../../src/platform/errors.js';
import type { Attributes, AttributeType } from '../../src/platform/filter/tree/attribute-type.js';
import { matches } from '../../src/platform/filter/memory/evaluate.js';
import { parseJsonPaths } from '../query/json-path.js';
import { parseQuery } from '../query/query-string.js';
import { attributeOf } from '../../src/platform/filter/tree/resolve.js';
import type { Filter } from '../../src/platform/filter/tree/filter.js';
import { limitExceeded } from '../../src/platform/limits.js';
import { PATCH_CONDITIONS_MAX } from '../limits.js';
import { isObject, type Json } from '../body/input.js';
import { extensionAttribute } from '../../src/platform/json.js';
import { readPointer, unescaped, valueAt, type Pointer } from './json-pointer.js';

/** The elements of a list that an operation is for, and what it names in each. */
interface Selection {
  readonly list: Pointer;
  filterOf(element: Attributes): Filter;
  readonly rest: Pointer;
}

/** What kind of path the media type of a patch allows beside pointers. */
export interface PathRules {
  /** In a path that begins with a slash, `?` begins a query (TMF630 Part 5); otherwise it is a character like any other. */
  readonly hasQueries: boolean;
}

const jsonPath = /^(\$?[./]?)([\w@]+(?:\.[\w@]+)*)\[\?\((.+)\)\](?:[./](.+))?$/s;

/** Finds what the paths of one patch mean. */
export class PathFinder {
  private asked = 0;
  /** Elements under GraphQL names, as filters want them; they are replaced, never changed. */
  private readonly translated = new WeakMap<object, Json>();

  constructor(
    private readonly attributes: Attributes,
    private readonly rules: PathRules,
  ) {}

  /**
   * The places a path means: one for a pointer; for a query (TMF630 Part 5) or a JSONPath condition (Part 6) one in each
   * element that matches, from the last to the first, so that indexes stay true.
   */
  find(path: string, document: unknown): Pointer[] {
    const selection = this.selectionOf(path);
    if (selection !== undefined) return this.matching(selection, document);
    const pointer = readPointer(path);
    if (pointer === undefined) throw new DomainError('INVALID_BODY', `'${abbreviated(path)}' is no JSON pointer`);
    return [pointer];
  }

  private selectionOf(path: string): Selection | undefined {
    const { hasQueries } = this.rules;
    if (path.startsWith('/') && !hasQueries) return undefined;
    return jsonPathSelection(path) ?? (path.startsWith('/') ? querySelection(path) : undefined);
  }

  private matching({ list, filterOf, rest }: Selection, document: unknown): Pointer[] {
    const element = this.elementOf(list);
    const value = valueAt(document, list);
    const elements: unknown[] = Array.isArray(value) ? value : [];
    const filter = filterOf(element);
    this.asked += elements.length * conditionsOf(filter);
    if (this.asked > PATCH_CONDITIONS_MAX) {
      throw limitExceeded(
        'PATCH_CONDITIONS_MAX',
        PATCH_CONDITIONS_MAX,
        'the conditions in the paths of the patch are asked of too many elements',
        undefined,
        'INVALID_BODY',
      );
    }
    const pointers = elements.flatMap((one, at) =>
      isObject(one) && matches(filter, this.toAttributes(one), element) ? [[...list, String(at), ...rest]] : [],
    );
    if (pointers.length === 0)
      throw new DomainError('CONFLICT', `no element of '${abbreviated(list.join('.'))}' matches`);
    return pointers.reverse();
  }

  private elementOf(list: Pointer): Attributes {
    let type: AttributeType | undefined = { kind: 'object', attributes: () => this.attributes };
    for (const wire of list)
      type = type?.kind === 'object' ? attributeOf(type.attributes(), toAttribute(wire)) : undefined;
    if (type?.kind === 'list' && type.element.kind === 'object') return type.element.attributes();
    throw new DomainError('INVALID_BODY', `'${abbreviated(list.join('.'))}' is no list of objects`);
  }

  private toAttributes(element: Json): Json {
    let translated = this.translated.get(element);
    if (translated === undefined) {
      translated = inAttributes(element) as Json;
      this.translated.set(element, translated);
    }
    return translated;
  }
}

function jsonPathSelection(path: string): Selection | undefined {
  const found = jsonPath.exec(path);
  if (found === null) return undefined;
  const [, , list = '', condition = '', rest] = found;
  return {
    list: list.split('.'),
    filterOf: (element) => withoutRegex(parseJsonPaths([`$[?(${condition})]`], element, toAttribute).filter),
    rest: rest?.split(/[./]/) ?? [],
  };
}

function querySelection(path: string): Selection | undefined {
  const question = path.indexOf('?');
  if (question < 0) return undefined;
  const [list = '', ...rest] = path.slice(1, question).split('/').map(unescaped);
  // The query names attributes from the resource on: orderItem.productOffering.id; below the list they are the element's.
  const prefix = `${list}.`;
  const query = path
    .slice(question + 1)
    .split(/(?<=[&;])/)
    .map((term) => (term.startsWith(prefix) ? term.slice(prefix.length) : term))
    .join('');
  return { list: [list], filterOf: (element) => withoutRegex(queryFilter(query, element)), rest };
}

/** A query that says which elements, and nothing else. */
function queryFilter(query: string, attributes: Attributes): Filter {
  const { filter, order, ...others } = parseQuery(query, { attributes, toAttribute });
  const [stranger] = [...Object.keys(others), ...(order.length > 0 ? ['sort'] : [])];
  if (stranger !== undefined)
    throw new DomainError('INVALID_QUERY', `${stranger} says nothing in a path`, { path: stranger });
  if (filter === undefined)
    throw new DomainError('INVALID_QUERY', 'behind the ? of a path stands which elements are meant');
  return filter;
}

/** An expression is matched in time of its own length times that of the text: too long for what is done once per element and operation. */
function withoutRegex(filter: Filter): Filter {
  const hasRegex = (part: Filter): boolean => {
    if (part.kind === 'and' || part.kind === 'or') return part.filters.some(hasRegex);
    if (part.kind === 'not' || part.kind === 'some' || part.kind === 'none') return hasRegex(part.filter);
    return part.kind === 'compare' && part.operator === 'regex';
  };
  if (hasRegex(filter)) throw new DomainError('INVALID_QUERY', 'the path of a patch takes no regular expression');
  return filter;
}

function conditionsOf(filter: Filter): number {
  if (filter.kind === 'and' || filter.kind === 'or')
    return filter.filters.reduce((sum, part) => sum + conditionsOf(part), 1);
  if (filter.kind === 'compareList') return filter.values.length;
  return filter.kind === 'not' || filter.kind === 'some' || filter.kind === 'none'
    ? 1 + conditionsOf(filter.filter)
    : 1;
}

/** The same JSON under GraphQL names; what an extension adds stands beside the others on the wire, and by itself there. */
function inAttributes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inAttributes);
  if (!isObject(value)) return value;
  const members = Object.entries(value).map(
    ([wire, inner]) => [toWire(toAttribute(wire)) === wire ? toAttribute(wire) : wire, inAttributes(inner)] as const,
  );
  return Object.fromEntries([[extensionAttribute, value], ...members]);
}
