import { Decimal } from '../../../platform/decimal.js';
import type { IdSource } from '../../../platform/ids.js';
import { toJsonForm } from '../../../platform/json-object.js';
import { withChanges } from '../../changes.js';
import type { Quantity } from '../../row.js';
import type { ActionAttributes, CreateCommand } from '../command/commands.js';
import type { ActionChanges, BalanceActionRow, ImpactedBucket, LedgerEntryRow } from '../model.js';
import { withAlerts, type BucketAlert } from './alerts.js';
import type { AcceptedDecision } from './decision.js';
import type { Refusal } from './refusals.js';
import type { BucketState, Movement } from './state.js';

/** One entry of the ledger, and whether it is dated before the entry that precedes it. */
export type LedgerEntry = LedgerEntryRow & { readonly stepsBack: boolean };

/** What the ledger names as the cause of an entry: an action, or the bucket itself for its opening balance; and who asked. */
export interface EntryCause {
  readonly kind: string;
  readonly id: string;
  readonly principalId: string;
}

/** How far the clocks of servers that share a database may differ. */
export const skewMaxMs = 5_000;

/**
 * The time of the next entry: the given time, or that of the last entry of one of the buckets if that is later. Entries are
 * ordered by their sequence, and may share a time. An entry further ahead of the present than clocks may differ was dated
 * by a wrong clock, and is ignored.
 */
export function ledgerTimeOf(time: Date, buckets: readonly Pick<BucketState, 'lastEntryAt'>[], present: Date): Date {
  const end = present.getTime() + skewMaxMs;
  return buckets.reduce(
    (last, { lastEntryAt }) => (lastEntryAt && lastEntryAt > last && lastEntryAt.getTime() <= end ? lastEntryAt : last),
    time,
  );
}

/** The bucket after one movement, and the ledger entry for it. Pure. Throws when the bucket would become negative: a bug. */
export function post(
  bucket: BucketState,
  movement: Movement,
  cause: EntryCause,
  now: Date,
  nextId: IdSource,
): { bucket: BucketState; entry: LedgerEntry } {
  const { units, entryType, remainingDelta, reservedDelta } = movement;
  const recordedAt = ledgerTimeOf(now, [bucket], now);
  const after: BucketState = {
    ...bucket,
    units,
    remaining: bucket.remaining.plus(remainingDelta),
    reserved: bucket.reserved.plus(reservedDelta),
    amountScale: Math.max(bucket.amountScale, remainingDelta.decimalPlaces(), reservedDelta.decimalPlaces()),
    entrySequence: bucket.entrySequence + 1,
    lastEntryAt: recordedAt,
  };
  if (after.remaining.isNegative() || after.reserved.isNegative()) {
    throw new Error(`bucket ${bucket.id} would become negative: the rules accepted what they must refuse`);
  }
  const entry: LedgerEntry = {
    id: nextId(now),
    bucketId: bucket.id,
    sequence: after.entrySequence,
    entryType,
    actionKind: cause.kind,
    actionId: cause.id,
    remainingDelta,
    reservedDelta,
    remainingAfter: after.remaining,
    reservedAfter: after.reserved,
    units,
    recordedAt,
    principalId: cause.principalId,
    stepsBack: bucket.lastEntryAt !== undefined && recordedAt < bucket.lastEntryAt,
  };
  return { bucket: after, entry };
}

/** What the movements of a decision come to. */
export interface Posting {
  /** The buckets that changed, as they then are. */
  readonly buckets: readonly BucketState[];
  readonly entries: readonly LedgerEntry[];
  /** What is told of them. */
  readonly alerts: readonly BucketAlert[];
  /** TMF654 ImpactedBucket of the action. */
  readonly impactedBucket: ImpactedBucket[];
}

/** Posts the movements of a decision. Pure. */
export function postAll(
  { movements, isRefund = false, extension, autoTopup }: AcceptedDecision,
  bucketOf: (id: string) => BucketState,
  cause: EntryCause,
  now: Date,
  nextId: IdSource,
): Posting {
  const states = new Map<string, BucketState>();
  const entries: LedgerEntry[] = [];
  const stateOf = (id: string): BucketState => states.get(id) ?? bucketOf(id);
  for (const movement of movements) {
    const { bucket, entry } = post(stateOf(movement.bucketId), movement, cause, now, nextId);
    states.set(bucket.id, bucket);
    entries.push(entry);
  }
  const impactedBucket = [...states.values()].map((bucket) =>
    impactOn(
      bucketOf(bucket.id),
      bucket,
      entries.filter((entry) => entry.bucketId === bucket.id),
      now,
    ),
  );
  const alerts: BucketAlert[] = [];
  for (const [id, state] of states) {
    const own = movements.filter(({ bucketId }) => bucketId === id);
    const told = withAlerts(state, own, { isRefund, at: now });
    states.set(id, told.bucket);
    alerts.push(...told.alerts);
  }
  if (extension) {
    const { bucketId, validUntil } = extension;
    states.set(bucketId, { ...stateOf(bucketId), status: 'active', validUntil });
  }
  if (autoTopup) {
    const { bucketId, threshold } = autoTopup;
    states.set(bucketId, { ...stateOf(bucketId), autoTopup: { topupBalanceId: cause.id, threshold } });
  }
  return { buckets: [...states.values()], entries, alerts, impactedBucket };
}

function impactOn(before: BucketState, after: BucketState, entries: readonly LedgerEntry[], now: Date): ImpactedBucket {
  const units = after.units ?? '';
  return {
    bucket: { id: before.id, usageType: before.usageType },
    amountBefore: { amount: before.remaining.toNumber(), units },
    amountAfter: { amount: after.remaining.toNumber(), units },
    confirmationDate: now.toISOString(),
    item: entries.map(({ entryType, remainingDelta, reservedDelta }) => ({
      itemType: entryType,
      amount: { amount: Decimal.max(remainingDelta.abs(), reservedDelta.abs()).toNumber(), units },
    })),
  };
}

/** The buckets whose remaining amount went down: by a debit, a transfer or a reservation. */
export function debitedBuckets({ buckets, entries }: Posting): BucketState[] {
  return buckets.filter(({ id }) =>
    entries.some(({ bucketId, remainingDelta }) => bucketId === id && remainingDelta.isNegative()),
  );
}

/** A new action, as it is stored and answered. */
export function newAction(
  id: string,
  command: CreateCommand,
  amount: Quantity,
  set: ActionChanges & { status: string },
  now: Date,
): BalanceActionRow {
  const at = now.toISOString();
  const row = {
    requestedDate: at,
    ...command.attributes,
    id,
    revision: 1,
    amount,
    usageType: command.usageType ?? null,
    updatedAt: at,
    status: set.status,
  };
  return withChanges<BalanceActionRow>(row, set);
}

/** A refused action, as it is stored: with status failed and the reason. */
export function refusedAction(
  id: string,
  command: CreateCommand,
  refusal: Refusal,
  amount: Quantity,
  now: Date,
): BalanceActionRow {
  const set = { status: 'failed', failureCode: refusal.code, failureMessage: refusal.message };
  return newAction(id, command, amount, set, now);
}

/** The next version of an action. */
export function nextVersion(row: BalanceActionRow, changes: ActionChanges, now: Date): BalanceActionRow {
  return withChanges(row, { ...changes, revision: row.revision + 1, updatedAt: now.toISOString() });
}

/** What an action has done since its creation, added to what it did first. */
export function withImpacts(row: BalanceActionRow, { impactedBucket }: Posting): ActionChanges {
  return impactedBucket.length === 0 ? {} : { impactedBucket: [...(row.impactedBucket ?? []), ...impactedBucket] };
}

/** The amount of a new action: that of a commit may be what the reservation held. */
export function amountOf(command: CreateCommand, decision: AcceptedDecision): Quantity {
  return toJsonForm(command.type === 'commit' ? decision.amount : command.amount);
}

/** The bucket that an auto top-up refills, and the usage type of the bucket that received a transfer. */
export function bucketAttributesOf(
  command: CreateCommand,
  { autoTopup }: AcceptedDecision,
  { entries, buckets }: Posting,
): Pick<ActionAttributes, 'bucket' | 'receiverBucketUsageType'> {
  if (autoTopup) return { bucket: command.attributes.bucket ?? { id: autoTopup.bucketId } };
  if (command.type !== 'transfer' || command.attributes.receiverBucketUsageType) return {};
  const { bucketId } = entries.find(({ entryType }) => entryType === 'transferIn') ?? {};
  return { receiverBucketUsageType: buckets.find(({ id }) => id === bucketId)?.usageType ?? null };
}
