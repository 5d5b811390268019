import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { DomainError } from '../../platform/errors.js';
import { errorResponse } from '../../../rest-compat/errors.js';
import { setCommonHeaders } from './answer.js';

/** The last resort of a request whose transport failed to answer it. It never throws, and may come twice. */
export function answerFailure(error: unknown, response: ServerResponse, logger: Logger): void {
  logger.error({ err: error }, 'request failed');
  try {
    if (response.headersSent || response.destroyed) {
      // What has begun must not look complete.
      response.destroy();
      return;
    }
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    setCommonHeaders(response);
    const { status, body } = errorResponse(new DomainError('INTERNAL', 'an unexpected error occurred'), () => '');
    response.writeHead(status, { 'Content-Type': 'application/json;charset=utf-8' }).end(JSON.stringify(body));
  } catch {
    response.destroy();
  }
}
