import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.js';
import type { Take, Used } from './quota-store.js';

/** Quotas that a process remembers; what it had taken of a forgotten one is lost to its owner until the window ends. */
const rememberedMax = 50_000;
/** A process takes this part of a quota at once, so that few requests ask the database. */
const leasesOfQuota = 20;
const leaseMax = 100;
/** How often a request asks again for what others were faster to use. */
const triesMax = 10;
/** How long a request waits for the database; then it goes on without quotas. */
const patienceMs = 500;
/** How long all requests go on without quotas when the database does not answer. */
const openMs = 1_000;

/** So much of something in each window of time. */
export interface Quota {
  /** Unique for whose it is, what is counted and the length of the window. */
  readonly key: string;
  /** What clients read in RateLimit headers. */
  readonly name: string;
  readonly max: number;
  readonly seconds: number;
  /** Whether it is taken before the request is answered (requests), or afterwards, when it is known how much it was (cost). */
  readonly isKnownBefore: boolean;
}

/** How a quota stands. */
export interface Standing {
  readonly quota: Quota;
  readonly remaining: number;
  /** Seconds until it is whole again. */
  readonly resets: number;
}

/** What became of a request: admitted, or refused by the quotas that are used up. */
export interface Verdict {
  readonly standings: readonly Standing[];
  readonly exceeded: readonly Standing[];
}

interface State {
  window: number;
  /** Taken in the database and not used yet. */
  lease: number;
  /** What others and we may still take; undefined: nobody asked yet. */
  remaining: number | undefined;
}

interface Wanted {
  readonly quota: Quota;
  readonly window: number;
  amount: number;
  /** Requests that want it. */
  askers: number;
}

export type TakeFromStore = (takes: readonly Take[]) => Promise<Used[]>;

/**
 * Counts what is used of quotas. The database has the count that all servers share; each process takes parts of it in advance, which
 * are never more than there are: together they never admit more than the quota. When the database does not answer, all is admitted.
 */
export class Counters {
  private readonly states = new LRUCache<string, State>({ max: rememberedMax });
  private readonly wanted = new Map<string, Wanted>();
  /** The statement that has not begun, and the one before it. */
  private next: Promise<boolean> | undefined;
  private running: Promise<boolean> = Promise.resolve(true);
  private openUntil = 0;

  constructor(
    private readonly take: TakeFromStore,
    private readonly clock: Clock,
    private readonly reportFailure: (error: unknown) => void,
  ) {}

  /** Takes one of each quota that is known before, or of none. Undefined: the quotas cannot be asked. */
  admit(quotas: readonly Quota[]): Verdict | undefined | Promise<Verdict | undefined> {
    return this.tryAdmit(quotas, 0);
  }

  /** Takes what is known only now. */
  spend(quotas: readonly Quota[], amount: number): void {
    for (const quota of quotas) {
      const state = this.stateOf(quota);
      if (state.remaining !== undefined) state.remaining -= amount;
      this.want(quota, amount);
    }
    if (quotas.length > 0) void this.answered();
  }

  private tryAdmit(quotas: readonly Quota[], tries: number): Verdict | undefined | Promise<Verdict | undefined> {
    if (performance.now() < this.openUntil) return undefined;
    const exceeded = quotas.filter((quota) => this.isUsedUp(quota));
    if (exceeded.length > 0) return this.verdict(quotas, exceeded);
    const lacking = quotas.filter((quota) => !this.isReady(quota));
    if (lacking.length === 0) {
      for (const quota of quotas) if (quota.isKnownBefore) this.stateOf(quota).lease -= 1;
      return this.verdict(quotas, []);
    }
    if (tries === triesMax) return this.verdict(quotas, lacking);
    for (const quota of lacking) this.want(quota, quota.isKnownBefore ? leaseOf(quota) : 0);
    return this.answered().then((isAnswered) => (isAnswered ? this.tryAdmit(quotas, tries + 1) : undefined));
  }

  private isReady(quota: Quota): boolean {
    const { lease, remaining } = this.stateOf(quota);
    return quota.isKnownBefore ? lease >= 1 : remaining !== undefined;
  }

  private isUsedUp(quota: Quota): boolean {
    const { lease, remaining } = this.stateOf(quota);
    return lease < 1 && remaining !== undefined && remaining <= 0;
  }

  private verdict(quotas: readonly Quota[], exceeded: readonly Quota[]): Verdict {
    const standings = quotas.map((quota) => this.standingOf(quota));
    return { standings, exceeded: standings.filter(({ quota }) => exceeded.includes(quota)) };
  }

  private standingOf(quota: Quota): Standing {
    const { window, lease, remaining = quota.max } = this.stateOf(quota);
    const ends = (window + 1) * quota.seconds * 1_000;
    const resets = Math.max(1, Math.ceil((ends - this.clock.now().getTime()) / 1_000));
    return { quota, remaining: Math.max(0, Math.floor(remaining + lease)), resets };
  }

  private stateOf({ key, seconds }: Quota): State {
    const window = Math.floor(this.clock.now().getTime() / (seconds * 1_000));
    let state = this.states.get(key);
    if (state === undefined || state.window < window) {
      state = { window, lease: 0, remaining: undefined };
      this.states.set(key, state);
    }
    return state;
  }

  /** Requests that want the same go together: what is taken ahead is a part of the quota, or one for each of them. */
  private want(quota: Quota, amount: number): void {
    const { window } = this.stateOf(quota);
    const known = this.wanted.get(quota.key);
    if (known === undefined || known.window !== window) {
      this.wanted.set(quota.key, { quota, window, amount, askers: 1 });
      return;
    }
    known.askers += 1;
    known.amount = quota.isKnownBefore ? Math.max(amount, known.askers) : known.amount + amount;
  }

  /** Resolves when what is wanted now was answered; to false when it was not. */
  private answered(): Promise<boolean> {
    return (this.next ??= this.round());
  }

  /** One statement after the other, each for all that was wanted meanwhile. */
  private round(): Promise<boolean> {
    const before = this.running;
    const round = (async () => {
      await before;
      await new Promise((resolve) => setImmediate(resolve));
      this.next = undefined;
      const batch = [...this.wanted.values()];
      this.wanted.clear();
      try {
        this.note(batch, await inTime(this.take(batch.map(toTake))));
        return true;
      } catch (error) {
        this.openUntil = performance.now() + openMs;
        this.reportFailure(error);
        return false;
      }
    })();
    this.running = round;
    return round;
  }

  private note(batch: readonly Wanted[], rows: readonly Used[]): void {
    const used = new Map(rows.map((row) => [row.key, row]));
    for (const { quota, amount } of batch) {
      const row = used.get(quota.key);
      if (row === undefined) continue;
      const known = this.stateOf(quota);
      // It was the last of a window that is over.
      if (row.window < known.window) continue;
      const state = row.window === known.window ? known : { window: row.window, lease: 0, remaining: undefined };
      this.states.set(quota.key, state);
      if (quota.isKnownBefore) state.lease += Math.max(0, amount - Math.max(0, row.used - quota.max));
      const later = quota.isKnownBefore ? 0 : (this.wanted.get(quota.key)?.amount ?? 0);
      state.remaining = Math.max(0, quota.max - row.used) - later;
    }
  }
}

function leaseOf({ max }: Quota): number {
  return Math.min(leaseMax, Math.max(1, Math.floor(max / leasesOfQuota)));
}

function toTake({ quota: { key, seconds }, window, amount }: Wanted): Take {
  return { key, window, amount: Math.ceil(amount), expiresAt: new Date((window + 2) * seconds * 1_000).toISOString() };
}

/** Fails when the database takes too long: requests wait for it. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  let late: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    late = setTimeout(() => reject(new Error(`no answer within ${patienceMs} ms`)), patienceMs);
  });
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(late);
  }
}
