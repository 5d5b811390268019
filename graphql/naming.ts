import type { ScalarType } from '../src/platform/filter/tree/attribute-type.js';
import { lowerFirst, upperFirst } from '../src/platform/letter-case.js';

/** How values are stored by the names of their scalars; of all others they are JSON of any structure. */
export const scalarTypes: Readonly<Record<string, ScalarType>> = {
  String: 'string',
  ID: 'string',
  Int: 'int',
  Boolean: 'boolean',
  Decimal: 'decimal',
  DateTime: 'dateTime',
};

// GraphQL names cannot start with @: the TMF attribute @type is atType, @referredType is atReferredType.

const marked = /^at(?=[A-Z])/;

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
): Record<'one' | 'many' | 'create' | 'createMany' | 'update' | 'delete', string> {
  return {
    one: lowerFirst(typeName),
    many: plural(lowerFirst(typeName)),
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
