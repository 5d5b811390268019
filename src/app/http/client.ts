import type { ServerResponse } from 'node:http';
import { DomainError } from '../../platform/errors.js';

/** The client has gone, so nobody reads this answer; in the log it is distinguished from failures of the server. */
const gone = new DomainError('UNAVAILABLE', 'the client has gone before it had its answer');

/** One for each answer, however often what is made for it asks. */
const signals = new WeakMap<ServerResponse, AbortSignal>();

/** Aborted when the client hangs up before it has the whole of its answer. */
export function clientOf(response: ServerResponse): AbortSignal {
  const known = signals.get(response);
  if (known !== undefined) return known;
  const client = new AbortController();
  signals.set(response, client.signal);
  if (response.destroyed) client.abort(gone);
  response.once('close', () => {
    if (!response.writableFinished) client.abort(gone);
  });
  return client.signal;
}
