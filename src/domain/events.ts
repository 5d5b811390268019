import type { IdSource } from '../platform/ids.js';
import type { Plain } from '../platform/plain.js';
import type { DomainEvent } from '../platform/write/outbox.js';

/** An event about one resource: `topupBalance` + `Create` is a TopupBalanceCreateEvent. */
export function changeEvent(resourceType: string, change: string, payload: Plain, now: Date, nextId: IdSource): DomainEvent {
  return {
    id: nextId(now),
    eventType: `${resourceType.charAt(0).toUpperCase()}${resourceType.slice(1)}${change}Event`,
    resourceType,
    resourceId: String(payload['id']),
    occurredAt: now.toISOString(),
    payload,
  };
}
