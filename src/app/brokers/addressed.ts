import type { BrokerMessage } from '../../domain/hub/index.js';
import { apiOf } from '../hub/event-api.js';

/** Instead of the number of an API, for resources of ours that no API has. */
const noApi = 'own';

/** Where an event goes: a subject of NATS, a routing key of RabbitMQ. In both `.` parts its tokens, and `*`, `>` and `#` match some. */
export function subjectOf({ event, tenant }: BrokerMessage, prefix: string): string {
  const { resourceType, eventType } = event;
  return [prefix, tenant, apiOf(resourceType)?.number ?? noApi, resourceType, eventType].map(toToken).join('.');
}

/** One token: `~` for a dot, and %XX for what else could be misread. */
function toToken(text: string): string {
  return encodeURIComponent(text).replaceAll('~', '%7E').replaceAll('*', '%2A').replaceAll('.', '~');
}

/** What is said of an event beside it, by names in lower case. */
export function headersOf({ event, tenant, trace }: BrokerMessage): Readonly<Record<string, string>> {
  const { id, eventType, resourceType, resourceId } = event;
  const api = apiOf(resourceType);
  const headers = {
    'event-id': id,
    'event-type': eventType,
    'tenant-id': tenant,
    'resource-type': resourceType,
    'resource-id': resourceId,
    ...(api && { api: api.number, 'api-version': api.version }),
    ...trace,
  };
  // Headers of NATS are ASCII, in one line.
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replaceAll(/[^\x20-\x7e]/gu, encodeURIComponent)]),
  );
}

/** The body with no more of the resource than its id and href, for a broker that takes no message of its size. */
export function briefOf({ event: { resourceType }, body }: BrokerMessage): string {
  const { event, ...envelope } = JSON.parse(body) as { event: Record<string, { id: string; href?: string }> };
  const { id, href } = event[resourceType] ?? {};
  return JSON.stringify({ ...envelope, event: { [resourceType]: { id, href } } });
}
