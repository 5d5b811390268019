import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import type { Logger } from 'pino';
import { contextWith, writeContext, type Context } from '../../../graphql/context.js';
import { errorResponse } from '../../../rest-compat/errors.js';
import { isNotModified, mediaTypeOf } from '../../../rest-compat/headers.js';
import type { RestResponse } from '../../../rest-compat/http.js';
import type { Rest } from '../../../rest-compat/rest.js';
import type { Route } from '../../../rest-compat/route.js';
import { DomainError } from '../../platform/errors.js';
import { lowerFirst } from '../../platform/letter-case.js';
import type { StreamRoute } from '../../streaming/routes.js';
import type { ContextOf } from '../app-context.js';
import { partSignature, type FileAddress, type FileAddresses, type SignedRequest } from '../links/signed-links.js';
import { openBody } from './compression.js';
import { toRefusal } from '../refusal.js';
import { requestIdOf } from './request-id.js';
import { addressOf, send } from './rest.js';

export interface StreamHttpOptions {
  rest: Rest;
  contextOf: ContextOf;
  originOf(request: IncomingMessage): string;
  clientOf(request: IncomingMessage): string;
  /** Page size of TMF REST's lists. */
  pageSizeMax: number;
  logger: Logger;
}

/** Ids in one `id=` filter. */
const idsPerListMax = 100;

const readRequest = {
  preferred: ([first]: readonly string[]) => first,
  requireType: () => Promise.resolve(),
  body: () => Promise.resolve(undefined),
};

/** How a request for a file is answered. */
export interface FoundStream {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Of a request that reads: what it comes with instead of a header. */
  readonly signed?: SignedRequest;
}

/**
 * Recognizes a request for a file; undefined: it is none. A signature is taken out of its address, so that it lets in nobody
 * who sees the address later.
 */
export type FindStream = (request: IncomingMessage) => FoundStream | undefined;

/** The file routes of all domains. */
export interface Streams extends FileAddresses {
  find: FindStream;
  /** Resolves when all files that were begun are finished, even those whose connection is gone. */
  drain(): Promise<void>;
}

/** Serves the file routes. A request is recognized by its last path segment, or by the media type of its body. */
export function createStreams(routes: readonly StreamRoute[], options: StreamHttpOptions): Streams {
  const openStreams = new Set<Promise<void>>();
  const begin = (stream: Promise<void>): Promise<void> => {
    openStreams.add(stream);
    return stream.finally(() => openStreams.delete(stream));
  };
  const { router } = options.rest;
  const parts = new Set(routes.map(({ part }) => part));
  const paths = new Set(routes.map(({ path }) => path));
  const locate = (path: string): Route | undefined => {
    try {
      return router.match(path);
    } catch {
      return undefined;
    }
  };
  const find: FindStream = (request) => {
    const { path, rawQuery } = addressOf(request);
    const lastSlash = path.lastIndexOf('/');
    const part = path.slice(lastSlash + 1);
    const isBelow = parts.has(part);
    const media = mediaTypeOf(request.headers['content-type']);
    const wanted = request.method === 'HEAD' ? 'GET' : request.method;
    const refusing = (refusal: DomainError): FoundStream => ({
      handle: async (_request, response) => refuse(refusal, request, response, options),
    });
    const serving = (route: StreamRoute, id: string): FoundStream => {
      const parted = wanted === 'GET' ? partSignature(rawQuery) : undefined;
      const query = parted?.query ?? rawQuery;
      if (parted) request.url = query === '' ? path : `${path}?${query}`;
      return {
        handle: (_request, response) => begin(serve({ route, id, rawQuery: query, request, response }, options)),
        ...(parted && { signed: { signature: parted.signature, file: addressed(route, id, query) } }),
      };
    };
    if (paths.has(path)) {
      const own = routes.filter((one) => one.path === path);
      const route = own.find(({ method }) => method === wanted);
      return route ? serving(route, '') : refusing(refusalOf(request, media, own, []));
    }
    if (
      !isBelow &&
      (request.method !== 'POST' || media === undefined || media === 'application/json' || media.endsWith('+json'))
    )
      return undefined;
    const place = locate(isBelow ? path.slice(0, lastSlash) : path);
    if (place === undefined || isBelow !== (place.id !== undefined)) return undefined;
    const candidates = routes.filter(
      (route) => route.typeName === place.model.name && route.part === (isBelow ? part : undefined),
    );
    const route = candidates.find(
      ({ method, mediaTypes }) => method === wanted && (mediaTypes === undefined || mediaTypes.has(media ?? '')),
    );
    if (route) return serving(route, place.id ?? '');
    if (candidates.length === 0) return undefined;
    return refusing(refusalOf(request, media, candidates, isBelow ? [] : ['application/json']));
  };
  const readable = routes.filter(({ method }) => method === 'GET');
  const fileAt = (path: string, query: string): FileAddress | undefined => {
    const own = readable.find((route) => route.path === path);
    if (own) return addressed(own, '', query);
    const lastSlash = path.lastIndexOf('/');
    const place = parts.has(path.slice(lastSlash + 1)) ? locate(path.slice(0, lastSlash)) : undefined;
    const route = readable.find(
      ({ typeName, part }) => typeName === place?.model.name && part === path.slice(lastSlash + 1),
    );
    return route && place?.id !== undefined ? addressed(route, place.id, query) : undefined;
  };
  return {
    find,
    fileAt,
    requireFile: async (context, { operation, typeName, id }) => {
      context.access.rights.require(operation);
      if (id === '') return;
      const { origin } = context;
      const there = { method: 'GET', path: router.pathOf(typeName, id), rawQuery: 'fields=none', headers: {} };
      await options.rest.handle({ ...there, origin, context, ...readRequest });
    },
    drain: async () => void (await Promise.allSettled(openStreams)),
  };
}

function addressed({ typeName, operation, path, part = '' }: StreamRoute, id: string, query: string): FileAddress {
  return { operation, typeName, id, part: path ?? part, query };
}

/** A request for a file. */
interface FileRequest {
  readonly route: StreamRoute;
  readonly id: string;
  readonly rawQuery: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Serves a file. Who sends or takes which is recorded, before it begins if it writes: it may take long. */
async function serve(file: FileRequest, options: StreamHttpOptions): Promise<void> {
  const { route, id, rawQuery, request, response } = file;
  // What a file is made of is no read of its own.
  const full = options.contextOf(request, response, 'file');
  const { audit } = full;
  const context = contextWith(full, { audit: undefined });
  const ids = id === '' ? [] : [id];
  const asked = { operation: fileOperationOf(route), resourceType: lowerFirst(route.typeName) };
  try {
    if (audit === undefined) await transfer(file, options, context);
    else if (route.method === 'GET') {
      const read = (failure?: unknown): void =>
        audit.read(asked, { resourceIds: ids, detail: rawQuery || undefined }, failure);
      const transferred = transfer(file, options, context);
      void transferred.then(() => (route.isImpersonal ? undefined : read()), read);
      await transferred;
    } else {
      await audit.begun(asked, ids);
      await audit.write(asked, () => transfer(file, options, context).then(() => ids));
    }
  } catch (error) {
    refuse(error, request, response, options);
  }
}

/** e.g. POST usageImport/content. */
function fileOperationOf({ method, typeName, part, path }: StreamRoute): string {
  return path === undefined
    ? [`${method} ${lowerFirst(typeName)}`, part].filter(Boolean).join('/')
    : `${method} ${path}`;
}

async function transfer(
  { route: { method, typeName, operation, shows = [], handle }, id, rawQuery, request, response }: FileRequest,
  options: StreamHttpOptions,
  context: Context,
): Promise<void> {
  const { rest } = options;
  const get = (path: string, rawQuery = ''): Promise<RestResponse> =>
    rest.handle({
      method: 'GET',
      path,
      rawQuery,
      headers: {},
      origin: options.originOf(request),
      context,
      ...readRequest,
    });
  let body: Writable | undefined;
  context.access.rights.require(operation);
  for (const resource of shows) context.access.rights.requireWhole(resource);
  // What is somebody else's is not there.
  if (id !== '' && context.access.visibility) await get(rest.router.pathOf(typeName, id), 'fields=none');
  await handle({
    request,
    response,
    mediaType: mediaTypeOf(request.headers['content-type']) ?? '',
    client: options.clientOf(request),
    tenantId: context.principal.tenantId,
    write: writeContext(context, undefined),
    replicaAt: context.replicaAt,
    id,
    query: new URLSearchParams(rawQuery),
    costs: (points) => context.costs(points),
    isNotModified: (tag) => isNotModified(request.headers, tag),
    open: () => (body ??= openBody(request, response)),
    answer: async (status, of) => {
      if (method !== 'GET') await context.wrote();
      const { headers, text } = await get(rest.router.pathOf(typeName, of));
      send(request, response, {
        status,
        headers: status === 201 ? { ...headers, Location: context.href(typeName, of) } : headers,
        text,
      });
    },
    represent: async (of, ids) => {
      const perList = Math.min(idsPerListMax, options.pageSizeMax);
      const found = new Map<unknown, object>();
      for (let at = 0; at < ids.length; at += perList) {
        const rawQuery = `limit=${perList}&id=${ids
          .slice(at, at + perList)
          .map(encodeURIComponent)
          .join(',')}`;
        const { text = '[]' } = await get(rest.router.collectionOf(of), rawQuery);
        for (const one of JSON.parse(String(text)) as { id: string }[]) found.set(one.id, one);
      }
      return ids.map((one) => found.get(one)).filter((one) => one !== undefined);
    },
  });
}

function refuse(
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  { contextOf, logger }: StreamHttpOptions,
): void {
  const refusal = toRefusal(error, logger);
  if (response.headersSent) {
    // An answer that has begun must not look complete.
    response.destroy();
    return;
  }
  const context = contextOf(request, response, 'file');
  send(
    request,
    response,
    errorResponse(refusal, requestIdOf(request), (typeName, id) => context.href(typeName, id)),
  );
}

function refusalOf(
  request: IncomingMessage,
  media: string | undefined,
  candidates: readonly StreamRoute[],
  more: readonly string[],
): DomainError {
  const methods = [...new Set(candidates.map(({ method }) => method))];
  if (!methods.some((method) => method === request.method)) {
    return new DomainError('METHOD_NOT_ALLOWED', `${request.method} is not offered here, but ${methods.join(', ')}`, {
      allow: methods,
    });
  }
  const wanted = [...candidates.flatMap(({ mediaTypes = [] }) => [...mediaTypes]), ...more];
  return new DomainError('UNSUPPORTED_MEDIA_TYPE', `Content-Type '${media ?? ''}' is not one of ${wanted.join(', ')}`);
}
