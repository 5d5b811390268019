/** Attribute names as clients write them, resolved step by step through objects and lists. */
import type { AttributeType } from '../../src/platform/filter/tree/attribute-type.js';
import { printable } from './decode.js';
import { limitExceeded, PATH_DEPTH_MAX } from '../../src/platform/limits.js';
import { stepInto } from '../../src/platform/filter/tree/resolve.js';
import type { Filter } from '../../src/platform/filter/tree/filter.js';

export type ToAttribute = (wire: string) => string;

export interface ReachedPath {
  /** In GraphQL names; the type at the end may be a list. */
  path: string[];
  type: AttributeType;
  /** Names of the schema at the front of the path; what follows lies below a json value. */
  declared: number;
}

/** The path through objects and elements of lists; undefined when a name is unknown. */
export function resolvePath(
  type: AttributeType,
  names: readonly string[],
  toAttribute: ToAttribute,
): ReachedPath | undefined {
  const path: string[] = [];
  let reached = type;
  let declared = 0;
  for (const name of inNestedExtension(type, names, toAttribute)) {
    reached = elementType(reached);
    const isFree = isJson(reached);
    // Members of a json value keep the names they were stored with.
    const attribute = isFree ? name : toAttribute(name);
    const next = name === '' ? undefined : stepInto(reached, attribute);
    if (next === undefined) return undefined;
    path.push(attribute);
    reached = next;
    if (!isFree) declared += 1;
  }
  return { path, type: reached, declared };
}

/** `extension.item.resource.serialNumber`, where item and resource are ours, is what the resource has in its own extension. */
function inNestedExtension(root: AttributeType, names: readonly string[], toAttribute: ToAttribute): readonly string[] {
  const [first = ''] = names;
  const isExtension = (type: AttributeType): boolean => {
    const extension = type.kind === 'object' ? stepInto(type, toAttribute(first)) : undefined;
    return extension !== undefined && isJson(extension);
  };
  if (!isExtension(root)) return names;
  let reached = root;
  for (const [at, name] of names.slice(1).entries()) {
    const next = reached.kind === 'object' ? stepInto(reached, toAttribute(name)) : undefined;
    if (next === undefined)
      return at > 0 && isExtension(reached) ? [...names.slice(1, at + 1), first, ...names.slice(at + 1)] : names;
    reached = elementType(next);
  }
  return names;
}

export function isJson(type: AttributeType): boolean {
  return type.kind === 'scalar' && type.type === 'json';
}

/** What lies in the list, or in the lists of lists. */
export function elementType(type: AttributeType): AttributeType {
  return type.kind === 'list' ? elementType(type.element) : type;
}

/**
 * The condition at the end of the path, where any element of each list on the way may meet it (TMF630 §4.4).
 * @param leaf builds it from the path below the last list
 * @param entersLast whether a list at the end is entered too
 */
export function anyElement(
  type: AttributeType,
  path: readonly string[],
  entersLast: boolean,
  leaf: (path: readonly string[]) => Filter,
): Filter {
  let reached = type;
  for (let at = 0; at <= path.length; at += 1) {
    if (reached.kind === 'list' && (at < path.length || entersLast)) {
      return {
        kind: 'some',
        path: path.slice(0, at),
        filter: anyElement(reached.element, path.slice(at), entersLast, leaf),
      };
    }
    const name = path[at];
    if (name !== undefined) reached = stepInto(reached, name) as AttributeType;
  }
  return leaf(path);
}

/** The segments of a dotted name, refusing more than PATH_DEPTH_MAX. */
export function segments(name: string): string[] {
  const names = name.split('.');
  if (names.length > PATH_DEPTH_MAX) {
    throw limitExceeded(
      'PATH_DEPTH_MAX',
      PATH_DEPTH_MAX,
      `'${printable(name)}' has ${names.length} segments`,
      printable(name),
    );
  }
  return names;
}
