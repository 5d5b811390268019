import { listFileTypes } from '../list-file.js';
import type { GraphQLField, GraphQLInputObjectType, GraphQLSchema } from 'graphql';
import type { ApiDescriptor } from '../apis/api.js';
import type { Json } from '../body/input.js';
import { commonParameters, idParameter, keyParameter, resourceParameters } from './parameters.js';
import { editionHeader } from '../edition.js';
import {
  errorReferences,
  errorResponses,
  errorSchema,
  headers,
  success,
  withoutBodies,
  type DescribedError,
  type ErrorResponses,
} from './responses.js';
import { createExample, Schemas, updateExample } from './schemas.js';
import { security, securedPaths, securitySchemes } from './security.js';
import { jsonPatchSchema, overview } from './texts.js';
import type { PageSizes } from '../query/paging.js';
import { resourceModel, type ResourceModel } from '../resource-model.js';
import { jsonPatchTypes, mergePatchTypes } from '../writing.js';
import { upperFirst } from '../../src/platform/letter-case.js';

export interface OpenApiOptions {
  pageSizes: PageSizes;
  /** Whether `?explain=graphql` is answered. */
  isExplainOffered: boolean;
  /** Whether requests need a token or an API key. */
  isAuthenticationRequired: boolean;
  /** Every error of the server, of whatever layer. */
  errors: readonly DescribedError[];
}

/** An OpenAPI 3.0 document; `servers` are the base paths, to be completed by an origin. */
export type OpenApiDocument = Json & { servers: { url: string }[] };

/** That of this server, whose documents these are. */
const license = { name: 'Apache 2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' };

const version = ['ETag', 'Last-Modified'] as const;

/** Every request has a path and headers, takes its time and passes a server. */
const alwaysPossible = [408, 414, 417, 421, 429, 431, 500, 501, 503];
const readRefusals = [400, 406, ...alwaysPossible];
const writeRefusals = [400, 403, 406, 409, 422, ...alwaysPossible];
const bodyRefusals = [...writeRefusals, 413, 415];

/**
 * What REST serves of one API, told by the GraphQL schema and the descriptor alone: no resource is named here,
 * and what is added there appears.
 */
export function openApiDocument(schema: GraphQLSchema, api: ApiDescriptor, options: OpenApiOptions): OpenApiDocument {
  const facts = { ...options, fieldsAddIdentity: api.fieldsAddIdentity, editions: Object.keys(api.editions ?? {}) };
  const parts: Parts = {
    schemas: new Schemas(schema, Object.values(api.editions ?? {})),
    parameters: commonParameters(facts),
    mutations: schema.getMutationType()?.getFields() ?? {},
    examples: api.examples ?? {},
    demo: api.demo ?? { ids: {}, deletable: {} },
    key: (verb, segment, { name }) => keyParameter(verb, segment, api.fixed?.[name] && api.number),
    pageSizes: options.pageSizes,
    // 405 answers methods that no document describes, 410 subscriptions, which TMF REST does not have.
    errors: errorResponses(options.errors.filter(({ status }) => ![405, 410].includes(status))),
  };
  parts.schemas.components['Error'] = errorSchema;
  parts.schemas.components['JsonPatch'] = jsonPatchSchema;
  const served = Object.entries(api.resources).map(([segment, typeName]) => ({
    segment,
    model: resourceModel(schema, typeName),
  }));
  const described = served.map(({ segment, model }) => pathsOf(segment, model, parts));
  const paths = options.isAuthenticationRequired ? described.map((one) => securedPaths(one, parts.errors)) : described;
  return {
    openapi: '3.0.3',
    info: {
      title: `${api.number} ${api.title}`,
      version: api.version,
      description: overview(facts),
      license,
    },
    servers: api.basePaths.map((url) => ({ url })),
    ...(options.isAuthenticationRequired && { security }),
    tags: served.map(({ segment, model }) => ({ name: segment, description: model.type.description ?? '' })),
    paths: Object.assign({}, ...paths) as Json,
    components: {
      schemas: parts.schemas.components,
      parameters: parts.parameters,
      headers,
      responses: parts.errors,
      ...(options.isAuthenticationRequired && { securitySchemes }),
    },
  };
}

/** What the document is put together from while its paths are described. */
interface Parts {
  readonly schemas: Schemas;
  readonly parameters: Record<string, Json>;
  readonly mutations: Readonly<Record<string, GraphQLField<unknown, unknown>>>;
  readonly examples: NonNullable<ApiDescriptor['examples']>;
  readonly demo: NonNullable<ApiDescriptor['demo']>;
  key(verb: string, segment: string, model: ResourceModel): Json;
  readonly pageSizes: PageSizes;
  readonly errors: ErrorResponses;
}

/** The collection and its items; the methods are those of rest.ts. */
function pathsOf(segment: string, model: ResourceModel, parts: Parts): Json {
  const named = {
    segment,
    model,
    parts,
    row: parts.schemas.output(model.type),
    parameters: parametersOf(model, parts),
  };
  const collection = {
    ...reading(named, 'list', listOperation(named)),
    ...(model.createInput && { post: createOperation(named) }),
    ...(model.createInput && model.canCreateMany && { patch: createManyOperation(named) }),
  };
  const item = {
    ...reading(named, 'retrieve', readOperation(named)),
    ...(model.updateInput && { patch: updateOperation(named) }),
    ...(model.canDelete && { delete: deleteOperation(named) }),
  };
  return {
    [`/${segment}`]: { ...collection, options: optionsOperation(named, 'list', 'patch' in collection) },
    [`/${segment}/{id}`]: {
      ...item,
      options: { ...optionsOperation(named, 'retrieve', 'patch' in item), parameters: [named.parameters.id] },
    },
  };
}

interface Described {
  readonly segment: string;
  readonly model: ResourceModel;
  readonly parts: Parts;
  /** The schema of one resource. */
  readonly row: Json;
  /** References to the parameters of this resource's operations. */
  readonly parameters: Record<'sort' | 'selection' | 'conditions' | 'search', Json[]> &
    Record<'id' | 'deletedId', Json>;
}

function parametersOf(model: ResourceModel, { parameters, demo }: Parts): Described['parameters'] {
  const { sort, conditions, expand } = resourceParameters(model);
  const add = (parameter: Json): Json => {
    const name = `${model.name}.${String(parameter['name']).replace('@', 'at-')}`;
    parameters[name] = parameter;
    return reference(name);
  };
  const expansion = expand === undefined ? [] : [add(expand), reference('depth')];
  const edition = editionHeader in parameters ? [reference(editionHeader)] : [];
  const explain = 'explain' in parameters ? [reference('explain')] : [];
  const [any, ...each] = conditions.map(add);
  return {
    sort: [add(sort)],
    selection: [reference('fields'), ...expansion, ...explain, ...edition],
    search: any === undefined ? [] : [reference('filter'), any],
    conditions: each,
    id: idParameter(demo.ids[model.name]),
    deletedId: idParameter(demo.deletable[model.name] ?? demo.ids[model.name]),
  };
}

function reference(name: string): Json {
  return { $ref: `#/components/parameters/${name}` };
}

/** GET and HEAD. */
function reading({ segment, parts }: Described, verb: string, get: Json): Json {
  const responses = withoutBodies(get['responses'] as Json, parts.errors);
  const head = {
    ...get,
    summary: 'The headers of GET',
    operationId: `head${upperFirst(verb)}${upperFirst(segment)}`,
    responses,
  };
  return { get, head };
}

function listOperation({ segment, model, parts, row, parameters }: Described): Json {
  const pageHeaders = ['X-Result-Count', 'X-Total-Count', 'Link', 'Content-Range'] as const;
  const rows = { type: 'array', items: row };
  return {
    ...named(segment, 'list', `Lists or finds ${model.name} objects`),
    description:
      'All conditions must hold. Values of one parameter are alternatives. As `text/csv` or `application/x-ndjson` (Accept) it is a file of all that match, however many.',
    parameters: [
      ...['offset', 'limit'].map(reference),
      ...parameters.sort,
      reference('after'),
      ...parameters.selection,
      ...parameters.search,
      ...parameters.conditions,
      ...['Range', 'Prefer'].map(reference),
    ],
    responses: {
      200: success(
        `All that match, or without paging parameters the first ${parts.pageSizes.pageSizeDefault} of them: then \`Link\` has \`next\`.`,
        pageHeaders,
        rows,
        listFileTypes,
      ),
      206: success('The part of them that the paging parameters asked for.', pageHeaders, rows),
      ...errorReferences(readRefusals),
    },
  };
}

function readOperation({ segment, model, row, parameters }: Described): Json {
  return {
    ...named(segment, 'retrieve', `Retrieves ${one(model)} by id`),
    description: 'With conditions: only if it fulfils them, else 404.',
    parameters: [parameters.id, ...parameters.selection, ...parameters.search, reference('If-None-Match')],
    responses: {
      200: success('The resource.', version, row),
      304: success('The client has this version already.', version),
      ...errorReferences([...readRefusals, 404]),
    },
  };
}

function createOperation({ segment, model, parts, row, parameters }: Described): Json {
  const input = model.createInput;
  if (input === undefined) throw new Error('POST is only described where there is a create');
  const schema = parts.schemas.input(input, `${model.name}_Create`);
  return {
    ...named(segment, 'create', `Creates ${one(model)}`),
    description: `${descriptionOf(parts, model.operations.create)}\n\nThe id, href and other attributes that the server sets may be sent and are ignored.`,
    parameters: [...parameters.selection, parts.key('create', segment, model)],
    requestBody: {
      required: true,
      content: {
        'application/json': { schema, example: bodyOf(parts, model, input) },
      },
    },
    responses: {
      201: success('It was created.', ['Location', ...version, 'Idempotency-Replayed'], row),
      ...errorReferences(bodyRefusals),
    },
  };
}

function createManyOperation({ segment, model, parts, row, parameters }: Described): Json {
  const input = model.createInput;
  if (input === undefined) throw new Error('bulk PATCH is only described where there is a create');
  const value = parts.schemas.input(input, `${model.name}_Create`);
  const operation = {
    type: 'object',
    required: ['op', 'path', 'value'],
    properties: { op: { type: 'string', enum: ['add'] }, path: { type: 'string', enum: ['/-', '/'] }, value },
  };
  const example = [1, 2].map(() => ({
    op: 'add',
    path: '/-',
    value: bodyOf(parts, model, input),
  }));
  return {
    ...named(segment, 'createMany', `Creates several ${model.name} objects, all or none`),
    description: `A JSON Patch on the collection (TMF630 Part 5) that only adds. ${descriptionOf(parts, model.operations.createMany)}`,
    parameters: [...parameters.selection, parts.key('createMany', segment, model)],
    requestBody: {
      required: true,
      content: contents(jsonPatchTypes, () => ({ schema: { type: 'array', items: operation }, example })),
    },
    responses: {
      200: success('What was created, in the order of the patch.', ['Idempotency-Replayed'], {
        type: 'array',
        items: row,
      }),
      ...errorReferences(bodyRefusals),
    },
  };
}

function updateOperation({ segment, model, parts, row, parameters }: Described): Json {
  const input = model.updateInput;
  if (input === undefined) throw new Error('PATCH is only described where there is an update');
  const schema = parts.schemas.update(input, model.type, `${model.name}_Update`);
  const example = updateExample(input, model.type);
  const jsonPatch = {
    schema: { $ref: '#/components/schemas/JsonPatch' },
    example: Object.entries(example).map(([name, value]) => ({ op: 'add', path: `/${name}`, value })),
  };
  return {
    ...named(segment, 'patch', `Changes ${one(model)}`),
    description: `${descriptionOf(parts, model.operations.update)}\n\nAn attribute that cannot be changed may be sent as it is.`,
    parameters: [parameters.id, ...parameters.selection, reference('If-Match'), parts.key('patch', segment, model)],
    requestBody: {
      required: true,
      content: {
        ...contents(mergePatchTypes, () => ({ schema, example })),
        ...contents(jsonPatchTypes, () => jsonPatch),
      },
    },
    responses: {
      200: success('It was changed, or already was as the patch wants it.', [...version, 'Idempotency-Replayed'], row),
      ...errorReferences([...bodyRefusals, 404, 412]),
    },
  };
}

function deleteOperation({ segment, model, parts, parameters }: Described): Json {
  const explain = 'explain' in parts.parameters ? [reference('explain')] : [];
  return {
    ...named(segment, 'delete', `Deletes ${one(model)}`),
    description: descriptionOf(parts, model.operations.delete),
    parameters: [parameters.deletedId, ...explain, reference('If-Match'), parts.key('delete', segment, model)],
    responses: {
      204: success('It was deleted.', ['Idempotency-Replayed']),
      ...errorReferences([...writeRefusals, 404, 412]),
    },
  };
}

function bodyOf({ examples, demo }: Parts, model: ResourceModel, input: GraphQLInputObjectType): Json {
  return examples[model.name] ?? createExample(input, model.type, demo.ids);
}

function optionsOperation({ segment }: Described, verb: string, canPatch: boolean): Json {
  return {
    ...named(segment, `options${upperFirst(verb)}`, 'What can be done here'),
    description: 'The methods that this address takes, in `Allow`.',
    responses: {
      204: success('See the headers.', canPatch ? ['Allow', 'Accept-Patch'] : ['Allow']),
      ...errorReferences([414]),
    },
  };
}

function named(segment: string, verb: string, summary: string): Json {
  return { tags: [segment], operationId: verb + upperFirst(segment), summary };
}

function one({ name }: ResourceModel): string {
  return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}`;
}

function contents(types: readonly string[], content: () => Json): Json {
  return Object.fromEntries(types.map((type) => [type, content()]));
}

/** What users of GraphQL read about the mutation. */
function descriptionOf({ mutations }: Parts, operation: string): string {
  return mutations[operation]?.description ?? '';
}
