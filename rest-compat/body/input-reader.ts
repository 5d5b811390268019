import type { GraphQLSchema } from 'graphql';
import { DomainError } from '../../src/platform/errors.js';
import { isDeeper, refuseDeep } from '../../src/platform/json.js';
import { DOCUMENT_DEPTH_MAX } from '../../src/platform/limits.js';
import type { ApiDescriptor } from '../apis/api.js';
import { parseLeaf, isObject, toInput, type Json } from './input.js';
import { resourceModel } from '../resource-model.js';

/**
 * What the body of a POST means, as resolvers get it: for streams, whose bodies no operation carries. Refuses what a
 * POST of the same body would refuse.
 */
export function inputReader(
  schema: GraphQLSchema,
  apis: readonly ApiDescriptor[],
  typeName: string,
): (body: unknown) => Json {
  const api = apis.find(({ resources }) => Object.values(resources).includes(typeName));
  const model = resourceModel(schema, typeName);
  const { createInput } = model;
  if (api === undefined || createInput === undefined) throw new Error(`${typeName} is not made through REST`);
  return (body) => {
    if (!isObject(body)) throw new DomainError('INVALID_BODY', 'must be a JSON object');
    if (isDeeper(body, DOCUMENT_DEPTH_MAX)) throw refuseDeep();
    return toInput(body, createInput, model, api.aliases, parseLeaf);
  };
}
