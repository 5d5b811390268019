import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';

const urlMax = 1_000;

const requests = new AsyncLocalStorage<IncomingMessage>();

/** Runs the work that answers a request, so that whatever comes of it, however late, can be told by the request. */
export function inRequest(request: IncomingMessage, work: () => void): void {
  requests.run(request, work);
}

/** The request that is being worked for, as the log tells it; undefined outside of any. */
export function currentRequest(): { method: string; url: string } | undefined {
  const request = requests.getStore();
  return request && { method: request.method ?? '', url: (request.url ?? '').slice(0, urlMax) };
}
