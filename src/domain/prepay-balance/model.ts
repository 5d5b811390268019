import type { BalanceAction, Bucket, LedgerEntry, Prisma, ReservationHold } from '../../../prisma/generated/client.js';
import type { Decimal } from '../../platform/decimal.js';
import type { JsonObject } from '../../platform/json-object.js';
import type { RowChanges } from '../changes.js';
import type { DomainRow, Quantity, Reference } from '../row.js';

// The rows of this domain, by Prisma's models: a misspelt attribute does not compile.

export const actionKinds = ['topupBalance', 'adjustBalance', 'reserveBalance', 'transferBalance'] as const;
export type ActionKind = (typeof actionKinds)[number];
/** The resources this domain writes. */
export const balanceResources = ['bucket', ...actionKinds] as const;

/** An exact amount, as commands carry it; rows have it as a Quantity. */
export interface Amount {
  readonly amount: Decimal;
  readonly units: string;
}

export type BucketReference = Reference & { usageType?: string | null };
export type PartyReference = Reference & { role?: string | null };
export type AccountReference = Reference & { description?: string | null; status?: string | null };
/** Named by its id, or by its value alone (an MSISDN). */
export type LogicalResourceReference = Partial<Reference> & { value?: string | null };
export type TopupReference = Partial<Reference> & { role?: string | null };

/** TMF654 ImpactedBucket: the remaining value before and after, and each movement as an item. */
export type ImpactedBucket = {
  bucket: { id: string; usageType: string };
  amountBefore: Quantity;
  amountAfter: Quantity;
  confirmationDate: string;
  item: { itemType: EntryType; amount: Quantity }[];
};

/** A value of a bucket at which somebody wants to hear of it: either an amount, or a share of the last credit in percent. */
export type BucketThreshold = {
  name?: string | null;
  amount?: Quantity | null;
  percent?: number | null;
  /** Since when it counts as reached; absent: it is armed. */
  reachedAt?: string | null;
};

/** What finds the bucket of an action, and who owns a bucket. */
type Owners = {
  logicalResource: LogicalResourceReference[];
  partyAccount: AccountReference;
  product: Reference[];
  relatedParty: PartyReference[];
};

type ActionStructures = Owners & {
  bucket: BucketReference;
  channel: Partial<Reference>;
  impactedBucket: ImpactedBucket[];
  requestor: PartyReference;
  extension: JsonObject;
  payment: Reference;
  paymentMethod: Reference;
  relatedTopupBalance: TopupReference;
  reserveBalance: Reference;
  usage: Reference;
  receiver: PartyReference;
  receiverBucket: BucketReference;
  receiverLogicalResource: LogicalResourceReference;
  receiverPartyAccount: AccountReference;
  receiverProduct: Reference;
};

/** A balance action of any kind: what only some kinds have is absent in the others. */
export type BalanceActionRow = DomainRow<
  BalanceAction,
  ActionStructures,
  'tenantId' | 'kind' | 'deletedAt' | 'deletedBy'
>;

/** What only one kind of action has. */
type Particular = {
  topupBalance:
    | 'isAutoTopup'
    | 'numberOfPeriods'
    | 'periodsDone'
    | 'recurringPeriod'
    | 'autoTopupThreshold'
    | 'voucher'
    | 'payment'
    | 'paymentMethod'
    | 'relatedTopupBalance';
  adjustBalance: 'adjustType' | 'reserveBalance' | 'usage';
  reserveBalance: 'expirationDate';
  transferBalance:
    | 'costOwner'
    | 'transferCost'
    | 'receiver'
    | 'receiverBucket'
    | 'receiverBucketUsageType'
    | 'receiverLogicalResource'
    | 'receiverPartyAccount'
    | 'receiverProduct';
};

export type ActionRows = {
  [Kind in ActionKind]: Omit<BalanceActionRow, Exclude<Particular[ActionKind], Particular[Kind]>>;
};
export type TopupBalanceRow = ActionRows['topupBalance'];
export type AdjustBalanceRow = ActionRows['adjustBalance'];
export type ReserveBalanceRow = ActionRows['reserveBalance'];
export type TransferBalanceRow = ActionRows['transferBalance'];

/** New values of some attributes of an action; null removes. */
export type ActionChanges = RowChanges<BalanceActionRow>;

export type BucketRow = DomainRow<
  Bucket,
  Owners & { extension: JsonObject; threshold: BucketThreshold[]; lastReachedThreshold: BucketThreshold },
  | 'tenantId'
  | 'entrySequence'
  | 'amountScale'
  | 'lastEntryAt'
  | 'autoTopupBalanceId'
  | 'autoTopupThreshold'
  | 'lastCredit'
>;

/** The row of each resource that is written. */
export type BalanceRows = ActionRows & { bucket: BucketRow };

/** Why a balance changed. */
export type EntryType =
  | 'opening'
  | 'topup'
  | 'credit'
  | 'debit'
  | 'reserve'
  | 'release'
  | 'commit'
  | 'expire'
  | 'transferOut'
  | 'transferIn'
  | 'transferCost'
  | 'reversal';

/** Columns as the engine computes them: amounts are exact, instants are Dates. */
type Exact<Model> = {
  readonly [Column in Exclude<keyof Model, 'tenantId'>]: Model[Column] extends Prisma.Decimal ? Decimal : Model[Column];
};

/** One entry of the ledger, written once and never changed. Deltas and results are in `units`. */
export type LedgerEntryRow = Exact<LedgerEntry> & { readonly entryType: EntryType };

/** What a live reservation holds in one bucket, in the units of the bucket; `ordinal` is its place in the burn order. */
export type HoldRow = Exact<ReservationHold>;
