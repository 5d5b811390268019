import type { GraphQLField, GraphQLFieldResolver, GraphQLSchema } from 'graphql';
import { contextWith, type Context } from '../context.js';
import { readOf } from '../plan/field-read.js';
import type { Operations } from './operations.js';

/**
 * Lets every field of the roots ask for its right before it does anything, in place, and returns the schema. Fields that are
 * read by plans ask for those of all that their plan reads (graphql/plan/bind.ts).
 */
export function withRights(schema: GraphQLSchema, { ofField }: Operations): GraphQLSchema {
  for (const type of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of Object.values(type?.getFields() ?? {}) as GraphQLField<unknown, Context>[]) {
      if (readOf(field)) continue;
      const operation = ofField.get(`${type?.name}.${field.name}`);
      if (operation === undefined) throw new Error(`${field.name} has no right`);
      if (field.resolve) field.resolve = guarded(field.resolve, operation);
    }
  }
  return schema;
}

function guarded(
  resolve: GraphQLFieldResolver<unknown, Context>,
  operation: string,
): GraphQLFieldResolver<unknown, Context> {
  return (source, args, context, info) => {
    const granted = context.access.rights.require(operation);
    return resolve(
      source,
      args,
      granted.isLimited ? contextWith(context, { guard: context.access.guard(operation, granted) }) : context,
      info,
    );
  };
}
