import { isIntrospectionType, isObjectType, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql';
import { asError } from './describe-error.js';

/** The part of the context that guards read. */
interface CancellableContext {
  readonly signal?: AbortSignal;
}

/**
 * Wraps every resolver of the schema, in place, and returns the schema. A resolver starts nothing for a client that has gone,
 * and throws only errors that can be read: executors read what was thrown outside of any handler, where an error that throws
 * again would end the process.
 */
export function guardResolvers(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    // Introspection types are shared by all schemas.
    if (!isObjectType(type) || isIntrospectionType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      if (field.resolve) field.resolve = guarded(field.resolve as GraphQLFieldResolver<unknown, CancellableContext>);
    }
  }
  return schema;
}

function guarded(
  resolve: GraphQLFieldResolver<unknown, CancellableContext>,
): GraphQLFieldResolver<unknown, CancellableContext> {
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
