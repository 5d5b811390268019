import { DomainError } from '../../platform/errors.js';
import { withoutNulls, type Plain } from '../../platform/plain.js';
import type { Outcome } from '../../platform/write/idempotency.js';
import { changed } from '../changes.js';
import { requireTransition } from '../transitions.js';
import type { Applier } from './applier.js';
import { awaitsPayment, recordable } from './awaited.js';
import { eventsOf, lowered, requireAction, whereTo } from './bookkeeping.js';
import { actionKindOf, type PayableCommand, type PaymentCommand } from './commands.js';
import { liveStatus } from './inputs.js';
import { decide } from './rules.js';
import { isRefusal, type Situation } from './ruling.js';
import { refill } from './scheduled-topups.js';
import { actionTransitions, awaitedTransitions } from './transitions.js';

// What happens to actions that are to be paid first: they are recorded, and then applied, given up, or left unpaid.

/** Records an action that is to be paid first: nothing moves. */
export function awaitPayment(applier: Applier, command: PayableCommand, situation: Situation): Outcome {
  const { now, candidates, action } = situation;
  const verdict = recordable(command, situation);
  if (isRefusal(verdict)) return applier.refuse(command, verdict, situation);
  const dueAt = new Date(applier.world.now.getTime() + applier.tools.paymentWaitMs).toISOString();
  // An adjustment always says what it is for; the others are told it by the bucket they move.
  const inherited =
    actionKindOf[command.type] === 'adjustBalance' ? (candidates[0]?.usageType ?? action?.usageType) : undefined;
  const known: Plain = {
    status: liveStatus,
    usageType: command.usageType ?? inherited ?? null,
    confirmationDate: null,
    impactedBucket: null,
    nextDueDate: dueAt,
    paymentDueDate: dueAt,
  };
  return { answer: applier.create(command, verdict, now, known) };
}

/** Its payment came, or failed: then it is applied now as any other, or never. A refusal ends it as failed. */
export function applyPayment(applier: Applier, command: PaymentCommand): Outcome {
  const { kind, actionId, outcome, changes } = command;
  const action = requireAction(command, applier.world.actions.get(actionId));
  const isAwaited = awaitsPayment(action.snapshot);
  requireTransition(
    isAwaited ? awaitedTransitions : actionTransitions,
    `${kind} '${actionId}'`,
    action.status,
    outcome,
  );
  if (!isAwaited) {
    // Somebody else told it first.
    if (changed(withoutNulls(action.snapshot), changes, applier.world.now))
      throw new DomainError(
        'CONFLICT',
        `${kind} '${actionId}' became ${action.status} at the same time: look at it, and repeat`,
      );
    return { answer: withoutNulls(action.snapshot) };
  }
  const paid = applier.world.payable(command);
  const situation = applier.situationOf(paid);
  const { now } = situation;
  if (action.dueAt && action.dueAt <= now)
    throw new DomainError(
      'CONFLICT',
      `${kind} '${actionId}' waited for its payment until ${action.dueAt.toISOString()}`,
    );
  const described = changed(withoutNulls(action.snapshot), changes, now);
  if (described) applier.tools.extensions.check(described);

  const end = (status: string, set: Plain, isFailure: boolean): Plain => {
    const row = applier.end(action, status, { ...changes, ...set }, now);
    if (isFailure) applier.tell(eventsOf(kind, ['Failure'], row, now, applier.tools.nextId));
    return row;
  };
  if (outcome === 'failed') return { answer: end('failed', {}, true) };
  const verdict = decide(paid, situation);
  if (isRefusal(verdict)) {
    end('failed', { failureCode: verdict.code, failureMessage: verdict.message }, true);
    return { refusal: { ...verdict, reference: { type: kind, id: actionId } } };
  }
  const posting = applier.post(verdict, action, now);
  const { impactedBucket, buckets } = posting;
  const usageType =
    paid.usageType ?? action.usageType ?? verdict.ends?.action.usageType ?? buckets[0]?.usageType ?? null;
  const row = end(
    'completed',
    { confirmationDate: now.toISOString(), impactedBucket, usageType, ...whereTo(paid, verdict, posting) },
    false,
  );
  if (verdict.ends) applier.end(verdict.ends.action, verdict.ends.status, {}, now);
  refill(applier, lowered(posting), now);
  return { answer: row };
}

/** Nobody told of the payment in time: it will not happen. */
export function endUnpaid(applier: Applier, id: string, now: Date): void {
  const action = applier.world.actions.get(id);
  if (action?.dueAt === undefined || action.dueAt > now || !awaitsPayment(action.snapshot)) return;
  applier.end(action, 'cancelled', {}, action.dueAt);
}
