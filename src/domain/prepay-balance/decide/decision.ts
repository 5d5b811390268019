import type { Decimal } from '../../../platform/decimal.js';
import type { Amount } from '../command/commands.js';
import type { Refusal } from './refusals.js';
import type { ActionState, BucketState, Hold, Movement } from './state.js';

/** What a command does to balances, before anything is written. */
export interface AcceptedDecision {
  readonly movements: readonly Movement[];
  readonly amount: Amount;
  /** What a new reservation holds. */
  readonly holds?: readonly Hold[];
  /** The status an earlier action comes to. */
  readonly ends?: { readonly action: ActionState; readonly status: 'completed' | 'cancelled' };
  /** A bucket that is active and valid until then from now on, expired or not before. */
  readonly extends?: { readonly bucketId: string; readonly validUntil: Date | undefined };
  /** The bucket an auto top-up will watch, and the threshold in its units. */
  readonly watches?: { readonly bucketId: string; readonly threshold: Decimal };
}

/** The locked state a command is decided on. */
export interface DecisionContext {
  /** Buckets the command's locator leads to, in no particular order. */
  readonly candidates: readonly BucketState[];
  /** Buckets the locator of a transfer's receiver leads to. */
  readonly receivers: readonly BucketState[];
  /** The earlier action it names; its buckets are the candidates. */
  readonly action: ActionState | undefined;
  readonly now: Date;
}

export type Decision = AcceptedDecision | Refusal;

export function isRefusal(decision: Decision): decision is Refusal {
  return 'code' in decision;
}
