import { areConvertible } from '../../units.js';
import type { Locator, PayableCommand } from '../command/commands.js';
import type { Amount, BalanceActionRow } from '../model.js';
import { liveStatus } from '../transitions.js';
import { bucketToCredit, isBucket } from './credit.js';
import { isRefusal, type Decision, type DecisionContext } from './decision.js';
import { checkUnits, unknownBucket, type Refusal } from './refusals.js';
import { decide } from './rules.js';
import type { BucketState } from './state.js';
import { asReceiverRefusal } from './transfer.js';

// Actions that are recorded first, and applied when their payment is reported.

/** Whether the action waits for its payment. */
export function isAwaitingPayment({ status, paymentDueDate }: BalanceActionRow): boolean {
  return status === liveStatus && (paymentDueDate ?? null) !== null;
}

/**
 * Decides whether an action that awaits its payment can be recorded. It moves nothing yet, but its buckets must exist and
 * count its units. A commit is decided as if it were paid: its reservation does not change any more.
 */
export function decideRecording(command: PayableCommand, decisionContext: DecisionContext): Decision {
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
  const bucket = bucketToCredit(locator, buckets, amount, () => true);
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
