import { getNamedType, isObjectType, type GraphQLObjectType } from 'graphql';
import { attributeOfField, toWire } from '../graphql/naming.js';
import type { Presentation } from '../graphql/plan/presentation.js';
import type { FieldSelection } from './query/query-string.js';
import type { Singles } from './edition.js';
import { extensionAttribute } from '../src/platform/json.js';
import { attributeFields, targetType } from './resource-model.js';

/** How often a type may contain itself in an answer (docs/standard/resource-order.md). */
const selfNestingMax = 2;

type Value = unknown;
type Json = Record<string, Value>;

/** Which references are answered with what they refer to (TMF630 Part 2, depth and expand). */
export interface Expansion {
  /** Paths of references, from here. */
  readonly paths: readonly (readonly string[])[];
  /** Levels of references to expand, whatever their path. */
  readonly depth: number;
}

export const noExpansion: Expansion = { paths: [], depth: 0 };

/** Attributes of a type that are left out, because the client may not see them. */
export type HiddenOf = (typeName: string) => ReadonlySet<string>;

const nothing: ReadonlySet<string> = new Set();
export const nothingHidden: HiddenOf = () => nothing;

/** What is selected of a type, and how the answer of a write becomes TMF JSON: one plan for both, so they cannot differ. */
export interface Projection {
  /** The GraphQL selection, braces included. */
  readonly selection: string;
  project(value: Json): Json;
  /** The same of a row as it is stored, whose attributes have their own names. */
  projectStored(row: Json): Json;
}

interface Part {
  readonly name: string;
  readonly attribute: string;
  readonly wire: string;
  /** Absent for scalars, whose value is handed on as it is. */
  readonly inner: Projection | undefined;
  /** Attributes of an extension that are asked for; absent: all. */
  readonly members?: ReadonlySet<string>;
  /** Of a list only the first element is answered, as one object. */
  readonly isSingle?: boolean;
}

/** How objects with such a projection are written where no object of ours is made of them: by the database. */
export function presentationOf(fields: FieldSelection | undefined, singles: Singles = {}): Presentation {
  return {
    nameOf: toWire,
    isFirst: (type, attribute) => (Object.hasOwn(singles, type) && singles[type]?.includes(attribute)) ?? false,
    membersAt: (path) => {
      const chosen = path.reduce<FieldSelection | true | undefined>(
        (outer, name) => (outer === undefined || outer === true ? undefined : outer.attributes.get(name)),
        fields,
      );
      return chosen === undefined || chosen === true ? undefined : new Set(chosen.attributes.keys());
    },
  };
}

/** The whole type, or what `fields` names of it, references expanded as asked. */
export function projectionOf(
  type: GraphQLObjectType,
  fields?: FieldSelection,
  expansion: Expansion = noExpansion,
  singles: Singles = {},
  hiddenOf: HiddenOf = nothingHidden,
): Projection {
  return build(type, fields, expansion, [], { singles, hiddenOf });
}

/** What is the same throughout an answer. */
interface Manner {
  readonly singles: Singles;
  readonly hiddenOf: HiddenOf;
}

function build(
  type: GraphQLObjectType,
  fields: FieldSelection | undefined,
  expansion: Expansion,
  outer: readonly GraphQLObjectType[],
  manner: Manner,
): Projection {
  const { singles, hiddenOf } = manner;
  const hidden = hiddenOf(type.name);
  const single = Object.hasOwn(singles, type.name) ? singles[type.name] : undefined;
  const parts = attributeFields(type).flatMap((field): Part[] => {
    const attribute = attributeOfField(field);
    const chosen = fields ? fields.attributes.get(attribute) : true;
    if (chosen === undefined || hidden.has(attribute)) return [];
    const named = getNamedType(field.type);
    const part = {
      name: field.name,
      attribute,
      wire: toWire(attribute),
      isSingle: single?.includes(attribute) ?? false,
    };
    if (!isObjectType(named))
      return [{ ...part, inner: undefined, ...(chosen !== true && { members: new Set(chosen.attributes.keys()) }) }];
    if (outer.filter((ancestor) => ancestor === named).length >= selfNestingMax) return [];
    const paths = expansion.paths.filter(([first]) => first === attribute).map((path) => path.slice(1));
    const below = { paths: paths.filter((path) => path.length > 0), depth: expansion.depth };
    const isNamed = paths.some((path) => path.length === 0);
    const target = isNamed || expansion.depth > 0 || below.paths.length > 0 ? targetType(named) : undefined;
    const inner = build(named, chosen === true ? undefined : chosen, below, [...outer, named], manner);
    return [{ ...part, inner: target ? expanded(inner, target, below, outer, manner) : inner }];
  });
  const selection = `{ ${parts.map(({ name, inner }) => (inner ? `${name} ${inner.selection}` : name)).join(' ')} }`;
  return {
    selection: parts.length === 0 ? '{ __typename }' : selection,
    project: (value) => project(parts, value, 'name'),
    projectStored: (row) => project(parts, row, 'attribute'),
  };
}

/** A reference with the resource it refers to inlined; one that leads nowhere stays a reference. */
function expanded(
  reference: Projection,
  target: GraphQLObjectType,
  { paths, depth }: Expansion,
  outer: readonly GraphQLObjectType[],
  manner: Manner,
): Projection {
  const inlined = build(target, undefined, { paths, depth: depth - 1 }, [...outer, target], manner);
  return {
    projectStored: (row) => reference.projectStored(row),
    selection: reference.selection.replace(/\}$/, `target ${inlined.selection} }`),
    project(value) {
      const { target: resource } = value;
      const own = reference.project(value);
      return resource ? { ...own, ...inlined.project(resource as Json) } : own;
    },
  };
}

/** Absent attributes are left out; the content of scalars without structure is not touched. */
function project(parts: readonly Part[], value: Json, by: 'name' | 'attribute'): Json {
  const result: Json = {};
  const below = by === 'name' ? 'project' : 'projectStored';
  for (const { wire, inner, members, isSingle, ...names } of parts) {
    const { name } = names;
    const whole = value[names[by]];
    const part = isSingle && Array.isArray(whole) ? (whole[0] as Value) : whole;
    if (part === null || part === undefined) continue;
    if (name === extensionAttribute) addExtension(result, part as Json, members);
    else if (inner === undefined) result[wire] = part;
    else if (Array.isArray(part)) result[wire] = part.map((element) => inner[below](element as Json));
    else result[wire] = inner[below](part as Json);
  }
  return result;
}

/** Attributes of an extension stand beside those of the resource, and never in their place. */
function addExtension(result: Json, extension: Json, members: ReadonlySet<string> | undefined): void {
  for (const [name, value] of Object.entries(extension)) {
    if (Object.hasOwn(result, name) || members?.has(name) === false) continue;
    // Defined, not assigned: `__proto__` is a name like any other.
    Object.defineProperty(result, name, { value, enumerable: true, writable: true, configurable: true });
  }
}
