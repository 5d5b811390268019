import { Decimal } from '../../../platform/decimal.js';
import type { IdSource } from '../../../platform/ids.js';
import { toJsonObject, withoutNulls, type JsonObject } from '../../../platform/json-object.js';
import type { DomainEvent } from '../../../platform/write/outbox.js';
import { requireRevision } from '../../changes.js';
import type { ActionKind, CancelCommand, CreateCommand, PaymentCommand } from '../command/commands.js';
import { changeEvent, type Change } from '../events.js';
import type { Refusal } from './refusals.js';
import type { AcceptedDecision } from './decision.js';
import type { ActionState, BucketState, EntryType, Movement } from './state.js';

/** One immutable row of the ledger (DESIGN: fine print, Ledger entry). Deltas and results in `units`. */
export interface LedgerEntry {
  readonly id: string;
  readonly bucketId: string;
  readonly sequence: number;
  readonly entryType: EntryType;
  readonly actionKind: string;
  readonly actionId: string;
  readonly remainingDelta: Decimal;
  readonly reservedDelta: Decimal;
  readonly remainingAfter: Decimal;
  readonly reservedAfter: Decimal;
  readonly units: string;
  readonly recordedAt: Date;
  /** It is dated before the entry that precedes it. */
  readonly stepsBack: boolean;
}

/** Who is written into the ledger as having moved a balance. */
export interface Mover {
  readonly kind: string;
  readonly id: string;
}

/** How far the clocks of servers that share a database may be apart, and yet agree. */
export const skewMaxMs = 5_000;

/**
 * The time, or that of the last entry of one of the buckets, if it is later: their sequence orders entries, whose times
 * may repeat. An entry beyond the present was written by a clock that was wrong, and does not push others there.
 */
export function latest(time: Date, buckets: readonly Pick<BucketState, 'lastEntryAt'>[], present: Date): Date {
  const end = present.getTime() + skewMaxMs;
  return buckets.reduce(
    (last, { lastEntryAt }) => (lastEntryAt && lastEntryAt > last && lastEntryAt.getTime() <= end ? lastEntryAt : last),
    time,
  );
}

/** Applies one movement to its bucket and writes it into the ledger. Pure. */
export function post(
  bucket: BucketState,
  movement: Movement,
  mover: Mover,
  now: Date,
  nextId: IdSource,
): { bucket: BucketState; entry: LedgerEntry } {
  const { units, entryType, remainingDelta, reservedDelta } = movement;
  const recordedAt = latest(now, [bucket], now);
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
    throw new Error(`bucket ${bucket.id} would become negative: the rules let through what they must refuse`);
  }
  const entry: LedgerEntry = {
    id: nextId(now),
    bucketId: bucket.id,
    sequence: after.entrySequence,
    entryType,
    actionKind: mover.kind,
    actionId: mover.id,
    remainingDelta,
    reservedDelta,
    remainingAfter: after.remaining,
    reservedAfter: after.reserved,
    units,
    recordedAt,
    stepsBack: bucket.lastEntryAt !== undefined && recordedAt < bucket.lastEntryAt,
  };
  return { bucket: after, entry };
}

/** What movements come to: the buckets as they then stand, the entries, and TMF654 ImpactedBucket for people. */
export interface Posting {
  readonly buckets: readonly BucketState[];
  readonly entries: readonly LedgerEntry[];
  readonly impactedBucket: JsonObject[];
}

/** Writes the movements of a ruling down. Pure. */
export function postAll(
  { movements, extends: extension, watches }: AcceptedDecision,
  bucketOf: (id: string) => BucketState,
  mover: Mover,
  now: Date,
  nextId: IdSource,
): Posting {
  const states = new Map<string, BucketState>();
  const entries: LedgerEntry[] = [];
  const stateOf = (id: string): BucketState => states.get(id) ?? bucketOf(id);
  for (const movement of movements) {
    const { bucket, entry } = post(stateOf(movement.bucketId), movement, mover, now, nextId);
    states.set(bucket.id, bucket);
    entries.push(entry);
  }
  const impactedBucket = [...states.values()].map((bucket) =>
    impact(
      bucketOf(bucket.id),
      bucket,
      entries.filter((entry) => entry.bucketId === bucket.id),
      now,
    ),
  );
  if (extension)
    states.set(extension.bucketId, {
      ...stateOf(extension.bucketId),
      status: 'active',
      validUntil: extension.validUntil,
    });
  if (watches) {
    const autoTopup = { topupBalanceId: mover.id, threshold: watches.threshold };
    states.set(watches.bucketId, { ...stateOf(watches.bucketId), autoTopup });
  }
  return { buckets: [...states.values()], entries, impactedBucket };
}

/** remainingValue before and after, and each movement as an item. */
function impact(before: BucketState, after: BucketState, entries: readonly LedgerEntry[], now: Date): JsonObject {
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

/** A new action, as it is kept and answered. */
export function newAction(
  id: string,
  command: CreateCommand,
  amount: JsonObject,
  set: JsonObject,
  now: Date,
): JsonObject {
  const at = now.toISOString();
  return withoutNulls({
    requestedDate: at,
    ...command.attributes,
    id,
    revision: 1,
    amount,
    usageType: command.usageType ?? null,
    updatedAt: at,
    ...set,
  });
}

/** A refused action is kept, with status failed and the reason, and told as a Failure event. */
export function refusedAction(
  command: CreateCommand,
  refusal: Refusal,
  amount: JsonObject,
  now: Date,
  nextId: IdSource,
): JsonObject {
  const set = { status: 'failed', failureCode: refusal.code, failureMessage: refusal.message };
  return newAction(nextId(now), command, amount, set, now);
}

/** The next version of an action that a command or the time changed. */
export function nextVersion({ snapshot }: ActionState, changes: JsonObject, now: Date): JsonObject {
  return withoutNulls({
    ...snapshot,
    ...changes,
    revision: Number(snapshot['revision']) + 1,
    updatedAt: now.toISOString(),
  });
}

export function eventsOf(
  kind: ActionKind,
  changes: readonly Change[],
  row: JsonObject,
  now: Date,
  nextId: IdSource,
): DomainEvent[] {
  return changes.map((change) => changeEvent(kind, change, row, now, nextId));
}

/** What an ended action is told by: a cancelled one by both its events (DESIGN §12). */
export function endEvents(
  kind: ActionKind,
  status: string,
  row: JsonObject,
  now: Date,
  nextId: IdSource,
): DomainEvent[] {
  return eventsOf(kind, status === 'cancelled' ? ['Cancel', 'StatusChange'] : ['StatusChange'], row, now, nextId);
}

export function amountOf(command: CreateCommand, decision: AcceptedDecision): JsonObject {
  return toJsonObject(command.type === 'commit' ? decision.amount : command.amount);
}

/** Buckets from which something was taken. */
export function lowered({ buckets, entries }: Posting): BucketState[] {
  return buckets.filter(({ id }) =>
    entries.some(({ bucketId, remainingDelta }) => bucketId === id && remainingDelta.isNegative()),
  );
}

/** The bucket that an auto top-up watches, and what the receiver of a transfer uses its bucket for. */
export function bucketAttributesOf(
  command: CreateCommand,
  { watches }: AcceptedDecision,
  { entries, buckets }: Posting,
): JsonObject {
  if (watches) return { bucket: (command.attributes['bucket'] as JsonObject | undefined) ?? { id: watches.bucketId } };
  if (command.type !== 'transfer' || command.attributes['receiverBucketUsageType']) return {};
  const { bucketId } = entries.find(({ entryType }) => entryType === 'transferIn') ?? {};
  return { receiverBucketUsageType: buckets.find(({ id }) => id === bucketId)?.usageType ?? null };
}

export function requireAction(
  { kind, actionId, ifRevision }: CancelCommand | PaymentCommand,
  action: ActionState | undefined,
): ActionState {
  requireRevision(action?.snapshot, kind, actionId, ifRevision);
  return action as ActionState;
}
