import { invalid } from '../../domain/input.js';
import type { Message } from '../../domain/hub/index.js';
import type { Clock } from '../../platform/clock.js';
import { abbreviated } from '../../platform/errors.js';
import { inSpan, type Tracing } from '../../platform/tracing.js';
import { apiOf } from './event-api.js';
import { refusedAddress, type Post, type PostSettings } from './post.js';
import { signatureOf } from './signature.js';

export const CALLBACK_LENGTH_MAX = 2_000;

/** Refuses what can never be called. Names are resolved when there is something to tell. Throws INVALID_ATTRIBUTE. */
export function checkCallback(callback: string, settings: Pick<PostSettings, 'mayCallPrivate'>): void {
  const url = callback.length <= CALLBACK_LENGTH_MAX ? URL.parse(callback) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw invalid(
      'callback',
      `must be an http or https URL of at most ${CALLBACK_LENGTH_MAX} characters: '${abbreviated(callback)}'`,
    );
  if (url.username !== '' || url.password !== '' || url.hash !== '')
    throw invalid('callback', 'must have no user, no password and no fragment');
  const refused = refusedAddress(url, settings);
  if (refused !== undefined) throw invalid('callback', `cannot be called: ${refused}`);
}

/** Sends an event to its callback, signed. Undefined: it was taken; else why not. */
export async function tell(
  { callback, secrets, eventId, eventType, resourceType, traceParent, body, attempt, signal }: Message,
  post: Post,
  { clock, tracing }: { readonly clock: Clock; readonly tracing: Tracing | undefined },
): Promise<string | undefined> {
  const url = new URL(callback);
  const attributes = {
    'messaging.message.id': eventId,
    'server.address': url.hostname,
    'tmf.delivery.attempt': attempt,
  };
  const origin = traceParent ? { traceparent: traceParent } : undefined;
  const span = tracing?.begin(`deliver ${eventType}`, { kind: 'producer', attributes }, origin);
  const api = apiOf(resourceType);
  const headers = {
    'Content-Type': 'application/json',
    'X-Event-Id': eventId,
    ...(api && { 'X-Event-Api': api.number, 'X-Event-Api-Version': api.version }),
    'X-Delivery-Attempt': String(attempt),
    'X-Signature': signatureOf(body, secrets, clock.now()),
    ...span?.headers(),
  };
  const refusal = await inSpan(span, () => post({ url, headers, body, signal }));
  span?.end(refusal);
  return refusal;
}
