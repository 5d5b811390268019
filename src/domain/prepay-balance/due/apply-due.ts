import type { Statements } from '../../../platform/database/database.js';
import { toJsonForm, withoutNulls } from '../../../platform/json-object.js';
import { systemPrincipalId } from '../../../platform/principal.js';
import { writeAllAtEnd } from '../../../platform/write/write-all.js';
import type { BalanceCommand, DueCommand } from '../command/commands.js';
import { ledgerTimeOf, withImpacts } from '../decide/bookkeeping.js';
import { isLive } from '../decide/refusals.js';
import { lapse } from '../decide/rules.js';
import type { BalanceDependencies } from '../dependencies.js';
import { changeEvent } from '../../events.js';
import type { SkippedBuckets } from '../store/bucket.store.js';
import { Journal } from '../unit-of-work/journal.js';
import { LockedState } from '../unit-of-work/locked-state.js';
import { cancelUnpaid } from '../unit-of-work/payments.js';
import { applyDueTopup } from '../unit-of-work/scheduled-topups.js';
import { UnitOfWork } from '../unit-of-work/unit-of-work.js';

/** Steps of one transaction; a recurring top-up that catches up takes one for each of its periods. */
const stepsMax = 1_000;

export interface AppliedDue {
  /** How many commands are not due any more, whoever applied them: another server may have been faster. */
  readonly applied: number;
  /** Commands that need a bucket that was skipped, with all buckets that each of them needs. */
  readonly blocked: ReadonlyMap<BalanceCommand | DueCommand, readonly string[]>;
}

/**
 * Applies due commands in the order of the instants at which they were due, each dated at that instant: the history of a
 * balance is the same whether it was read in time or not. Stops at `until`: what is due later may have to wait for a
 * command that is not among these. Buckets in `skip` that are locked are not waited for.
 */
export async function applyDue(
  tx: Statements,
  dependencies: BalanceDependencies,
  tenantId: string,
  asked: readonly DueCommand[],
  { until, skip }: { until: Date; skip?: SkippedBuckets },
): Promise<AppliedDue> {
  const state = await LockedState.load(tx, dependencies, tenantId, asked, { failIfDue: false, skip });
  const commands = asked.filter((command) => !state.blocked.has(command));
  const unitOfWork = new UnitOfWork();
  const { now } = state;
  // Dated in the past, but created now: lists in the order of ids continue where they were.
  const dated = { ...dependencies, nextId: () => dependencies.nextId(now) };
  const journal = new Journal(dated, state, unitOfWork, systemPrincipalId);
  const open = new Set(commands);
  const end = until < now ? until : now;
  for (let step = 0; step < stepsMax; step++) {
    const command = earliest(open, state, end);
    if (command === undefined) break;
    const dueAt = dueDateOf(command, state);
    apply(journal, command, now);
    // Due when it was before: it could not be applied now, and will be found again. The loop ends because each command
    // that is applied moves its own due date or loses it; one that left it as it was would be taken for one that failed.
    if (dueDateOf(command, state)?.getTime() === dueAt?.getTime()) open.delete(command);
  }
  writeAllAtEnd(tx, unitOfWork.writes(dependencies, tenantId, state));
  return {
    applied: commands.filter((command) => (dueDateOf(command, state) ?? Infinity) > end).length,
    blocked: state.blocked,
  };
}

/** The command that is due first, if that is not later than `until`. */
function earliest(commands: Iterable<DueCommand>, state: LockedState, until: Date): DueCommand | undefined {
  let found: { command: DueCommand; dueAt: Date } | undefined;
  for (const command of commands) {
    const dueAt = dueDateOf(command, state);
    if (dueAt && dueAt <= until && (found === undefined || dueAt < found.dueAt)) found = { command, dueAt };
  }
  return found?.command;
}

/** When it is due in this state; undefined when it is not due any more. */
function dueDateOf(command: DueCommand, state: LockedState): Date | undefined {
  if (command.type !== 'expire') return state.actions.get(command.actionId)?.dueAt;
  const bucket = state.buckets.get(command.bucketId);
  return bucket?.status === 'active' ? bucket.validUntil : undefined;
}

function apply(journal: Journal, command: DueCommand, now: Date): void {
  switch (command.type) {
    case 'topupDue':
      return applyDueTopup(journal, command.actionId, now);
    case 'lapse':
      return lapseReservation(journal, command.actionId, now);
    case 'unpaid':
      return cancelUnpaid(journal, command.actionId, now);
    case 'expire':
      return expireBucket(journal, command.bucketId, now);
  }
}

function lapseReservation(journal: Journal, id: string, now: Date): void {
  const reservation = journal.state.actions.get(id);
  if (reservation?.dueAt === undefined || reservation.dueAt > now || !isLive(reservation)) return;
  const buckets = journal.state.bucketsOf(reservation);
  const at = ledgerTimeOf(reservation.dueAt, buckets, now);
  const posting = journal.post(lapse(reservation, buckets), reservation, at);
  journal.end(reservation, 'cancelled', withImpacts(reservation.row, posting), at);
}

/**
 * What remains in an expired bucket stays there, unusable until a top-up extends its validity. A suspended bucket stays
 * suspended: if it expired, a top-up could reverse what somebody has decided.
 */
function expireBucket(journal: Journal, id: string, now: Date): void {
  const { state, unitOfWork, dependencies } = journal;
  const bucket = state.buckets.get(id);
  const row = state.bucketRows.get(id);
  if (row === undefined || bucket?.validUntil === undefined || bucket.validUntil > now || bucket.status !== 'active')
    return;
  const at = ledgerTimeOf(bucket.validUntil, [bucket], now);
  journal.put({ ...bucket, status: 'expired' });
  const { remaining, reserved, units } = bucket;
  const after = {
    ...row,
    ...(units !== undefined && {
      remainingValue: toJsonForm({ amount: remaining, units }),
      reservedValue: toJsonForm({ amount: reserved, units }),
    }),
    status: 'expired',
    revision: row.revision + 1,
    updatedAt: at.toISOString(),
  };
  // This event is of the bucket itself.
  unitOfWork.untold.delete(id);
  unitOfWork.events.push(changeEvent('bucket', 'AttributeValueChange', withoutNulls(after), at, dependencies.nextId));
}
