import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';

const urlMax = 1_000;

const requests = new AsyncLocalStorage<IncomingMessage>();

/** Runs the work of a request, so that its log lines and errors, however late, name the request. */
export function inRequest(request: IncomingMessage, work: () => void): void {
  requests.run(request, work);
}

/** Method and URL of the request whose work is running, for the log; undefined outside of one. */
export function currentRequest(): { method: string; url: string } | undefined {
  const request = requests.getStore();
  return request && { method: request.method ?? '', url: (request.url ?? '').slice(0, urlMax) };
}
