import {
  getNamedType,
  isAbstractType,
  isObjectType,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';
import { lowerFirst } from '../../src/platform/letter-case.js';
import { serviceField } from '../federation/names.js';
import { plural } from '../naming.js';

// Whatever may be done has a name that follows from the schema: resource and verb, e.g. bucket:read, reserveBalance:commit.
// The policy grants these names.

/** Of lists, and of groups of what they list. */
const page = /(Group)?Page$/;

/** The operations of the fields of the roots, by `Query.bucket`, and those of resources that are only read below others. */
export interface Operations {
  readonly ofField: ReadonlyMap<string, string>;
  readonly all: ReadonlySet<string>;
}

/** All operations of a schema. */
export function operationsOfSchema(schema: GraphQLSchema): Operations {
  // What answers resources of any type is read by the right of each; the schema is no resource.
  const queries = Object.values(schema.getQueryType()?.getFields() ?? {}).filter(
    ({ name, type }) => name !== serviceField && !isAbstractType(getNamedType(type)),
  );
  const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
  const pages = Object.values(schema.getTypeMap()).filter(isPageOfResource);
  const resources = new Set([...queries.map(resourceRead), ...pages.map(({ name }) => name.replace(page, ''))]);
  const ofField = new Map([
    ...queries.map((field) => [`Query.${field.name}`, readingOf(resourceRead(field))] as const),
    ...mutations.map((field) => [`Mutation.${field.name}`, operationOfMutation(field, resources)] as const),
  ]);
  return { ofField, all: new Set([...ofField.values(), ...[...resources].map(readingOf)]) };
}

/** Pages of values without identity show rows of a resource that has pages, too, and are read by its right. */
function isPageOfResource(type: GraphQLNamedType): boolean {
  if (!isObjectType(type) || !page.test(type.name)) return false;
  const row = getNamedType(type.getFields()['items']?.type);
  return isObjectType(row) && ['id', 'itemId'].some((name) => name in row.getFields());
}

/** The right to read a type: bucket:read. */
export function readingOf(typeName: string): string {
  return `${lowerFirst(typeName)}:read`;
}

/** The type that a query answers, of a page that of its items, and of a page of groups that of what is grouped. */
export function resourceRead({ type }: GraphQLField<unknown, unknown>): string {
  return getNamedType(type).name.replace(page, '');
}

/**
 * Resource and verb are in the name of the mutation: createBuckets is bucket:create, updateResourceOrderItem is
 * resourceOrder:updateItem. One that names no resource is about what it answers.
 */
function operationOfMutation({ name, type }: GraphQLField<unknown, unknown>, resources: ReadonlySet<string>): string {
  const [named] = [...resources]
    .flatMap((resource) => [resource, plural(resource)].map((word) => ({ resource, word })))
    .filter(({ word }) => name.includes(word))
    .sort((one, other) => other.word.length - one.word.length);
  if (named === undefined) return `${lowerFirst(getNamedType(type).name)}:${name}`;
  return `${lowerFirst(named.resource)}:${lowerFirst(name.replace(named.word, ''))}`;
}
