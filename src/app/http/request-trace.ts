import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';

const urlMax = 1_000;

const requests = new AsyncLocalStorage<IncomingMessage>();

/** Runs the work that answers a request, so that log lines and errors of it, however late, name the request. */
export function inRequest(request: IncomingMessage, work: () => void): void {
  requests.run(request, work);
}

/** The request that is being handled, as it is logged; undefined outside of one. */
export function currentRequest(): { method: string; url: string } | undefined {
  const request = requests.getStore();
  return request && { method: request.method ?? '', url: (request.url ?? '').slice(0, urlMax) };
}
