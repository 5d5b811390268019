import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { DomainError } from '../../platform/errors.js';
import { errorResponse } from '../../../rest-compat/errors.js';
import { setCommonHeaders } from './answer.js';
import { requestIdOf } from './request-id.js';

/** Answers 500 for a request whose handler failed. Never throws, and may be called twice for one request. */
export function answerFailure(error: unknown, response: ServerResponse, logger: Logger): void {
  logger.error({ err: error }, 'request failed');
  try {
    if (response.headersSent || response.destroyed) {
      // An answer that has begun must not look complete.
      response.destroy();
      return;
    }
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    setCommonHeaders(response);
    const { status, body } = errorResponse(
      new DomainError('INTERNAL', 'an unexpected error occurred'),
      requestIdOf(response.req),
    );
    response.writeHead(status, { 'Content-Type': 'application/json;charset=utf-8' }).end(JSON.stringify(body));
  } catch {
    response.destroy();
  }
}
