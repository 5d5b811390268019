import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What a client may call its request by; anything else is replaced. */
const usable = /^[\w.:-]{1,128}$/;

/** Requests are numbered: what is random is made once for a process. */
const processPart = randomBytes(9).toString('base64url');
let made = 0;

const known = new WeakMap<IncomingMessage, string>();

/** The name of a request, the same however often it is asked for: its X-Request-Id if that can be used, else a new one. */
export function requestIdOf(request: IncomingMessage): string {
  const earlier = known.get(request);
  if (earlier !== undefined) return earlier;
  const sent = request.headers['x-request-id'];
  const id = typeof sent === 'string' && usable.test(sent) ? sent : newRequestId();
  known.set(request, id);
  return id;
}

/** A name for what is no request, or for a request that does not say its own. */
export function newRequestId(): string {
  return `${processPart}.${(made++).toString(36)}`;
}
