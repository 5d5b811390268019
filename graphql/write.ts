import type { GraphQLField, GraphQLSchema } from 'graphql';
import { Extensions } from 'type-graphql';
import type { Context } from './context.js';

/** What a mutation does with its arguments as they were coerced. */
export type Write<Args extends object = object> = (
  context: Context,
  args: Args & { readonly idempotencyKey?: string | null },
) => Promise<object>;

const extension = 'tmfWrite';

/**
 * Declares what a mutation does, in the place of its method. The arguments of a method are made instances of their classes,
 * which takes type-graphql longer than to decide and to write a balance action.
 */
export function WrittenBy(write: Write<never>): MethodDecorator & PropertyDecorator {
  return Extensions({ [extension]: write });
}

/** In the place of a resolver that is never called. */
export function byWrite(): never {
  throw new Error('this mutation is carried out by what it declares (WrittenBy)');
}

/** Lets the mutations of a schema do what they declare, in place, and returns the schema. */
export function withWrites(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {}) as GraphQLField<unknown, Context>[]) {
    const write = field.extensions[extension] as Write | undefined;
    if (write) field.resolve = (_source, args, context) => write(context, args as object);
  }
  return schema;
}
