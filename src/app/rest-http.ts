import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Context } from '../../graphql/context.js';
import { errorResponse } from '../../rest-compat/errors.js';
import type { RestRequest, RestResponse } from '../../rest-compat/http.js';
import type { Rest } from '../../rest-compat/rest.js';
import { parseJson } from '../platform/json.js';
import { readText } from './body.js';
import { toRefusal } from './refusal.js';

export interface RestHttpOptions {
  bodyMaxBytes: number;
  contextOf(request: IncomingMessage, response: ServerResponse): Context;
  originOf(request: IncomingMessage): string;
  logger: Logger;
}

/** The TMF REST layer on node's own server; it answers every path that is not served otherwise, with a TMF error at least. */
export function restHandler(rest: Rest, options: RestHttpOptions): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
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
  return {
    method: request.method ?? 'GET',
    ...addressOf(request),
    headers: request.headers as Record<string, string | undefined>,
    origin: options.originOf(request),
    context,
    body: async () => {
      const text = await readText(request, options.bodyMaxBytes);
      return text === '' ? undefined : parseJson(text);
    },
  };
}

/** The path of a request and its query string, as it was sent. */
export function addressOf({ url = '/' }: IncomingMessage): { path: string; rawQuery: string } {
  const question = url.indexOf('?');
  return question < 0 ? { path: url, rawQuery: '' } : { path: url.slice(0, question), rawQuery: url.slice(question + 1) };
}

/** Writes an answer of the TMF REST layer. */
export function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: RestResponse): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (body === undefined) {
    response.end();
    return;
  }
  const text = JSON.stringify(body);
  response.setHeader('Content-Type', 'application/json;charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(request.method === 'HEAD' ? undefined : text);
}
