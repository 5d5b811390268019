import { extendSchema, isObjectType, parse, type GraphQLSchema } from 'graphql';
import { attributesOf, type TypeClass } from './attribute.js';
import type { Context } from './context.js';
import { weights } from './cost/weights.js';
import { byPlan, type FieldRead } from './plan/field-read.js';

/** A reference type whose target is a resource of ours. */
export interface Join {
  reference: TypeClass;
  target: TypeClass;
  /** The field that leads to it; default: target, the one that TMF REST may show in the place of the reference. */
  field?: string;
  /** By the first of these attributes of the reference that it has; default: its id. */
  by?: readonly string[];
}

/**
 * Gives each reference its `target`: the resource itself. It is added to the finished schema, because a
 * class that is input type too (all references are) would get a field resolver's field in its input as well.
 */
export function withJoins(schema: GraphQLSchema, joins: readonly Join[]): GraphQLSchema {
  const fields = joins.map(
    ({ reference, target, field = 'target' }) => `extend type ${reference.name} {
      "The ${target.name} itself, or null when it does not exist."
      ${field}: ${target.name}
    }`,
  );
  const joined = extendSchema(schema, parse(fields.join('\n')));
  for (const { reference, target, field: name = 'target', by } of joins) {
    const type = joined.getType(reference.name);
    const fields = isObjectType(type) ? type.getFields() : {};
    const { [name]: field, href } = fields;
    if (field === undefined) throw new Error(`${reference.name} has no ${name}`);
    if (href && name === 'target' && attributesOf(reference).get('href')?.resolved) {
      const read: FieldRead = { kind: 'address', target, suffix: '' };
      href.extensions = { ...href.extensions, read };
      href.resolve = ({ id }: { id: string }, _args, context: Context) => context.href(target.name, id);
    }
    const read: FieldRead = { kind: 'resource', target, ...(by && { by }) };
    field.extensions = { ...field.extensions, complexity: weights.join, read, isJoin: true };
    field.resolve = byPlan;
  }
  return joined;
}
