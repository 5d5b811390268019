import { isObjectType, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql';
import { asError } from './describe-error.js';

/**
 * The schema, whose resolvers throw nothing but errors that can be read: executors look at what is thrown outside of any
 * handler, where an error that throws again would end the process, and the request would never be answered.
 */
export function guardResolvers(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      if (field.resolve) field.resolve = guarded(field.resolve);
    }
  }
  return schema;
}

function guarded(resolve: GraphQLFieldResolver<unknown, unknown>): GraphQLFieldResolver<unknown, unknown> {
  return (source, values, context, info) => {
    try {
      const result = resolve(source, values, context, info);
      return result instanceof Promise ? result.catch(throwReadable) : result;
    } catch (error) {
      throwReadable(error);
    }
  };
}

function throwReadable(thrown: unknown): never {
  throw asError(thrown);
}
