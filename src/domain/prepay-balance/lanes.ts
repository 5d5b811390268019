import { addClaims, touches, type Claims } from './unit-of-work/claims.js';

/** Commands of one batch. */
const batchSizeMax = 256;
/** Commands that are worth a batch of their own: with more, those that wait are shared out among the free lanes. */
const batchSizeGoal = 16;
/** Commands of one batch that were held up before: the rest of it is for new ones. */
const heldUpOfBatchMax = 128;
/** Requests that are looked at for one batch; most of those may wait behind the same bucket. */
const lookAheadMax = 2_000;

/** A request that waits for its lane. */
export interface Queued {
  /** Its place in the order of arrival. */
  readonly order: number;
  readonly tenantId: string;
  /** How many commands it is. */
  readonly size: number;
  /** What it needs for itself; undefined until it is located. */
  claims: Claims | undefined;
  /** True when it could not be located for good: it runs while nothing else does. */
  isAlone: boolean;
  /** Buckets of it that another server has locked, and when they are tried again, by the clock of performance.now(). */
  heldUp: { readonly buckets: ReadonlySet<string>; readonly until: number } | undefined;
}

export interface LaneUse {
  readonly lanes: number;
  readonly busy: number;
  readonly waiting: number;
  readonly heldUp: number;
}

/**
 * Requests in the order they came, and the batches of them that run at the same time, each in a lane. Batches share nothing:
 * no bucket, no key and no action. Requests that share something keep their order: none is taken before one that came
 * earlier. Only what waits for a bucket that another server has locked keeps nobody but those who need that bucket.
 */
export class Lanes<Item extends Queued> {
  /** Sorted by order. */
  private queue: Item[] = [];
  private readonly running = new Map<readonly Item[], ReadonlySet<string>>();

  constructor(private readonly lanesMax: number) {}

  /** Requests that wait. */
  get waiting(): readonly Item[] {
    return this.queue;
  }

  /** How many lanes there are, how many have a batch, what waits for one, and what of that is locked by others. */
  use(): LaneUse {
    const heldUp = this.queue.filter((item) => item.heldUp !== undefined).length;
    return { lanes: this.lanesMax, busy: this.running.size, waiting: this.queue.length, heldUp };
  }

  get isRunning(): boolean {
    return this.running.size > 0;
  }

  /** The order of the next request is above all others. */
  add(item: Item): void {
    this.queue.push(item);
  }

  /** Requests that were taken go back to their place. */
  putBack(items: readonly Item[]): void {
    if (items.length > 0) this.queue = [...this.queue, ...items].sort((one, other) => one.order - other.order);
  }

  /** Takes requests out that are not to run any more. */
  remove(items: readonly Item[]): void {
    const removed = new Set(items);
    if (removed.size > 0) this.queue = this.queue.filter((item) => !removed.has(item));
  }

  /**
   * The next batch, for which a lane is taken until `end`; undefined when no lane is free or nothing can run beside what
   * runs. Commands that share something go together; others are shared out among the free lanes. A request that still
   * waits to be located keeps all of its tenant behind it.
   */
  begin(now: number): readonly Item[] | undefined {
    const lanesFree = this.lanesMax - this.running.size;
    if (lanesFree <= 0 || this.queue.length === 0) return undefined;
    if ([...this.running.keys()].some(([first]) => first?.isAlone)) return undefined;
    const batch = this.choose(lanesFree, now);
    if (batch.length === 0) return undefined;
    const claimed = new Set<string>();
    for (const { claims } of batch) if (claims) addClaims(claimed, claims);
    this.running.set(batch, claimed);
    this.remove(batch);
    return batch;
  }

  end(batch: readonly Item[]): void {
    this.running.delete(batch);
  }

  private choose(lanesFree: number, now: number): Item[] {
    const goal = Math.max(batchSizeGoal, Math.ceil(this.queue.reduce((sum, { size }) => sum + size, 0) / lanesFree));
    const batch: Item[] = [];
    const own = new Set<string>();
    let size = 0;
    let heldUpSize = 0;
    /** What requests that are passed over need: who needs it too waits behind them. */
    const passed = new Set<string>();
    /** What is locked elsewhere. */
    const elsewhere = new Set<string>();
    const closedTenants = new Set<string>();
    for (const item of this.queue.slice(0, lookAheadMax)) {
      const { claims, heldUp, tenantId } = item;
      if (size >= batchSizeMax) break;
      if (item.isAlone) return batch.length === 0 && !this.isRunning ? [item] : batch;
      if (claims === undefined) closedTenants.add(tenantId);
      if (claims === undefined || closedTenants.has(tenantId)) continue;
      if (heldUp && now < heldUp.until) {
        addClaims(elsewhere, { buckets: [...heldUp.buckets], others: claims.others });
        continue;
      }
      const lockedElsewhere = claims.buckets.filter((id) => elsewhere.has(id));
      if (lockedElsewhere.length > 0 || touches(claims, elsewhere)) {
        item.heldUp = { buckets: new Set(lockedElsewhere), until: now };
        addClaims(elsewhere, { buckets: lockedElsewhere, others: claims.others });
        continue;
      }
      const isFree =
        !touches(claims, passed) && ![...this.running.values()].some((claimed) => touches(claims, claimed));
      const fits =
        batch.length === 0 ||
        (tenantId === batch[0]?.tenantId &&
          size + item.size <= batchSizeMax &&
          (size < goal || touches(claims, own)) &&
          (heldUp === undefined || heldUpSize + item.size <= heldUpOfBatchMax));
      if (!isFree || !fits) {
        addClaims(passed, claims);
        continue;
      }
      batch.push(item);
      addClaims(own, claims);
      size += item.size;
      if (heldUp) heldUpSize += item.size;
    }
    return batch;
  }
}

/** The buckets of a batch that another server had locked when they were last tried. */
export function heldUpBuckets(batch: readonly Queued[]): ReadonlySet<string> {
  return new Set(batch.flatMap(({ heldUp }) => [...(heldUp?.buckets ?? [])]));
}
