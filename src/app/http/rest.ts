import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import Negotiator from 'negotiator';
import type { Logger } from 'pino';
import { contextWith, type Context } from '../../../graphql/context.js';
import { errorResponse } from '../../../rest-compat/errors.js';
import type { RestRequest, RestResponse } from '../../../rest-compat/http.js';
import { csvType, type ListFile } from '../../../rest-compat/list-file.js';
import type { Rest } from '../../../rest-compat/rest.js';
import { parseJson } from '../../platform/json.js';
import { DomainError } from '../../platform/errors.js';
import type { Reads } from '../../platform/plan/reads.js';
import type { SnapshotReads } from '../../platform/read/snapshot.js';
import type { ListFiles } from '../../streaming/list-file/list-files.js';
import { endEmpty, endWith, hasBody, vary } from './answer.js';
import type { ContextOf } from '../app-context.js';
import { readText, type BodyLimits } from './body.js';
import { openBody } from './compression.js';
import { safeMethods } from './origins.js';
import { requestIdOf } from './request-id.js';
import { toRefusal } from '../refusal.js';

export interface RestHttpOptions {
  bodyLimits: BodyLimits;
  contextOf: ContextOf;
  originOf(request: IncomingMessage): string;
  clientOf(request: IncomingMessage): string;
  files: ListFiles;
  /** Reads of one snapshot. */
  readsOf(snapshot: SnapshotReads): Reads;
  logger: Logger;
}

/** Serves TMF REST on Node's own server. It answers every path that no other handler is for, with a TMF error at least. */
export function restHandler(
  rest: Rest,
  options: RestHttpOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const context = options.contextOf(request, response, 'rest');
    let answer: RestResponse;
    try {
      answer = await rest.handle(toRestRequest(request, context, options));
      if (answer.file) {
        await sendFile(request, response, { ...answer, file: answer.file }, context, options);
        return;
      }
    } catch (error) {
      if (response.headersSent) {
        toRefusal(error, options.logger);
        // An answer that has begun must not look whole.
        response.destroy();
        return;
      }
      const refusal = toRefusal(error, options.logger);
      await recordRefusal(request, context, refusal);
      answer = errorResponse(refusal, requestIdOf(request), (typeName, id) => context.href(typeName, id));
    }
    send(request, response, answer);
  };
}

async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, file }: RestResponse & { file: ListFile },
  context: Context,
  { files, readsOf, clientOf }: RestHttpOptions,
): Promise<void> {
  let body: Writable | undefined;
  await files.send({
    response,
    client: clientOf(request),
    replicaAt: context.replicaAt,
    ...(file.mediaType === csvType && { columns: file.columns }),
    // The list as such was read and recorded already.
    pages: (reads) => file.pages(contextWith(context, { reads: readsOf(reads), audit: undefined })),
    open: () => {
      if (body === undefined) {
        setHead(request, response, { status, headers });
        body = openBody(request, response);
      }
      return body;
    },
  });
}

/** A write that was refused before it came to its mutation; what is read is recorded where it is read. */
async function recordRefusal(request: IncomingMessage, { audit }: Context, refusal: DomainError): Promise<void> {
  const { method = '' } = request;
  if (audit === undefined || audit.isRecorded || safeMethods.has(method)) return;
  await audit.refused({ operation: `${method} ${addressOf(request).path}` }, refusal);
}

function toRestRequest(request: IncomingMessage, context: Context, options: RestHttpOptions): RestRequest {
  let reading: Promise<string> | undefined;
  const text = (): Promise<string> => (reading ??= readText(request, options.bodyLimits));
  return {
    method: request.method ?? 'GET',
    ...addressOf(request),
    headers: request.headers as Record<string, string | undefined>,
    origin: options.originOf(request),
    context,
    preferred: (types) => preferredOf(request.headers.accept, types),
    requireType: async () => {
      if (request.headers['content-type'] || !hasBody(request)) return;
      // A chunked body may be empty.
      if (request.headers['content-length'] === undefined && (await text()) === '') return;
      throw new DomainError('UNSUPPORTED_MEDIA_TYPE', 'the body has no Content-Type');
    },
    body: async () => {
      const read = await text();
      return read === '' ? undefined : parseJson(read);
    },
  };
}

/** All of them are UTF-8 in any case, but a client may name the charset, or some other parameter, e.g. a version. */
function preferredOf(accept: string | undefined, types: readonly string[]): string | undefined {
  const negotiator = new Negotiator({ headers: { accept } });
  const [exact] = negotiator.mediaTypes(types.flatMap((type) => [type, `${type};charset=utf-8`]));
  return exact?.split(';')[0] ?? negotiator.mediaTypes().find((type) => types.includes(type));
}

/** The path and the query string of a request, undecoded. */
export function addressOf({ url = '/' }: IncomingMessage): { path: string; rawQuery: string } {
  const question = url.indexOf('?');
  return question < 0
    ? { path: url, rawQuery: '' }
    : { path: url.slice(0, question), rawQuery: url.slice(question + 1) };
}

/** Writes an answer of the TMF REST layer. */
export function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body, text = body === undefined ? undefined : JSON.stringify(body) }: RestResponse,
): void {
  setHead(request, response, { status, headers });
  if (text === undefined) {
    endEmpty(request, response);
    return;
  }
  response.setHeader('Content-Type', 'application/json;charset=utf-8');
  endWith(request, response, text);
}

function setHead(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers }: Pick<RestResponse, 'status' | 'headers'>,
): void {
  response.statusCode = status;
  // Reads may be kept by the client if it revalidates them; nothing else may be kept.
  if (status < 400 && (request.method === 'GET' || request.method === 'HEAD'))
    response.setHeader('Cache-Control', 'private, no-cache');
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'Vary') vary(response, value);
    else response.setHeader(name, value);
  }
}
