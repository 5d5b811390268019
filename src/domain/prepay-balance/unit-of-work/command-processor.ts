import { DomainError } from '../../../platform/errors.js';
import { changed } from '../../changes.js';
import { invalid } from '../../input.js';
import { requireTransition } from '../../transitions.js';
import type { BalanceCommand, CancelCommand, CommitCommand, CreateCommand } from '../command/commands.js';
import { debitedBuckets, withImpacts } from '../decide/bookkeeping.js';
import { isRefusal } from '../decide/decision.js';
import { isLive } from '../decide/refusals.js';
import { decide } from '../decide/rules.js';
import type { ActionState } from '../decide/state.js';
import type { BalanceActionRow } from '../model.js';
import { actionTransitions } from '../transitions.js';
import { requireAction, type BalanceOutcome, type Journal } from './journal.js';
import { applyPayment, recordAwaitingPayment } from './payments.js';
import { refill, startScheduled, stopRefills } from './scheduled-topups.js';

/**
 * Decides a command of a client on the locked state and records what follows. Returns the row of the action, or a refusal
 * that was recorded as a failed action. Throws DomainError for a refusal of which no record is kept.
 */
export function applyCommand(journal: Journal, command: BalanceCommand): BalanceOutcome<BalanceActionRow> {
  if (command.type === 'cancel') return { answer: cancel(journal, command) };
  if (command.type === 'payment') return applyPayment(journal, command);
  journal.requireGranted(command);
  const decisionContext = journal.contextOf(command);
  const { now } = decisionContext;
  requireDates(command, now);
  if (command.type === 'commit') requireOwnBucket(command, decisionContext.action);
  if ('payFirst' in command && command.payFirst) return recordAwaitingPayment(journal, command, decisionContext);
  const decision = decide(command, decisionContext);
  if (isRefusal(decision)) return journal.refuse(command, decision, decisionContext);
  const { row, posting } = journal.create(command, decision, now);
  refill(journal, debitedBuckets(posting), now);
  return { answer: command.type === 'scheduled' ? startScheduled(journal, command, row, now) : row };
}

/** Cancels an action. Of a refused change no record is kept: it is thrown. */
function cancel(journal: Journal, command: CancelCommand): BalanceActionRow {
  const decisionContext = journal.contextOf(command);
  const { now } = decisionContext;
  const action = requireAction(command, decisionContext.action);
  requireNotOfUsage(action);
  const described = changed(action.row, command.changes, now);
  if (described) journal.dependencies.extensions.check(described);
  if (action.status === 'cancelled' && action.kind !== 'reserveBalance') {
    if (described === undefined) return action.row;
    const row = journal.change(action, command.changes, now);
    journal.emit(action.kind, 'AttributeValueChange', row, now);
    return row;
  }
  if (action.kind !== 'reserveBalance')
    requireTransition(actionTransitions, `${action.kind} '${action.id}'`, action.status, 'cancelled');
  const decision = decide(command, decisionContext);
  if (isRefusal(decision)) throw new DomainError(decision.code, decision.message);
  const posting = journal.post(decision, action, now);
  if (isLive(action)) stopRefills(journal, action);
  return journal.end(action, 'cancelled', { ...command.changes, ...withImpacts(action.row, posting) }, now);
}

/** What charges a usage is part of what the usage says it consumed. */
function requireNotOfUsage({ kind, id, row: { usage } }: ActionState): void {
  if (!usage) return;
  throw new DomainError(
    'CONFLICT',
    `${kind} '${id}' belongs to usage '${usage.id}': change the chargeTo of the usage instead`,
    { path: 'status' },
  );
}

/** Checked here and not with the input: a request that is repeated under its key after that date gets its first answer. */
function requireDates(command: CreateCommand, now: Date): void {
  if (command.type === 'reserve') requireFuture('expirationDate', command.expirationDate, now);
  if (command.type === 'topup') requireFuture('validFor.endDateTime', command.validUntil, now);
  if (command.type === 'scheduled') {
    const { requestedDate } = command;
    if (requestedDate && requestedDate < now)
      throw invalid('requestedDate', `must not be in the past: ${requestedDate.toISOString()}`);
  }
}

function requireFuture(name: string, date: Date | undefined, now: Date): void {
  if (date && date <= now) throw invalid(name, `must be in the future: ${date.toISOString()}`);
}

/** A commit acts on the buckets of its reservation; naming another one is a mistake. */
function requireOwnBucket({ attributes: { bucket } }: CommitCommand, reservation?: ActionState): void {
  if (!bucket || reservation === undefined || !isLive(reservation)) return;
  if (reservation.holds.some(({ bucketId }) => bucketId === bucket.id)) return;
  throw invalid('bucket', `'${bucket.id}' is not a bucket in which reserveBalance '${reservation.id}' holds anything`);
}
