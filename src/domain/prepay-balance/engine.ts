import type { Database } from '../../platform/database/database.js';
import { isLockTimeout } from '../../platform/database/failures.js';
import { runForTenant } from '../../platform/database/tenant-scope.js';
import { apartFromSpans, currentSpan } from '../../platform/tracing.js';
import { DomainError } from '../../platform/errors.js';
import type { JsonObject } from '../../platform/json-object.js';
import type { Answer } from '../../platform/write/command.js';
import { answerOf, idempotencyOf } from '../../platform/write/idempotency.js';
import { withRetry } from '../../platform/write/retry.js';
import { requestedInput, type WriteContext } from '../changes.js';
import type { BalanceDependencies } from './dependencies.js';
import type { DueWork } from './due/due-work.js';
import { heldUpBuckets, Lanes, type Queued } from './lanes.js';
import { Locating, type LocatedCommands } from './locating.js';
import type { SkippedBuckets } from './store/bucket.store.js';
import {
  applyRequests,
  type AppliedRequests,
  type BalanceRequest,
  type BalanceResult,
} from './unit-of-work/apply-requests.js';
import { claimsOf } from './unit-of-work/claims.js';
import type { Command, Located } from './unit-of-work/located.js';
import { BatchSizes } from './batch-sizes.js';
import { inBatchSpan } from './batch-span.js';

/** Batches that run at the same time; with more, each is smaller and costs a commit of its own. */
const lanesMax = 4;
/** Commands that may wait; more are refused, to be repeated. */
const WAITING_ACTIONS_MAX = 10_000;
/** Requests that are located by one round of statements. */
const locatedAtOnceMax = 256;
/** How often a request may turn out to need other buckets than it was located in; after that it runs alone. */
const strayedMax = 3;

/** How long a command waits for buckets that another transaction has locked; longer than a process may be frozen within one. */
const patienceMs = 8_000;
/** The same while the server stops. */
const patienceOfDrainMs = 1_000;
/** How often the commands that wait for locked buckets are tried. */
const probeMs = 50;
/** How long a batch may search for the commands that keep it from its locks. */
const searchMaxMs = 3_000;
/** Answers that are given before the database is looked after again. */
const answersAtOnce = 8;

/** Commands that apply together or not at all, and what their request was. */
export interface BalanceSubmission extends Pick<BalanceRequest, 'commands'> {
  /** Hashed into stored fingerprints (idempotencyOf): never renamed. */
  readonly operation: string;
  readonly input: JsonObject;
  /** Whether the answer is a list: `{ items: [...] }`. */
  readonly isBulk?: boolean;
}

interface Waiting extends Queued {
  readonly request: BalanceRequest;
  readonly since: number;
  located: LocatedCommands;
  strayed: number;
  readonly resolve: (result: BalanceResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit in lanes: the commands that arrive while the lanes are busy wait, and go together into the next transaction
 * that is free of what they need. A bucket that many commands need is locked, written and committed once for all of them;
 * batches of other buckets run at the same time. Several servers may share a database: the row locks keep them apart. When
 * another server holds its locks for long, the commands that need those buckets are held up, and the others go on.
 */
export class BalanceEngine {
  readonly lanes: Lanes<Waiting>;
  private readonly locating: Locating;
  private isLocating = false;
  private isWoken = false;
  private probe: NodeJS.Timeout | undefined;
  private orders = 0;
  private patienceMs = patienceMs;
  /** Requests that are not answered. */
  private unanswered = 0;
  private whenAllAnswered: (() => void)[] = [];
  /** When commands were last answered, or the first of them came. */
  private progressAt = 0;
  private readonly batches = new BatchSizes();

  constructor(
    private readonly database: Database,
    private readonly dueWork: DueWork,
    private readonly dependencies: BalanceDependencies,
  ) {
    this.lanes = new Lanes(Math.min(lanesMax, database.engine.connections));
    this.locating = new Locating(database, dependencies);
  }

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
    const { tenantId, principalId, audit } = context;
    const idempotency = idempotencyOf(context, operation, requestedInput(context, input));
    if (this.lanes.waiting.length >= WAITING_ACTIONS_MAX) {
      throw new DomainError(
        'UNAVAILABLE',
        `too many balance actions are waiting, the limit WAITING_ACTIONS_MAX is ${WAITING_ACTIONS_MAX}; repeat the request with the same Idempotency-Key`,
      );
    }
    if (this.unanswered++ === 0) this.progressAt = performance.now();
    try {
      const result = await new Promise<BalanceResult>((resolve, reject) => {
        const { guard } = context;
        const request = { commands, isBulk, idempotency, principalId, audit, guard, span: currentSpan() };
        this.enqueue(tenantId, request, { resolve, reject });
      });
      if ('error' in result) throw result.error;
      if (!result.replayed) audit?.recorded();
      return { answer: answerOf(result), replayed: result.replayed };
    } finally {
      if (--this.unanswered === 0) for (const done of this.whenAllAnswered.splice(0)) done();
    }
  }

  /** For how long commands have been waiting without any progress, in milliseconds; 0 when none waits. */
  stuckMs(): number {
    return this.unanswered > 0 ? performance.now() - Math.max(this.progressAt, this.dueWork.progressAt) : 0;
  }

  /** Requests that wait for their answer. */
  waiting(): number {
    return this.unanswered;
  }

  /** Resolves when every command is answered. */
  async drain(): Promise<void> {
    this.patienceMs = patienceOfDrainMs;
    if (this.unanswered > 0) await new Promise<void>((resolve) => this.whenAllAnswered.push(resolve));
  }

  /** How many batches were run, by the number of their requests. */
  batchSizes(): Record<string, number> {
    return this.batches.bySize();
  }

  private enqueue(tenantId: string, request: BalanceRequest, answer: Pick<Waiting, 'resolve' | 'reject'>): void {
    const item: Waiting = {
      order: this.orders++,
      tenantId,
      size: request.commands.length,
      request,
      since: performance.now(),
      located: new Map(),
      claims: undefined,
      strayed: 0,
      isAlone: false,
      heldUp: undefined,
      ...answer,
    };
    const located = this.locating.atOnce(request);
    if (located) setLocated(item, located);
    this.lanes.add(item);
    this.wake();
  }

  /** Requests that arrive in the same turn of the event loop are looked at together. */
  private wake(): void {
    if (this.isWoken) return;
    this.isWoken = true;
    setImmediate(() => {
      this.isWoken = false;
      this.fillLanes();
    });
  }

  private fillLanes(): void {
    void this.locateWaiting();
    for (let batch = this.lanes.begin(performance.now()); batch; batch = this.lanes.begin(performance.now())) {
      this.batches.count(batch.length);
      void runForTenant(batch[0]!.tenantId, () => this.runLane(batch));
    }
    if (this.probe || !this.lanes.waiting.some(({ heldUp }) => heldUp)) return;
    this.probe = setTimeout(() => {
      this.probe = undefined;
      this.fillLanes();
    }, probeMs);
  }

  /** Finds out by an unlocked read what requests need that do not say so themselves. */
  private async locateWaiting(): Promise<void> {
    if (this.isLocating) return;
    const first = this.lanes.waiting.find(({ claims, isAlone }) => claims === undefined && !isAlone);
    if (first === undefined) return;
    const { tenantId } = first;
    const items = this.lanes.waiting
      .filter((item) => item.claims === undefined && !item.isAlone && item.tenantId === tenantId)
      .slice(0, locatedAtOnceMax);
    this.isLocating = true;
    try {
      const requests = items.map(({ request }) => request);
      const locate = (): Promise<LocatedCommands> => this.locating.read(tenantId, requests);
      const located = await runForTenant(tenantId, () => apartFromSpans(first.request.span, locate));
      for (const item of items) setLocated(item, located);
    } catch (error) {
      this.lanes.remove(items);
      for (const { reject } of items) reject(error);
    } finally {
      this.isLocating = false;
      this.fillLanes();
    }
  }

  /** Runs a batch, and fills the lane again before its answers are given: they take longer than to begin a transaction. */
  private async runLane(batch: readonly Waiting[]): Promise<void> {
    const answers: (() => void)[] = [];
    try {
      await inBatchSpan(batch, () =>
        this.runBatch(batch, answers, performance.now() + searchMaxMs, heldUpBuckets(batch)),
      );
    } finally {
      this.lanes.end(batch);
      this.fillLanes();
    }
    while (answers.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      for (const answer of answers.splice(0, answersAtOnce)) answer();
    }
  }

  /** Runs a batch in one transaction. Until `searchUntil` it searches for the commands that lock up the others. */
  private async runBatch(
    batch: readonly Waiting[],
    answers: (() => void)[],
    searchUntil: number,
    skip: SkippedBuckets,
  ): Promise<void> {
    const tenantId = batch[0]?.tenantId as string;
    const requests = batch.map(({ request }) => request);
    const located = batch[0]?.isAlone ? undefined : locatedOf(batch);
    let applied: AppliedRequests;
    try {
      applied = await this.dueWork.runAfterDueWork(
        tenantId,
        (guard) =>
          withRetry(
            () =>
              this.database.engine.transaction((tx) =>
                applyRequests(tx, this.dependencies, tenantId, requests, {
                  ...guard,
                  skip,
                  located,
                  endsTransaction: true,
                }),
              ),
            { passesLocks: true },
          ),
        { waitsForLocks: false },
      );
    } catch (error) {
      return this.afterFailure(batch, answers, searchUntil, skip, error);
    }
    this.progressAt = performance.now();
    this.settle(batch, applied, answers);
  }

  private settle(batch: readonly Waiting[], { results, skipped }: AppliedRequests, answers: (() => void)[]): void {
    const again: Waiting[] = [];
    for (const [index, item] of batch.entries()) {
      const result = results[index];
      if (result === undefined) throw new Error('every request has a result');
      if (typeof result !== 'string') {
        this.locating.remember(item.request, result);
        answers.push(() => item.resolve(result));
        continue;
      }
      if (result === 'locked') {
        const locked = item.claims?.buckets.filter((id) => skipped.has(id)) ?? [];
        item.heldUp = { buckets: new Set(locked), until: performance.now() + probeMs };
        if (performance.now() - item.since > this.patienceMs) {
          answers.push(() => item.reject(bucketsLockedElsewhere()));
          continue;
        }
      }
      if (result === 'strayed') this.locating.forget(item.request);
      // Nobody is to wait for one that runs alone and cannot.
      if (result === 'strayed' || item.isAlone) item.claims = undefined;
      item.isAlone = result === 'strayed' && ++item.strayed >= strayedMax;
      again.push(item);
    }
    this.lanes.putBack(again);
  }

  private async afterFailure(
    batch: readonly Waiting[],
    answers: (() => void)[],
    searchUntil: number,
    skip: SkippedBuckets,
    error: unknown,
  ): Promise<void> {
    const isLocked = isLockTimeout(error);
    // Another transaction holds a bucket: the commands that need none such go on.
    if (isLocked && skip !== 'all') return this.runBatch(batch, answers, searchUntil, 'all');
    const isAway = error instanceof DomainError && error.code === 'UNAVAILABLE';
    const isLate = isLocked && performance.now() > searchUntil;
    if (batch.length === 1 || isAway || isLate) {
      for (const { reject } of batch) reject(isLocked ? bucketsLockedElsewhere() : error);
      return;
    }
    // Another transaction holds another row that one of them needs, in the first half or the second. Otherwise one command
    // is such that the database refuses it, or a race was lost too often: the others must not suffer.
    const parts = isLocked ? halves(batch) : batch.map((item) => [item]);
    for (const part of parts) await this.runBatch(part, answers, searchUntil, skip);
  }
}

function setLocated(item: Waiting, located: LocatedCommands): void {
  item.located = located;
  item.claims = claimsOf(item.tenantId, item.request, (command) => located.get(command));
}

/** What is known of all commands of a batch. */
function locatedOf(batch: readonly Waiting[]): LocatedCommands {
  return new Map(
    batch.flatMap(({ request, located }) =>
      request.commands.flatMap((command): [Command, Located][] => {
        const found = located.get(command);
        return found ? [[command, found]] : [];
      }),
    ),
  );
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
