import { DomainError } from '../../../platform/errors.js';
import { withoutNulls, type JsonObject } from '../../../platform/json-object.js';
import type { Outcome } from '../../../platform/write/idempotency.js';
import { changed } from '../../changes.js';
import { requireTransition } from '../../transitions.js';
import type { CommandProcessor } from './command-processor.js';
import { awaitsPayment, recordable } from '../decide/awaited.js';
import { eventsOf, lowered, requireAction, bucketAttributesOf } from '../decide/bookkeeping.js';
import { actionKindOf, type PayableCommand, type PaymentCommand } from '../command/commands.js';
import { liveStatus } from '../command/inputs.js';
import { decide } from '../decide/rules.js';
import { isRefusal, type DecisionContext } from '../decide/decision.js';
import { refill } from './scheduled-topups.js';
import { actionTransitions, awaitedTransitions } from '../transitions.js';

// What happens to actions that are to be paid first: they are recorded, and then applied, given up, or left unpaid.

/** Records an action that is to be paid first: nothing moves. */
export function awaitPayment(
  processor: CommandProcessor,
  command: PayableCommand,
  decisionContext: DecisionContext,
): Outcome {
  const { now, candidates, action } = decisionContext;
  const decision = recordable(command, decisionContext);
  if (isRefusal(decision)) return processor.refuse(command, decision, decisionContext);
  const dueAt = new Date(processor.state.now.getTime() + processor.dependencies.paymentWaitMs).toISOString();
  // An adjustment always says what it is for; the others are told it by the bucket they move.
  const inherited =
    actionKindOf[command.type] === 'adjustBalance' ? (candidates[0]?.usageType ?? action?.usageType) : undefined;
  const known: JsonObject = {
    status: liveStatus,
    usageType: command.usageType ?? inherited ?? null,
    confirmationDate: null,
    impactedBucket: null,
    nextDueDate: dueAt,
    paymentDueDate: dueAt,
  };
  return { answer: processor.create(command, decision, now, known) };
}

/** Its payment came, or failed: then it is applied now as any other, or never. A refusal ends it as failed. */
export function applyPayment(processor: CommandProcessor, command: PaymentCommand): Outcome {
  const { kind, actionId, outcome, changes } = command;
  const action = requireAction(command, processor.state.actions.get(actionId));
  const isAwaited = awaitsPayment(action.snapshot);
  requireTransition(
    isAwaited ? awaitedTransitions : actionTransitions,
    `${kind} '${actionId}'`,
    action.status,
    outcome,
  );
  if (!isAwaited) {
    // Somebody else told it first.
    if (changed(withoutNulls(action.snapshot), changes, processor.state.now))
      throw new DomainError(
        'CONFLICT',
        `${kind} '${actionId}' became ${action.status} at the same time: look at it, and repeat`,
      );
    return { answer: withoutNulls(action.snapshot) };
  }
  const paid = processor.state.payable(command);
  const decisionContext = processor.contextOf(paid);
  const { now } = decisionContext;
  if (action.dueAt && action.dueAt <= now)
    throw new DomainError(
      'CONFLICT',
      `${kind} '${actionId}' waited for its payment until ${action.dueAt.toISOString()}`,
    );
  const described = changed(withoutNulls(action.snapshot), changes, now);
  if (described) processor.dependencies.extensions.check(described);

  const end = (status: string, set: JsonObject, isFailure: boolean): JsonObject => {
    const row = processor.end(action, status, { ...changes, ...set }, now);
    if (isFailure) processor.emit(eventsOf(kind, ['Failure'], row, now, processor.dependencies.nextId));
    return row;
  };
  if (outcome === 'failed') return { answer: end('failed', {}, true) };
  const decision = decide(paid, decisionContext);
  if (isRefusal(decision)) {
    end('failed', { failureCode: decision.code, failureMessage: decision.message }, true);
    return { refusal: { ...decision, reference: { type: kind, id: actionId } } };
  }
  const posting = processor.post(decision, action, now);
  const { impactedBucket, buckets } = posting;
  const usageType =
    paid.usageType ?? action.usageType ?? decision.ends?.action.usageType ?? buckets[0]?.usageType ?? null;
  const row = end(
    'completed',
    { confirmationDate: now.toISOString(), impactedBucket, usageType, ...bucketAttributesOf(paid, decision, posting) },
    false,
  );
  if (decision.ends) processor.end(decision.ends.action, decision.ends.status, {}, now);
  refill(processor, lowered(posting), now);
  return { answer: row };
}

/** Nobody told of the payment in time: it will not happen. */
export function endUnpaid(processor: CommandProcessor, id: string, now: Date): void {
  const action = processor.state.actions.get(id);
  if (action?.dueAt === undefined || action.dueAt > now || !awaitsPayment(action.snapshot)) return;
  processor.end(action, 'cancelled', {}, action.dueAt);
}
