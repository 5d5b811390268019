import type { Decimal } from '../../../platform/decimal.js';
import type { ActionKind, BalanceActionRow, BucketThreshold, EntryType, HoldRow } from '../model.js';

/** What the rules need to know of a bucket; they neither read nor change the rest of it. */
export interface BucketState {
  readonly id: string;
  /** As it was locked: what is written is the next one, however many movements that has. */
  readonly revision: number;
  readonly status: string;
  readonly usageType: string;
  /** Undefined until the first credit to a bucket that was created without a value. */
  readonly units: string | undefined;
  readonly remaining: Decimal;
  readonly reserved: Decimal;
  readonly priority: number | undefined;
  /** Most decimals any amount of this bucket ever had. */
  readonly amountScale: number;
  readonly validFrom: Date | undefined;
  readonly validUntil: Date | undefined;
  /** Entries written so far. */
  readonly entrySequence: number;
  readonly lastEntryAt: Date | undefined;
  /** The auto top-up that fills the bucket when less than the threshold remains. */
  readonly autoTopup: AutoTopup | undefined;
  readonly thresholds: readonly BucketThreshold[];
  readonly lastReachedThreshold: BucketThreshold | undefined;
  /** What the last credit came to; undefined before the first. */
  readonly lastCredit: Decimal | undefined;
  /** Since when nothing remains; undefined until something was taken away, and again after a credit. */
  readonly depletedAt: Date | undefined;
}

export interface AutoTopup {
  readonly topupBalanceId: string;
  /** In the units of the bucket. */
  readonly threshold: Decimal;
}

/** What a reservation holds in one bucket, in the bucket's units; the holds of a reservation are in burn order. */
export type Hold = Pick<HoldRow, 'bucketId' | 'amount'>;

/** What an action has done to one bucket in all, in the bucket's units: what it added to remaining and reserved together. */
export interface Effect {
  readonly bucketId: string;
  readonly net: Decimal;
}

/** An action that exists, on which a command acts. */
export interface ActionState {
  readonly kind: ActionKind;
  readonly id: string;
  readonly status: string;
  readonly units: string;
  readonly usageType: string | undefined;
  /** When the server acts on it by itself; undefined when it never will. */
  readonly dueAt: Date | undefined;
  /** What a live reservation holds; an ended one holds nothing. */
  readonly holds: readonly Hold[];
  /** What it did; read only for actions that are to be cancelled. */
  readonly effects: readonly Effect[];
  /** The action as it is read, from which its next version is made. */
  readonly row: BalanceActionRow;
}

/** One movement within a bucket, in the bucket's units: how much remaining and reserved change, and what it was. */
export interface Movement {
  readonly bucketId: string;
  readonly entryType: EntryType;
  readonly units: string;
  readonly remainingDelta: Decimal;
  readonly reservedDelta: Decimal;
}

/** A stored action as the rules see it. */
export function toActionState(kind: ActionKind, row: BalanceActionRow, holds: readonly Hold[] = []): ActionState {
  const { id, status, amount, usageType, nextDueDate } = row;
  return {
    kind,
    id,
    status,
    units: amount.units,
    usageType: usageType ?? undefined,
    dueAt: nextDueDate ? new Date(nextDueDate) : undefined,
    holds,
    effects: [],
    row,
  };
}
