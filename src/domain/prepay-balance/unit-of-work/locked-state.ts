import { Prisma } from '../../../../prisma/generated/client.js';
import type { Transaction } from '../../../platform/database/database.js';
import { DomainError, abbreviated } from '../../../platform/errors.js';
import { withoutNulls, type JsonObject } from '../../../platform/json-object.js';
import { lockRows, readRows } from '../../../platform/write/rows.js';
import type { BalanceDependencies } from './apply.js';
import { awaitsPayment, payableOf } from '../decide/awaited.js';
import {
  actionKinds,
  type ActionKind,
  type BalanceCommand,
  type DueCommand,
  type Locator,
  type PayableCommand,
  type PaymentCommand,
  type ScheduledTopupCommand,
} from '../command/commands.js';
import { isDue } from '../store/due.store.js';
import { liveStatus } from '../command/inputs.js';
import { scheduledOf } from '../decide/schedule.js';
import type { ActionState, BucketState } from '../decide/state.js';
import * as store from '../store/balance.store.js';

/** Something was due when a batch had its locks: it has to happen first. */
export class DueWorkPending extends Error {
  override readonly name = 'DueFirst';
}

export interface LoadOptions {
  /** Throws DueWorkPending when something is due. */
  readonly unlessDue: boolean;
  readonly passBy?: store.SkippedBuckets;
}

/** The locked state of a batch, kept current as its commands are decided. */
export class LockedState {
  private constructor(
    readonly buckets: Map<string, BucketState>,
    readonly actions: Map<string, ActionState>,
    /** Bucket ids each match leads to. */
    readonly matches: Map<Locator, readonly string[]>,
    /** What each scheduled top-up applies when it is due. */
    readonly scheduled: Map<string, ScheduledTopupCommand>,
    /** What each action whose payment is told applies; or why that cannot be said. */
    readonly paid: ReadonlyMap<PaymentCommand, PayableCommand | DomainError>,
    /** Buckets that expire, as they are read. */
    readonly bucketRows: ReadonlyMap<string, JsonObject>,
    /** The present, taken when the locks were there. */
    readonly now: Date,
    /** Buckets that were passed by, and the commands that need one of them: these cannot be applied now. */
    readonly taken: ReadonlySet<string>,
    readonly blocked: ReadonlySet<BalanceCommand | DueCommand>,
  ) {}

  bucket(id: string): BucketState {
    const bucket = this.buckets.get(id);
    if (bucket === undefined) throw new Error(`bucket ${id} is not locked`);
    return bucket;
  }

  /** The buckets a locator leads to. */
  bucketsAt(locator: Locator): BucketState[] {
    const ids = locator.kind === 'bucket' ? [locator.bucketId] : (this.matches.get(locator) ?? []);
    return ids.flatMap((id) => this.buckets.get(id) ?? []);
  }

  /** The buckets an earlier action holds in, or had an effect on. */
  bucketsOf({ holds, effects }: ActionState): BucketState[] {
    return [...holds, ...effects].flatMap(({ bucketId }) => this.buckets.get(bucketId) ?? []);
  }

  /** What an action whose payment is told applies. */
  payable(command: PaymentCommand): PayableCommand {
    const found = this.paid.get(command);
    if (found === undefined) throw new Error(`${command.kind} ${command.actionId} was not looked at`);
    if (found instanceof DomainError) throw found;
    return found;
  }

  /** For commands that apply together or not at all: what they do to the copy is taken over by `become`, or forgotten. */
  copy(): LockedState {
    return new LockedState(
      new Map(this.buckets),
      new Map(this.actions),
      this.matches,
      new Map(this.scheduled),
      this.paid,
      this.bucketRows,
      this.now,
      this.taken,
      this.blocked,
    );
  }

  adopt({ buckets, actions, scheduled }: LockedState): void {
    for (const [id, bucket] of buckets) this.buckets.set(id, bucket);
    for (const [id, action] of actions) this.actions.set(id, action);
    for (const [id, command] of scheduled) this.scheduled.set(id, command);
  }

  /**
   * Locks and reads what the commands need: buckets first, in id order, then the actions they name, so that no
   * two transactions wait for each other. Throws DueWorkPending when asked to and something is due.
   */
  static async load(
    tx: Transaction,
    { clock, mappings }: BalanceDependencies,
    tenantId: string,
    asked: readonly (BalanceCommand | DueCommand)[],
    { unlessDue, passBy }: LoadOptions,
  ): Promise<LockedState> {
    const askedAt = clock.now();
    const wanted = namedActions(asked);
    const topups = await readRows(tx, mappings.topupBalance, tenantId, wanted.topupBalance);
    const isScheduled = (row: JsonObject): boolean => row['status'] === liveStatus && !awaitsPayment(row);
    const scheduled = new Map(
      [...topups].filter(([, row]) => isScheduled(row)).map(([id, row]) => [id, asDue(scheduledOf(row), row)]),
    );
    const payments = asked.filter((command) => command.type === 'payment');
    const awaited = await readAwaited(tx, mappings, tenantId, payments);
    const paid = new Map(payments.flatMap((command) => payableFor(command, awaited.get(command.actionId))));
    const payables = payablesOf(paid, asked);
    const effects = await store.effects(tx, tenantId, cancelled(asked));
    const held = await store.heldBuckets(tx, tenantId, [...wanted.reserveBalance, ...committed(payables)]);

    const locators = [
      ...asked.flatMap(locatorsOf),
      ...payables.flatMap(locatorsOf),
      ...[...scheduled.values()].map(({ topup }) => topup.locator),
    ];
    const matches = locators.filter((locator) => locator.kind === 'match');
    const located = new Map<Locator, string[]>();
    for (const [index, ids] of (await store.locate(tx, tenantId, matches, askedAt)).entries())
      located.set(matches[index] as Locator, ids);
    const bucketIdsOf = (command: BalanceCommand | DueCommand): string[] => {
      const due = 'actionId' in command ? scheduled.get(command.actionId) : undefined;
      const does = [command, ...payablesOf(paid, [command])];
      return [
        ...[...does.flatMap(locatorsOf), ...(due ? [due.topup.locator] : [])].flatMap((locator) =>
          locator.kind === 'bucket' ? [locator.bucketId] : (located.get(locator) ?? []),
        ),
        ...does.flatMap((one) =>
          'actionId' in one
            ? [...(held.get(one.actionId) ?? []), ...(effects.get(one.actionId) ?? []).map(({ bucketId }) => bucketId)]
            : [],
        ),
        ...(command.type === 'expire' ? [command.bucketId] : []),
      ];
    };
    const {
      buckets,
      isDue: wasDue,
      taken,
    } = await store.lockBuckets(tx, tenantId, [...new Set(asked.flatMap(bucketIdsOf))], askedAt, passBy);
    const now = clock.now();
    if (unlessDue && (wasDue || (await hasBecomeDue(tx, tenantId, askedAt, now)))) throw new DueWorkPending();

    const blocked = new Set(
      taken.size === 0 ? [] : asked.filter((command) => bucketIdsOf(command).some((id) => taken.has(id))),
    );
    const commands = asked.filter((command) => !blocked.has(command));
    // Of what is blocked nothing more is locked: whoever has the buckets may have its actions, too.
    const named = namedActions(commands);
    named.reserveBalance.push(...committed(payablesOf(paid, commands)));
    const confirmed = await store.locate(tx, tenantId, matches, now, [...buckets.keys()]);
    const watching = [...buckets.values()].flatMap(({ autoTopup }) => autoTopup?.topupBalanceId ?? []);
    const actions = new Map<string, ActionState>();
    for (const [kind, ids] of Object.entries({ ...named, topupBalance: [...named.topupBalance, ...watching] })) {
      const locked = await store.lockActions(tx, tenantId, kind as ActionKind, mappings[kind as ActionKind], [
        ...new Set(ids),
      ]);
      for (const action of locked) actions.set(action.id, { ...action, effects: effects.get(action.id) ?? [] });
    }
    dropUnlocked(actions, buckets);
    for (const [id, row] of topups) {
      // Changed between the first look and the lock: what was located may not be what it means now.
      if (actions.get(id)?.snapshot['revision'] !== row['revision']) scheduled.delete(id);
    }
    for (const command of payments) {
      const isSame =
        actions.get(command.actionId)?.snapshot['revision'] === awaited.get(command.actionId)?.['revision'];
      if (!isSame)
        paid.set(
          command,
          new DomainError(
            'CONFLICT',
            `${command.kind} '${abbreviated(command.actionId)}' was changed at the same time: look at it, and repeat`,
          ),
        );
    }
    for (const id of watching) {
      const action = actions.get(id);
      if (action) scheduled.set(id, scheduledOf(action.snapshot));
    }
    const bucketRows = await lockRows(tx, mappings.bucket, tenantId, expiring(commands));
    return new LockedState(
      buckets,
      actions,
      new Map(matches.map((locator, index) => [locator, confirmed[index] ?? []])),
      scheduled,
      paid,
      bucketRows,
      now,
      taken,
      blocked,
    );
  }
}

/** The actions whose payment is told, as they stand before anything is locked. */
async function readAwaited(
  tx: Transaction,
  mappings: BalanceDependencies['mappings'],
  tenantId: string,
  payments: readonly PaymentCommand[],
): Promise<Map<string, JsonObject>> {
  const found = new Map<string, JsonObject>();
  for (const kind of actionKinds) {
    const ids = payments.filter((command) => command.kind === kind).map(({ actionId }) => actionId);
    for (const [id, row] of await readRows(tx, mappings[kind], tenantId, ids)) found.set(id, row);
  }
  return found;
}

/** What is applied by those of the commands that tell a payment. */
function payablesOf(
  paid: ReadonlyMap<PaymentCommand, PayableCommand | DomainError>,
  commands: readonly (BalanceCommand | DueCommand)[],
): PayableCommand[] {
  return commands.flatMap((command) => {
    const payable = command.type === 'payment' ? paid.get(command) : undefined;
    return payable === undefined || payable instanceof DomainError ? [] : [payable];
  });
}

/** Reservations that are committed. */
function committed(payables: readonly PayableCommand[]): string[] {
  return payables.flatMap((payable) => (payable.type === 'commit' ? [payable.actionId] : []));
}

/** An action that does not wait applies nothing; its command is answered by what it is. */
function payableFor(
  command: PaymentCommand,
  row: JsonObject | undefined,
): [PaymentCommand, PayableCommand | DomainError][] {
  if (row === undefined || !awaitsPayment(row)) return [];
  try {
    return [[command, payableOf(command.kind, withoutNulls({ ...row, ...command.changes }))]];
  } catch (error) {
    if (error instanceof DomainError) return [[command, error]];
    throw error;
  }
}

/** A longer wait for the locks than this, and what was not due may be by now. */
const lockWaitMs = 50;

/** What the statement that waited could not see. */
async function hasBecomeDue(tx: Transaction, tenantId: string, asked: Date, now: Date): Promise<boolean> {
  if (now.getTime() - asked.getTime() <= lockWaitMs) return false;
  const [row] = await tx.query<{ isDue: boolean }>(Prisma.sql`SELECT ${isDue(tenantId, now)} AS "isDue"`);
  return row?.isDue ?? false;
}

/** Its buckets are those of the instant it is due, which may be long ago. */
function asDue(command: ScheduledTopupCommand, { nextDueDate }: JsonObject): ScheduledTopupCommand {
  const { locator } = command.topup;
  if (locator.kind === 'bucket' || typeof nextDueDate !== 'string') return command;
  return { ...command, topup: { ...command.topup, locator: { ...locator, dueAt: new Date(nextDueDate) } } };
}

function locatorsOf(command: BalanceCommand | DueCommand): Locator[] {
  if (command.type === 'transfer') return [command.locator, command.receiver];
  return 'locator' in command ? [command.locator] : [];
}

type IdsOfKind = Record<ActionKind, string[]>;

/** Actions the commands name, by their kind. */
function namedActions(commands: readonly (BalanceCommand | DueCommand)[]): IdsOfKind {
  const ids: IdsOfKind = { topupBalance: [], adjustBalance: [], reserveBalance: [], transferBalance: [] };
  for (const command of commands) {
    if (command.type === 'commit' || command.type === 'lapse') ids.reserveBalance.push(command.actionId);
    else if (command.type === 'topupDue') ids.topupBalance.push(command.actionId);
    else if (command.type === 'cancel' || command.type === 'payment' || command.type === 'unpaid')
      ids[command.kind].push(command.actionId);
  }
  return ids;
}

function cancelled(commands: readonly (BalanceCommand | DueCommand)[]): string[] {
  return commands.flatMap((command) =>
    command.type === 'cancel' && command.kind !== 'reserveBalance' ? [command.actionId] : [],
  );
}

function expiring(commands: readonly (BalanceCommand | DueCommand)[]): string[] {
  return commands.flatMap((command) => (command.type === 'expire' ? [command.bucketId] : []));
}

/** An action made by a transaction that ended after ours had asked for its buckets does not exist yet for this batch. */
function dropUnlocked(actions: Map<string, ActionState>, buckets: ReadonlyMap<string, BucketState>): void {
  for (const { id, holds } of actions.values()) {
    if (holds.some(({ bucketId }) => !buckets.has(bucketId))) actions.delete(id);
  }
}
