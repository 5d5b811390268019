import { setMaxListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import { DomainError } from '../../platform/errors.js';

/** The reason of the abort; it tells lost clients from failures of the server in the log. */
const gone = new DomainError('UNAVAILABLE', 'the client has gone before it had its answer');

/** One signal for each answer, however often it is asked for. */
const signals = new WeakMap<ServerResponse, AbortSignal>();

/** Returns a signal that is aborted when the client closes the connection before it has the whole answer. */
export function clientOf(response: ServerResponse): AbortSignal {
  const known = signals.get(response);
  if (known !== undefined) return known;
  const client = new AbortController();
  signals.set(response, client.signal);
  // Each of its reads listens; Node takes more than ten for a leak.
  setMaxListeners(0, client.signal);
  if (response.destroyed) client.abort(gone);
  response.once('close', () => {
    if (!response.writableFinished) client.abort(gone);
  });
  return client.signal;
}
