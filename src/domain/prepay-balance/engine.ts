import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../platform/database/database.js';
import { isLockTimeout } from '../../platform/database/failures.js';
import { DomainError } from '../../platform/errors.js';
import { withRetry } from '../../platform/write/retry.js';
import {
  applyUnlocked,
  type Applied,
  type BalanceRequest,
  type BalanceResult,
  type BalanceDependencies,
} from './unit-of-work/apply.js';
import type { DueWork } from './due/due-work.js';
import type { SkippedBuckets } from './store/balance.store.js';

/** Commands of one transaction. */
const batchSizeMax = 256;
/** Commands that may wait; more are sent away, to come again. */
const waitingMax = 10_000;

/** How long a command waits for buckets that somebody else has locked; longer than a program may be frozen within a transaction. */
const patienceMs = 8_000;
/** What is left of that when the server stops. */
const patienceOfDrainMs = 1_000;
/** How often those are tried that wait for locked buckets. */
const probeMs = 50;
/** Commands of one transaction that waited for locked buckets: there must be room for the others. */
const parkedOfBatchMax = 128;
/** How long a batch may look for the commands that keep it from its locks. */
const searchMaxMs = 3_000;

interface Waiting {
  readonly tenantId: string;
  readonly request: BalanceRequest;
  readonly since: number;
  readonly resolve: (result: BalanceResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: while one transaction is on its way, the commands that arrive wait and go together with
 * the next. A hot bucket is locked, written and committed once for all of them. Several servers may
 * share a database: the row locks keep them apart. Where another one keeps its locks, because it hangs, the commands
 * that need these buckets are parked, and the others go on.
 */
export class BalanceEngine {
  private waiting: Waiting[] = [];
  /** In the order they came, before all that wait. */
  private parked: Waiting[] = [];
  /** Buckets that the parked commands wait for. */
  private taken: ReadonlySet<string> = new Set();
  private probedAt = 0;
  private probes = 0;
  private patienceMs = patienceMs;
  private running: Promise<void> | undefined;
  /** When commands last got an answer, or the first of them came. */
  private progressAt = 0;
  /** Batches run so far; at n those of 2^n commands and more, but fewer than 2^(n+1). */
  private readonly batches: number[] = [];

  constructor(
    private readonly database: Database,
    private readonly dueWork: DueWork,
    private readonly dependencies: BalanceDependencies,
  ) {}

  submit(tenantId: string, request: BalanceRequest): Promise<BalanceResult> {
    if (this.waiting.length + this.parked.length >= waitingMax) {
      throw new DomainError(
        'UNAVAILABLE',
        'too many balance actions are waiting; repeat the request with the same Idempotency-Key',
      );
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ tenantId, request, since: performance.now(), resolve, reject });
      if (this.running) return;
      this.progressAt = performance.now();
      this.running = this.run();
    });
  }

  /** For how long commands have been waiting without the engine getting on; 0 when none waits. */
  stuckMs(): number {
    return this.running ? performance.now() - Math.max(this.progressAt, this.dueWork.progressAt) : 0;
  }

  /** Resolves when nothing waits and nothing is on its way. */
  async drain(): Promise<void> {
    this.patienceMs = patienceOfDrainMs;
    while (this.running) await this.running;
  }

  /** How many batches were run, by their size: `{ '1': 12, '2-3': 4, '4-7': 1 }`. */
  batchSizes(): Record<string, number> {
    const sizes = this.batches.map((count, power): [string, number] => [
      power === 0 ? '1' : `${2 ** power}-${2 ** (power + 1) - 1}`,
      count,
    ]);
    return Object.fromEntries(sizes.filter(([, count]) => count > 0));
  }

  private async run(): Promise<void> {
    // Requests that the same turn of the event loop brings join the first transaction.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.length + this.parked.length > 0) {
      this.rejectExpired();
      const batch = this.takeBatch();
      if (batch.length > 0) await this.runBatch(batch, performance.now() + searchMaxMs);
      else await sleep(probeMs);
    }
    this.running = undefined;
  }

  /** Whose patience is over is told to come again. */
  private rejectExpired(): void {
    const now = performance.now();
    const late = this.parked.filter(({ since }) => now - since > this.patienceMs);
    if (late.length === 0) return;
    this.parked = this.parked.filter((item) => !late.includes(item));
    for (const { reject } of late) reject(bucketsLockedElsewhere());
    // Nobody tells when they are free.
    if (this.parked.length === 0) this.taken = new Set();
  }

  /** The oldest waiting commands of one tenant; some of those that are parked first, when it is time to try them. */
  private takeBatch(): Waiting[] {
    const isProbe = this.parked.length > 0 && performance.now() - this.probedAt >= probeMs;
    if (isProbe) this.probedAt = performance.now();
    // Each time a further stretch of them, so that none waits behind those that stay locked.
    const from = isProbe ? (this.probes++ * parkedOfBatchMax) % this.parked.length : 0;
    const tenantId = (isProbe ? this.parked[from] : this.waiting[0])?.tenantId;
    const batch: Waiting[] = [];
    let commands = 0;
    const takeFrom = (items: readonly Waiting[], commandsMax: number): Waiting[] => {
      const rest: Waiting[] = [];
      for (const item of items) {
        const isTaken =
          item.tenantId === tenantId && (batch.length === 0 || commands + item.request.commands.length <= commandsMax);
        (isTaken ? batch : rest).push(item);
        if (isTaken) commands += item.request.commands.length;
      }
      return rest;
    };
    if (isProbe) this.parked = [...this.parked.slice(0, from), ...takeFrom(this.parked.slice(from), parkedOfBatchMax)];
    this.waiting = takeFrom(this.waiting, batchSizeMax);
    if (batch.length > 0) {
      const power = Math.floor(Math.log2(batch.length));
      this.batches[power] = (this.batches[power] ?? 0) + 1;
    }
    return batch;
  }

  /** Locks that are not had soon are looked for until `searchUntil`. */
  private async runBatch(
    batch: readonly Waiting[],
    searchUntil: number,
    passBy: SkippedBuckets = this.taken,
  ): Promise<void> {
    try {
      const { results, taken } = await this.apply(batch, passBy);
      this.progressAt = performance.now();
      this.park(
        batch.filter((_item, index) => results[index] === undefined),
        taken,
      );
      results.forEach((result, index) => result && batch[index]?.resolve(result));
    } catch (error) {
      await this.afterFailure(batch, searchUntil, passBy, error);
    }
  }

  private async afterFailure(
    batch: readonly Waiting[],
    searchUntil: number,
    passBy: SkippedBuckets,
    error: unknown,
  ): Promise<void> {
    const isLocked = isLockTimeout(error);
    // Somebody keeps a bucket: those go on that nobody keeps.
    if (isLocked && passBy !== 'all') return this.runBatch(batch, searchUntil, 'all');
    const isAway = error instanceof DomainError && error.code === 'UNAVAILABLE';
    const isLate = isLocked && performance.now() > searchUntil;
    if (batch.length === 1 || isAway || isLate) {
      for (const { reject } of batch) reject(isLocked ? bucketsLockedElsewhere() : error);
      return;
    }
    // Somebody keeps another row, which one of them needs: it is among the first half, or the second.
    const parts = isLocked ? halves(batch) : batch.map((item) => [item]);
    // One command that the database will not take, or a race lost too often: the others are not to suffer.
    for (const part of parts) await this.runBatch(part, searchUntil, passBy);
  }

  /** They came before all that wait, and keep their order. */
  private park(blocked: readonly Waiting[], taken: ReadonlySet<string>): void {
    if (blocked.length > 0) this.parked = [...this.parked, ...blocked].sort((one, other) => one.since - other.since);
    this.taken = this.parked.length === 0 ? new Set() : new Set([...this.taken, ...taken]);
  }

  private apply(batch: readonly Waiting[], passBy: SkippedBuckets): Promise<Applied> {
    const tenantId = batch[0]?.tenantId as string;
    const requests = batch.map(({ request }) => request);
    const transaction = (options: { unlessDue: boolean }): Promise<Applied> =>
      withRetry(
        () =>
          this.database.transaction(
            (tx) => applyUnlocked(tx, this.dependencies, tenantId, requests, { ...options, passBy }),
            {
              workClass: 'engine',
            },
          ),
        { passesLocks: true },
      );
    return this.dueWork.runAfterDueWork(tenantId, transaction, { isHurried: true });
  }
}

function halves<T>(items: readonly T[]): (readonly T[])[] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}

function bucketsLockedElsewhere(): DomainError {
  return new DomainError(
    'UNAVAILABLE',
    'the balance is in use by another server that does not go on; repeat the request with the same Idempotency-Key',
  );
}
