import type { OutboxEvent, Position, ReadEvents } from '../../platform/write/outbox-reader.js';
import { resourceOf, revisionOf } from '../../platform/write/event-order.js';
import type { Claim, Progress } from './hub.store.js';

/** Events of a registration that are delivered in one go. */
export const batchMax = 100;
/** How far behind those is looked for events that come before one of them: more than one transaction of balance actions has. */
export const overtakingMax = 300;

/**
 * What is delivered in one go, of the next events: those at their head, and events behind them that come before one of these.
 * Positions follow transactions, whose order may be another one than that of what they did to a resource: one that waited for its
 * lock has the later revision with the lower id.
 */
export class Batch {
  private readonly head: readonly OutboxEvent[];
  /** All events of the batch, those of a resource together, in the order of its revisions. */
  readonly byResource: readonly (readonly OutboxEvent[])[];
  private readonly passed: Set<string>;
  private readonly delivered: Set<string>;
  private readonly events: readonly OutboxEvent[];
  /** Up to where the events were read. */
  private readonly end: Position;

  /** More events are read than are delivered in one go: `overtakingMax`. */
  constructor(
    private readonly claim: Pick<Claim, 'from' | 'delivered'>,
    { events, end }: ReadEvents,
    /** Ids of events that are held already. */
    held: Iterable<string>,
  ) {
    this.events = events;
    this.end = end;
    let size = Math.min(batchMax, events.length);
    // A position is passed whole.
    while (size < events.length && this.isWithinPosition(size)) size += 1;
    this.head = events.slice(0, size);
    this.delivered = new Set(claim.delivered);
    this.passed = new Set(held);
    const groups = new Map<string, OutboxEvent[]>();
    for (const event of this.head) groups.set(keyOf(event), [...(groups.get(keyOf(event)) ?? []), event]);
    for (const event of events.slice(size)) {
      const group = groups.get(keyOf(event));
      if (group?.some((one) => revisionOf(event) < revisionOf(one))) group.push(event);
    }
    this.byResource = [...groups.values()].map((group) => group.sort(inOrder));
  }

  /** Whether an event has the position of the one before it: both were made of one that is stored, or one of the other. */
  private isWithinPosition(index: number): boolean {
    const before = this.events[index - 1];
    return before !== undefined && before.position.eventId === this.events[index]?.position.eventId;
  }

  /** Whether the cursor may go past an event. */
  isDone({ id }: OutboxEvent): boolean {
    return this.delivered.has(id) || this.passed.has(id);
  }

  /** The event was taken, or is given up. */
  deliver({ id }: OutboxEvent): void {
    this.delivered.add(id);
  }

  /** The event is not for this receiver, or is held. */
  pass({ id }: OutboxEvent): void {
    this.passed.add(id);
  }

  /** The position up to which everything is done, what is delivered behind it, and since when the first waits that is not. */
  progress(): Pick<Progress, 'position' | 'delivered' | 'openSince'> {
    const open = this.head.findIndex((event) => !this.isDone(event));
    let end = open < 0 ? this.head.length : open;
    while (this.isWithinPosition(end)) end -= 1;
    const isWhole = end === this.events.length;
    const position = isWhole ? this.end : (this.head[end - 1]?.position ?? this.claim.from);
    const behind = this.events.slice(end).filter(({ id }) => this.delivered.has(id));
    const first = this.events.slice(end).find((event) => !this.isDone(event));
    return { position, delivered: behind.map(({ id }) => id), openSince: first?.occurredAt };
  }
}

/** Events may be those of several tenants. */
function keyOf(event: OutboxEvent): string {
  return `${event.tenantId} ${resourceOf(event)}`;
}

/** The order of the events of a resource. */
function inOrder(one: OutboxEvent, other: OutboxEvent): number {
  return revisionOf(one) - revisionOf(other) || (one.id < other.id ? -1 : 1);
}
