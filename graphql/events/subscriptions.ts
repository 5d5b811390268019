import { extendSchema, isObjectType, parse, type GraphQLField, type GraphQLSchema } from 'graphql';
import { eventCatalogue, toldResources } from '../../src/domain/events.js';
import type { JsonValue } from '../../src/platform/json-object.js';
import { upperFirst } from '../../src/platform/letter-case.js';
import type { Context } from '../context.js';
import { nodeInterface } from '../node/nodes.js';
import { byPlan, type FieldRead } from '../plan/field-read.js';
import type { EventsAsked } from './event-feed.js';

/** What the changes in names of events say. */
const meanings: Readonly<Record<string, string>> = {
  Create: 'it was created',
  AttributeValueChange: 'something of it changed, but not its state',
  StatusChange: 'its state changed',
  StateChange: 'its state changed',
  Cancel: 'it was cancelled',
  Failure: 'it failed',
  InformationRequired: 'it waits for information',
  Delete: 'it was deleted',
};

const envelope = `
  "Tells it apart from all other events: a subscription goes on behind it with \`after\`."
  eventId: ID!
  "When it happened."
  eventTime: DateTime!
  "What happened."
  eventType: EventType!`;

const afterArgument = `
  "Id of the last event that was received: what came behind it is told first. Absent: only what happens from now on. EVENTS_GONE when that event, or one behind it, is no longer kept."
  after: ID`;

/** A subscription to the events of one resource. */
interface ChangesOf {
  readonly field: string;
  readonly resource: string;
  readonly description: string;
  /** In the language of schemas. */
  readonly args: string;
  concerns(args: Readonly<Record<string, unknown>>): EventsAsked['concerns'];
}

/** Subscriptions by the name that users of one resource look for. */
const changes: readonly ChangesOf[] = [
  {
    field: 'bucketChanged',
    resource: 'bucket',
    description: 'What happens to a bucket, its movements among it.',
    args: '"Id of the bucket." id: ID!',
    concerns:
      ({ id }) =>
      ({ resourceId }) =>
        resourceId === id,
  },
  {
    field: 'billChanged',
    resource: 'customerBill',
    description:
      'What happens to bills: to all that the subscriber may see, to one, or to those of one billing account.',
    args: '"Id of the bill." id: ID "Id of the billing account." billingAccount: ID',
    concerns:
      ({ id, billingAccount }) =>
      ({ resourceId, payload }) =>
        (id === undefined || resourceId === id) &&
        (billingAccount === undefined || idOf(payload['billingAccount']) === billingAccount),
  },
  {
    field: 'orderChanged',
    resource: 'resourceOrder',
    description: 'What happens to resource orders: to all that the subscriber may see, or to one.',
    args: '"Id of the order." id: ID',
    concerns:
      ({ id }) =>
      ({ resourceId }) =>
        id === undefined || resourceId === id,
  },
];

/** The id in a reference. */
function idOf(reference: JsonValue | undefined): JsonValue | undefined {
  return typeof reference === 'object' && reference !== null && !Array.isArray(reference) ? reference['id'] : undefined;
}

function typeDefinitions(): string {
  const types = toldResources.flatMap((resource) => {
    const typeName = upperFirst(resource);
    return (eventCatalogue[resource] ?? []).map((name) => {
      const change = name.slice(typeName.length, -'Event'.length);
      return `"${typeName}: ${meanings[change] ?? 'docs/events.md says when'}."\n${name}`;
    });
  });
  return `
    extend schema { subscription: Subscription }
    "Names of events."
    enum EventType {
      ${types.join('\n')}
    }
    "Something that happened to a resource."
    type Event {
      ${envelope}
      "The resource that it is about, e.g. bucket."
      resourceType: String!
      "Id of the resource."
      resourceId: ID!
      "The resource as it stood after the change. What is not stored with it, such as lists and what references lead to, is read when the event is told."
      resource: ${nodeInterface}!
    }
    ${changes
      .map(
        ({ resource }) => `
          "Something that happened to a ${upperFirst(resource)}."
          type ${upperFirst(resource)}Event {
            ${envelope}
            "As it stood after the change. What is not stored with it, such as lists and what references lead to, is read when the event is told."
            ${resource}: ${upperFirst(resource)}!
          }`,
      )
      .join('\n')}
    "Tells of changes as they are committed: over WebSocket (graphql-ws) at this address, and as text/event-stream (graphql-sse) at /graphql/stream. Each event comes at least once, those of a resource in the order of its revisions."
    type Subscription {
      "Events that the subscriber may see."
      events(
        "Events with these names; absent: all."
        types: [EventType!]
        "Filters on the event as a query string, in the language of the query of a Hub, e.g. \`event.bucket.usageType=monetary\`. INVALID_QUERY for what there is not."
        filter: String
        ${afterArgument}
      ): Event!
      ${changes
        .map(
          ({ field, resource, description, args }) => `
            "${description}"
            ${field}(${args} ${afterArgument}): ${upperFirst(resource)}Event!`,
        )
        .join('\n')}
    }`;
}

/** Gives a finished schema its subscriptions. */
export function withSubscriptions(schema: GraphQLSchema): GraphQLSchema {
  const extended = extendSchema(schema, parse(typeDefinitions()));
  const fields = extended.getSubscriptionType()?.getFields() ?? {};
  answerBy(fields['events'], ({ types, filter, after }) => ({
    types: types as string[] | undefined,
    filter: filter as string | undefined,
    after: after as string | undefined,
  }));
  tellBy(extended, 'Event', 'resource');
  for (const { field, resource, concerns } of changes) {
    answerBy(fields[field], (args) => ({
      resources: [resource],
      concerns: concerns(args),
      after: args['after'] as string | undefined,
    }));
    tellBy(extended, `${upperFirst(resource)}Event`, resource);
  }
  return extended;
}

type Args = Readonly<Record<string, unknown>>;

function answerBy(field: GraphQLField<unknown, Context> | undefined, askedOf: (args: Args) => EventsAsked): void {
  if (field === undefined) throw new Error('unreachable: the field was just added');
  field.subscribe = (_source, args, context) => {
    if (context.events === undefined) throw new Error('only a subscription has events');
    const given = Object.fromEntries(Object.entries(args as Args).filter(([, value]) => value !== null));
    return context.events.open(askedOf(given));
  };
  field.resolve = (event) => event;
}

/** The field of an event that has the resource. */
function tellBy(schema: GraphQLSchema, typeName: string, name: string): void {
  const type = schema.getType(typeName);
  const field = isObjectType(type) ? type.getFields()[name] : undefined;
  if (field === undefined) throw new Error('unreachable: the field was just added');
  const read: FieldRead = { kind: 'told' };
  field.extensions = { ...field.extensions, read };
  field.resolve = byPlan;
}
