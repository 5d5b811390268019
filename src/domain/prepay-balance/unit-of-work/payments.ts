import { DomainError } from '../../../platform/errors.js';
import { changed } from '../../changes.js';
import { requireTransition } from '../../transitions.js';
import { actionKindOf, type PayableCommand, type PaymentCommand } from '../command/commands.js';
import { isAwaitingPayment, decideRecording } from '../decide/awaited.js';
import { bucketAttributesOf, debitedBuckets } from '../decide/bookkeeping.js';
import { isRefusal, type DecisionContext } from '../decide/decision.js';
import { toldRefusal } from '../decide/refusals.js';
import { decide } from '../decide/rules.js';
import type { ActionChanges, BalanceActionRow } from '../model.js';
import { actionTransitions, awaitedTransitions, liveStatus } from '../transitions.js';
import { requireAction, type BalanceOutcome, type Journal } from './journal.js';
import { refill } from './scheduled-topups.js';

// Actions that are to be paid first: they are recorded, and later applied, failed, or cancelled when nobody pays.

/** Records an action that is to be paid first: nothing moves. */
export function recordAwaitingPayment(
  journal: Journal,
  command: PayableCommand,
  decisionContext: DecisionContext,
): BalanceOutcome<BalanceActionRow> {
  const { now, candidates, action } = decisionContext;
  const decision = decideRecording(command, decisionContext);
  if (isRefusal(decision)) return journal.refuse(command, decision, decisionContext);
  const dueAt = new Date(journal.state.now.getTime() + journal.dependencies.paymentWaitMs).toISOString();
  // An adjustment always has a usageType; the others take it from the bucket they move.
  const inherited =
    actionKindOf[command.type] === 'adjustBalance' ? (candidates[0]?.usageType ?? action?.usageType) : undefined;
  const known = {
    status: liveStatus,
    usageType: command.usageType ?? inherited ?? null,
    confirmationDate: null,
    impactedBucket: null,
    nextDueDate: dueAt,
    paymentDueDate: dueAt,
  };
  return { answer: journal.create(command, decision, now, known).row };
}

/**
 * Applies an action whose payment came, or ends it as failed. A refusal ends it as failed, too. Throws DomainError when the
 * action does not exist, is another version, or does not wait for its payment any more.
 */
export function applyPayment(journal: Journal, command: PaymentCommand): BalanceOutcome<BalanceActionRow> {
  const { kind, actionId, outcome, changes } = command;
  const action = requireAction(command, journal.action(actionId));
  const isAwaited = isAwaitingPayment(action.row);
  requireTransition(
    isAwaited ? awaitedTransitions : actionTransitions,
    `${kind} '${actionId}'`,
    action.status,
    outcome,
  );
  if (!isAwaited) {
    // Another request reported the payment first.
    if (changed(action.row, changes, journal.state.now))
      throw new DomainError(
        'CONFLICT',
        `${kind} '${actionId}' became ${action.status} at the same time: look at it, and repeat`,
      );
    return { answer: action.row };
  }
  const paid = journal.state.payable(command);
  const decisionContext = journal.contextOf(paid);
  const { now } = decisionContext;
  if (action.dueAt && action.dueAt <= now)
    throw new DomainError(
      'CONFLICT',
      `${kind} '${actionId}' waited for its payment until ${action.dueAt.toISOString()}`,
    );
  const described = changed(action.row, changes, now);
  if (described) journal.dependencies.extensions.check(described);

  const fail = (set: ActionChanges): BalanceActionRow => {
    const row = journal.end(action, 'failed', { ...changes, ...set }, now);
    journal.emit(kind, 'Failure', row, now);
    return row;
  };
  if (outcome === 'failed') return { answer: fail({}) };
  const decision = decide(paid, decisionContext);
  if (isRefusal(decision)) {
    const refusal = toldRefusal(decision, decisionContext.isReceiverForeign ?? false);
    fail({ failureCode: refusal.code, failureMessage: refusal.message });
    return { refusal: { ...refusal, reference: { type: kind, id: actionId } } };
  }
  const posting = journal.post(decision, action, now);
  const { impactedBucket, buckets } = posting;
  const usageType =
    paid.usageType ?? action.usageType ?? decision.endedAction?.action.usageType ?? buckets[0]?.usageType ?? null;
  const row = journal.end(
    action,
    'completed',
    {
      ...changes,
      confirmationDate: now.toISOString(),
      impactedBucket,
      usageType,
      ...bucketAttributesOf(paid, decision, posting),
    },
    now,
  );
  if (decision.endedAction) journal.end(decision.endedAction.action, decision.endedAction.status, {}, now);
  refill(journal, debitedBuckets(posting), now);
  return { answer: row };
}

/** Cancels an action whose payment did not come in time. */
export function cancelUnpaid(journal: Journal, id: string, now: Date): void {
  const action = journal.state.actions.get(id);
  if (action?.dueAt === undefined || action.dueAt > now || !isAwaitingPayment(action.row)) return;
  journal.end(action, 'cancelled', {}, action.dueAt);
}
