import { timingSafeEqual, createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type express from 'express';
import type { Config } from '../../platform/config.js';
import { eventStreamPath, graphqlPath, probePath } from '../http/paths.js';
import type { EndedRequest, Metrics } from './metrics.js';

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** What of the server a request is for. */
export function surfaceOf(url: string): EndedRequest['surface'] {
  if (graphqlPath.test(url)) return 'graphql';
  if (eventStreamPath.test(url)) return 'events';
  if (url.startsWith('/tmf-api/')) return 'rest';
  return probePath.test(url) ? 'probe' : 'page';
}

/** How a request ended, in words of which there are few. */
export function endOf(
  { method = '' }: IncomingMessage,
  { statusCode, writableFinished }: ServerResponse,
): Pick<EndedRequest, 'method' | 'status'> {
  return { method: methods.has(method) ? method : 'other', status: writableFinished ? statusCode : 0 };
}

/** Serves the metrics to whoever has the token, or to everybody in a sandbox without one; undefined: they are not served. */
export function metricsRoute({ mode, metricsToken }: Config, metrics: Metrics): express.RequestHandler | undefined {
  if (metricsToken === undefined && mode !== 'sandbox') return undefined;
  return async (request, response) => {
    if (metricsToken !== undefined && !isSame(request.headers.authorization ?? '', `Bearer ${metricsToken}`)) {
      response.status(401).set('WWW-Authenticate', 'Bearer').json({ status: 'unauthenticated' });
      return;
    }
    response.type('text/plain; version=0.0.4; charset=utf-8').send(await metrics.text());
  };
}

/** In a time that says nothing of where they differ. */
function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(a, b);
}
