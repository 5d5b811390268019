import { areConvertible } from '../../units.js';
import { invalid } from '../../input.js';
import type { JsonObject } from '../../../platform/json-object.js';
import type { ActionKind, Amount, Locator, PayableCommand } from '../command/commands.js';
import { creditable, isBucket } from './credit.js';
import {
  fromAdjustInput,
  fromTopupInput,
  fromTransferInput,
  liveStatus,
  type AdjustInput,
  type TopupInput,
  type TransferInput,
} from '../command/inputs.js';
import { checkUnits, unknownBucket, type Refusal } from './refusals.js';
import { decide } from './rules.js';
import { isRefusal, type DecisionContext, type Decision } from './decision.js';
import { inputOf } from './schedule.js';
import type { BucketState } from './state.js';
import { asReceiverRefusal } from './transfer.js';

// Actions that are recorded first, and applied when their payment is told.

/** Whether the action waits for its payment. */
export function awaitsPayment({ status, paymentDueDate }: JsonObject): boolean {
  return status === liveStatus && (paymentDueDate ?? null) !== null;
}

/** What an action that awaits its payment applies, read back from how it is kept. Throws DomainError when it could not be asked for like that. */
export function payableOf(kind: ActionKind, snapshot: JsonObject): PayableCommand {
  // When it was asked for is no date that it waits for.
  const input = { ...inputOf(snapshot), requestedDate: undefined };
  if (kind === 'adjustBalance') return fromAdjustInput(input as AdjustInput);
  if (kind === 'transferBalance') return fromTransferInput(input as TransferInput);
  if (kind === 'reserveBalance') throw new Error('a reservation holds, and awaits no payment');
  const command = fromTopupInput(input as TopupInput);
  if (command.type !== 'scheduled') return command;
  throw invalid(
    command.recurringPeriod ? 'recurringPeriod' : 'autoTopupThreshold',
    'does not go with a top-up that awaits its payment',
  );
}

/**
 * An action that awaits its payment moves nothing yet; that its buckets can be found, and count its units, is asked now.
 * A commit is decided as if it were paid: its reservation does not change any more.
 */
export function recordable(command: PayableCommand, decisionContext: DecisionContext): Decision {
  const problem = problemOf(command, decisionContext);
  if (problem) return problem;
  if (command.type !== 'commit') return { amount: command.amount, movements: [] };
  const decision = decide(command, decisionContext);
  return isRefusal(decision) ? decision : { amount: decision.amount, movements: [] };
}

function problemOf(command: PayableCommand, { candidates, receivers }: DecisionContext): Refusal | undefined {
  switch (command.type) {
    case 'topup':
    case 'credit':
      return creditProblem(command.locator, candidates, command.amount);
    case 'debit':
      return debitProblem(command.locator, candidates, command.amount);
    case 'transfer': {
      const ofReceiver = creditProblem(command.receiver, receivers, command.amount);
      return ofReceiver ? asReceiverRefusal(ofReceiver) : debitProblem(command.locator, candidates, command.amount);
    }
    case 'commit':
      return undefined;
  }
}

function creditProblem(locator: Locator, buckets: readonly BucketState[], amount: Amount): Refusal | undefined {
  const bucket = creditable(locator, buckets, amount, () => true);
  return isBucket(bucket) ? undefined : bucket;
}

function debitProblem(locator: Locator, buckets: readonly BucketState[], amount: Amount): Refusal | undefined {
  const [first] = buckets;
  if (first === undefined) return unknownBucket(locator);
  if (locator.kind === 'bucket') return checkUnits(first, amount);
  return buckets.some(({ units }) => units === undefined || areConvertible(units, amount.units))
    ? undefined
    : unknownBucket(locator);
}
