import { GraphQLScalarType } from 'graphql';
import { ID, Int } from 'type-graphql';
import type { Attributes, AttributeType, ScalarType } from '../src/platform/filter/tree/attribute-type.js';
import type { ResourceMapping, StoredAttribute } from '../src/platform/read/resource-mapping.js';
import {
  allResources,
  columnPairOf,
  resolveType,
  resourceNamed,
  resourceOf,
  storedAttributesOf,
  type Attribute,
  type SingleType,
  type TypeClass,
} from './attribute.js';
import { enumFacts } from './enum.js';
import { ownershipOf } from './rights/ownership.js';
import { DateTime, Decimal } from './scalars.js';

const scalarTypes = new Map<SingleType, ScalarType>([
  [String, 'string'],
  [ID, 'string'],
  [Int, 'int'],
  [Boolean, 'boolean'],
  [Decimal, 'decimal'],
  [DateTime, 'dateTime'],
]);

/** The filterable type of a scalar; words are text, scalars of unknown structure are json. Undefined for classes. */
export function scalarTypeOf(type: SingleType): ScalarType | undefined {
  if (enumFacts(type)) return 'string';
  return scalarTypes.get(type) ?? (type instanceof GraphQLScalarType ? 'json' : undefined);
}

const attributeTypes = new Map<TypeClass, Attributes>();

/** The attributes of a class as the filter language knows them. */
export function attributeTypesOf(target: TypeClass): Attributes {
  let types = attributeTypes.get(target);
  if (types === undefined) {
    types = Object.fromEntries(
      storedAttributesOf(target).map((attribute) => [attribute.name, attributeType(attribute)]),
    );
    attributeTypes.set(target, types);
  }
  return types;
}

function attributeType(attribute: Attribute): AttributeType {
  const { type, isList } = resolveType(attribute.type);
  const scalar = scalarTypeOf(type);
  const single: AttributeType =
    scalar === undefined
      ? { kind: 'object', attributes: () => attributeTypesOf(type as TypeClass) }
      : { kind: 'scalar', type: scalar, words: enumFacts(type)?.words };
  return isList ? { kind: 'list', element: single } : single;
}

const mappings = new Map<TypeClass, ResourceMapping>();

/** How the rows of a resource are stored, by the mapping rule: column of its name, column pair, or jsonb. */
export function mappingOf(target: TypeClass): ResourceMapping {
  let mapping = mappings.get(target);
  if (mapping === undefined) {
    mapping = createMapping(target);
    mappings.set(target, mapping);
  }
  return mapping;
}

/** How the resources of all APIs are stored. */
export function allMappings(): ResourceMapping[] {
  return allResources().map(mappingOf);
}

/** The mappings of the resources that a domain writes, by the names it has for them. */
export function mappingsOf<Name extends string>(names: readonly Name[]): NamedMappings<Name> {
  return Object.fromEntries(names.map((name) => [name, mappingOf(resourceNamed(name))])) as NamedMappings<Name>;
}

type NamedMappings<Name extends string> = {
  readonly [One in Name]: ResourceMapping & { readonly name: Capitalize<One> };
};

function createMapping(target: TypeClass): ResourceMapping {
  const { table, asOfFunction, asOfArgument, discriminator = {}, hidden, key = 'id', indexes } = resourceOf(target);
  const types = attributeTypesOf(target);
  const attributes = storedAttributesOf(target);
  return {
    name: target.name,
    table,
    asOfFunction,
    asOfArgument,
    discriminator,
    hidden,
    key,
    indexes,
    ownership: ownershipOf(target.name, (name) => mappingOf(resourceNamed(name))),
    attributes: Object.fromEntries(
      attributes.map((attribute) => [attribute.name, stored(attribute, types[attribute.name])]),
    ),
    computed: attributes.filter(({ computed }) => computed).map(({ name }) => name),
  };
}

function stored(attribute: Attribute, type: AttributeType | undefined): StoredAttribute {
  if (type === undefined) throw new Error(`${attribute.name} has no type`);
  const isNeverNull = attribute.required === true && !attribute.computed && !attribute.sharesColumn;
  const suffixes = columnPairOf(resolveType(attribute.type).type);
  if (suffixes === undefined || type.kind === 'list') {
    return { type, storage: { kind: 'column', column: attribute.name }, isNeverNull };
  }
  const columns = Object.fromEntries(Object.entries(suffixes).map(([part, suffix]) => [part, attribute.name + suffix]));
  return { type, storage: { kind: 'parts', columns }, isNeverNull };
}
