import { extendSchema, parse, type GraphQLSchema } from 'graphql';
import { weights } from '../cost/weights.js';
import { ELEMENTS_MAX } from '../../src/platform/limits.js';
import { resourceKeys } from '../node/nodes.js';
import { byPlan, type FieldRead } from '../plan/field-read.js';
import { entitiesField, entityUnion, serviceField } from './names.js';
import { subgraphSdl } from './subgraph-sdl.js';

/**
 * The schema with what a router of Apollo Federation asks a subgraph for. Clients have no use for it: the published schema is without.
 * @param isSdlShown whether the schema may be asked for
 */
export function withFederation(schema: GraphQLSchema, isSdlShown: boolean): GraphQLSchema {
  const names = [...resourceKeys(schema).keys()];
  const service = `
    "This server as a subgraph."
    type _Service {
      "The schema with the directives of Apollo Federation."
      sdl: String!
    }
    extend type Query {
      "Of Apollo Federation: this server as a subgraph."
      ${serviceField}: _Service!
    }`;
  const federated = extendSchema(
    schema,
    parse(`
      "Of Apollo Federation: __typename, and the key of a resource: its id, or the value of a LogicalResource."
      scalar _Any
      "Of Apollo Federation: every resource."
      union ${entityUnion} = ${names.join(' | ')}
      extend type Query {
        "Of Apollo Federation: the resources with these keys, in their order, null where there is none."
        ${entitiesField}(
          "Which, at most ${ELEMENTS_MAX}."
          representations: [_Any!]!
        ): [${entityUnion}]!
      }
      ${isSdlShown ? service : ''}`),
  );
  const { [entitiesField]: entities, [serviceField]: shown } = federated.getQueryType()?.getFields() ?? {};
  if (entities === undefined) throw new Error('unreachable: the field was just added');
  const read: FieldRead = { kind: 'entities' };
  entities.extensions = { ...entities.extensions, read, complexity: weights.statement };
  entities.resolve = byPlan;
  if (shown) {
    let sdl: string | undefined;
    shown.resolve = () => ({ sdl: (sdl ??= subgraphSdl(schema)) });
  }
  return federated;
}
