import { isEnumType, type GraphQLNamedType } from 'graphql';
import type { ScalarType } from '../src/platform/filter/tree/attribute-type.js';
import { lowerFirst, upperFirst } from '../src/platform/letter-case.js';

/** How values are stored by the names of their scalars. */
const scalarTypes: Readonly<Record<string, ScalarType>> = {
  String: 'string',
  ID: 'string',
  Int: 'int',
  Boolean: 'boolean',
  Decimal: 'decimal',
  DateTime: 'dateTime',
};

/** How values of a type are stored: those of an enum are words. Undefined for JSON of any structure. */
export function scalarTypeNamed(type: GraphQLNamedType): ScalarType | undefined {
  return isEnumType(type) ? 'string' : scalarTypes[type.name];
}

// GraphQL names cannot start with @: the TMF attribute @type is atType, @referredType is atReferredType.

const marked = /^at(?=[A-Z])/;

// In GraphQL only a resource has a field `id`: caches take what has one for the same thing wherever it occurs. What a reference, or
// an item within a resource, has under that name in TMF and in storage is `refId` or `itemId`.

/** What the attribute `id` of what is no resource is called in GraphQL, and of a resource that is known by its value. */
export type IdentityField = 'refId' | 'itemId' | 'value';

const identityFields: ReadonlySet<string> = new Set<IdentityField>(['refId', 'itemId', 'value']);

/** A field of a type or of an input. */
interface NamedField {
  readonly name: string;
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** Which attribute a field is, where its name does not say it (graphql/stored-names.ts). */
export const attributeExtension = 'attribute';

export function attributeOfField({ name, extensions }: NamedField): string {
  return (extensions[attributeExtension] as string | undefined) ?? name;
}

/** The field that an attribute is, among those of a type or an input. */
export function fieldOfAttribute<Field extends NamedField>(
  fields: Readonly<Record<string, Field>>,
  attribute: string,
): Field | undefined {
  const same = Object.hasOwn(fields, attribute) ? fields[attribute] : undefined;
  if (same && attributeOfField(same) === attribute) return same;
  return Object.values(fields).find((field) => attributeOfField(field) === attribute);
}

/** The attribute that a field of a condition or an order stands for, among those of its object. */
export function attributeNamed(attributes: Readonly<Record<string, unknown>>, field: string): string {
  return identityFields.has(field) && !Object.hasOwn(attributes, field) ? 'id' : field;
}

/** The few names that TMF writes in a way of their own, as the classes that have them say. */
const wireNames = new Map<string, string>();
const attributeNames = new Map<string, string>();

/** Notes how an attribute is written on the wire; it is written so wherever it occurs. */
export function nameOnWire(attribute: string, wire: string): void {
  wireNames.set(attribute, wire);
  attributeNames.set(wire, attribute);
}

/** atType → @type; every other name is the same on the wire, unless its class says otherwise. */
export function toWire(attribute: string): string {
  const own = wireNames.get(attribute);
  if (own !== undefined) return own;
  return marked.test(attribute) ? `@${lowerFirst(attribute.slice(2))}` : attribute;
}

/** The name of a field on the wire. */
export function wireOf(field: NamedField): string {
  return toWire(attributeOfField(field));
}

/** @type → atType. On the wire atType is no attribute: it becomes a name that none has. */
export function toAttribute(wire: string): string {
  const own = attributeNames.get(wire);
  if (own !== undefined) return own;
  if (wire.startsWith('@')) return `at${upperFirst(wire.slice(1))}`;
  return marked.test(wire) ? `@${wire}` : wire;
}

/** Names of a resource's operations, all from the name of its type. */
export function operationsOf(
  typeName: string,
): Record<'one' | 'many' | 'aggregate' | 'create' | 'createMany' | 'update' | 'delete', string> {
  return {
    one: lowerFirst(typeName),
    many: plural(lowerFirst(typeName)),
    aggregate: `${plural(lowerFirst(typeName))}Aggregate`,
    create: `create${typeName}`,
    createMany: `create${plural(typeName)}`,
    update: `update${typeName}`,
    delete: `delete${typeName}`,
  };
}

/** Plain English plural: bucket → buckets, LedgerEntry → LedgerEntries, ApiKey → ApiKeys. */
export function plural(noun: string): string {
  return /[^aeou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : `${noun}s`;
}
