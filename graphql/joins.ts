import { extendSchema, isObjectType, parse, type GraphQLSchema } from 'graphql';
import { attributesOf, type TypeClass } from './attribute.js';
import type { Context } from './context.js';
import { weights } from './cost/weights.js';
import { readOne } from './page.js';

/** A reference type whose target is a resource of ours. */
export interface Join {
  reference: TypeClass;
  target: TypeClass;
}

/**
 * Gives each reference its `target`: the resource itself. It is added to the finished schema, because a
 * class that is input type too (all references are) would get a field resolver's field in its input as well.
 * Reads of one turn share a statement: no N+1.
 */
export function withJoins(schema: GraphQLSchema, joins: readonly Join[]): GraphQLSchema {
  const fields = joins.map(
    ({ reference, target }) => `extend type ${reference.name} {
      "The ${target.name} itself, or null when it does not exist."
      target: ${target.name}
    }`,
  );
  const joined = extendSchema(schema, parse(fields.join('\n')));
  for (const { reference, target } of joins) {
    const type = joined.getType(reference.name);
    const fields = isObjectType(type) ? type.getFields() : {};
    const { target: field, href } = fields;
    if (field === undefined || href === undefined) throw new Error(`${reference.name} has no target`);
    if (attributesOf(reference).get('href')?.resolved)
      href.resolve = ({ id }: { id: string }, _args, context: Context) => context.href(target.name, id);
    field.extensions = { ...field.extensions, complexity: weights.join };
    field.resolve = ({ id }: { id?: string }, _args, context: Context, info) =>
      id ? readOne(target, context, info, id) : null;
  }
  return joined;
}
