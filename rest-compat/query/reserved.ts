/** The parameters that are no attributes: fields, sort, filter, paging, expand, depth, after, explain. */
import { DomainError } from '../../src/platform/errors.js';
import type { AttributeType } from '../../src/platform/filter/tree/attribute-type.js';
import { decode, printable } from './decode.js';
import { limitExceeded, CURSOR_LENGTH_MAX, OFFSET_MAX, SORT_KEYS_MAX } from '../../src/platform/limits.js';
import { extensionAttribute } from '../../src/platform/json.js';
import { DEPTH_MAX, FIELDS_MAX, LIMIT_MAX } from '../limits.js';
import { readJsonPaths } from './json-path-parser.js';
import { stepInto } from '../../src/platform/filter/tree/resolve.js';
import type { OrderKey } from '../../src/platform/filter/tree/filter.js';
import { elementType, isJson, resolvePath, segments, type ToAttribute } from './wire-path.js';

export const reservedNames: ReadonlySet<string> = new Set([
  'fields',
  'offset',
  'limit',
  'sort',
  'filter',
  'depth',
  'expand',
  'after',
  'explain',
]);

/** Which attributes to answer. An attribute that maps to true is answered whole. */
export interface FieldSelection {
  /** `fields=none`: id and href only, unless attributes are named as well. */
  none?: true;
  attributes: ReadonlyMap<string, FieldSelection | true>;
}

type Building = Map<string, { attributes: Building } | true>;

/** `fields=a,b.c` given once or several times: the union (TMF630 §4.3). */
export function parseFields(raws: readonly string[], root: AttributeType, toAttribute: ToAttribute): FieldSelection {
  const texts = raws.map((raw) => decode(raw, 'fields'));
  for (const text of texts) if (text.includes('[')) refuseJsonPath(text);
  const names = texts.flatMap((text) => text.split(',')).map((name) => name.trim());
  if (names.length > FIELDS_MAX)
    throw limitExceeded('FIELDS_MAX', FIELDS_MAX, `'fields' names ${names.length} attributes`, 'fields');
  const attributes: Building = new Map();
  let isNone = false;
  for (const name of names) {
    const names = segments(name);
    const reached = resolvePath(root, names, toAttribute);
    const path =
      reached && reached.declared === reached.path.length ? reached.path : extensionPath(root, names, toAttribute);
    if (path) select(attributes, path);
    else if (name === 'none') isNone = true;
    else
      throw new DomainError('INVALID_QUERY', `cannot select '${printable(name)}': no such attribute`, {
        path: 'fields',
      });
  }
  return isNone ? { none: true, attributes } : { attributes };
}

/**
 * The path of an attribute of an extension: `extension.colour`, and within an object, whose own `@type` may give it any
 * attribute, `resource.colour` as well. What lies below such an attribute is not selected apart.
 */
function extensionPath(root: AttributeType, names: readonly string[], toAttribute: ToAttribute): string[] | undefined {
  const at = names.indexOf(extensionAttribute);
  const isNamed = at >= 0 && at < names.length - 1;
  for (let end = isNamed ? at : names.length - 1; end >= (isNamed ? at : 1); end -= 1) {
    const holder = resolvePath(root, names.slice(0, end), toAttribute);
    const member = names[isNamed ? end + 1 : end];
    if (holder === undefined || holder.declared !== holder.path.length || !member) continue;
    const type = elementType(holder.type);
    const attribute = type.kind === 'object' ? stepInto(type, extensionAttribute) : undefined;
    if (attribute !== undefined && isJson(attribute)) return [...holder.path, extensionAttribute, member];
  }
  return undefined;
}

/** TMF630 Part 6: what is JSONPath and not offered is 501, what is neither that nor a list of names is 400. */
function refuseJsonPath(text: string): never {
  try {
    // At its beginning JSONPath takes `@type` for the current node.
    readJsonPaths(text.replaceAll(/(^|,)\s*@(?=\w)/g, '$1'));
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (error.code === 'INVALID_QUERY') {
      throw new DomainError(
        'INVALID_QUERY',
        `cannot select '${printable(text)}': neither attribute names nor valid JSONPath`,
        {
          path: 'fields',
        },
      );
    }
  }
  throw new DomainError('NOT_SUPPORTED', `JSONPath in 'fields' is not supported: '${printable(text)}'`, {
    path: 'fields',
  });
}

/** An attribute named whole stays whole, whatever of it is named besides. */
function select(attributes: Building, path: readonly string[]): void {
  const [name, ...rest] = path as [string, ...string[]];
  const present = attributes.get(name);
  if (present === true) return;
  if (rest.length === 0) {
    attributes.set(name, true);
    return;
  }
  const nested: { attributes: Building } = present ?? { attributes: new Map() };
  attributes.set(name, nested);
  select(nested.attributes, rest);
}

/** `sort=-orderDate,+name`; a `+` that came unencoded is a space by now (TMF630 §4.7). */
export function parseSort(raw: string, root: AttributeType, toAttribute: ToAttribute): OrderKey[] {
  const keys = decode(raw, 'sort').split(',');
  if (keys.length > SORT_KEYS_MAX)
    throw limitExceeded('SORT_KEYS_MAX', SORT_KEYS_MAX, `'sort' has ${keys.length} keys`, 'sort');
  const seen = new Set<string>();
  return keys.map((key) => {
    const name = key.replace(/^[ +-]/, '');
    const path = sortPath(name, root, toAttribute);
    if (seen.has(path.join('.')))
      throw new DomainError('INVALID_QUERY', `'sort' names '${printable(name)}' twice`, { path: 'sort' });
    seen.add(path.join('.'));
    return { path, descending: key.startsWith('-') };
  });
}

function sortPath(name: string, root: AttributeType, toAttribute: ToAttribute): string[] {
  const reached = resolvePath(root, segments(name), toAttribute);
  if (!reached) {
    throw new DomainError('INVALID_QUERY', `cannot sort by '${printable(name)}': no such attribute`, { path: 'sort' });
  }
  let type = root;
  for (const attribute of reached.path) {
    if (elementType(type) !== type) break;
    type = stepInto(type, attribute) ?? type;
  }
  if (type.kind !== 'scalar' || isJson(type)) {
    throw new DomainError('INVALID_QUERY', `cannot sort by '${printable(name)}': it has no single value to compare`, {
      path: 'sort',
    });
  }
  return reached.path;
}

export function parseOffset(raw: string): number {
  const offset = wholeNumber(raw, 'offset');
  if (offset > OFFSET_MAX)
    throw limitExceeded('OFFSET_MAX', OFFSET_MAX, `offset=${printable(raw)} (go on with 'after' instead)`, 'offset');
  return offset;
}

export function parseLimit(raw: string): number {
  const limit = wholeNumber(raw, 'limit');
  if (limit > LIMIT_MAX) throw limitExceeded('LIMIT_MAX', LIMIT_MAX, `limit=${printable(raw)}`, 'limit');
  return limit;
}

export function parseDepth(raw: string): number {
  const depth = wholeNumber(raw, 'depth');
  if (depth > DEPTH_MAX) throw limitExceeded('DEPTH_MAX', DEPTH_MAX, `depth=${printable(raw)}`, 'depth');
  return depth;
}

function wholeNumber(raw: string, name: string): number {
  const text = decode(raw, name);
  if (!/^\d+$/.test(text))
    throw new DomainError('INVALID_QUERY', `${name}='${printable(text)}' is not a whole number from 0`, { path: name });
  return Number(text);
}

/** Paths to inline. Which of them can be is known to the schema, not to the attributes. */
export function parseExpand(raw: string, toAttribute: ToAttribute): string[][] {
  const names = decode(raw, 'expand')
    .split(',')
    .map((name) => name.trim());
  if (names.length > FIELDS_MAX)
    throw limitExceeded('FIELDS_MAX', FIELDS_MAX, `'expand' names ${names.length} paths`, 'expand');
  return [...new Set(names)].map((name) => {
    if (!/^@?\w+(\.@?\w+)*$/.test(name))
      throw new DomainError('INVALID_QUERY', `cannot expand '${printable(name)}': not an attribute path`, {
        path: 'expand',
      });
    return segments(name).map(toAttribute);
  });
}

/** Opaque here: only that there is something of bounded length. */
export function parseText(raw: string, name: 'after' | 'explain'): string {
  const text = decode(raw, name);
  if (text === '') throw new DomainError('INVALID_QUERY', `'${name}' has no value`, { path: name });
  if (text.length > CURSOR_LENGTH_MAX)
    throw limitExceeded('CURSOR_LENGTH_MAX', CURSOR_LENGTH_MAX, `'${name}' has ${text.length} characters`, name);
  return text;
}
