import type { Period } from '../../../platform/calendar.js';
import type { ActionChanges, ActionKind, Amount, BalanceActionRow } from '../model.js';

/** What a request says of the action it makes, beside what the engine sets itself. */
export type ActionAttributes = Partial<
  Omit<BalanceActionRow, 'id' | 'revision' | 'amount' | 'usageType' | 'status' | 'updatedAt'>
>;

/** How an action names its bucket (TMF654: bucket, else product, logicalResource, account or party). */
export type Locator = { kind: 'bucket'; bucketId: string } | MatchLocator;

export interface MatchLocator {
  kind: 'match';
  /** All must be met, each by one of its alternatives. */
  conditions: readonly (readonly Containment[])[];
  usageType: string | undefined;
  units: string;
  /** Expired buckets match as well: the action may revive them. */
  withExpired?: boolean;
  /** When the action is due: buckets match that were valid then, though they may not be now. */
  dueAt?: Date;
}

/** One alternative of a condition: the bucket's attribute contains this JSON. */
export interface Containment {
  readonly attribute: 'product' | 'logicalResource' | 'partyAccount' | 'relatedParty';
  readonly json: string;
}

/** Commands that may wait for their payment. */
interface PayFirst {
  /** It is only recorded, and applied when its payment is reported: see PaymentCommand. */
  readonly payFirst?: boolean;
}

interface ActionCommand {
  readonly amount: Amount;
  readonly locator: Locator;
  readonly usageType: string | undefined;
  /** Kept with the action as the client gave them. */
  readonly attributes: ActionAttributes;
}

export interface TopupCommand extends ActionCommand, PayFirst {
  readonly type: 'topup';
  /** The end of validity that it brings: a bucket that would expire earlier is extended, an expired one revived. */
  readonly validUntil: Date | undefined;
}

export const recurringPeriods: readonly Period[] = ['weekly', 'fortnightly', 'monthly'];

/** Who may bear the cost of a transfer. */
export const costOwners = ['originator', 'receiver'] as const;
export type CostOwner = (typeof costOwners)[number];

/**
 * A top-up that acts later, `created` until it is over: at its date, in each of its periods (a recurring top-up), or
 * whenever the balance falls below its threshold (an auto top-up).
 */
export interface ScheduledTopupCommand extends ActionCommand {
  readonly type: 'scheduled';
  /** What each due period applies. */
  readonly topup: TopupCommand;
  /** When the first is due; absent: at once. */
  readonly requestedDate: Date | undefined;
  readonly recurringPeriod: Period | undefined;
  readonly threshold: Amount | undefined;
}

export interface AdjustCommand extends ActionCommand, PayFirst {
  readonly type: 'credit' | 'debit';
  /** A credit that returns what a debit took, even if the bucket was suspended or has expired since. */
  readonly isRefund?: boolean;
  /** The usageType of a refused action when no bucket gives it one; without it, such a command is invalid input. */
  readonly usageTypeOfRecord?: string;
}

export interface ReserveCommand extends ActionCommand {
  readonly type: 'reserve';
  readonly expirationDate: Date | undefined;
}

export interface TransferCommand extends ActionCommand, PayFirst {
  readonly type: 'transfer';
  readonly receiver: Locator;
  /** A fee that leaves the payer's bucket and goes to none. */
  readonly cost: Amount | undefined;
  readonly costOwner: CostOwner;
}

/** An adjustBalance of type reservationDebit: consumes up to the reserved amount, returns the rest. */
export interface CommitCommand extends PayFirst {
  readonly type: 'commit';
  readonly actionId: string;
  /** Absent: all that is reserved. */
  readonly amount: Amount | undefined;
  readonly usageType: string | undefined;
  readonly attributes: ActionAttributes;
}

/**
 * PATCH of an action's status to cancelled: a reservation returns what it holds, a scheduled top-up will not
 * happen, a completed action is reversed.
 */
export interface CancelCommand {
  readonly type: 'cancel';
  readonly kind: ActionKind;
  readonly actionId: string;
  /** Descriptive attributes that the same request changes. */
  readonly changes: ActionChanges;
  readonly ifRevision: number | undefined;
}

/** PATCH of the status of an action that awaits its payment: the payment came and it is applied now, or it has failed. */
export interface PaymentCommand {
  readonly type: 'payment';
  readonly kind: ActionKind;
  readonly actionId: string;
  readonly outcome: 'completed' | 'failed';
  /** Attributes that the same request changes: what is applied is the action as it then is. */
  readonly changes: ActionChanges;
  readonly ifRevision: number | undefined;
}

/** What the server does by itself at its due time: nobody waits for an answer, and a repetition has no effect. */
export type DueCommand =
  | { readonly type: 'lapse'; readonly actionId: string }
  | { readonly type: 'topupDue'; readonly actionId: string }
  | { readonly type: 'unpaid'; readonly kind: ActionKind; readonly actionId: string }
  | { readonly type: 'expire'; readonly bucketId: string };

/** A command that creates an action. */
export type CreateCommand =
  TopupCommand | ScheduledTopupCommand | AdjustCommand | ReserveCommand | TransferCommand | CommitCommand;
export type PayableCommand = TopupCommand | AdjustCommand | TransferCommand | CommitCommand;
export type BalanceCommand = CreateCommand | CancelCommand | PaymentCommand;

export const actionKindOf: Readonly<Record<CreateCommand['type'], ActionKind>> = {
  topup: 'topupBalance',
  scheduled: 'topupBalance',
  credit: 'adjustBalance',
  debit: 'adjustBalance',
  commit: 'adjustBalance',
  reserve: 'reserveBalance',
  transfer: 'transferBalance',
};
