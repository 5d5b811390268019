import type { IncomingMessage, ServerResponse } from 'node:http';
import Negotiator from 'negotiator';
import type { Logger } from 'pino';
import type { Context } from '../../../graphql/context.js';
import { errorResponse } from '../../../rest-compat/errors.js';
import type { RestRequest, RestResponse } from '../../../rest-compat/http.js';
import type { Rest } from '../../../rest-compat/rest.js';
import { parseJson } from '../../platform/json.js';
import { DomainError } from '../../platform/errors.js';
import { endEmpty, endWith, hasBody, vary } from './answer.js';
import { readText, type BodyLimits } from './body.js';
import { toRefusal } from '../refusal.js';

export interface RestHttpOptions {
  bodyLimits: BodyLimits;
  contextOf(request: IncomingMessage, response: ServerResponse): Context;
  originOf(request: IncomingMessage): string;
  logger: Logger;
}

/** The TMF REST layer on node's own server; it answers every path that is not served otherwise, with a TMF error at least. */
export function restHandler(
  rest: Rest,
  options: RestHttpOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const context = options.contextOf(request, response);
    let answer: RestResponse;
    try {
      answer = await rest.handle(toRestRequest(request, context, options));
    } catch (error) {
      const refusal = toRefusal(error, options.logger);
      answer = errorResponse(refusal, (typeName, id) => context.href(typeName, id));
    }
    send(request, response, answer);
  };
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
    acceptsJson: () => acceptsJson(request.headers.accept),
    requireType: async () => {
      if (request.headers['content-type'] || !hasBody(request)) return;
      // Chunks may come to nothing.
      if (request.headers['content-length'] === undefined && (await text()) === '') return;
      throw new DomainError('UNSUPPORTED_MEDIA_TYPE', 'the body has no Content-Type');
    },
    body: async () => {
      const read = await text();
      return read === '' ? undefined : parseJson(read);
    },
  };
}

/** A client may name the charset, which JSON has anyway. */
const offered = ['application/json', 'application/json;charset=utf-8'];

function acceptsJson(accept: string | undefined): boolean {
  const negotiator = new Negotiator({ headers: { accept } });
  // Another parameter, say a version, is no reason to refuse what is JSON.
  return negotiator.mediaTypes([...offered]).length > 0 || negotiator.mediaTypes().includes('application/json');
}

/** The path of a request and its query string, as it was sent. */
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
  { status, headers, body }: RestResponse,
): void {
  response.statusCode = status;
  // What is read may be kept, and asked for again; everything else is of this moment.
  if (status < 400 && (request.method === 'GET' || request.method === 'HEAD'))
    response.setHeader('Cache-Control', 'private, no-cache');
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'Vary') vary(response, value);
    else response.setHeader(name, value);
  }
  if (body === undefined) {
    endEmpty(request, response);
    return;
  }
  response.setHeader('Content-Type', 'application/json;charset=utf-8');
  endWith(request, response, JSON.stringify(body));
}
