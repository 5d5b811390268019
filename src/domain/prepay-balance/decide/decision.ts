import type { Decimal } from '../../../platform/decimal.js';
import type { Refusal } from './refusals.js';
import type { ActionState, BucketState, Hold, Movement } from './state.js';
import type { Amount } from '../model.js';

/** What a command does to balances, before anything is written. */
export interface AcceptedDecision {
  readonly movements: readonly Movement[];
  readonly amount: Amount;
  /** What it credits was taken before: it is no credit that arms the thresholds of the bucket. */
  readonly isRefund?: boolean;
  /** What a new reservation holds. */
  readonly holds?: readonly Hold[];
  /** An earlier action that it ends, and with which status. */
  readonly endedAction?: { readonly action: ActionState; readonly status: 'completed' | 'cancelled' };
  /** A bucket that becomes active, even if it had expired, and is then valid until this instant. */
  readonly extension?: { readonly bucketId: string; readonly validUntil: Date | undefined };
  /** The bucket that an auto top-up will refill, and its threshold in the units of the bucket. */
  readonly autoTopup?: { readonly bucketId: string; readonly threshold: Decimal };
}

/** The locked state a command is decided on. */
export interface DecisionContext {
  /** Buckets the command's locator leads to, in no particular order. */
  readonly candidates: readonly BucketState[];
  /** Buckets the locator of a transfer's receiver leads to. */
  readonly receivers: readonly BucketState[];
  /** Of the receiver the sender of the command may not know more than whether it takes the amount. */
  readonly isReceiverForeign?: boolean;
  /** The earlier action it names; its buckets are the candidates. */
  readonly action: ActionState | undefined;
  readonly now: Date;
}

export type Decision = AcceptedDecision | Refusal;

/** Whether a command is refused. */
export function isRefusal(decision: Decision): decision is Refusal {
  return 'code' in decision;
}
