import type { Statements } from '../../../platform/database/database.js';
import { DomainError } from '../../../platform/errors.js';
import type { ResourceMapping } from '../../../platform/read/resource-mapping.js';
import { readRows } from '../../../platform/write/rows.js';
import { withChanges } from '../../changes.js';
import type {
  BalanceCommand,
  DueCommand,
  Locator,
  MatchLocator,
  PayableCommand,
  PaymentCommand,
  ScheduledTopupCommand,
} from '../command/commands.js';
import { payableOf, scheduledOf } from '../command/stored-command.js';
import { isAwaitingPayment } from '../decide/awaited.js';
import type { BalanceDependencies } from '../dependencies.js';
import { actionKinds, type ActionKind, type BalanceActionRow } from '../model.js';
import { readHeldBuckets } from '../store/action.store.js';
import { locateBuckets } from '../store/bucket.store.js';
import { readEffects } from '../store/ledger.store.js';
import { liveStatus } from '../transitions.js';

export type Command = BalanceCommand | DueCommand;

/** What was read of a command before anything was locked. It tells which buckets to lock; under the locks it is checked. */
export interface Located {
  /** The buckets that it needs. */
  readonly bucketIds: readonly string[];
  /** Of its locators those that match buckets, instead of naming one. */
  readonly matching: readonly MatchLocator[];
  /** The scheduled top-up that it names, with the revision that was read. */
  readonly scheduled?: { readonly command: ScheduledTopupCommand; readonly revision: number };
  /** What a payment applies, or why that cannot be told, with the revision of the action that was read. */
  readonly paid?: { readonly payable: PayableCommand | DomainError | undefined; readonly revision: number | undefined };
}

/**
 * What a command needs, when it says so itself or when `holdsOf` knows its reservation: what a reservation holds is in the
 * same buckets as long as it lives. Undefined when that must be read.
 */
export function locateAtOnce(
  command: Command,
  holdsOf: (reservationId: string) => readonly string[] | undefined,
): Located | undefined {
  if ('actionId' in command) {
    const isOfReservation =
      command.type === 'commit' ||
      command.type === 'lapse' ||
      (command.type === 'cancel' && command.kind === 'reserveBalance');
    const held = isOfReservation ? holdsOf(command.actionId) : undefined;
    return held && { bucketIds: held, matching: [] };
  }
  const bucketIds: string[] = command.type === 'expire' ? [command.bucketId] : [];
  for (const locator of locatorsOf(command)) {
    if (locator.kind !== 'bucket') return undefined;
    bucketIds.push(locator.bucketId);
  }
  return { bucketIds, matching: [] };
}

/** Reads what the commands need. Nothing is locked: all of it may change. */
export async function locate(
  database: Pick<Statements, 'query'>,
  mappings: BalanceDependencies['mappings'],
  tenantId: string,
  commands: readonly Command[],
  now: Date,
): Promise<Map<Command, Located>> {
  const wanted = namedActions(commands);
  const topups = await readRows<BalanceActionRow>(database, mappings.topupBalance, tenantId, wanted.topupBalance);
  const payments = commands.filter((command) => command.type === 'payment');
  const awaited = await readAwaited(database, mappings, tenantId, payments);
  const drafts = commands.map((command) => draftOf(command, topups, awaited));
  const effects = await readEffects(database, tenantId, reversedBy(commands));
  const reservations = [...wanted.reserveBalance, ...drafts.flatMap(({ committed }) => committed)];
  const held = await readHeldBuckets(database, tenantId, reservations);
  const matching = drafts.flatMap((draft) => draft.matching);
  const matches = new Map<MatchLocator, readonly string[]>();
  for (const [index, ids] of (await locateBuckets(database, tenantId, matching, now)).entries())
    matches.set(matching[index] as MatchLocator, ids);
  return new Map(
    drafts.map(({ command, named, committed, ...draft }) => {
      const actionIds = [...('actionId' in command ? [command.actionId] : []), ...committed];
      const bucketIds = new Set([
        ...named,
        ...draft.matching.flatMap((locator) => matches.get(locator) ?? []),
        ...actionIds.flatMap((id) => held.get(id) ?? []),
        ...actionIds.flatMap((id) => (effects.get(id) ?? []).map(({ bucketId }) => bucketId)),
      ]);
      return [command, { ...draft, bucketIds: [...bucketIds] }];
    }),
  );
}

interface Draft extends Omit<Located, 'bucketIds'> {
  readonly command: Command;
  /** Buckets that it names. */
  readonly named: readonly string[];
  /** Reservations that it commits when it is paid. */
  readonly committed: readonly string[];
}

function draftOf(
  command: Command,
  topups: ReadonlyMap<string, BalanceActionRow>,
  awaited: ReadonlyMap<string, BalanceActionRow>,
): Draft {
  const topup = 'actionId' in command ? topups.get(command.actionId) : undefined;
  const scheduled =
    topup?.status === liveStatus && !isAwaitingPayment(topup)
      ? { command: asDue(scheduledOf(topup), topup), revision: topup.revision }
      : undefined;
  const row = command.type === 'payment' ? awaited.get(command.actionId) : undefined;
  const paid = command.type === 'payment' ? { payable: payableFor(command, row), revision: row?.revision } : undefined;
  const payable = paid && isPayable(paid.payable) ? paid.payable : undefined;
  const locators = [
    ...locatorsOf(command),
    ...(payable ? locatorsOf(payable) : []),
    ...(scheduled ? [scheduled.command.topup.locator] : []),
  ];
  return {
    command,
    matching: locators.filter((locator) => locator.kind === 'match'),
    named: [
      ...locators.flatMap((locator) => (locator.kind === 'bucket' ? [locator.bucketId] : [])),
      ...(command.type === 'expire' ? [command.bucketId] : []),
    ],
    committed: payable?.type === 'commit' ? [payable.actionId] : [],
    ...(scheduled && { scheduled }),
    ...(paid && { paid }),
  };
}

/** The actions whose payment is reported. */
async function readAwaited(
  database: Pick<Statements, 'query'>,
  mappings: BalanceDependencies['mappings'],
  tenantId: string,
  payments: readonly PaymentCommand[],
): Promise<Map<string, BalanceActionRow>> {
  const found = new Map<string, BalanceActionRow>();
  for (const kind of actionKinds) {
    const mapping: ResourceMapping<BalanceActionRow> = mappings[kind];
    const ids = payments.filter((command) => command.kind === kind).map(({ actionId }) => actionId);
    for (const [id, row] of await readRows(database, mapping, tenantId, ids)) found.set(id, row);
  }
  return found;
}

/** An action that does not wait for a payment applies nothing: its command is answered by what it is. */
function payableFor(
  command: PaymentCommand,
  row: BalanceActionRow | undefined,
): PayableCommand | DomainError | undefined {
  if (row === undefined || !isAwaitingPayment(row)) return undefined;
  try {
    return payableOf(command.kind, withChanges(row, command.changes));
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

export function isPayable(payable: PayableCommand | DomainError | undefined): payable is PayableCommand {
  return payable !== undefined && !(payable instanceof DomainError);
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
export function namedActions(commands: readonly Command[]): Record<ActionKind, string[]> {
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
export function reversedBy(commands: readonly Command[]): string[] {
  return commands.flatMap((command) =>
    command.type === 'cancel' && command.kind !== 'reserveBalance' ? [command.actionId] : [],
  );
}
