import type { Transaction } from '../../../platform/database/database.js';
import { DomainError, abbreviated } from '../../../platform/errors.js';
import type { ResourceMapping } from '../../../platform/read/resource-mapping.js';
import { lockRows, readRows } from '../../../platform/write/rows.js';
import { withChanges } from '../../changes.js';
import type {
  BalanceCommand,
  DueCommand,
  Locator,
  PayableCommand,
  PaymentCommand,
  ScheduledTopupCommand,
} from '../command/commands.js';
import { payableOf, scheduledOf } from '../command/stored-command.js';
import { isAwaitingPayment } from '../decide/awaited.js';
import type { ActionState, BucketState } from '../decide/state.js';
import type { BalanceDependencies } from '../dependencies.js';
import { actionKinds, type ActionKind, type BalanceActionRow, type BucketRow } from '../model.js';
import { lockActions, readHeldBuckets } from '../store/action.store.js';
import { locateBuckets, lockBuckets, type SkippedBuckets } from '../store/bucket.store.js';
import { isAnythingDue } from '../store/due.store.js';
import { readEffects } from '../store/ledger.store.js';
import { liveStatus } from '../transitions.js';

type Command = BalanceCommand | DueCommand;

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
}

/** What the commands of a transaction need, locked, and kept current as they are decided. */
export class LockedState {
  private constructor(
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
      new Map(this.buckets),
      new Map(this.actions),
      this.matches,
      new Map(this.scheduled),
      this.payables,
      this.bucketRows,
      this.now,
      this.skipped,
      this.blocked,
    );
  }

  /** Takes over what commands did to a copy. */
  adopt({ buckets, actions, scheduled }: LockedState): void {
    for (const [id, bucket] of buckets) this.buckets.set(id, bucket);
    for (const [id, action] of actions) this.actions.set(id, action);
    for (const [id, command] of scheduled) this.scheduled.set(id, command);
  }

  /**
   * Locks and reads what the commands need: first the buckets, in the order of their ids, then the actions, so that no two
   * transactions wait for each other.
   */
  static async load(
    tx: Transaction,
    { clock, mappings }: BalanceDependencies,
    tenantId: string,
    asked: readonly Command[],
    { failIfDue, skip, overdueBuckets = none }: LoadOptions,
  ): Promise<LockedState> {
    const askedAt = clock.now();
    const wanted = namedActions(asked);
    // What is only read here may change until it is locked: it tells which buckets to lock.
    const topups = await readRows<BalanceActionRow>(tx, mappings.topupBalance, tenantId, wanted.topupBalance);
    const scheduled = new Map<string, ScheduledTopupCommand>();
    for (const row of topups.values())
      if (row.status === liveStatus && !isAwaitingPayment(row)) scheduled.set(row.id, asDue(scheduledOf(row), row));
    const payments = asked.filter((command) => command.type === 'payment');
    const awaited = await readAwaited(tx, mappings, tenantId, payments);
    const payables = new Map(payments.flatMap((command) => payableFor(command, awaited.get(command.actionId))));
    const paid = payablesOf(payables, asked);
    const effects = await readEffects(tx, tenantId, reversedBy(asked));
    const held = await readHeldBuckets(tx, tenantId, [...wanted.reserveBalance, ...committedBy(paid)]);
    const locators = [
      ...asked.flatMap(locatorsOf),
      ...paid.flatMap(locatorsOf),
      ...[...scheduled.values()].map(({ topup }) => topup.locator),
    ];
    const matching = locators.filter((locator) => locator.kind === 'match');
    const located = new Map<Locator, string[]>();
    for (const [index, ids] of (await locateBuckets(tx, tenantId, matching, askedAt)).entries())
      located.set(matching[index] as Locator, ids);
    const bucketIdsOf = (command: Command): string[] => {
      const due = 'actionId' in command ? scheduled.get(command.actionId) : undefined;
      const parts: readonly Command[] = [command, ...payablesOf(payables, [command])];
      return [
        ...[...parts.flatMap(locatorsOf), ...(due ? [due.topup.locator] : [])].flatMap((locator) =>
          locator.kind === 'bucket' ? [locator.bucketId] : (located.get(locator) ?? []),
        ),
        ...parts.flatMap((part) =>
          'actionId' in part
            ? [
                ...(held.get(part.actionId) ?? []),
                ...(effects.get(part.actionId) ?? []).map(({ bucketId }) => bucketId),
              ]
            : [],
        ),
        ...(command.type === 'expire' ? [command.bucketId] : []),
      ];
    };

    const bucketIds = [...new Set(asked.flatMap(bucketIdsOf))];
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
      const needed = bucketIdsOf(command);
      if (needed.some((id) => skipped.has(id))) blocked.set(command, needed);
    }
    const commands = asked.filter((command) => !blocked.has(command));
    // Of blocked commands nothing more is locked: whoever has their buckets may have their actions as well.
    const named = namedActions(commands);
    named.reserveBalance.push(...committedBy(payablesOf(payables, commands)));
    const refilling = [...buckets.values()].flatMap(({ autoTopup }) => autoTopup?.topupBalanceId ?? []);
    named.topupBalance.push(...refilling);
    const confirmed = await locateBuckets(tx, tenantId, matching, now, [...buckets.keys()]);
    const actions = new Map<string, ActionState>();
    for (const kind of actionKinds) {
      const locked = await lockActions(tx, tenantId, kind, mappings[kind], [...new Set(named[kind])]);
      for (const action of locked) actions.set(action.id, { ...action, effects: effects.get(action.id) ?? [] });
    }
    dropUnlocked(actions, buckets);
    for (const [id, row] of topups) {
      // It was changed between reading and locking: its buckets may not be those that are locked.
      if (actions.get(id)?.row.revision !== row.revision) scheduled.delete(id);
    }
    for (const command of payments) {
      if (actions.get(command.actionId)?.row.revision !== awaited.get(command.actionId)?.revision)
        payables.set(command, changedMeanwhile(command));
    }
    for (const id of refilling) {
      const action = actions.get(id);
      if (action) scheduled.set(id, scheduledOf(action.row));
    }
    const bucketRows = await lockRows(tx, mappings.bucket, tenantId, expiredBy(commands));
    const matches = new Map(matching.map((locator, index) => [locator, confirmed[index] ?? []]));
    return new LockedState(buckets, actions, matches, scheduled, payables, bucketRows, now, skipped, blocked);
  }
}

const none: ReadonlySet<string> = new Set();

/** After a longer wait for the locks than this, what was not due may have become due. */
const lockWaitMs = 50;

/** The actions whose payment is reported, before anything is locked. */
async function readAwaited(
  tx: Transaction,
  mappings: BalanceDependencies['mappings'],
  tenantId: string,
  payments: readonly PaymentCommand[],
): Promise<Map<string, BalanceActionRow>> {
  const found = new Map<string, BalanceActionRow>();
  for (const kind of actionKinds) {
    const mapping: ResourceMapping<BalanceActionRow> = mappings[kind];
    const ids = payments.filter((command) => command.kind === kind).map(({ actionId }) => actionId);
    for (const [id, row] of await readRows(tx, mapping, tenantId, ids)) found.set(id, row);
  }
  return found;
}

/** What those of the commands that report a payment apply. */
function payablesOf(
  payables: ReadonlyMap<PaymentCommand, PayableCommand | DomainError>,
  commands: readonly Command[],
): PayableCommand[] {
  return commands.flatMap((command) => {
    const payable = command.type === 'payment' ? payables.get(command) : undefined;
    return payable === undefined || payable instanceof DomainError ? [] : [payable];
  });
}

/** An action that does not wait for a payment applies nothing: its command is answered by what it is. */
function payableFor(
  command: PaymentCommand,
  row: BalanceActionRow | undefined,
): [PaymentCommand, PayableCommand | DomainError][] {
  if (row === undefined || !isAwaitingPayment(row)) return [];
  try {
    return [[command, payableOf(command.kind, withChanges(row, command.changes))]];
  } catch (error) {
    if (error instanceof DomainError) return [[command, error]];
    throw error;
  }
}

function changedMeanwhile({ kind, actionId }: PaymentCommand): DomainError {
  return new DomainError(
    'CONFLICT',
    `${kind} '${abbreviated(actionId)}' was changed at the same time: look at it, and repeat`,
  );
}

/** A scheduled top-up matches the buckets of the instant it is due, which may be long ago. */
function asDue(command: ScheduledTopupCommand, { nextDueDate }: BalanceActionRow): ScheduledTopupCommand {
  const { locator } = command.topup;
  if (locator.kind === 'bucket' || !nextDueDate) return command;
  return { ...command, topup: { ...command.topup, locator: { ...locator, dueAt: new Date(nextDueDate) } } };
}

function locatorsOf(command: Command): Locator[] {
  if (command.type === 'transfer') return [command.locator, command.receiver];
  return 'locator' in command ? [command.locator] : [];
}

/** Ids of the actions that the commands name, by their kind. */
function namedActions(commands: readonly Command[]): Record<ActionKind, string[]> {
  const ids: Record<ActionKind, string[]> = {
    topupBalance: [],
    adjustBalance: [],
    reserveBalance: [],
    transferBalance: [],
  };
  for (const command of commands) {
    if (command.type === 'commit' || command.type === 'lapse') ids.reserveBalance.push(command.actionId);
    else if (command.type === 'topupDue') ids.topupBalance.push(command.actionId);
    else if (command.type === 'cancel' || command.type === 'payment' || command.type === 'unpaid')
      ids[command.kind].push(command.actionId);
  }
  return ids;
}

/** Actions that are cancelled, and whose effects may have to be reversed. */
function reversedBy(commands: readonly Command[]): string[] {
  return commands.flatMap((command) =>
    command.type === 'cancel' && command.kind !== 'reserveBalance' ? [command.actionId] : [],
  );
}

/** Reservations that payments commit. */
function committedBy(paid: readonly PayableCommand[]): string[] {
  return paid.flatMap((payable) => (payable.type === 'commit' ? [payable.actionId] : []));
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
