import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorResponse, retryAfterSeconds } from '../../../rest-compat/errors.js';
import { declarationOf, DomainError } from '../../platform/errors.js';
import { limitExceeded } from '../../platform/limits.js';
import { encodeBody } from './compression.js';
import { statusOf } from '../errors.js';
import { newRequestId, requestIdOf } from './request-id.js';
import { DROPPED_BODY_BYTES_MAX, DROPPED_BODY_MS_MAX, HEADER_BYTES_MAX, REFUSED_CONNECTION_MS_MAX } from '../limits.js';

export const jsonType = 'application/json; charset=utf-8';

/** Headers of every answer, unless a handler sets them otherwise. */
const commonHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
  Vary: 'Origin, Accept-Encoding',
} as const;

/** Sets the headers that every answer has. */
export function setCommonHeaders(response: ServerResponse): void {
  for (const name in commonHeaders) response.setHeader(name, commonHeaders[name as keyof typeof commonHeaders]);
  response.setHeader('X-Request-Id', requestIdOf(response.req));
}

/** Ends an answer with its whole body, compressed if the client accepts that. Status and headers must be set before. */
export function endWith(request: IncomingMessage, response: ServerResponse, body: string | Buffer): void {
  const encoded = encodeBody(request, response, body);
  if (typeof encoded === 'string' || Buffer.isBuffer(encoded)) {
    endEncoded(request, response, encoded);
    return;
  }
  encoded.then(
    (bytes) => endEncoded(request, response, bytes),
    () => response.destroy(),
  );
}

function endEncoded(request: IncomingMessage, response: ServerResponse, body: string | Buffer): void {
  // The client may have gone during compression.
  if (response.destroyed) return;
  response.setHeader('Content-Length', Buffer.byteLength(body));
  const sent = request.method === 'HEAD' ? undefined : body;
  if (request.complete || request.destroyed || !hasBody(request)) response.end(sent);
  else endEarly(request, response, sent);
}

/** Ends an answer that has no body. */
export function endEmpty(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete || request.destroyed || !hasBody(request)) response.end();
  else endEarly(request, response, undefined);
}

/** Adds header names to Vary. */
export function vary(response: ServerResponse, names: string): void {
  const present = String(response.getHeader('Vary') ?? '')
    .split(', ')
    .filter((name) => name !== '');
  response.setHeader('Vary', [...new Set([...present, ...names.split(', ')])].join(', '));
}

/** Whether the headers announce a body; a chunked one may still be empty. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Whether the client waits for 100 Continue before it sends its body; takeBody answers that. */
function awaitsContinue({ headers }: IncomingMessage): boolean {
  return headers.expect !== undefined;
}

/** Sends 100 Continue to a client that waits for it. */
export function takeBody(request: IncomingMessage, response: ServerResponse): void {
  if (!awaitsContinue(request)) return;
  response.writeContinue();
  delete request.headers.expect;
}

/**
 * Answers before the whole body has arrived, and closes the connection. The answer is sent at once, but the connection is closed
 * only after the rest of the body was read and dropped, within limits: a client cut off while sending may never see the answer.
 */
function endEarly(request: IncomingMessage, response: ServerResponse, body: string | Buffer | undefined): void {
  response.setHeader('Connection', 'close');
  if (awaitsContinue(request)) {
    response.end(body);
    return;
  }
  if (body === undefined) response.flushHeaders();
  else response.write(body);
  let bytes = 0;
  const end = (): void => {
    clearTimeout(late);
    response.end();
  };
  const late = setTimeout(end, DROPPED_BODY_MS_MAX);
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > DROPPED_BODY_BYTES_MAX) end();
  });
  request.once('end', end).once('close', end).resume();
}

/** Answers with a refusal in the form of GraphQL. */
export function refuseGraphql(request: IncomingMessage, response: ServerResponse, refusal: DomainError): void {
  const { reason } = declarationOf(refusal.code);
  const status = statusOf(refusal.code);
  response.statusCode = status;
  if (status === 503) response.setHeader('Retry-After', String(retryAfterSeconds));
  response.setHeader('Content-Type', jsonType);
  endWith(
    request,
    response,
    JSON.stringify({
      errors: [
        {
          message: refusal.message,
          extensions: {
            code: refusal.code,
            status,
            reason,
            oldest: refusal.details.oldest,
            requestId: requestIdOf(request),
          },
        },
      ],
    }),
  );
}

/** Answers with a refusal in the form of TMF REST that names no resource. */
export function refuseRest(request: IncomingMessage, response: ServerResponse, refusal: DomainError): void {
  const { status, headers, body } = errorResponse(refusal, requestIdOf(request));
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.setHeader('Content-Type', 'application/json;charset=utf-8');
  endWith(request, response, JSON.stringify(body));
}

/** Refusals by the error codes of Node's parser; any other code means that the bytes are no HTTP. */
const unreadable: Readonly<Record<string, DomainError>> = {
  HPE_HEADER_OVERFLOW: limitExceeded(
    'HEADER_BYTES_MAX',
    HEADER_BYTES_MAX,
    'the header is too large',
    undefined,
    'HEADERS_TOO_LARGE',
  ),
  ERR_HTTP_REQUEST_TIMEOUT: new DomainError('TIME_OUT', 'the header did not come in time'),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: new DomainError('BODY_TOO_LARGE', 'the extensions of the chunks are too large'),
};
const noHttp = new DomainError('INVALID_HEADER', 'this is no request of HTTP/1.1');

/** Answers bytes that Node could not parse as a request, and closes the connection. */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  endRaw(socket, unreadable[error.code ?? ''] ?? noHttp);
}

/** Writes a refusal to a connection that has no request to answer, and closes it. */
export function endRaw(socket: Duplex, refusal: DomainError): void {
  const requestId = newRequestId();
  const { status, headers, body } = errorResponse(refusal, requestId);
  const text = JSON.stringify(body);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...Object.entries({
      ...headers,
      ...commonHeaders,
      'X-Request-Id': requestId,
      'Content-Type': 'application/json;charset=utf-8',
      'Content-Length': Buffer.byteLength(text),
      Connection: 'close',
    }).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`);
  setTimeout(() => socket.destroy(), REFUSED_CONNECTION_MS_MAX).unref();
}
