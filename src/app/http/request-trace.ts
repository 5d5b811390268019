import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { requestIdOf } from './request-id.js';

const urlMax = 1_000;

/** How long something waits for an answer to be sent: a stream lasts as long as its client wants. */
const answerWaitMs = 5_000;

const requests = new AsyncLocalStorage<IncomingMessage>();
const responses = new WeakMap<IncomingMessage, ServerResponse>();

/** Runs the work of a request, so that its log lines and errors, however late, name the request. */
export function inRequest(request: IncomingMessage, work: () => void, response?: ServerResponse): void {
  if (response) responses.set(request, response);
  requests.run(request, work);
}

/** Waits until the request whose work is running has its answer. */
export function afterAnswer(): Promise<void> {
  const request = requests.getStore();
  const response = request && responses.get(request);
  if (response === undefined || response.closed) return Promise.resolve();
  return new Promise((resolve) => {
    const late = setTimeout(resolve, answerWaitMs);
    response.once('close', () => {
      clearTimeout(late);
      resolve();
    });
  });
}

/** Who sent a request, as the log says it. */
interface Sender {
  /** Its handle. */
  readonly tenant: string;
  readonly principal: string;
}

const senders = new WeakMap<IncomingMessage, Sender>();

/** From now on the log says who sent the request. */
export function noteSender(request: IncomingMessage, sender: Sender): void {
  senders.set(request, sender);
}

/** Who sent a request, as far as that is known. */
export function senderOf(request: IncomingMessage): Sender | undefined {
  return senders.get(request);
}

/** Name and sender of the request whose work is running, for the log; undefined outside of one. */
export function currentRequest(): ({ id: string } & Partial<Sender>) | undefined {
  const request = requests.getStore();
  return request && { id: requestIdOf(request), ...senders.get(request) };
}

/** Method and URL beside these; undefined outside of a request. */
export function currentRequestInFull(): ({ id: string; method: string; url: string } & Partial<Sender>) | undefined {
  const request = requests.getStore();
  const url = (request?.url ?? '').slice(0, urlMax);
  return request && { id: requestIdOf(request), ...senders.get(request), method: request.method ?? '', url };
}

/** The name alone; undefined outside of a request. */
export function currentRequestId(): string | undefined {
  const request = requests.getStore();
  return request && requestIdOf(request);
}
