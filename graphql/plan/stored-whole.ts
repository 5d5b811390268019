import { getNamedType, isLeafType, type GraphQLField, type GraphQLObjectType } from 'graphql';
import { extensionAttribute } from '../../src/platform/json.js';
import type { Field } from '../../src/platform/plan/plan.js';
import type { Selected } from '../cost/selections.js';
import { attributeOfField, scalarTypeNamed } from '../naming.js';
import { readOf } from './field-read.js';
import type { Presentation } from './presentation.js';

/** Whether what is stored of an object is just what is shown of it, but for the names. */
export function isStoredWhole(
  type: GraphQLObjectType,
  selected: readonly Selected[],
  fields: readonly Field[],
): boolean {
  const attributes = Object.values(type.getFields()).filter((field) => readOf(field)?.kind !== 'resource');
  return (
    selected.length === attributes.length &&
    attributes.every((field) => isStoredPlainly(field, type)) &&
    fields.every(
      ({ value }) =>
        value.kind === 'extension' ||
        (value.kind === 'attribute' && !value.isFirst && (!value.shape || value.shape.whole)),
    )
  );
}

function isStoredPlainly(field: GraphQLField<unknown, unknown>, type: GraphQLObjectType): boolean {
  const named = getNamedType(field.type);
  // What is of any structure may have names like ours, which are not to be renamed.
  if (isLeafType(named))
    return !readOf(field) && (scalarTypeNamed(named) !== undefined || field.name === extensionAttribute);
  // An answer nests a type in itself only so often.
  return named !== type && !readOf(field);
}

/** Names that are stored otherwise than shown, here and below. */
export function renamedIn(
  type: GraphQLObjectType,
  fields: readonly Field[],
  presentation: Presentation,
): (readonly [string, string])[] {
  const attributes = Object.values(type.getFields()).map(attributeOfField);
  const own = attributes.map((name) => [name, presentation.nameOf(name)] as const);
  const below = fields.flatMap(({ value }) => (value.kind === 'attribute' ? (value.shape?.whole?.renamed ?? []) : []));
  return [...new Map([...own, ...below].filter(([stored, shown]) => stored !== shown))];
}
