import type { IncomingMessage } from 'node:http';
import { keyPrefix } from '../../domain/tenancy/index.js';
import { Unauthenticated } from './unauthenticated.js';

/** RFC 6750 §2.1: the scheme in any case, and a b64token. */
const bearer = /^bearer +([\w.~+/-]+=*) *$/i;

/** The token or API key that a request comes with. Throws Unauthenticated when it has none, or more than one. */
export function credentialOf({ headers, rawHeaders }: IncomingMessage): string {
  const { authorization, 'x-api-key': key } = headers;
  if (authorization === undefined && key === undefined)
    throw new Unauthenticated(
      'the request has neither a token nor an API key: send Authorization: Bearer, or X-API-Key',
    );
  // Node keeps the first Authorization only, and joins what it does not know.
  if (timesSent(rawHeaders, 'authorization') > 1 || timesSent(rawHeaders, 'x-api-key') > 1)
    throw new Unauthenticated('Authorization or X-API-Key is there more than once', 'invalid_request');
  const token = authorization === undefined ? undefined : bearer.exec(authorization)?.[1];
  if (authorization !== undefined && token === undefined)
    throw new Unauthenticated('Authorization is not Bearer and one token or API key', 'invalid_request');
  if (token !== undefined && key !== undefined && token !== key)
    throw new Unauthenticated('Authorization and X-API-Key name different credentials', 'invalid_request');
  if (token !== undefined) return token;
  if (!String(key).startsWith(keyPrefix)) throw new Unauthenticated('X-API-Key is no API key', 'invalid_token');
  return String(key);
}

function timesSent(rawHeaders: readonly string[], name: string): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const sent = rawHeaders[at] as string;
    if (sent.length === name.length && sent.toLowerCase() === name) count += 1;
  }
  return count;
}
