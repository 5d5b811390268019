import type { Statements } from '../../../platform/database/database.js';
import { DomainError, abbreviated } from '../../../platform/errors.js';
import { lockRows } from '../../../platform/write/rows.js';
import type { Locator, PayableCommand, PaymentCommand, ScheduledTopupCommand } from '../command/commands.js';
import { scheduledOf } from '../command/stored-command.js';
import type { ActionState, BucketState } from '../decide/state.js';
import type { BalanceDependencies } from '../dependencies.js';
import { actionKinds, type BucketRow } from '../model.js';
import { lockActions } from '../store/action.store.js';
import { locateBuckets, lockBuckets, type SkippedBuckets } from '../store/bucket.store.js';
import { isAnythingDue } from '../store/due.store.js';
import { readEffects } from '../store/ledger.store.js';
import { isPayable, locate, namedActions, reversedBy, type Command, type Located } from './located.js';

/** Something was due when a transaction had its locks: it must be applied first. */
export class DueWorkPending extends Error {
  override readonly name = 'DueWorkPending';
}

export interface LoadOptions {
  /** Throws DueWorkPending when something is due. */
  readonly failIfDue: boolean;
  /** Buckets that are skipped when another transaction has locked them; all others are waited for. */
  readonly skip?: SkippedBuckets;
  /** Buckets that are always skipped: something due of theirs must be applied first, and cannot be now. */
  readonly overdueBuckets?: ReadonlySet<string>;
  /**
   * What was read of the commands before: a command that turns out to need something else is left out, to be located again.
   * Without it they are located in this transaction, and what is locked then is what they get.
   */
  readonly located?: ReadonlyMap<Command, Located>;
}

/** What the commands of a transaction need, locked, and kept current as they are decided. */
export class LockedState {
  private constructor(
    readonly tenantId: string,
    readonly buckets: Map<string, BucketState>,
    readonly actions: Map<string, ActionState>,
    /** Ids of the buckets that each locator matches. */
    readonly matches: ReadonlyMap<Locator, readonly string[]>,
    /** What each scheduled top-up applies when it is due. */
    readonly scheduled: Map<string, ScheduledTopupCommand>,
    /** What each action that is paid applies; or why that cannot be told. */
    readonly payables: ReadonlyMap<PaymentCommand, PayableCommand | DomainError>,
    /** Buckets that expire, as they are read. */
    readonly bucketRows: ReadonlyMap<string, BucketRow>,
    /** The present, taken when everything was locked. */
    readonly now: Date,
    /** Buckets that were skipped, because another transaction has locked them or something due of theirs. */
    readonly skipped: ReadonlySet<string>,
    /** Commands that need one of these, and cannot be applied now; with all buckets that each of them needs. */
    readonly blocked: ReadonlyMap<Command, readonly string[]>,
    /** Commands that need other buckets than was read before the locks. */
    readonly strayed: ReadonlySet<Command>,
  ) {}

  /** A locked bucket. Throws when it is not locked: a bug. */
  bucket(id: string): BucketState {
    const bucket = this.buckets.get(id);
    if (bucket === undefined) throw new Error(`bucket ${id} is not locked`);
    return bucket;
  }

  /** The buckets that a locator names or matches. */
  bucketsAt(locator: Locator): BucketState[] {
    const ids = locator.kind === 'bucket' ? [locator.bucketId] : (this.matches.get(locator) ?? []);
    return ids.flatMap((id) => this.buckets.get(id) ?? []);
  }

  /** The buckets in which an earlier action holds something, or which it has changed. */
  bucketsOf({ holds, effects }: ActionState): BucketState[] {
    return [...holds, ...effects].flatMap(({ bucketId }) => this.buckets.get(bucketId) ?? []);
  }

  /** What an action that is paid applies. Throws DomainError when it could not have been requested like that. */
  payable(command: PaymentCommand): PayableCommand {
    const found = this.payables.get(command);
    if (found === undefined) throw new Error(`${command.kind} ${command.actionId} was not read`);
    if (found instanceof DomainError) throw found;
    return found;
  }

  /** For commands that apply together or not at all: what they do to the copy is adopted, or dropped. */
  copy(): LockedState {
    return new LockedState(
      this.tenantId,
      new Map(this.buckets),
      new Map(this.actions),
      this.matches,
      new Map(this.scheduled),
      this.payables,
      this.bucketRows,
      this.now,
      this.skipped,
      this.blocked,
      this.strayed,
    );
  }

  /** Takes over what commands did to a copy. */
  adopt({ buckets, actions, scheduled }: LockedState): void {
    for (const [id, bucket] of buckets) this.buckets.set(id, bucket);
    for (const [id, action] of actions) this.actions.set(id, action);
    for (const [id, command] of scheduled) this.scheduled.set(id, command);
  }

  /**
   * Locks what the commands need: first the buckets, in the order of their ids, then the actions, so that no two
   * transactions wait for each other. Everything is read again under the locks.
   */
  static async load(
    tx: Statements,
    { clock, mappings }: BalanceDependencies,
    tenantId: string,
    asked: readonly Command[],
    { failIfDue, skip, overdueBuckets = none, located: known }: LoadOptions,
  ): Promise<LockedState> {
    const askedAt = clock.now();
    const located = known ?? (await locate(tx, mappings, tenantId, asked, askedAt));
    const locatedOf = (command: Command): Located => located.get(command) ?? nowhere;

    const bucketIds = [...new Set(asked.flatMap((command) => locatedOf(command).bucketIds))];
    const overdue = overdueBuckets.size === 0 ? [] : bucketIds.filter((id) => overdueBuckets.has(id));
    const lockable = overdue.length === 0 ? bucketIds : bucketIds.filter((id) => !overdueBuckets.has(id));
    const { buckets, isDue, skipped: locked } = await lockBuckets(tx, tenantId, lockable, askedAt, skip);
    const skipped = overdue.length === 0 ? locked : new Set([...locked, ...overdue]);
    const now = clock.now();
    // The statement that waited for the locks could not see what became due meanwhile.
    const hasWaited = now.getTime() - askedAt.getTime() > lockWaitMs;
    if (failIfDue && (isDue || (hasWaited && (await isAnythingDue(tx, tenantId, now))))) throw new DueWorkPending();

    const blocked = new Map<Command, readonly string[]>();
    for (const command of skipped.size === 0 ? [] : asked) {
      const needed = locatedOf(command).bucketIds;
      if (needed.some((id) => skipped.has(id))) blocked.set(command, needed);
    }
    const commands = asked.filter((command) => !blocked.has(command));
    const paid = commands.flatMap((command) => locatedOf(command).paid?.payable ?? []).filter(isPayable);
    // Of blocked commands nothing more is locked: whoever has their buckets may have their actions as well.
    const named = namedActions(commands);
    named.reserveBalance.push(...paid.flatMap((payable) => (payable.type === 'commit' ? [payable.actionId] : [])));
    const refilling = [...buckets.values()].flatMap(({ autoTopup }) => autoTopup?.topupBalanceId ?? []);
    named.topupBalance.push(...refilling);
    const matching = commands.flatMap((command) => locatedOf(command).matching);
    const within = known ? undefined : [...buckets.keys()];
    const found = await locateBuckets(tx, tenantId, matching, now, within);
    const matches = new Map<Locator, readonly string[]>(
      matching.map((locator, index) => [locator, found[index] ?? []]),
    );
    const actions = new Map<string, ActionState>();
    for (const kind of actionKinds) {
      const locked = await lockActions(tx, tenantId, kind, mappings[kind], [...new Set(named[kind])]);
      for (const action of locked) actions.set(action.id, action);
    }
    for (const [id, effects] of await readEffects(tx, tenantId, reversedBy(commands))) {
      const action = actions.get(id);
      if (action) actions.set(id, { ...action, effects });
    }
    const wanted = new Set(bucketIds);
    const strayed = new Set(
      known && commands.filter((command) => hasStrayed(command, locatedOf(command), { wanted, matches, actions })),
    );
    dropUnlocked(actions, buckets);
    const scheduled = new Map<string, ScheduledTopupCommand>();
    const payables = new Map<PaymentCommand, PayableCommand | DomainError>();
    for (const command of commands) {
      const { scheduled: due, paid } = locatedOf(command);
      const revision = 'actionId' in command ? actions.get(command.actionId)?.row.revision : undefined;
      // Changed between reading and locking: its buckets may not be those that are locked.
      if (due && 'actionId' in command && due.revision === revision) scheduled.set(command.actionId, due.command);
      if (command.type !== 'payment' || paid === undefined) continue;
      const payable = paid.revision === revision ? paid.payable : changedMeanwhile(command);
      if (payable) payables.set(command, payable);
    }
    for (const id of refilling) {
      const action = actions.get(id);
      if (action) scheduled.set(id, scheduledOf(action.row));
    }
    const bucketRows = await lockRows(tx, mappings.bucket, tenantId, expiredBy(commands));
    return new LockedState(
      tenantId,
      buckets,
      actions,
      matches,
      scheduled,
      payables,
      bucketRows,
      now,
      skipped,
      blocked,
      strayed,
    );
  }
}

const none: ReadonlySet<string> = new Set();
const nowhere: Located = { bucketIds: [], matching: [] };

/** After a longer wait for the locks than this, what was not due may have become due. */
const lockWaitMs = 50;

interface Checked {
  /** Buckets that were to be locked. */
  readonly wanted: ReadonlySet<string>;
  readonly matches: ReadonlyMap<Locator, readonly string[]>;
  readonly actions: ReadonlyMap<string, ActionState>;
}

/** Whether a command needs buckets that are not locked, or names an action that is not as it was read. */
function hasStrayed(
  command: Command,
  { matching, scheduled, paid }: Located,
  { wanted, matches, actions }: Checked,
): boolean {
  if (matching.some((locator) => matches.get(locator)?.some((id) => !wanted.has(id)))) return true;
  if (!('actionId' in command)) return false;
  const committed = paid && isPayable(paid.payable) && paid.payable.type === 'commit' ? [paid.payable.actionId] : [];
  const needed = [command.actionId, ...committed].flatMap((id) => {
    const { holds = [], effects = [] } = actions.get(id) ?? {};
    return [...holds, ...effects];
  });
  if (needed.some(({ bucketId }) => !wanted.has(bucketId))) return true;
  const read = scheduled ?? paid;
  return read !== undefined && read.revision !== actions.get(command.actionId)?.row.revision;
}

function changedMeanwhile({ kind, actionId }: PaymentCommand): DomainError {
  return new DomainError(
    'CONFLICT',
    `${kind} '${abbreviated(actionId)}' was changed at the same time: look at it, and repeat`,
  );
}

function expiredBy(commands: readonly Command[]): string[] {
  return commands.flatMap((command) => (command.type === 'expire' ? [command.bucketId] : []));
}

/** An action that was created after this transaction asked for its buckets does not exist yet for it. */
function dropUnlocked(actions: Map<string, ActionState>, buckets: ReadonlyMap<string, BucketState>): void {
  for (const { id, holds } of actions.values()) {
    if (holds.some(({ bucketId }) => !buckets.has(bucketId))) actions.delete(id);
  }
}
