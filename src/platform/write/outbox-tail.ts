import { AsyncResource } from 'node:async_hooks';
import type { Database } from '../database/database.js';
import { runForAllTenants } from '../database/tenant-scope.js';
import { abbreviated, type DomainError } from '../errors.js';
import { isStorable } from '../storable-text.js';
import { beginning, byRevision, closedLength, comparePositions, farthest } from './event-order.js';
import { endOfSettled, isKept, positionBefore } from './outbox-places.js';
import { eventsGone } from './outbox-seek.js';
import { RecentEvents, type BatchRange, type EventBatch } from './recent-events.js';
import {
  eventsById,
  readEvents,
  type DerivedEvents,
  type OutboxEvent,
  type OutboxRange,
  type Position,
} from './outbox-reader.js';

/** How often is looked for events, while somebody waits for some. */
const pollMs = 150;
/** The same where looking has failed. */
const pollAfterFailureMs = 2_000;
/** Events that are handed on together. */
const batchMax = 200;
/** How far events are looked at that may overtake, or be overtaken by, those that are told: rows of the outbox. */
const overtakingMax = 300;
/** Characters of the id of an event, with that of a resource behind it. */
const idLengthMax = 500;
/** Characters of the events that are kept in memory, of all tenants. */
const keptLengthMax = 16_000_000;

export interface TailDependencies {
  /** The resources whose events are told. */
  readonly resources: readonly string[];
  /** Events that are told beside those of the outbox. */
  readonly derived: DerivedEvents;
  /** Told of what keeps events from being read; it is tried again. */
  readonly reportFailure: (error: unknown) => void;
}

/** Where somebody has got to in the events of a tenant. */
export interface TailCursor {
  /** The next events, as soon as there are some; none when there were none for a while. Throws EVENTS_GONE when some of them are no longer kept, and the reason of the abort. */
  next(signal: AbortSignal): Promise<readonly OutboxEvent[]>;
  /** To be called by whoever needs no more. */
  close(): void;
}

/**
 * Reads the events of the outbox as they are committed, once for all who want them, and only while somebody does. Each tenant's
 * latest events are kept in memory; who is farther behind reads them from the database.
 */
export class OutboxTail {
  private readonly tenants = new Map<string, RecentEvents>();
  /** Timers begin in none of the requests whose events they look for. */
  private readonly home = new AsyncResource('OutboxTail');
  private timer: NodeJS.Timeout | undefined;
  private isLooking = false;
  private polling: Promise<void> | undefined;
  private isStopped = false;

  constructor(
    private readonly database: Database,
    private readonly dependencies: TailDependencies,
  ) {}

  /**
   * Begins behind the event with the id `after`, or with what is committed from now on.
   * @throws DomainError EVENTS_GONE when there is no such event (any more)
   */
  open(tenantId: string, after?: string): Promise<TailCursor> {
    return runForAllTenants(() => this.begin(tenantId, after));
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private async begin(tenantId: string, after: string | undefined): Promise<TailCursor> {
    const tail = this.enter(tenantId);
    try {
      await tail.ready;
      if (after === undefined) {
        await this.pollAfresh();
        return this.cursorOf(tail, tail.to);
      }
      const place = await this.placeOf(tenantId, after);
      if (place === undefined) throw await this.gone(tenantId, `there is no event '${abbreviated(after)}' (any more)`);
      const from =
        tail.boundaryBefore(place) ?? (await positionBefore(this.database, place, overtakingMax)) ?? beginning;
      return this.cursorOf(tail, from, { id: after, place });
    } catch (error) {
      this.leave(tail);
      throw error;
    }
  }

  /** Undefined: there is no such event, or cannot be. */
  private async placeOf(tenantId: string, id: string): Promise<Position | undefined> {
    if (!isStorable(id) || id.length > idLengthMax) return undefined;
    return (await eventsById(this.database, tenantId, [id], this.dependencies.derived)).get(id)?.position;
  }

  private enter(tenantId: string): RecentEvents {
    let tail = this.tenants.get(tenantId);
    if (tail === undefined) {
      const { resources, derived } = this.dependencies;
      const created = new RecentEvents(tenantId, (range) =>
        readBatch(this.database, { tenantId, resources, ...range }, derived),
      );
      created.ready = this.start(created);
      // Whoever waits for it is told.
      created.ready.catch(() => this.tenants.delete(tenantId));
      this.tenants.set(tenantId, created);
      tail = created;
    }
    tail.cursors += 1;
    if (this.timer === undefined && !this.isLooking) this.schedule(pollMs);
    return tail;
  }

  private leave(tail: RecentEvents): void {
    tail.cursors -= 1;
    if (tail.cursors === 0 && this.tenants.get(tail.tenantId) === tail) this.tenants.delete(tail.tenantId);
  }

  /** What was told lately is read, too: those who come back after a restart go on from there. */
  private async start(tail: RecentEvents): Promise<void> {
    const end = (await endOfSettled(this.database)) ?? beginning;
    tail.to = (await positionBefore(this.database, end, overtakingMax)) ?? beginning;
    await tail.advance(end, this.keptLengthMax);
  }

  private get keptLengthMax(): number {
    return keptLengthMax / this.tenants.size;
  }

  private cursorOf(tail: RecentEvents, from: Position, skipped?: { id: string; place: Position }): TailCursor {
    let at = from;
    let skip = skipped;
    let isOpen = true;
    const step = async (signal: AbortSignal): Promise<readonly OutboxEvent[]> => {
      for (;;) {
        signal.throwIfAborted();
        const batch = await this.batchAfter(tail, at);
        if (batch === undefined) {
          if (!(await tail.changed(at, signal))) return [];
          continue;
        }
        at = batch.to;
        const events = skip ? behind(batch.events, skip) : batch.events;
        if (skip && comparePositions(batch.to, skip.place) >= 0) skip = undefined;
        else if (skip) continue;
        if (events.length > 0) return events;
      }
    };
    return {
      next: (signal) => runForAllTenants(() => step(signal)),
      close: () => {
        if (isOpen) this.leave(tail);
        isOpen = false;
      },
    };
  }

  /** The events that follow a position, from memory or from the database; undefined: there are none yet. */
  private async batchAfter(tail: RecentEvents, at: Position): Promise<EventBatch | undefined> {
    const kept = tail.batchAfter(at);
    if (kept !== 'not kept') return kept;
    // Where that ends, nothing is overtaken.
    const batch = await tail.read({ from: at, end: tail.to, isEndClosed: true });
    if (at !== beginning && !(await isKept(this.database, at)))
      throw await this.gone(tail.tenantId, 'events that were to be told next are no longer kept');
    return batch;
  }

  private gone(tenantId: string, what: string): Promise<DomainError> {
    return eventsGone(this.database, tenantId, what, 'after');
  }

  private schedule(waitMs: number): void {
    this.timer = this.home.runInAsyncScope(setTimeout, undefined, () => void this.look(), waitMs) as NodeJS.Timeout;
    this.timer.unref();
  }

  private async look(): Promise<void> {
    this.timer = undefined;
    if (this.isStopped || this.tenants.size === 0) return;
    this.isLooking = true;
    let waitMs = pollMs;
    try {
      await this.poll();
    } catch (error) {
      this.dependencies.reportFailure(error);
      waitMs = pollAfterFailureMs;
    }
    this.isLooking = false;
    if (!this.isStopped && this.tenants.size > 0) this.schedule(waitMs);
  }

  private poll(): Promise<void> {
    return (this.polling ??= this.advance().finally(() => (this.polling = undefined)));
  }

  /** What is committed by now is read when it resolves. */
  private async pollAfresh(): Promise<void> {
    // One that has begun may have looked before.
    await this.polling?.catch(() => undefined);
    await this.poll();
  }

  private async advance(): Promise<void> {
    const end = await endOfSettled(this.database);
    if (end === undefined) return;
    for (const tail of this.tenants.values()) {
      await tail.ready.catch(() => undefined);
      await tail.advance(end, this.keptLengthMax);
    }
  }
}

/** Those behind an event that was told before. */
function behind(
  events: readonly OutboxEvent[],
  { id, place }: { id: string; place: Position },
): readonly OutboxEvent[] {
  const index = events.findIndex((event) => event.id === id);
  if (index >= 0) return events.slice(index + 1);
  return events.filter(({ position }) => comparePositions(position, place) > 0);
}

/** The next events of a tenant; undefined: the next was overtaken by one that is not settled yet. */
async function readBatch(
  database: Database,
  { from, end, isEndClosed = false, ...range }: BatchRange & Pick<OutboxRange, 'tenantId' | 'resources'>,
  derived: DerivedEvents,
): Promise<EventBatch | undefined> {
  const upTo = isEndClosed ? end : farthest;
  const limit = batchMax + overtakingMax;
  const read = await readEvents(database, { ...range, from, upTo, limit }, derived);
  const { events } = read;
  const unsettled = events.findIndex(({ position }) => comparePositions(position, end) > 0);
  const settled = unsettled < 0 ? events.length : unsettled;
  const count = closedLength(events, settled, batchMax);
  const isAll = count === settled && (unsettled >= 0 || comparePositions(read.end, upTo) === 0);
  if (isAll) return { from, to: end, events: byRevision(events.slice(0, count)) };
  // Nothing of what was read is to be told, and there is more.
  if (events.length === 0) return { from, to: comparePositions(read.end, end) < 0 ? read.end : end, events };
  if (count === 0) return undefined;
  return { from, to: events[count - 1]?.position ?? from, events: byRevision(events.slice(0, count)) };
}
