import { getNamedType, isObjectType, type GraphQLObjectType } from 'graphql';
import { toAttribute, toWire } from '../graphql/naming.js';
import { DomainError } from '../src/platform/errors.js';
import type { Attributes } from '../src/platform/filter/tree/attribute-type.js';
import { URL_LENGTH_MAX } from './limits.js';
import { parseQuery, type ParsedQuery } from './query/query-string.js';
import type { Call, ExecuteOperation, ReadOperation } from './call.js';
import { editionHeader, editionOf, type ConfiguredEditions } from './edition.js';
import { extensionAttribute } from '../src/platform/json.js';
import { lowerFirst } from '../src/platform/letter-case.js';
import { acceptableType, jsonType } from './headers.js';
import { listFileTypes } from './list-file.js';
import type { RestRequest, RestResponse } from './http.js';
import { Plans } from './operation.js';
import type { PageSizes } from './query/paging.js';
import { filterOf, list, read as readResource } from './reading.js';
import { targetType, type ResourceModel } from './resource-model.js';
import type { Fixed, Route, Router } from './route.js';
import { KeyedMutex } from './keyed-mutex.js';
import { create, createMany, jsonPatchTypes, mergePatchTypes, remove, update } from './writing.js';

export interface RestOptions {
  pageSizes: PageSizes;
  /** The edition of each API's answers where a request asks for none; absent: its first. */
  editions: ConfiguredEditions;
  bodyMaxBytes: number;
  /** Attributes of extensions whose schema is known: they can be filtered by name. */
  extensionAttributes: ReadonlySet<string>;
  /** Whether `?explain=graphql` is answered: it is for learning, in the sandbox. */
  isExplainOffered: boolean;
  execute: ExecuteOperation;
  read: ReadOperation;
  router: Router;
}

/** What answers differ by, beside the address: coding, edition and principal. */
const variesBy = `Accept-Encoding, ${editionHeader}, Authorization`;

type Handler = (call: Call) => Promise<RestResponse>;

/** TMF REST over the GraphQL schema: no resource is named here and no business rule stands here. */
export class Rest {
  private readonly plans = new Plans();
  private readonly patches = new KeyedMutex();

  constructor(private readonly options: RestOptions) {}

  get router(): Router {
    return this.options.router;
  }

  /** Answers a request; every refusal is thrown as a DomainError. */
  async handle(request: RestRequest): Promise<RestResponse> {
    if (request.path.length + request.rawQuery.length > URL_LENGTH_MAX) {
      throw new DomainError(
        'URL_TOO_LONG',
        `the URL is longer than the limit URL_LENGTH_MAX of ${URL_LENGTH_MAX} characters`,
      );
    }
    const route = this.router.match(request.path);
    const handlers = handlersOf(route);
    const handler = Object.hasOwn(handlers, request.method) ? handlers[request.method] : undefined;
    if (handler === undefined) {
      const methods = [...Object.keys(handlers), 'OPTIONS'];
      if (request.method === 'OPTIONS') return { status: 204, headers: optionsHeaders(methods) };
      throw new DomainError('METHOD_NOT_ALLOWED', `${request.method} is not offered here, but ${methods.join(', ')}`, {
        allow: methods,
      });
    }
    const { access } = request.context;
    // Before anything of the request is looked at: what it would come to is not told.
    access.rights.require(operationOf(request.method, route));
    const isRead = ['GET', 'HEAD'].includes(request.method);
    const isList = isRead && route.id === undefined;
    const mediaType = acceptableType(request, isList ? [jsonType, ...listFileTypes] : [jsonType]);
    if (!isRead) await request.requireType();
    const { extensionAttributes } = this.options;
    const attributes = withExtensions(route.model.attributes, extensionAttributes);
    const parsed = withExtensionField(
      parseQuery(request.rawQuery, { attributes, toAttribute }),
      route.model.attributes,
    );
    const query = isRead && route.fixed ? withFixed(parsed, route.fixed) : parsed;
    this.checkExplain(query);
    if (access.rights.hides)
      access.rights.requireVisible(lowerFirst(route.model.name), [...(query.fields?.attributes.keys() ?? [])]);
    for (const path of query.expand ?? []) requireReference(route.model.type, path);
    const { execute, read, pageSizes, bodyMaxBytes } = this.options;
    const edition = editionOf(route.api, request.headers[editionHeader.toLowerCase()], this.options.editions);
    const { headers, ...answer } = await handler({
      request,
      mediaType,
      route: { ...route, edition },
      query,
      plans: this.plans.seenBy(access),
      patches: this.patches,
      execute,
      read,
      pageSizes,
      bodyMaxBytes,
      extensionAttributes,
    });
    return {
      ...answer,
      headers: {
        Vary: isList ? `${variesBy}, Accept` : variesBy,
        ...(edition && { [editionHeader]: edition.name }),
        ...headers,
      },
    };
  }

  private checkExplain({ explain }: ParsedQuery): void {
    if (explain === undefined) return;
    if (!this.options.isExplainOffered)
      throw new DomainError('NOT_SUPPORTED', 'explain is only offered in the sandbox', { path: 'explain' });
    if (explain !== 'graphql')
      throw new DomainError('INVALID_QUERY', `explain must be graphql: '${explain}'`, { path: 'explain' });
  }
}

/** The resource's own attributes win over those of extensions. */
export function withExtensions(own: Attributes, extensionAttributes: ReadonlySet<string>): Attributes {
  if (extensionAttributes.size === 0) return own;
  const known = [...extensionAttributes].map((name) => [name, { kind: 'scalar', type: 'json' }] as const);
  return { ...Object.fromEntries(known), ...own };
}

/** Selecting an attribute of an extension selects the extension, which is answered whole. */
function withExtensionField(query: ParsedQuery, own: Attributes): ParsedQuery {
  if (query.fields === undefined) return query;
  const names = [...query.fields.attributes].map(([name, inner]) =>
    Object.hasOwn(own, name) ? ([name, inner] as const) : ([extensionAttribute, true] as const),
  );
  return { ...query, fields: { ...query.fields, attributes: new Map(names) } };
}

/** Only what the API serves of resources that others serve, too. */
function withFixed(query: ParsedQuery, fixed: Fixed): ParsedQuery {
  const filter = query.filter ? { kind: 'and' as const, filters: [query.filter, filterOf(fixed)] } : filterOf(fixed);
  return { ...query, filter };
}

/** The right that a request takes, as graphql/rights/operations.ts names it. */
function operationOf(method: string, { model, id }: Route): string {
  const verb = { DELETE: 'delete', PATCH: id === undefined ? 'create' : 'update', POST: 'create' }[method] ?? 'read';
  return `${lowerFirst(model.name)}:${verb}`;
}

type Handlers = Partial<Record<string, Handler>>;

/** Made once for each resource: of its collection, and of one. */
const handlers = new WeakMap<ResourceModel, readonly [Handlers, Handlers]>();

/** What each method does here; what a resource can do follows from the operations of its type. */
function handlersOf({ model, id }: Route): Handlers {
  let known = handlers.get(model);
  if (known === undefined) handlers.set(model, (known = [handlersFor(model, false), handlersFor(model, true)]));
  return known[id === undefined ? 0 : 1];
}

function handlersFor(model: ResourceModel, isOne: boolean): Handlers {
  if (!isOne) {
    return {
      GET: list,
      HEAD: list,
      ...(model.createInput && { POST: create }),
      ...(model.canCreateMany && { PATCH: createMany }),
    };
  }
  return {
    GET: readResource,
    HEAD: readResource,
    ...(model.updateInput && { PATCH: update }),
    ...(model.canDelete && { DELETE: remove }),
  };
}

function optionsHeaders(methods: readonly string[]): Record<string, string> {
  const patchTypes =
    methods.includes('DELETE') || !methods.includes('POST') ? [...mergePatchTypes, ...jsonPatchTypes] : jsonPatchTypes;
  return { Allow: methods.join(', '), ...(methods.includes('PATCH') && { 'Accept-Patch': patchTypes.join(', ') }) };
}

/** `expand` names references to resources of ours, nothing else. */
function requireReference(type: GraphQLObjectType, path: readonly string[]): void {
  const at = path.reduce<GraphQLObjectType | undefined>((outer, name) => {
    const field = outer?.getFields()[name];
    const named = field && getNamedType(field.type);
    return isObjectType(named) ? named : undefined;
  }, type);
  if (at !== undefined && targetType(at) !== undefined) return;
  const shown = path.map(toWire).join('.');
  throw new DomainError('INVALID_QUERY', `cannot expand '${shown}': it is no reference to a resource of this server`, {
    path: 'expand',
  });
}
