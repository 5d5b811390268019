import {
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isObjectType,
  type GraphQLField,
  type GraphQLInputObjectType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
} from 'graphql';
import { attributeOfField, operationsOf, scalarTypeNamed } from '../graphql/naming.js';
import { extensionAttribute } from '../src/platform/json.js';
import type { Attributes, AttributeType } from '../src/platform/filter/tree/attribute-type.js';

/** What REST knows of a resource: nothing but what its GraphQL type and operations say. */
export interface ResourceModel {
  readonly name: string;
  readonly type: GraphQLObjectType;
  readonly operations: ReturnType<typeof operationsOf>;
  readonly attributes: Attributes;
  readonly filterInput: GraphQLInputObjectType | undefined;
  readonly orderInput: GraphQLInputObjectType | undefined;
  readonly createInput: GraphQLInputObjectType | undefined;
  readonly updateInput: GraphQLInputObjectType | undefined;
  readonly canCreateMany: boolean;
  readonly canDelete: boolean;
}

export function resourceModel(schema: GraphQLSchema, typeName: string): ResourceModel {
  const type = schema.getType(typeName);
  if (!isObjectType(type)) throw new Error(`the schema has no object type ${typeName}`);
  const operations = operationsOf(typeName);
  const many = schema.getQueryType()?.getFields()[operations.many];
  const mutations = schema.getMutationType()?.getFields() ?? {};
  return {
    name: typeName,
    type,
    operations,
    attributes: attributesOf(type),
    filterInput: argumentType(many, 'filter'),
    orderInput: argumentType(many, 'orderBy'),
    createInput: argumentType(mutations[operations.create], 'input'),
    updateInput: argumentType(mutations[operations.update], 'input'),
    canCreateMany: operations.createMany in mutations,
    canDelete: operations.delete in mutations,
  };
}

function argumentType(
  field: GraphQLField<unknown, unknown> | undefined,
  name: string,
): GraphQLInputObjectType | undefined {
  const argument = field?.args.find((arg) => arg.name === name);
  const type = argument && getNamedType(argument.type);
  return isInputObjectType(type) ? type : undefined;
}

/** What REST says in headers (ETag and Last-Modified), who asked, and what is GraphQL's: no published resource has these. */
const notAttributes: ReadonlySet<string> = new Set(['revision', 'updatedAt', 'principalId', 'nodeId']);

/** Fields of a type that are TMF attributes; fields with arguments are edges, and some lead to what a reference names. */
export function attributeFields(type: GraphQLObjectType): GraphQLField<unknown, unknown>[] {
  const fields = Object.values(type.getFields()).filter(
    ({ name, args, extensions }) => args.length === 0 && !extensions['isJoin'] && !notAttributes.has(name),
  );
  // Identity first, what an extension adds last: that is how people read it.
  const rank = (attribute: string): number =>
    attribute === 'id' ? 0 : attribute === 'href' ? 1 : attribute === extensionAttribute ? 3 : 2;
  return fields.sort((one, other) => rank(attributeOfField(one)) - rank(attributeOfField(other)));
}

/** The resource that a reference type refers to, when it is one of ours. */
export function targetType(type: GraphQLObjectType): GraphQLObjectType | undefined {
  const target = type.getFields()['target'];
  const named = target && getNamedType(target.type);
  return isObjectType(named) ? named : undefined;
}

const known = new WeakMap<GraphQLObjectType, Attributes>();

function attributesOf(type: GraphQLObjectType): Attributes {
  let attributes = known.get(type);
  if (attributes === undefined) {
    attributes = Object.fromEntries(
      attributeFields(type).map((field) => [attributeOfField(field), attributeType(field.type)]),
    );
    known.set(type, attributes);
  }
  return attributes;
}

function attributeType(type: GraphQLOutputType): AttributeType {
  const nullable = getNullableType(type);
  if (isListType(nullable)) return { kind: 'list', element: attributeType(nullable.ofType as GraphQLOutputType) };
  const named = getNamedType(type);
  if (isObjectType(named)) return { kind: 'object', attributes: () => attributesOf(named) };
  const words = isEnumType(named) ? named.getValues().map(({ name }) => name) : undefined;
  return { kind: 'scalar', type: scalarTypeNamed(named) ?? 'json', words };
}
