import type { IdSource } from '../platform/ids.js';
import { canonicalJson, type JsonObject } from '../platform/json-object.js';
import type { DomainEvent } from '../platform/write/outbox.js';

/** An event about one resource: `topupBalance` + `Create` is a TopupBalanceCreateEvent. */
export function changeEvent(
  resourceType: string,
  change: string,
  payload: JsonObject,
  now: Date,
  nextId: IdSource,
): DomainEvent {
  return {
    id: nextId(now),
    eventType: `${resourceType.charAt(0).toUpperCase()}${resourceType.slice(1)}${change}Event`,
    resourceType,
    resourceId: String(payload['id']),
    occurredAt: now.toISOString(),
    payload,
  };
}

/** What every change brings along: alone it is no change of an attribute. */
const bookkeeping: readonly string[] = ['revision', 'updatedAt', 'lastUpdate'];

/**
 * The changes that one update is, by the names of their events: of the state, and of anything else but what
 * changes with the state. An update may be both.
 */
export function kindsOfChange(
  before: JsonObject,
  after: JsonObject,
  state?: string,
  followsState: readonly string[] = [],
): string[] {
  const isMoved = state !== undefined && before[state] !== after[state];
  const apart = new Set([...bookkeeping, ...(state ? [state] : []), ...(isMoved ? followsState : [])]);
  const described = (row: JsonObject): string =>
    canonicalJson(Object.fromEntries(Object.entries(row).filter(([name]) => !apart.has(name))));
  return [
    ...(isMoved ? ['StateChange'] : []),
    ...(described(before) === described(after) ? [] : ['AttributeValueChange']),
  ];
}
