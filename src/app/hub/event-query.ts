import { resourceNamed } from '../../../graphql/attribute.js';
import { toAttribute } from '../../../graphql/naming.js';
import { attributeTypesOf } from '../../../graphql/resource-mapping.js';
import { refuseParameters } from '../../../rest-compat/call.js';
import { parseQuery, type FieldSelection } from '../../../rest-compat/query/query-string.js';
import { eventCatalogue } from '../../domain/events.js';
import type { Attributes } from '../../platform/filter/tree/attribute-type.js';
import { pathsOf, type Filter } from '../../platform/filter/tree/filter.js';
import { extensionAttribute } from '../../platform/json.js';
import type { Access } from '../../platform/rights/visibility.js';

/** Which events are told, and what of the resources in them. */
export interface EventQuery {
  /** Undefined: all. */
  readonly filter: Filter | undefined;
  /** Of each resource that is not told whole: what is. */
  readonly fields: ReadonlyMap<string, FieldSelection>;
}

/** The attributes of events by which a registration may choose: those of the envelope, and of the resources in it. */
export function attributesOfEvents(resources: readonly string[]): Attributes {
  return eventWith(resources, (name) => attributeTypesOf(resourceNamed(name)));
}

function eventWith(resources: readonly string[], attributesOf: (resource: string) => Attributes): Attributes {
  const event = Object.fromEntries(
    resources.map((name) => [name, { kind: 'object', attributes: () => attributesOf(name) } as const]),
  );
  return {
    eventId: { kind: 'scalar', type: 'string' },
    eventTime: { kind: 'scalar', type: 'dateTime' },
    eventType: { kind: 'scalar', type: 'string', words: resources.flatMap((name) => eventCatalogue[name] ?? []) },
    event: { kind: 'object', attributes: () => event },
  };
}

/** Its address is made when its event is sent: it can be asked for, but not chosen by. What extends it has no known names. */
function selectableOf(resource: string): Attributes {
  const { [extensionAttribute]: _, ...own } = attributeTypesOf(resourceNamed(resource));
  return { ...own, href: { kind: 'scalar', type: 'string' } };
}

/** What the query of a registration means. Throws INVALID_QUERY for what is none. */
export function queryOfEvents(query: string, resources: readonly string[]): EventQuery {
  const parts = query.split('&');
  const selecting = parts.filter((part) => part.startsWith('fields='));
  const selectable = eventWith(resources, selectableOf);
  const { fields } = parseQuery(selecting.join('&'), { attributes: selectable, toAttribute });
  const filter = filterOfEvents(parts.filter((part) => !selecting.includes(part)).join('&'), resources);
  return { filter, fields: new Map(fields && resources.flatMap((name) => partOf(name, fields))) };
}

/** The filter that a query means by which nothing is selected. Throws INVALID_QUERY. */
export function filterOfEvents(query: string, resources: readonly string[]): Filter | undefined {
  const { filter, order, ...others } = parseQuery(query, { attributes: attributesOfEvents(resources), toAttribute });
  refuseParameters({ ...others, sort: order[0] }, 'is no filter: here the query says which events, and nothing else');
  return filter;
}

const identity = ['id', 'href'].map((name) => [name, true] as const);

/** What is told of a resource: nothing where it is told whole. */
function partOf(resource: string, fields: FieldSelection): [string, FieldSelection][] {
  const event = fields.attributes.get('event');
  const chosen = event === true ? true : event?.attributes.get(resource);
  if (chosen === true) return [];
  const named = chosen?.attributes ?? new Map<string, FieldSelection | true>();
  return [[resource, { attributes: new Map([...named, ...identity]) }]];
}

/** Refuses to choose by what is hidden, or to select it. Throws FORBIDDEN. */
export function requireVisibleEvents({ filter, fields }: Partial<EventQuery>, { rights }: Access): void {
  for (const path of filter ? pathsOf(filter) : []) {
    const [outer, resource, ...inner] = path.split('.');
    if (outer === 'event' && resource !== undefined) rights.requireVisible(resource, [inner.join('.')]);
  }
  for (const [resource, { attributes }] of fields ?? []) rights.requireVisible(resource, [...attributes.keys()]);
}
