import { getNamedType, type GraphQLFieldResolver, type GraphQLOutputType, type GraphQLSchema } from 'graphql';
import { contextWith, type Context } from '../../../graphql/context.js';
import { lowerFirst } from '../../platform/letter-case.js';

/** Wraps every mutation of the schema, in place, so that what it does or is refused is recorded; returns the schema. */
export function auditMutations(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const asked = { operation: field.name, resourceType: resourceTypeOf(field.name, field.type) };
    const resolve = field.resolve as GraphQLFieldResolver<unknown, Context> | undefined;
    if (resolve === undefined) throw new Error(`the mutation ${field.name} has no resolver`);
    const audited: GraphQLFieldResolver<unknown, Context> = (source, values, context, info) =>
      context.audit === undefined
        ? resolve(source, values, context, info)
        : context.audit.write(asked, (auditedWrite) =>
            resolve(source, values, contextWith(context, { auditedWrite }), info),
          );
    field.resolve = audited as typeof field.resolve;
  }
  return schema;
}

/** A deletion answers an id: its name tells what it deletes. */
function resourceTypeOf(operation: string, type: GraphQLOutputType): string {
  const { name } = getNamedType(type);
  return lowerFirst(name === 'ID' ? operation.replace(/^[a-z]+/, '') : name);
}
