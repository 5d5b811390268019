import { extendSchema, getNamedType, isObjectType, parse, type GraphQLField, type GraphQLSchema } from 'graphql';
import { fieldOfAttribute } from '../naming.js';
import { byPlan, readOf, type FieldRead } from '../plan/field-read.js';
import { nodeIdOf } from './node-id.js';

/** The interface of all resources. */
export const nodeInterface = 'Node';

/** The types that a field of the root answers by an id, by their names, each with the field that has it: `id`, or another. */
export function resourceKeys(schema: GraphQLSchema): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  for (const field of Object.values(schema.getQueryType()?.getFields() ?? {})) {
    const type = getNamedType(field.type);
    if (readOf(field)?.kind !== 'row' || !isObjectType(type)) continue;
    keys.set(type.name, fieldOfAttribute(type.getFields(), 'id')?.name ?? 'id');
  }
  return keys;
}

/**
 * Gives every resource a nodeId, and the root the field that answers any of them. It is added to the finished schema: a nodeId is
 * no attribute, so nothing is derived of it.
 */
export function withNodes(schema: GraphQLSchema): GraphQLSchema {
  const names = [...resourceKeys(schema).keys()];
  const noded = extendSchema(
    schema,
    parse(`
      "A resource, whatever its type: what a field of the root answers by its id."
      interface ${nodeInterface} {
        "Tells it apart from all other resources of this server; an opaque text, which the query node takes."
        nodeId: ID!
      }
      extend type Query {
        "The resource with this nodeId, whatever its type, or null."
        node("What its nodeId says; anything else is refused (INVALID_QUERY)." id: ID!): ${nodeInterface}
      }
      ${names
        .map(
          (name) => `extend type ${name} implements ${nodeInterface} {
            "Tells it apart from all other resources of this server; an opaque text, which the query node takes."
            nodeId: ID!
          }`,
        )
        .join('\n')}`),
  );
  for (const name of names) {
    const type = noded.getType(name);
    const field = isObjectType(type) ? type.getFields()['nodeId'] : undefined;
    declare(field, { kind: 'nodeId', typeName: name });
    // Of what a write has made, where nothing is read by a plan.
    if (field) field.resolve = ({ id }: { id: string }) => nodeIdOf(name, id);
  }
  const node = noded.getQueryType()?.getFields()['node'];
  declare(node, { kind: 'node' });
  if (node) node.resolve = byPlan;
  return noded;
}

function declare(field: GraphQLField<unknown, unknown> | undefined, read: FieldRead): void {
  if (field === undefined) throw new Error('unreachable: the field was just added');
  field.extensions = { ...field.extensions, read };
}
