import { Decimal } from '../../platform/decimal.js';
import type { IdSource } from '../../platform/ids.js';
import { toPlainObject, withoutNulls, type Plain } from '../../platform/plain.js';
import type { DomainEvent } from '../../platform/write/outbox.js';
import type { ActionKind, BalanceCommand, ReleaseCommand } from './commands.js';
import { changeEvent } from './events.js';
import type { Refusal } from './refusals.js';
import type { Ruling } from './rules.js';
import type { BucketState, EntryType, Movement } from './state.js';

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
}

/** Applies one movement to its bucket and writes it into the ledger. Pure. */
export function post(
  bucket: BucketState,
  movement: Movement,
  action: { kind: string; id: string },
  units: string,
  now: Date,
  nextId: IdSource,
): { bucket: BucketState; entry: LedgerEntry } {
  const amountScale = Math.max(
    bucket.amountScale,
    movement.remainingDelta.decimalPlaces(),
    movement.reservedDelta.decimalPlaces(),
  );
  const after: BucketState = {
    ...bucket,
    units,
    remaining: bucket.remaining.plus(movement.remainingDelta),
    reserved: bucket.reserved.plus(movement.reservedDelta),
    amountScale,
    entrySequence: bucket.entrySequence + 1,
    lastEntryAt: now,
  };
  if (after.remaining.isNegative() || after.reserved.isNegative()) {
    throw new Error(`bucket ${bucket.id} would become negative: the rules let through what they must refuse`);
  }
  const entry: LedgerEntry = {
    id: nextId(now),
    bucketId: bucket.id,
    sequence: after.entrySequence,
    entryType: movement.entryType,
    actionKind: action.kind,
    actionId: action.id,
    remainingDelta: movement.remainingDelta,
    reservedDelta: movement.reservedDelta,
    remainingAfter: after.remaining,
    reservedAfter: after.reserved,
    units,
    recordedAt: now,
  };
  return { bucket: after, entry };
}

/** Everything one command changes. */
export interface Booking {
  readonly buckets: readonly BucketState[];
  readonly entries: readonly LedgerEntry[];
  /** The action that is kept: a new row of its kind. */
  readonly created?: { kind: ActionKind; row: Plain };
  /** The reservation that changed: its next version. */
  readonly ended?: { row: Plain };
  readonly holds: readonly { reserveBalanceId: string; bucketId: string; amount: Decimal }[];
  readonly events: readonly DomainEvent[];
  /** What the caller is told: the created action, or the released reservation. */
  readonly answer: Plain;
}

export const actionKindOf: Record<Exclude<BalanceCommand, ReleaseCommand>['type'], ActionKind> = {
  topup: 'topupBalance',
  credit: 'adjustBalance',
  debit: 'adjustBalance',
  commit: 'adjustBalance',
  reserve: 'reserveBalance',
};

/** Writes a ruling down: new bucket states, ledger entries, the action, the ended reservation, the events. Pure. */
export function book(
  command: BalanceCommand,
  ruling: Ruling,
  bucketOf: (id: string) => BucketState,
  now: Date,
  nextId: IdSource,
): Booking {
  const at = now.toISOString();
  const action =
    command.type === 'release'
      ? { kind: 'reserveBalance' as const, id: command.reservationId }
      : { kind: actionKindOf[command.type], id: nextId(now) };
  const { buckets, entries, impactedBucket } = postAll(ruling, bucketOf, action, now, nextId);
  const ended = ruling.ends && endReservation(ruling.ends, command, at);
  const endEvents = ruling.ends && ended ? reservationEvents(ended, ruling.ends.status, now, nextId) : [];
  if (command.type === 'release') {
    if (ended === undefined) throw new Error('a release ends its reservation');
    return { buckets, entries, ended: { row: ended }, holds: [], events: endEvents, answer: ended };
  }
  const row: Plain = withoutNulls({
    ...command.attributes,
    id: action.id,
    revision: 1,
    status: command.type === 'reserve' ? 'created' : 'completed',
    amount: toPlainObject(ruling.amount),
    usageType: command.usageType ?? ruling.ends?.reservation.usageType ?? firstUsageType(buckets),
    requestedDate: at,
    confirmationDate: at,
    updatedAt: at,
    impactedBucket,
  });
  return {
    buckets,
    entries,
    created: { kind: action.kind, row },
    ended: ended && { row: ended },
    holds: (ruling.holds ?? []).map((hold) => ({ ...hold, reserveBalanceId: action.id })),
    events: [changeEvent(action.kind, 'Create', row, now, nextId), ...endEvents],
    answer: row,
  };
}

/** A refused action is kept, with status failed and the reason, and told as a Failure event. */
export function bookRefusal(
  command: Exclude<BalanceCommand, ReleaseCommand>,
  refusal: Refusal,
  amount: Plain,
  now: Date,
  nextId: IdSource,
): { kind: ActionKind; row: Plain; event: DomainEvent } {
  const kind = actionKindOf[command.type];
  const row = withoutNulls({
    ...command.attributes,
    id: nextId(now),
    revision: 1,
    status: 'failed',
    amount,
    usageType: command.usageType ?? null,
    requestedDate: now.toISOString(),
    updatedAt: now.toISOString(),
    failureCode: refusal.code,
    failureMessage: refusal.message,
  });
  return { kind, row, event: changeEvent(kind, 'Failure', row, now, nextId) };
}

function postAll(
  ruling: Ruling,
  bucketOf: (id: string) => BucketState,
  action: { kind: string; id: string },
  now: Date,
  nextId: IdSource,
): { buckets: BucketState[]; entries: LedgerEntry[]; impactedBucket: Plain[] } {
  const { units } = ruling.amount;
  const states = new Map<string, BucketState>();
  const entries: LedgerEntry[] = [];
  for (const movement of ruling.movements) {
    const before = states.get(movement.bucketId) ?? bucketOf(movement.bucketId);
    const { bucket, entry } = post(before, movement, action, units, now, nextId);
    states.set(bucket.id, bucket);
    entries.push(entry);
  }
  const impactedBucket = [...states.values()].map((bucket) =>
    impact(bucketOf(bucket.id), bucket, entries.filter((entry) => entry.bucketId === bucket.id), units, now),
  );
  return { buckets: [...states.values()], entries, impactedBucket };
}

/** TMF654 ImpactedBucket: remainingValue before and after, and each movement as an item. */
function impact(before: BucketState, after: BucketState, entries: readonly LedgerEntry[], units: string, now: Date): Plain {
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

function endReservation({ reservation, status }: NonNullable<Ruling['ends']>, command: BalanceCommand, at: string): Plain {
  const changes = command.type === 'release' ? command.changes : {};
  const revision = Number(reservation.snapshot['revision']) + 1;
  return withoutNulls({ ...reservation.snapshot, ...changes, status, revision, updatedAt: at });
}

function reservationEvents(row: Plain, status: 'completed' | 'cancelled', now: Date, nextId: IdSource): DomainEvent[] {
  const changes = status === 'cancelled' ? (['Cancel', 'StatusChange'] as const) : (['StatusChange'] as const);
  return changes.map((change) => changeEvent('reserveBalance', change, row, now, nextId));
}

function firstUsageType(buckets: readonly BucketState[]): string | null {
  return buckets[0]?.usageType ?? null;
}
