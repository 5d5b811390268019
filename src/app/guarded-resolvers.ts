import { isIntrospectionType, isObjectType, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql';
import { asError } from './describe-error.js';

/** What is looked at in the context of whatever is resolved. */
interface Waiting {
  readonly signal?: AbortSignal;
}

/**
 * The schema, whose resolvers begin nothing for a client that has gone, and throw nothing but errors that can be read: executors look at what is thrown outside of any
 * handler, where an error that throws again would end the process, and the request would never be answered.
 */
export function guardResolvers(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    // Those of introspection belong to all schemas.
    if (!isObjectType(type) || isIntrospectionType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      if (field.resolve) field.resolve = guarded(field.resolve as GraphQLFieldResolver<unknown, Waiting>);
    }
  }
  return schema;
}

function guarded(resolve: GraphQLFieldResolver<unknown, Waiting>): GraphQLFieldResolver<unknown, Waiting> {
  return (source, values, context, info) => {
    try {
      context.signal?.throwIfAborted();
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
