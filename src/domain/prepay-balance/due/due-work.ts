import { Prisma } from '../../../../prisma/generated/client.js';
import type { Database } from '../../../platform/database/database.js';
import { runInWorkClass } from '../../../platform/database/work-class.js';
import { isLockTimeout } from '../../../platform/database/failures.js';
import { DomainError } from '../../../platform/errors.js';
import { withRetry } from '../../../platform/write/retry.js';
import { applyDue, applyDueUnlocked, type BalanceDependencies } from '../unit-of-work/apply.js';
import type { DueCommand } from '../command/commands.js';
import { findDue, isDue, tenantsWithDue, type Due } from '../store/due.store.js';
import { DueWorkPending } from '../unit-of-work/locked-state.js';

/** Due things of one transaction. */
const dueMax = 256;
/** Tenants of one round; the next round finds the others. */
const tenantsMax = 1_000;
/** Things one caller waits for; a backlog beyond that is left to the next one, and to the background. */
const callMax = 5_000;
/** How often a thing is found due at the same instant before it counts as stuck. */
const foundMax = 5;
/** How long it is then left alone. */
const stuckMs = 60_000;
/** How long a reader waits for what is due whose locks somebody keeps; as a rule he is about to do it. */
const lockPatienceMs = 3_000;
/** How long it is then left alone, so that not everybody waits for it again. */
const lockedMs = 3_000;
/** How often a transaction lets pass what is due. */
const roundsMax = 3;

/**
 * Does what is due: reservations and buckets that lapse, top-ups whose time has come. Every read and every
 * write asks for it first, so nobody sees what should be over; a background job asks, too, so that it does not
 * wait for somebody to look. Who comes first does it, the others find it done.
 */
export class DueWork {
  /** Things that could not be done, and when they are tried again. */
  private readonly stuck = new Map<string, number>();
  /** The same for those who do not wait for locks. */
  private readonly locked = new Map<string, number>();
  private readonly running = new Map<string, Promise<number>>();
  private readonly hurrying = new Map<string, Promise<number>>();
  private lastDoneAt = 0;

  constructor(
    private readonly database: Database,
    private readonly dependencies: BalanceDependencies,
  ) {}

  /** SQL that is true when something of the tenant is due: for whoever has a statement to put it into. */
  condition(tenantId: string): Prisma.Sql {
    return isDue(tenantId, this.dependencies.clock.now());
  }

  /** Settles what is due, if anything is. */
  async processIfDue(tenantId: string): Promise<void> {
    // Writes ask, too: it is not to wait behind what others read.
    const [row] = await runInWorkClass('engine', () =>
      this.database.read<{ isDue: boolean }>(Prisma.sql`SELECT ${this.condition(tenantId)} AS "isDue"`, {
        isPlanKept: true,
      }),
    );
    if (row?.isDue) await this.process(tenantId);
  }

  /**
   * Runs a transaction that moves balances: what is due comes first. It is begun again, whole, when something was due;
   * where something always is, it is not kept waiting for ever.
   */
  async runAfterDueWork<T>(
    tenantId: string,
    transaction: (options: { unlessDue: boolean }) => Promise<T>,
    options?: DueWorkOptions,
  ): Promise<T> {
    for (let processed = 0; ; processed++) {
      try {
        return await transaction({ unlessDue: processed < roundsMax });
      } catch (error) {
        if (!(error instanceof DueWorkPending)) throw error;
        // Where nothing can be done about what is due, the transaction goes on without.
        if ((await this.process(tenantId, options)) === 0) processed = roundsMax;
      }
    }
  }

  /** Settles what is due of a tenant by now, within bounds, and answers how much that was. Calls at one time share the work. */
  process(tenantId: string, { isHurried }: DueWorkOptions = { isHurried: false }): Promise<number> {
    const place = isHurried ? this.hurrying : this.running;
    const running = place.get(tenantId);
    if (running) return running;
    // Whoever asks first, a reader or a job: everybody waits for it.
    const settling = runInWorkClass('engine', () => this.processTenant(tenantId, isHurried)).finally(() =>
      place.delete(tenantId),
    );
    place.set(tenantId, settling);
    return settling;
  }

  /** Settles what is due of every tenant: the background job. Answers how much that was. */
  async processAllTenants(signal?: AbortSignal): Promise<number> {
    let processed = 0;
    for (const tenantId of await tenantsWithDue(this.database, this.dependencies.clock.now(), tenantsMax)) {
      for (let more = 1; more > 0 && !signal?.aborted; processed += more) more = await this.process(tenantId);
    }
    return processed;
  }

  /** When something due was last done, by the clock of performance.now(). */
  get progressAt(): number {
    return this.lastDoneAt;
  }

  /** Resolves when nothing is being settled. */
  async drain(): Promise<void> {
    await Promise.allSettled([...this.running.values(), ...this.hurrying.values()]);
  }

  /** What was due at the beginning, as far as one caller is to wait for it. */
  private async processTenant(tenantId: string, isHurried: boolean): Promise<number> {
    const now = this.dependencies.clock.now();
    const found = new Map<string, number>();
    const patienceEnd = performance.now() + (isHurried ? 0 : lockPatienceMs);
    let processed = 0;
    while (processed < callMax) {
      const stuck = new Set([...skippedAt(this.stuck, now), ...(isHurried ? skippedAt(this.locked, now) : [])]);
      const limit = dueMax + stuck.size;
      const all = await findDue(this.database, tenantId, now, limit);
      const due = all.filter(({ id }) => !stuck.has(id));
      if (due.length === 0) break;
      for (const { id, dueAt, kind, isUnpaid } of due) {
        // A recurring top-up that catches up is found once per period, each time at a later date.
        const key = `${id} ${dueAt.toISOString()}`;
        const times = (found.get(key) ?? 0) + 1;
        found.set(key, times);
        if (times === foundMax) this.report(new Error('it stays due, whatever is done'), { id, kind, dueAt, isUnpaid });
      }
      const last = all.length === limit ? all.at(-1) : undefined;
      processed += await this.apply(tenantId, due, last?.dueAt ?? now, { patienceEnd, isHurried });
    }
    return processed;
  }

  /** Applies what is due, and answers how much of it could be. */
  private async apply(
    tenantId: string,
    due: readonly Due[],
    until: Date,
    { patienceEnd, isHurried }: Patience,
  ): Promise<number> {
    try {
      const applied = await withRetry(
        () => this.database.transaction((tx) => applyDue(tx, this.dependencies, tenantId, due.map(toCommand), until)),
        { passesLocks: true },
      );
      this.lastDoneAt = performance.now();
      return applied;
    } catch (error) {
      if (isLockTimeout(error))
        return performance.now() < patienceEnd
          ? this.apply(tenantId, due, until, { patienceEnd, isHurried })
          : this.applyUnlocked(tenantId, due, until, isHurried);
      // An outage concerns whoever asked; any other refusal is of a thing that is due, and a bug.
      if (error instanceof DomainError && error.code === 'UNAVAILABLE') throw error;
      const [first, ...others] = due;
      if (first && others.length === 0) {
        this.report(error, first);
        return 0;
      }
      let applied = 0;
      for (const one of due) applied += await this.apply(tenantId, [one], one.dueAt, { patienceEnd, isHurried });
      return applied;
    }
  }

  /** What somebody keeps the locks of stays due; he may do it, or it is found again. */
  private async applyUnlocked(tenantId: string, due: readonly Due[], until: Date, isHurried: boolean): Promise<number> {
    const commands = due.map(toCommand);
    const { applied, blocked } = await withRetry(() =>
      this.database.transaction((tx) => applyDueUnlocked(tx, this.dependencies, tenantId, commands, until)),
    );
    const again = this.dependencies.clock.now().getTime() + lockedMs;
    for (const [index, { id }] of due.entries())
      if (blocked.has(commands[index] as DueCommand)) (isHurried ? this.locked : this.stuck).set(id, again);
    return applied;
  }

  /** Whoever reads or writes is not to suffer from what cannot be done: it is reported, stays due, and is left alone for a while. */
  private report(error: unknown, due: Due): void {
    this.stuck.set(due.id, this.dependencies.clock.now().getTime() + stuckMs);
    this.dependencies.reportStuck(error, toCommand(due));
  }
}

interface Patience extends DueWorkOptions {
  /** When waiting for locks is over, by the clock of performance.now(). */
  readonly patienceEnd: number;
}

export interface DueWorkOptions {
  /** Does not wait for the locks that somebody keeps: what needs them is left to him. */
  readonly isHurried: boolean;
}

/** What is to be left alone at this time. */
function skippedAt(until: Map<string, number>, now: Date): string[] {
  for (const [id, end] of until) if (end <= now.getTime()) until.delete(id);
  return [...until.keys()];
}

function toCommand({ kind, id, isUnpaid }: Due): DueCommand {
  if (kind === 'bucket') return { type: 'expire', bucketId: id };
  if (isUnpaid) return { type: 'unpaid', kind, actionId: id };
  return kind === 'reserveBalance' ? { type: 'lapse', actionId: id } : { type: 'topupDue', actionId: id };
}
