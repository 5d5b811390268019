import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Context } from '../../../graphql/context.js';
import type { EventFeed, EventsAsked, ToldEvent } from '../../../graphql/events/event-feed.js';
import { resourceNamed } from '../../../graphql/attribute.js';
import { mappingOf } from '../../../graphql/resource-mapping.js';
import { readingOf } from '../../../graphql/rights/operations.js';
import { toldResources } from '../../domain/events.js';
import type { Database } from '../../platform/database/database.js';
import { DomainError } from '../../platform/errors.js';
import { matches } from '../../platform/filter/memory/evaluate.js';
import type { JsonObject } from '../../platform/json-object.js';
import type { Access } from '../../platform/rights/visibility.js';
import { storedIdOf, type OutboxEvent } from '../../platform/write/outbox-reader.js';
import { readRows } from '../../platform/write/rows.js';
import type { OutboxTail, TailCursor } from '../../platform/write/outbox-tail.js';
import { seenBy } from '../hub/event-bodies.js';
import { attributesOfEvents, filterOfEvents, requireVisibleEvents } from '../hub/event-query.js';
import { toRefusal } from '../refusal.js';

/** How long a subscription waits for a database that is away, before it ends. */
const patienceMs = 30_000;
const waitMs = 1_000;
/** While events are told that were read together, who is told them is asked again after so long. */
const tellingMs = 1_000;

export interface FeedDependencies {
  readonly database: Database;
  readonly tail: OutboxTail;
  readonly logger: Logger;
}

/** One subscription, as its feed knows it. */
export interface Subscriber {
  /** Who it is, and what that may see, as it was at most so long ago. Throws when it is nobody any more. */
  confirm(ageMaxMs: number): Promise<Context>;
  /** Aborted when it ends. */
  readonly signal: AbortSignal;
  /** The last event that it says it has; it goes before what the operation says. */
  readonly lastEventId: string | undefined;
}

/** Where the events of one subscription come from: what it has asked for, and may see when it is told. */
export function createFeed(subscriber: Subscriber, { access }: Context, dependencies: FeedDependencies): EventFeed {
  return {
    open: async (asked) => {
      const choice = choiceOf(asked, access);
      const { tenantId } = (await subscriber.confirm(tellingMs)).principal;
      const cursor = await dependencies.tail.open(tenantId, subscriber.lastEventId ?? asked.after);
      // Also of one that ends before anybody has asked for its first event.
      if (subscriber.signal.aborted) cursor.close();
      else subscriber.signal.addEventListener('abort', () => cursor.close(), { once: true });
      return new Feed(cursor, choice, subscriber, dependencies).events();
    },
  };
}

/** Whether an event has been asked for. */
interface Choice {
  /** By what is known without looking at who asks ... */
  isMeant(event: OutboxEvent): boolean;
  /** ... and by what of the resource may be seen. */
  isChosen(event: OutboxEvent, row: JsonObject): boolean;
}

function choiceOf({ resources = toldResources, types, filter: query, concerns }: EventsAsked, access: Access): Choice {
  requireSome(resources, access);
  const filter = query === undefined ? undefined : filterOfEvents(query, resources);
  requireVisibleEvents({ filter }, access);
  const attributes = attributesOfEvents(resources);
  return {
    isMeant: (event) =>
      resources.includes(event.resourceType) &&
      (types?.includes(event.eventType) ?? true) &&
      (concerns?.(event) ?? true),
    isChosen: ({ id: eventId, occurredAt: eventTime, eventType, resourceType }, row) =>
      !filter || matches(filter, { eventId, eventTime, eventType, event: { [resourceType]: row } }, attributes),
  };
}

function requireSome(resources: readonly string[], { rights }: Access): void {
  const [only, another] = resources;
  if (only !== undefined && another === undefined) rights.require(readingOf(only));
  else if (!resources.some((resource) => rights.grantOf(readingOf(resource))))
    throw new DomainError('FORBIDDEN', 'there is nothing that you may read, so no events either');
}

class Feed {
  constructor(
    private readonly cursor: TailCursor,
    private readonly choice: Choice,
    private readonly subscriber: Subscriber,
    private readonly dependencies: FeedDependencies,
  ) {}

  async *events(): AsyncGenerator<ToldEvent, undefined, undefined> {
    const { signal } = this.subscriber;
    for (;;) {
      const events = await this.patiently(() => this.cursor.next(signal));
      const meant = events.filter((event) => this.choice.isMeant(event));
      // Who is nobody any more is told so, even where there is nothing to tell.
      if (meant.length === 0) await this.patiently(() => this.subscriber.confirm(0));
      else yield* this.told(meant);
    }
  }

  /** While these are told, what may be seen of them may change. */
  private async *told(events: readonly OutboxEvent[]): AsyncGenerator<ToldEvent, undefined, undefined> {
    let access: Access | undefined;
    let seen = new Map<OutboxEvent, JsonObject>();
    for (const [index, event] of events.entries()) {
      const context = await this.patiently(() => this.subscriber.confirm(index === 0 ? 0 : tellingMs));
      if (context.access !== access) {
        access = context.access;
        seen = await this.seen(context, events.slice(index));
      }
      const row = seen.get(event);
      if (row === undefined || !this.choice.isChosen(event, row)) continue;
      const { id: eventId, occurredAt: eventTime, eventType, resourceType, resourceId } = event;
      yield { eventId, eventTime, eventType, resourceType, resourceId, row, context };
    }
    return undefined;
  }

  private seen({ access, principal }: Context, events: readonly OutboxEvent[]): Promise<Map<OutboxEvent, JsonObject>> {
    const { database } = this.dependencies;
    return this.patiently(async () =>
      completed(await seenBy(access, principal.tenantId, events, database), principal.tenantId, database),
    );
  }

  /** Tries again while the database, or the issuer of tokens, is away. */
  private async patiently<T>(work: () => Promise<T>): Promise<T> {
    const until = performance.now() + patienceMs;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const { signal } = this.subscriber;
        if (signal.aborted || toRefusal(error, this.dependencies.logger).code !== 'UNAVAILABLE') throw error;
        if (performance.now() > until) throw error;
        await sleep(waitMs, undefined, { signal });
      }
    }
  }
}

/**
 * The rows of events with what these do not tell: an event that was made of another one has of its resource only what that changed.
 * The rest is as it is now. That a client took what is absent for null would spoil its cache.
 */
async function completed(
  seen: ReadonlyMap<OutboxEvent, JsonObject>,
  tenantId: string,
  database: Database,
): Promise<Map<OutboxEvent, JsonObject>> {
  const whole = new Map(seen);
  const partial = [...seen].filter(([{ id }]) => storedIdOf(id) !== id);
  for (const resource of new Set(partial.map(([{ resourceType }]) => resourceType))) {
    const those = partial.filter(([{ resourceType }]) => resourceType === resource);
    const ids = [...new Set(those.map(([{ resourceId }]) => resourceId))];
    const rows = await readRows(database, mappingOf(resourceNamed(resource)), tenantId, ids);
    for (const [event, row] of those) whole.set(event, { ...rows.get(event.resourceId), ...row });
  }
  return whole;
}
