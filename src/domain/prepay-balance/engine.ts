import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../platform/database/database.js';
import { isLockTimeout } from '../../platform/database/failures.js';
import { DomainError } from '../../platform/errors.js';
import type { JsonObject } from '../../platform/json-object.js';
import type { Answer } from '../../platform/write/command.js';
import { answerOf, idempotencyOf } from '../../platform/write/idempotency.js';
import { withRetry } from '../../platform/write/retry.js';
import { requestedInput, type WriteContext } from '../changes.js';
import type { BalanceDependencies } from './dependencies.js';
import type { DueWork } from './due/due-work.js';
import type { SkippedBuckets } from './store/bucket.store.js';
import { applyRequests, type BalanceRequest, type BalanceResult } from './unit-of-work/apply-requests.js';

/** Commands of one transaction. */
const batchSizeMax = 256;
/** Commands that may wait; more are refused, to be repeated. */
const WAITING_ACTIONS_MAX = 10_000;

/** How long a command waits for buckets that another transaction has locked; longer than a process may be frozen within one. */
const patienceMs = 8_000;
/** The same while the server stops. */
const patienceOfDrainMs = 1_000;
/** How often the commands that wait for locked buckets are tried. */
const probeMs = 50;
/** Commands of one transaction that have waited for locked buckets: the rest of it is for new ones. */
const parkedOfBatchMax = 128;
/** How long a batch may search for the commands that keep it from its locks. */
const searchMaxMs = 3_000;

/** Commands that apply together or not at all, and what their request was. */
export interface BalanceSubmission extends Pick<BalanceRequest, 'commands'> {
  /** Hashed into stored fingerprints (idempotencyOf): never renamed. */
  readonly operation: string;
  readonly input: JsonObject;
  /** Whether the answer is a list: `{ items: [...] }`. */
  readonly isBulk?: boolean;
}

interface Waiting {
  readonly tenantId: string;
  readonly request: BalanceRequest;
  readonly since: number;
  readonly resolve: (result: BalanceResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: the commands that arrive while one transaction runs wait, and go together into the next. A bucket that many
 * commands need is locked, written and committed once for all of them. Several servers may share a database: the row locks
 * keep them apart. When another server holds its locks for long, the commands that need those buckets are parked, and the
 * others go on.
 */
export class BalanceEngine {
  private waiting: Waiting[] = [];
  /** In the order they came, before all that wait. */
  private parked: Waiting[] = [];
  /** Buckets that the parked commands wait for. */
  private lockedBuckets: ReadonlySet<string> = new Set();
  private probedAt = 0;
  private probes = 0;
  private patienceMs = patienceMs;
  private running: Promise<void> | undefined;
  /** When commands were last answered, or the first of them came. */
  private progressAt = 0;
  /** Batches run so far; at n those of 2^n commands and more, but fewer than 2^(n+1). */
  private readonly batches: number[] = [];

  constructor(
    private readonly database: Database,
    private readonly dueWork: DueWork,
    private readonly dependencies: BalanceDependencies,
  ) {}

  /**
   * The answer of a request, when it is committed. A key stands for the operation and its input. Throws DomainError for a
   * refusal, and UNAVAILABLE when too many requests wait.
   */
  async submit(
    context: WriteContext,
    { operation, input, commands, isBulk = false }: BalanceSubmission,
  ): Promise<Answer> {
    for (const command of commands)
      this.dependencies.extensions.check('attributes' in command ? command.attributes : {});
    const idempotency = idempotencyOf(context.idempotencyKey, operation, requestedInput(context, input));
    if (this.waiting.length + this.parked.length >= WAITING_ACTIONS_MAX) {
      throw new DomainError(
        'UNAVAILABLE',
        `too many balance actions are waiting, the limit WAITING_ACTIONS_MAX is ${WAITING_ACTIONS_MAX}; repeat the request with the same Idempotency-Key`,
      );
    }
    const result = await new Promise<BalanceResult>((resolve, reject) => {
      const request = { commands, isBulk, idempotency };
      this.waiting.push({ tenantId: context.tenantId, request, since: performance.now(), resolve, reject });
      if (this.running) return;
      this.progressAt = performance.now();
      this.running = this.run();
    });
    if ('error' in result) throw result.error;
    return { answer: answerOf(result), replayed: result.replayed };
  }

  /** For how long commands have been waiting without any progress, in milliseconds; 0 when none waits. */
  stuckMs(): number {
    return this.running ? performance.now() - Math.max(this.progressAt, this.dueWork.progressAt) : 0;
  }

  /** Resolves when every command is answered. */
  async drain(): Promise<void> {
    this.patienceMs = patienceOfDrainMs;
    while (this.running) await this.running;
  }

  /** How many batches were run, by the number of their commands: `{ '1': 12, '2-3': 4, '4-7': 1 }`. */
  batchSizes(): Record<string, number> {
    const sizes = this.batches.map((count, power): [string, number] => [
      power === 0 ? '1' : `${2 ** power}-${2 ** (power + 1) - 1}`,
      count,
    ]);
    return Object.fromEntries(sizes.filter(([, count]) => count > 0));
  }

  private async run(): Promise<void> {
    // Requests that arrive in the same turn of the event loop join the first transaction.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.length + this.parked.length > 0) {
      this.rejectExpired();
      const batch = this.takeBatch();
      if (batch.length > 0) await this.runBatch(batch, performance.now() + searchMaxMs);
      else await sleep(probeMs);
    }
    this.running = undefined;
  }

  /** Refuses the parked commands that have waited for too long. */
  private rejectExpired(): void {
    const now = performance.now();
    const late = this.parked.filter(({ since }) => now - since > this.patienceMs);
    if (late.length === 0) return;
    this.parked = this.parked.filter((item) => !late.includes(item));
    for (const { reject } of late) reject(bucketsLockedElsewhere());
    if (this.parked.length === 0) this.lockedBuckets = new Set();
  }

  /** The oldest waiting commands of one tenant, after some of the parked ones when it is time to try those. */
  private takeBatch(): Waiting[] {
    const isProbe = this.parked.length > 0 && performance.now() - this.probedAt >= probeMs;
    if (isProbe) this.probedAt = performance.now();
    // Each time the next part of them, so that none waits behind those that stay locked.
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

  /** Runs a batch in one transaction and answers its commands. Until `searchUntil` it searches for those that lock up the others. */
  private async runBatch(
    batch: readonly Waiting[],
    searchUntil: number,
    skip: SkippedBuckets = this.lockedBuckets,
  ): Promise<void> {
    const tenantId = batch[0]?.tenantId as string;
    const requests = batch.map(({ request }) => request);
    try {
      const { results, skipped } = await this.dueWork.runAfterDueWork(
        tenantId,
        (guard) =>
          withRetry(
            () =>
              this.database.transaction(
                (tx) => applyRequests(tx, this.dependencies, tenantId, requests, { ...guard, skip }),
                { workClass: 'engine' },
              ),
            { passesLocks: true },
          ),
        { waitsForLocks: false },
      );
      this.progressAt = performance.now();
      this.park(
        batch.filter((_item, index) => results[index] === undefined),
        skipped,
      );
      results.forEach((result, index) => result && batch[index]?.resolve(result));
    } catch (error) {
      await this.afterFailure(batch, searchUntil, skip, error);
    }
  }

  private async afterFailure(
    batch: readonly Waiting[],
    searchUntil: number,
    skip: SkippedBuckets,
    error: unknown,
  ): Promise<void> {
    const isLocked = isLockTimeout(error);
    // Another transaction holds a bucket: the commands that need none such go on.
    if (isLocked && skip !== 'all') return this.runBatch(batch, searchUntil, 'all');
    const isAway = error instanceof DomainError && error.code === 'UNAVAILABLE';
    const isLate = isLocked && performance.now() > searchUntil;
    if (batch.length === 1 || isAway || isLate) {
      for (const { reject } of batch) reject(isLocked ? bucketsLockedElsewhere() : error);
      return;
    }
    // Another transaction holds another row that one of them needs, in the first half or the second. Otherwise one command
    // is such that the database refuses it, or a race was lost too often: the others must not suffer.
    const parts = isLocked ? halves(batch) : batch.map((item) => [item]);
    for (const part of parts) await this.runBatch(part, searchUntil, skip);
  }

  /** Parked commands came before all that wait, and keep their order. */
  private park(blocked: readonly Waiting[], skipped: ReadonlySet<string>): void {
    if (blocked.length > 0) this.parked = [...this.parked, ...blocked].sort((one, other) => one.since - other.since);
    this.lockedBuckets = this.parked.length === 0 ? new Set() : new Set([...this.lockedBuckets, ...skipped]);
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
