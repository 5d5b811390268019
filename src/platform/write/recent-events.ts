import { beginning, comparePositions } from './event-order.js';
import type { OutboxEvent, Position } from './outbox-reader.js';

/** After how long somebody is told that there is nothing. */
const quietMs = 5_000;
/** Events that are kept for those who come later or are slower. */
const keptMax = 2_000;

/** Events in the order in which they are told. No event behind is told before one of them. */
export interface EventBatch {
  /** The position behind which they are ... */
  readonly from: Position;
  /** ... and the one up to which they are all. */
  readonly to: Position;
  readonly events: readonly OutboxEvent[];
}

export interface BatchRange {
  readonly from: Position;
  /** No other event can come before it any more ... */
  readonly end: Position;
  /** ... and none behind it is to be told before one that is not. */
  readonly isEndClosed?: boolean;
}

/** The latest events of a tenant. */
export class RecentEvents {
  cursors = 0;
  /** Up to where all events have been read. */
  to: Position = beginning;
  ready: Promise<void> = Promise.resolve();
  private readonly batches: { readonly batch: EventBatch; readonly length: number }[] = [];
  private events = 0;
  private length = 0;
  private readonly waiting = new Set<() => void>();

  constructor(
    readonly tenantId: string,
    readonly read: (range: BatchRange) => Promise<EventBatch | undefined>,
  ) {}

  /** Reads on, up to a position. */
  async advance(end: Position, lengthMax: number): Promise<void> {
    while (comparePositions(this.to, end) < 0) {
      const batch = await this.read({ from: this.to, end });
      if (batch === undefined) break;
      this.keep(batch, lengthMax);
    }
  }

  private keep(batch: EventBatch, lengthMax: number): void {
    this.to = batch.to;
    const length = batch.events.reduce((sum, { payload }) => sum + JSON.stringify(payload).length, 0);
    const last = this.batches.at(-1);
    // Nothing happened: what is kept reaches farther.
    if (batch.events.length === 0 && last)
      this.batches[this.batches.length - 1] = { ...last, batch: { ...last.batch, to: batch.to } };
    else this.batches.push({ batch, length });
    this.events += batch.events.length;
    this.length += length;
    while (this.batches.length > 1 && (this.events > keptMax || this.length > lengthMax)) {
      const [oldest] = this.batches.splice(0, 1);
      this.events -= oldest?.batch.events.length ?? 0;
      this.length -= oldest?.length ?? 0;
    }
    for (const wake of this.waiting) wake();
  }

  /** The events behind a position; undefined: there are none yet. */
  batchAfter(at: Position): EventBatch | undefined | 'not kept' {
    if (comparePositions(at, this.to) >= 0) return undefined;
    const [first] = this.batches;
    if (first === undefined || comparePositions(at, first.batch.from) < 0) return 'not kept';
    const found = this.batches.findLast(({ batch }) => comparePositions(batch.from, at) <= 0)?.batch;
    if (found === undefined || comparePositions(found.from, at) === 0) return found;
    // Who has read from the database stands between two of them.
    const events = found.events.filter(({ position }) => comparePositions(position, at) > 0);
    return { from: at, to: found.to, events };
  }

  /** Where to begin in order to come by an event at this place; undefined: that is not kept. */
  boundaryBefore(place: Position): Position | undefined {
    if (comparePositions(place, this.to) > 0) return this.to;
    const [first] = this.batches;
    if (first === undefined || comparePositions(place, first.batch.from) <= 0) return undefined;
    return this.batches.findLast(({ batch }) => comparePositions(batch.from, place) < 0)?.batch.from;
  }

  /** Whether something was read behind a position, within a while. Throws the reason of the abort. */
  changed(at: Position, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.waiting.delete(settle);
        signal.removeEventListener('abort', settle);
        if (signal.aborted) reject(signal.reason as Error);
        else resolve(comparePositions(this.to, at) > 0);
      };
      const timer = setTimeout(settle, quietMs);
      if (signal.aborted || comparePositions(this.to, at) > 0) {
        settle();
        return;
      }
      this.waiting.add(settle);
      signal.addEventListener('abort', settle);
    });
  }
}
