import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GraphQLError, GraphQLFormattedError } from 'graphql';
import Negotiator from 'negotiator';
import type { Logger } from 'pino';
import { mediaTypeOf } from '../../../rest-compat/headers.js';
import { DomainError } from '../../platform/errors.js';
import { parseJson } from '../../platform/json.js';
import { endWith, jsonType } from '../http/answer.js';
import { readText, type BodyLimits } from '../http/body.js';
import { shownErrors } from '../http/graphql.js';
import { toRefusal } from '../refusal.js';
import type { ToldResult } from '../subscribe.js';
import { refused, type Asked, type Results, type Subscriptions } from './subscriptions.js';

const mediaType = 'text/event-stream';
/** How often something is sent that means nothing, so that nobody in between takes the connection for dead. */
const keepAliveMs = 15_000;
/** How long a browser waits before it comes again. */
const retryMs = 1_000;
const idLengthMax = 200;

export interface EventStreamOptions {
  readonly subscriptions: Subscriptions;
  readonly bodyLimits: BodyLimits;
  readonly stallMs: number;
  readonly logger: Logger;
}

/** GraphQL over server-sent events (graphql-sse, distinct connections mode): a response for each subscription. */
export class EventStreams {
  private readonly open = new Set<ServerResponse>();
  private isClosing = false;

  constructor(private readonly options: EventStreamOptions) {}

  /** Answers a request with a stream of results, or says why there is none. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { logger, subscriptions } = this.options;
    let begun: Results | readonly GraphQLError[];
    try {
      begun = await subscriptions.begin(request, await this.read(request));
    } catch (error) {
      begun = [refused(toRefusal(error, logger))];
    }
    if (!(Symbol.asyncIterator in begun)) {
      answer(request, response, shownErrors(begun, logger));
      return;
    }
    if (response.destroyed || this.isClosing) {
      await begun.return(undefined);
      response.destroy();
      return;
    }
    this.open.add(response);
    response.once('close', () => {
      this.open.delete(response);
      begun.return(undefined).catch(() => undefined);
    });
    await this.tell(begun, response);
  }

  /** Ends all streams; their clients come again. */
  close(): void {
    this.isClosing = true;
    for (const response of this.open) response.end();
  }

  private async read(request: IncomingMessage): Promise<Asked> {
    const { method, url = '', headers } = request;
    if (new Negotiator({ headers: { accept: headers.accept } }).mediaType([mediaType]) === undefined)
      throw new DomainError('NOT_ACCEPTABLE', `here is only ${mediaType}: send Accept: ${mediaType}`);
    if (method !== 'GET' && method !== 'POST')
      throw new DomainError('METHOD_NOT_ALLOWED', `${method} is not allowed here`, { allow: ['GET', 'POST'] });
    const asked = method === 'GET' ? parametersOf(url) : await this.readBody(request);
    const { 'last-event-id': lastEventId } = headers;
    if (typeof lastEventId !== 'string' || lastEventId === '') return asked;
    if (lastEventId.length > idLengthMax) throw new DomainError('INVALID_HEADER', 'Last-Event-ID is no id of an event');
    return { ...asked, lastEventId };
  }

  private async readBody(request: IncomingMessage): Promise<Asked> {
    const type = mediaTypeOf(request.headers['content-type']) ?? '';
    if (type !== 'application/json')
      throw new DomainError('UNSUPPORTED_MEDIA_TYPE', 'a subscription is sent as application/json');
    return askedOf(parseJson(await readText(request, this.options.bodyLimits)));
  }

  private async tell(results: Results, response: ServerResponse): Promise<void> {
    const { logger } = this.options;
    response.writeHead(200, {
      'Content-Type': `${mediaType}; charset=utf-8`,
      'Cache-Control': 'no-cache, no-transform',
      // Proxies such as nginx would collect what is sent.
      'X-Accel-Buffering': 'no',
    });
    const keepAlive = setInterval(() => {
      if (!response.writableNeedDrain) response.write(':\n\n');
    }, keepAliveMs);
    response.once('close', () => clearInterval(keepAlive));
    try {
      await this.send(response, `retry: ${retryMs}\n:\n\n`);
      for await (const result of results) await this.send(response, textOf(result, logger));
      if (!response.writableEnded && !response.destroyed) response.end('event: complete\ndata:\n\n');
    } catch (error) {
      if (response.writableEnded || response.destroyed) return;
      const errors = shownErrors([refused(toRefusal(error, logger))], logger);
      // Without `complete`: a client comes again, and is answered as its request is then.
      response.end(`event: next\ndata: ${JSON.stringify({ errors })}\n\n`);
    }
  }

  /** Resolves when there is room for more; a client that takes nothing for too long is dropped. */
  private async send(response: ServerResponse, text: string): Promise<void> {
    if (response.writableEnded || response.destroyed || response.write(text)) return;
    const stalled = setTimeout(() => {
      this.options.subscriptions.drop();
      response.destroy();
    }, this.options.stallMs);
    const gone = new AbortController();
    const close = (): void => gone.abort();
    response.once('close', close);
    await once(response, 'drain', { signal: gone.signal }).catch(() => undefined);
    response.off('close', close);
    clearTimeout(stalled);
  }
}

function textOf({ eventId, data, errors }: ToldResult, logger: Logger): string {
  const result = { data, ...(errors && { errors: shownErrors(errors, logger) }) };
  return `id: ${eventId}\nevent: next\ndata: ${JSON.stringify(result)}\n\n`;
}

/** One that cannot begin is answered as a request is: with the status of what refuses it. */
function answer(request: IncomingMessage, response: ServerResponse, errors: GraphQLFormattedError[]): void {
  const { status } = errors[0]?.extensions ?? {};
  response.statusCode = typeof status === 'number' ? status : 400;
  if (response.statusCode === 429 || response.statusCode === 503) response.setHeader('Retry-After', '1');
  response.setHeader('Content-Type', jsonType);
  endWith(request, response, JSON.stringify({ errors }));
}

function parametersOf(url: string): Asked {
  const parameters = new URLSearchParams(url.slice(url.indexOf('?') + 1));
  const variables = parameters.get('variables');
  return askedOf({
    query: parameters.get('query') ?? undefined,
    operationName: parameters.get('operationName'),
    variables: variables === null ? null : parseJson(variables),
  });
}

/** Unknown members are those of other versions of the protocol, as in GraphQL over HTTP. */
function askedOf(body: unknown): Asked {
  const { query, operationName, variables } = (typeof body === 'object' && body !== null ? body : {}) as Partial<
    Record<keyof Asked, unknown>
  >;
  if (typeof query !== 'string') throw new DomainError('INVALID_BODY', 'there is no query', { path: 'query' });
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string')
    throw new DomainError('INVALID_BODY', 'operationName is no text', { path: 'operationName' });
  if (variables !== undefined && variables !== null && (typeof variables !== 'object' || Array.isArray(variables)))
    throw new DomainError('INVALID_BODY', 'variables is no object', { path: 'variables' });
  return { query, operationName, variables: variables as Asked['variables'] };
}
