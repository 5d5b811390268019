import type { GraphQLObjectType, GraphQLSchema } from 'graphql';
import { resourceNamed } from '../../../graphql/attribute.js';
import { mappingOf } from '../../../graphql/resource-mapping.js';
import { bucketsIn, withoutForeign } from '../../../graphql/rights/foreign.js';
import { readingOf } from '../../../graphql/rights/operations.js';
import { noExpansion, projectionOf } from '../../../rest-compat/projection.js';
import type { FieldSelection } from '../../../rest-compat/query/query-string.js';
import type { Router } from '../../../rest-compat/route.js';
import type { Registration } from '../../domain/hub/index.js';
import type { Database } from '../../platform/database/database.js';
import { matches } from '../../platform/filter/memory/evaluate.js';
import type { JsonObject } from '../../platform/json-object.js';
import { lowerFirst, upperFirst } from '../../platform/letter-case.js';
import type { Access } from '../../platform/rights/visibility.js';
import type { OutboxEvent } from '../../platform/write/outbox-reader.js';
import { attributesOfEvents, queryOfEvents } from './event-query.js';

export interface BodyDependencies {
  readonly database: Database;
  readonly schema: GraphQLSchema;
  readonly router: Router;
}

/** Who is told: all that is asked of a registration here. */
type Listener = Pick<Registration, 'tenantId' | 'query'> & {
  readonly subscriber: Pick<Registration['subscriber'], 'origin'>;
};

/** What the events say to who has registered: the envelope of TMF with the resource as TMF REST writes it, by ids of events. */
export async function bodiesOfEvents(
  { tenantId, query, subscriber: { origin } }: Listener,
  events: readonly OutboxEvent[],
  resources: readonly string[],
  access: Access,
  dependencies: BodyDependencies,
): Promise<Map<string, string>> {
  const { filter, fields } = queryOfEvents(query ?? '', resources);
  const attributes = attributesOfEvents(resources);
  const seen = await seenBy(access, tenantId, events, dependencies.database);
  const bodies = new Map<string, string>();
  for (const event of events) {
    const row = seen.get(event);
    if (row === undefined) continue;
    const { id: eventId, occurredAt: eventTime, eventType, resourceType } = event;
    const envelope = { eventId, eventTime, eventType };
    if (filter && !matches(filter, { ...envelope, event: { [resourceType]: row } }, attributes)) continue;
    const resource = onWire(event, row, { origin, access, dependencies, fields: fields.get(resourceType) });
    bodies.set(eventId, JSON.stringify({ ...envelope, event: { [resourceType]: resource } }));
  }
  return bodies;
}

/** The resources in the events that may be seen, as far as they may. */
export async function seenBy(
  access: Access,
  tenantId: string,
  events: readonly OutboxEvent[],
  database: Database,
): Promise<Map<OutboxEvent, JsonObject>> {
  const { rights, visibility } = access;
  const seen = new Map<OutboxEvent, JsonObject>();
  const ownOf = async (resource: string, ids: readonly string[]): Promise<ReadonlySet<string>> => {
    const operation = readingOf(resource);
    const granted = rights.grantOf(operation);
    return granted
      ? access.guard(operation, granted).own(database, mappingOf(resourceNamed(resource)), tenantId, ids)
      : new Set();
  };
  for (const resource of new Set(events.map(({ resourceType }) => resourceType))) {
    if (!rights.grantOf(readingOf(resource))) continue;
    const those = events.filter(({ resourceType }) => resourceType === resource);
    const mapping = mappingOf(resourceNamed(resource));
    const ids = [...new Set(those.map(({ resourceId }) => resourceId))];
    const own = visibility?.isRestricted(mapping) ? await ownOf(resource, ids) : undefined;
    for (const event of those) {
      // A row that was deleted says itself whose it was.
      const isSeen = own?.has(event.resourceId) ?? true;
      if (isSeen || (event.eventType.endsWith('DeleteEvent') && visibility?.sees(mapping, event.payload)))
        seen.set(event, withoutHidden(event.payload, rights.hidden(resource)));
    }
  }
  const bucket = mappingOf(resourceNamed('bucket'));
  if (!visibility?.isRestricted(bucket)) return seen;
  const named = new Set([...seen.values()].flatMap(bucketsIn));
  const own = await ownOf(lowerFirst(bucket.name), [...named]);
  return new Map([...seen].map(([event, row]) => [event, withoutForeign(row, own)]));
}

function withoutHidden(row: JsonObject, hidden: ReadonlySet<string>): JsonObject {
  if (hidden.size === 0) return row;
  return Object.fromEntries(Object.entries(row).filter(([name]) => !hidden.has(name)));
}

interface Writing {
  readonly origin: string;
  readonly access: Access;
  readonly dependencies: BodyDependencies;
  readonly fields: FieldSelection | undefined;
}

function onWire(
  { resourceType, resourceId }: OutboxEvent,
  row: JsonObject,
  { origin, access: { rights }, dependencies: { schema, router }, fields }: Writing,
): object {
  const type = schema.getType(upperFirst(resourceType)) as GraphQLObjectType;
  const hiddenOf = (typeName: string): ReadonlySet<string> => rights.hidden(lowerFirst(typeName));
  const { projectStored } = projectionOf(type, fields, noExpansion, {}, hiddenOf);
  const href = 'href' in type.getFields() && origin + router.pathOf(type.name, resourceId);
  return projectStored(href ? { ...row, href } : row);
}
