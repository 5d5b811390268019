import {
  getNullableType,
  isInputObjectType,
  isListType,
  typeFromAST,
  type GraphQLInputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import type { DomainError } from '../../src/platform/errors.js';
import { ELEMENTS_MAX, limitExceeded } from '../../src/platform/limits.js';
import type { Variables } from './values.js';

/** The lists in the variables of an operation: a variable that is one, or attributes of one that is an object. */
export interface ListVariable {
  readonly variable: string;
  readonly attribute: string | undefined;
}

export function listVariablesOf(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
): ListVariable[] {
  return variableDefinitions.flatMap(({ variable, type: node }): ListVariable[] => {
    const { value: name } = variable.name;
    const type = getNullableType(typeFromAST(schema, node) as GraphQLInputType | undefined);
    if (isListType(type)) return [{ variable: name, attribute: undefined }];
    if (!isInputObjectType(type)) return [];
    const lists = Object.values(type.getFields()).filter((field) => isListType(getNullableType(field.type)));
    return lists.map((field) => ({ variable: name, attribute: field.name }));
  });
}

/** The refusal of a list of more elements than any may have, before anybody looks into it. */
export function longListOf(lists: readonly ListVariable[], variables: Variables): DomainError | undefined {
  for (const { variable, attribute } of lists) {
    const value = variables[variable];
    const list = attribute === undefined ? value : attributeOf(value, attribute);
    if (!Array.isArray(list) || list.length <= ELEMENTS_MAX) continue;
    const path = attribute ?? variable;
    return limitExceeded(
      'ELEMENTS_MAX',
      ELEMENTS_MAX,
      `${path} has ${list.length} elements`,
      path,
      'INVALID_ATTRIBUTE',
    );
  }
  return undefined;
}

function attributeOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
