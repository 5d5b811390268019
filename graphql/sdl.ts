import { lexicographicSortSchema, printSchema, type GraphQLSchema } from 'graphql';

/** The schema as a text, sorted, so that a resource that moves within the code changes nothing here. */
export function printedSchema(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
