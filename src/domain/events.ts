import type { IdSource } from '../platform/ids.js';
import { canonicalJson, type JsonObject } from '../platform/json-object.js';
import { upperFirst } from '../platform/letter-case.js';
import { currentTraceParent } from '../platform/tracing.js';
import type { DomainEvent } from '../platform/write/outbox.js';
import { customerBillEvents } from './customer-bill/events.js';
import { tenancyEvents } from './tenancy/events.js';
import { hubEvents } from './hub/events.js';
import { personalDataEvents } from './personal-data/events.js';
import { prepayBalanceEvents } from './prepay-balance/events.js';
import { spendLimitEvents } from './spend-limit/events.js';
import { resourceOrderEvents } from './resource-order/events.js';
import { usageEvents } from './usage/events.js';

/** What can happen to each resource, by its name. */
const changesOfResource = {
  ...prepayBalanceEvents,
  ...usageEvents,
  ...customerBillEvents,
  ...resourceOrderEvents,
  ...tenancyEvents,
  ...personalDataEvents,
  ...hubEvents,
  ...spendLimitEvents,
};

/** Whose events each API tells to those who have registered with it. */
export const resourcesOfApis = {
  // It has no API; of what is spent this one tells, too.
  TMF654: [...Object.keys(prepayBalanceEvents), ...Object.keys(spendLimitEvents)],
  TMF635: Object.keys(usageEvents),
  TMF678: Object.keys(customerBillEvents),
  TMF652: Object.keys(resourceOrderEvents),
} as const;

/** A resource that events are about. */
export type EventResource = keyof typeof changesOfResource;

/** What can happen to this resource: `Create`, `StateChange`, ... */
export type ChangeOf<Resource extends EventResource> = (typeof changesOfResource)[Resource][number];

/** The name of an event: `usage` and `Create` is UsageCreateEvent. */
function nameOf(resource: string, change: string): string {
  return `${upperFirst(resource)}${change}Event`;
}

/** Every event there is, by the resource it is about: what is documented, and what a subscriber may ask for. */
export const eventCatalogue: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(changesOfResource).map(([resource, changes]) => [
    resource,
    changes.map((change) => nameOf(resource, change)),
  ]),
);

/** Whose events are told. Those of the hub itself are not: one that cannot be delivered would make the next. */
export const toldResources: readonly string[] = Object.keys(eventCatalogue).filter(
  (resource) => !Object.hasOwn(hubEvents, resource),
);

/** The name of the event. Throws when the catalogue does not have it: some changes are derived, and not compile-checked. */
export function eventTypeOf<Resource extends EventResource>(resource: Resource, change: ChangeOf<Resource>): string {
  if (!(changesOfResource[resource] as readonly string[]).includes(change))
    throw new Error(`the catalogue has no event ${change} of ${resource}`);
  return nameOf(resource, change);
}

/** An event about one resource, which carries it as it stands after the change. */
export function changeEvent<Resource extends EventResource>(
  resource: Resource,
  change: ChangeOf<Resource>,
  payload: JsonObject & { id: string },
  now: Date,
  nextId: IdSource,
): DomainEvent {
  const traceParent = currentTraceParent();
  return {
    id: nextId(now),
    ...(traceParent !== undefined && { traceParent }),
    eventType: eventTypeOf(resource, change),
    resourceType: resource,
    resourceId: payload.id,
    occurredAt: now.toISOString(),
    payload,
  };
}

/** Attributes that every update changes: alone they make no AttributeValueChange. */
const bookkeeping: readonly string[] = ['revision', 'updatedAt', 'lastUpdate'];

/** Which attribute is the state of a resource, and which others change with it. */
export interface StateAttributes<Row extends JsonObject> {
  /** The attribute whose change is a StateChange; absent: the resource has none. */
  readonly state?: keyof Row & string;
  /** Attributes whose change beside that of the state is no AttributeValueChange. */
  readonly followsState?: readonly (keyof Row & string)[];
}

/** What one update is: a change of the state, a change of other attributes, or both. */
export function kindsOfChange<Row extends JsonObject>(
  before: Row,
  after: Row,
  { state, followsState = [] }: StateAttributes<Row>,
): ('StateChange' | 'AttributeValueChange')[] {
  const isMoved = state !== undefined && before[state] !== after[state];
  const apart = new Set<string>([...bookkeeping, ...(state ? [state] : []), ...(isMoved ? followsState : [])]);
  const described = (row: Row): string =>
    canonicalJson(Object.fromEntries(Object.entries(row).filter(([name]) => !apart.has(name))));
  return [
    ...(isMoved ? (['StateChange'] as const) : []),
    ...(described(before) === described(after) ? [] : (['AttributeValueChange'] as const)),
  ];
}
