import type { GraphQLField, GraphQLSchema } from 'graphql';
import { Extensions } from 'type-graphql';
import { argumentRenaming } from './stored-names.js';
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

/**
 * Lets the mutations of a schema do what they declare, in place, and returns the schema. Their arguments come under the names of
 * attributes.
 */
export function withWrites(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {}) as GraphQLField<unknown, Context>[]) {
    const write = field.extensions[extension] as Write | undefined;
    const renamed = argumentRenaming(field.args);
    if (write)
      field.resolve = (_source, args, context) =>
        write(context, renamed ? renamed(args as Readonly<Record<string, unknown>>) : (args as object));
    else if (renamed)
      throw new Error(`the arguments of ${field.name} need other names: declare what it does (WrittenBy)`);
  }
  return schema;
}
