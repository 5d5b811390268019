import type { Prisma } from '../../../../prisma/generated/client.js';
import type { Database } from '../../../platform/database/database.js';
import { isLockTimeout } from '../../../platform/database/failures.js';
import { runForAllTenants, runForTenant } from '../../../platform/database/tenant-scope.js';
import { runInWorkClass } from '../../../platform/database/work-class.js';
import { DomainError } from '../../../platform/errors.js';
import { withRetry } from '../../../platform/write/retry.js';
import type { DueCommand } from '../command/commands.js';
import type { BalanceDependencies } from '../dependencies.js';
import { findDue, isDue, readIsDue, tenantsWithDue, type DueItem } from '../store/due.store.js';
import { DueWorkPending } from '../unit-of-work/locked-state.js';
import { applyDue } from './apply-due.js';

/** Due items of one transaction. */
const batchSizeMax = 256;
/** Tenants of one round of the background job; the next round finds the others. */
const tenantsMax = 1_000;
/** Due items one caller waits for; a longer backlog is left to the next caller and to the background job. */
const itemsOfCallMax = 5_000;
/** How often an item is found due at the same instant before it counts as stuck. */
const attemptsMax = 5;
/** How long a stuck item is then left alone. */
const stuckMs = 60_000;
/** How long a reader waits for due items that another server has locked; as a rule that server is about to apply them. */
const lockPatienceMs = 3_000;
/** How long a locked item is then left alone, so that not every caller waits for it again. */
const lockedMs = 3_000;
/** How often one transaction begins again because something is due. */
const roundsMax = 3;

/** An item that is left alone for a while. */
interface Postponed {
  readonly tenantId: string;
  /** Milliseconds since 1970, by the clock of the application. */
  readonly until: number;
  /** The buckets of an item that is postponed because another transaction has locked one of them. */
  readonly bucketIds: readonly string[];
}

/** How a transaction that moves balances is to treat due work. */
export interface DueWorkGuard {
  /** Whether it throws DueWorkPending when something is due. */
  readonly failIfDue: boolean;
  /** Buckets for which something is due that cannot be applied now, because another transaction has locked a part of it. */
  readonly overdueBuckets: ReadonlySet<string>;
}

/**
 * Applies what is due: reservations and buckets that lapse, scheduled top-ups, unpaid actions. Every read and every write
 * asks for it first, so nobody sees a balance before it; a background job applies what nobody asks for. Whoever comes
 * first applies it, the others find it done.
 */
export class DueWork {
  /** Items that are left alone by everybody, by their id. */
  private readonly stuck = new Map<string, Postponed>();
  /** Items that are left alone by those who do not wait for locks. */
  private readonly locked = new Map<string, Postponed>();
  private readonly running = new Map<string, Promise<number>>();
  private readonly runningWithoutWaiting = new Map<string, Promise<number>>();
  private lastAppliedAt = 0;

  constructor(
    private readonly database: Database,
    private readonly dependencies: BalanceDependencies,
  ) {}

  /** SQL that is true when something of the tenant is due, to be part of another statement. */
  condition(tenantId: string): Prisma.Sql {
    return isDue(tenantId, this.dependencies.clock.now());
  }

  /** Applies what is due, if anything is. */
  async processIfDue(tenantId: string): Promise<void> {
    // Writes ask as well: it must not wait behind reads.
    const now = this.dependencies.clock.now();
    if (await runInWorkClass('engine', () => readIsDue(this.database, tenantId, now))) await this.process(tenantId);
  }

  /**
   * Runs a transaction that moves balances, after what is due. When something is due, the transaction ends and is run again
   * from its beginning; after some rounds, or when nothing of it can be applied, it is run all the same.
   */
  async runAfterDueWork<T>(
    tenantId: string,
    transaction: (guard: DueWorkGuard) => Promise<T>,
    options: DueWorkOptions = { waitsForLocks: true },
  ): Promise<T> {
    let overdueBuckets = this.overdueBuckets(tenantId, this.dependencies.clock.now());
    for (let rounds = 0; ; rounds++) {
      try {
        return await transaction({ failIfDue: rounds < roundsMax, overdueBuckets });
      } catch (error) {
        if (!(error instanceof DueWorkPending)) throw error;
      }
      const now = this.dependencies.clock.now();
      // A call that began before now may have left alone what is not postponed any more.
      const isShared = this.callsOf(options).has(tenantId);
      const processed = await this.process(tenantId, options);
      if (processed === 0 && !isShared) rounds = roundsMax;
      // As of the beginning of the call: what it left alone is not to be forgotten because time has passed since.
      overdueBuckets = this.overdueBuckets(tenantId, now);
    }
  }

  /**
   * Applies what is due of a tenant by now, within bounds. Returns how many items that were. Simultaneous calls share the
   * work.
   */
  process(tenantId: string, options: DueWorkOptions = { waitsForLocks: true }): Promise<number> {
    const calls = this.callsOf(options);
    const running = calls.get(tenantId);
    if (running) return running;
    // Everybody may wait for it, whoever asked first.
    const processing = runForTenant(tenantId, () =>
      runInWorkClass('engine', () => this.processTenant(tenantId, options.waitsForLocks)),
    ).finally(() => calls.delete(tenantId));
    calls.set(tenantId, processing);
    return processing;
  }

  /** Applies what is due of every tenant: the background job. Returns how many items that were. */
  async processAllTenants(signal?: AbortSignal): Promise<number> {
    let processed = 0;
    const now = this.dependencies.clock.now();
    const tenants = await runForAllTenants(() => tenantsWithDue(this.database.engine, now, tenantsMax));
    for (const tenantId of tenants) {
      for (let more = 1; more > 0 && !signal?.aborted; processed += more) more = await this.process(tenantId);
    }
    return processed;
  }

  /** When a due item was last applied, by the clock of performance.now(). */
  get progressAt(): number {
    return this.lastAppliedAt;
  }

  /** Resolves when nothing is being applied. */
  async drain(): Promise<void> {
    await Promise.allSettled([...this.running.values(), ...this.runningWithoutWaiting.values()]);
  }

  /** What was due at the beginning, as far as one caller has to wait for it. */
  private async processTenant(tenantId: string, waitsForLocks: boolean): Promise<number> {
    const now = this.dependencies.clock.now();
    const attempts = new Map<string, number>();
    const patienceEnd = performance.now() + (waitsForLocks ? lockPatienceMs : 0);
    let processed = 0;
    while (processed < itemsOfCallMax) {
      const postponed = new Set([
        ...postponedAt(this.stuck, now).keys(),
        ...(waitsForLocks ? [] : postponedAt(this.locked, now).keys()),
      ]);
      const limit = batchSizeMax + postponed.size;
      const found = await findDue(this.database.engine, tenantId, now, limit);
      const due = found.filter(({ id }) => !postponed.has(id));
      if (due.length === 0) break;
      for (const item of due) {
        // A recurring top-up that catches up is found once per period, each time with a later date.
        const key = `${item.id} ${item.dueAt.toISOString()}`;
        const times = (attempts.get(key) ?? 0) + 1;
        attempts.set(key, times);
        if (times === attemptsMax) this.report(tenantId, new Error('it stays due although it was applied'), item);
      }
      const last = found.length === limit ? found.at(-1) : undefined;
      processed += await this.apply(tenantId, due, last?.dueAt ?? now, { patienceEnd, waitsForLocks });
    }
    return processed;
  }

  /** Applies due items until this instant. Returns how many could be applied. */
  private async apply(tenantId: string, due: readonly DueItem[], until: Date, patience: Patience): Promise<number> {
    try {
      const { applied } = await withRetry(
        () =>
          this.database.engine.transaction((tx) =>
            applyDue(tx, this.dependencies, tenantId, due.map(toCommand), { until }),
          ),
        { passesLocks: true },
      );
      this.lastAppliedAt = performance.now();
      return applied;
    } catch (error) {
      if (isLockTimeout(error))
        return performance.now() < patience.patienceEnd
          ? this.apply(tenantId, due, until, patience)
          : this.applyUnlocked(tenantId, due, until, patience);
      // An outage is answered to the caller; any other refusal is about one of the items, and a bug.
      if (error instanceof DomainError && error.code === 'UNAVAILABLE') throw error;
      const [first, ...others] = due;
      if (first && others.length === 0) {
        this.report(tenantId, error, first);
        return 0;
      }
      let applied = 0;
      for (const one of due) applied += await this.apply(tenantId, [one], one.dueAt, patience);
      return applied;
    }
  }

  /** Applies those of which nobody else has locked anything; the others stay due, and are postponed. */
  private async applyUnlocked(
    tenantId: string,
    due: readonly DueItem[],
    until: Date,
    { waitsForLocks }: Patience,
  ): Promise<number> {
    const commands = due.map(toCommand);
    const { applied, blocked } = await withRetry(() =>
      this.database.engine.transaction((tx) =>
        applyDue(tx, this.dependencies, tenantId, commands, { until, skip: 'all' }),
      ),
    );
    const again = this.dependencies.clock.now().getTime() + lockedMs;
    for (const [index, { id }] of due.entries()) {
      const bucketIds = blocked.get(commands[index] as DueCommand);
      if (bucketIds) (waitsForLocks ? this.stuck : this.locked).set(id, { tenantId, until: again, bucketIds });
    }
    return applied;
  }

  /** The calls under way, by tenant. */
  private callsOf({ waitsForLocks }: DueWorkOptions): Map<string, Promise<number>> {
    return waitsForLocks ? this.running : this.runningWithoutWaiting;
  }

  private overdueBuckets(tenantId: string, now: Date): ReadonlySet<string> {
    if (this.stuck.size + this.locked.size === 0) return none;
    const postponed = [...postponedAt(this.stuck, now).values(), ...postponedAt(this.locked, now).values()];
    return new Set(postponed.flatMap((item) => (item.tenantId === tenantId ? item.bucketIds : [])));
  }

  /** An item that cannot be applied does not concern whoever reads or writes: it is reported, stays due, and is postponed. */
  private report(tenantId: string, error: unknown, item: DueItem): void {
    const until = this.dependencies.clock.now().getTime() + stuckMs;
    this.stuck.set(item.id, { tenantId, until, bucketIds: [] });
    this.dependencies.reportStuck(error, toCommand(item));
  }
}

const none: ReadonlySet<string> = new Set();

export interface DueWorkOptions {
  /** False for a caller that leaves what another transaction has locked to that. */
  readonly waitsForLocks: boolean;
}

interface Patience extends DueWorkOptions {
  /** Until when locks are waited for, by the clock of performance.now(). */
  readonly patienceEnd: number;
}

/** What is still postponed at this time; the rest is removed. */
function postponedAt(items: Map<string, Postponed>, now: Date): ReadonlyMap<string, Postponed> {
  for (const [id, { until }] of items) if (until <= now.getTime()) items.delete(id);
  return items;
}

function toCommand({ kind, id, isUnpaid }: DueItem): DueCommand {
  if (kind === 'bucket') return { type: 'expire', bucketId: id };
  if (isUnpaid) return { type: 'unpaid', kind, actionId: id };
  return kind === 'reserveBalance' ? { type: 'lapse', actionId: id } : { type: 'topupDue', actionId: id };
}
