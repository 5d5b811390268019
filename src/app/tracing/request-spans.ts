import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Router } from '../../../rest-compat/route.js';
import type { Span, Tracing } from '../../platform/tracing.js';
import { requestIdOf } from '../http/request-id.js';
import { senderOf } from '../http/request-trace.js';
import { endOf } from '../metrics/http.js';
import type { EndedRequest } from '../metrics/metrics.js';

/** Begins the span of a request, which ends with its answer; undefined: such requests are not traced. */
export type BeginRequestSpan = (
  request: IncomingMessage,
  response: ServerResponse,
  surface: EndedRequest['surface'],
) => Span | undefined;

/** Of addresses a trace has the route only: ids and queries may be about people. */
export function requestSpans(tracing: Tracing, router: Pick<Router, 'match'>): BeginRequestSpan {
  return (request, response, surface) => {
    // Probes and pages say nothing, and a stream lasts as long as its client wants.
    if (surface !== 'graphql' && surface !== 'rest') return undefined;
    const { method } = endOf(request, response);
    const route = surface === 'graphql' ? '/graphql' : routeOf(request.url ?? '', router);
    const { traceparent, tracestate } = request.headers;
    const origin = {
      traceparent: typeof traceparent === 'string' ? traceparent : undefined,
      tracestate: String(tracestate ?? '') || undefined,
    };
    const attributes = { 'http.request.method': method, 'http.route': route, 'tmf.request.id': requestIdOf(request) };
    const span = tracing.begin(
      route === undefined ? method : `${method} ${route}`,
      { kind: 'server', attributes },
      origin,
    );
    response.once('close', () => {
      const { status } = endOf(request, response);
      span.note({ 'http.response.status_code': status || undefined, 'tmf.tenant': senderOf(request)?.tenant });
      // 0: the client left.
      span.end(status === 0 ? 'aborted' : status >= 500 ? String(status) : undefined);
    });
    return span;
  };
}

/** The path of a resource of TMF with {id} for an id; undefined: it is none. */
function routeOf(url: string, router: Pick<Router, 'match'>): string | undefined {
  try {
    const { id, collection } = router.match(url.split('?', 1)[0] ?? '');
    return id === undefined ? collection : `${collection}/{id}`;
  } catch {
    return undefined;
  }
}
