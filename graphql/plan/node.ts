import { getArgumentValues, isObjectType, type FieldNode, type GraphQLField, type GraphQLObjectType } from 'graphql';
import type { PlannerOptions } from './planner.js';
import { nodeInterface } from '../node/nodes.js';
import { notOurs, parseNodeId } from '../node/node-id.js';

/** The resource that the argument of the query `node` names. Throws INVALID_QUERY where it names none that there can be. */
export function nodeNamed(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  { schema, variables }: Pick<PlannerOptions, 'schema' | 'variables'>,
): { readonly type: GraphQLObjectType; readonly id: string } {
  const nodeId = String(getArgumentValues(field, node, variables)['id']);
  const { typeName, id } = parseNodeId(nodeId);
  const type = schema.getType(typeName);
  if (!isObjectType(type) || !type.getInterfaces().some(({ name }) => name === nodeInterface)) throw notOurs(nodeId);
  return { type, id };
}
