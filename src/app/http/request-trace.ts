import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import { requestIdOf } from './request-id.js';

const urlMax = 1_000;

const requests = new AsyncLocalStorage<IncomingMessage>();

/** Runs the work of a request, so that its log lines and errors, however late, name the request. */
export function inRequest(request: IncomingMessage, work: () => void): void {
  requests.run(request, work);
}

/** Name, method and URL of the request whose work is running, for the log; undefined outside of one. */
export function currentRequest(): { id: string; method: string; url: string } | undefined {
  const request = requests.getStore();
  return (
    request && { id: requestIdOf(request), method: request.method ?? '', url: (request.url ?? '').slice(0, urlMax) }
  );
}

/** Its name alone; undefined outside of one. */
export function currentRequestId(): string | undefined {
  const request = requests.getStore();
  return request && requestIdOf(request);
}
