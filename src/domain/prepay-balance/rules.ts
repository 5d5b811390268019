import { shown } from '../../platform/errors.js';
import { zero, type Decimal } from '../../platform/decimal.js';
import type { AdjustCommand, Amount, BalanceCommand, CommitCommand, Locator, ReleaseCommand, ReserveCommand, TopupCommand } from './commands.js';
import { checkBalanceLimit, checkUnits, checkUsable, insufficient, type Refusal } from './refusals.js';
import type { BucketState, EntryType, Hold, Movement, ReservationState } from './state.js';

/** Buckets one action may draw on; a locator that matches more is refused as ambiguous. */
export const candidatesMax = 100;

/** What a command does to balances, before anything is written. */
export interface Ruling {
  readonly movements: readonly Movement[];
  readonly amount: Amount;
  /** What a new reservation holds. */
  readonly holds?: readonly Hold[];
  /** The reservation that ends, and how. */
  readonly ends?: { reservation: ReservationState; status: 'completed' | 'cancelled' };
}

/** The locked state a command is decided on. */
export interface Situation {
  /** Buckets the command's locator leads to, in no particular order. */
  readonly candidates: readonly BucketState[];
  /** The reservation it names, with the buckets that hold for it. */
  readonly reservation: ReservationState | undefined;
  readonly now: Date;
}

export type Verdict = Ruling | Refusal;

export function isRefusal(verdict: Verdict): verdict is Refusal {
  return 'code' in verdict;
}

/** Decides a balance command. Pure: no I/O, no clock, exact decimals; refusals in the order of the README. */
export function decide(command: BalanceCommand, situation: Situation): Verdict {
  switch (command.type) {
    case 'topup':
    case 'credit':
      return credit(command, situation);
    case 'debit':
      return draw(command, situation, debitMovement);
    case 'reserve':
      return reserve(command, situation);
    case 'commit':
      return commit(command, situation);
    case 'release':
      return release(command, situation);
  }
}

function credit(command: TopupCommand | AdjustCommand, { candidates, now }: Situation): Verdict {
  const { amount, locator } = command;
  const usable = locator.kind === 'bucket' ? candidates : usableBuckets(candidates, amount, now);
  const [bucket, ...others] = usable;
  if (bucket === undefined) return unknownBucket(locator);
  if (others.length > 0) return ambiguousBucket(usable);
  const refusal =
    checkUnits(bucket, amount) ?? checkUsable(bucket, now) ?? checkBalanceLimit(bucket, amount.amount, amount.amount);
  if (refusal) return refusal;
  const entryType = command.type === 'topup' ? 'topup' : 'credit';
  return { amount, movements: [movement(bucket.id, entryType, amount.amount, zero)] };
}

function reserve(command: ReserveCommand, situation: Situation): Verdict {
  const verdict = draw(command, situation, reserveMovement);
  if (isRefusal(verdict)) return verdict;
  const holds = verdict.movements.map(({ bucketId, reservedDelta }) => ({ bucketId, amount: reservedDelta }));
  return { ...verdict, holds };
}

/** Takes an amount out of what remains: from the named bucket, or from several in burn order, all or nothing. */
function draw(
  command: AdjustCommand | ReserveCommand,
  { candidates, now }: Situation,
  take: (bucketId: string, share: Decimal) => Movement,
): Verdict {
  const { amount, locator } = command;
  const [first] = candidates;
  if (locator.kind === 'bucket' && first) {
    const refusal = checkUnits(first, amount) ?? checkUsable(first, now);
    if (refusal) return refusal;
  }
  const usable = usableBuckets(candidates, amount, now).sort(burnOrder);
  if (candidates.length > candidatesMax) return ambiguousBucket(usable);
  if (usable.length === 0 && locator.kind === 'match') return unknownBucket(locator);
  if (first === undefined) return unknownBucket(locator);

  const available = usable.reduce((sum, { remaining }) => sum.plus(remaining), zero);
  if (available.lt(amount.amount)) {
    return insufficient(available, amount, `bucket ${usable.map(({ id }) => `'${id}'`).join(', ')}`);
  }

  let missing = amount.amount;
  const movements: Movement[] = [];
  for (const bucket of usable) {
    const share = missing.lt(bucket.remaining) ? missing : bucket.remaining;
    if (share.isZero()) continue;
    // A draw adds nothing, but a finer share narrows what the bucket can hold exactly.
    const refusal = checkBalanceLimit(bucket, share, zero);
    if (refusal) return refusal;
    movements.push(take(bucket.id, share));
    missing = missing.minus(share);
  }
  return { amount, movements };
}

const debitMovement = (bucketId: string, share: Decimal): Movement => movement(bucketId, 'debit', share.negated(), zero);
const reserveMovement = (bucketId: string, share: Decimal): Movement => movement(bucketId, 'reserve', share.negated(), share);

/**
 * A commit acts on money that is already held: the bucket's status and validity were checked when it
 * was reserved and do not matter any more.
 */
function commit(command: CommitCommand, { candidates, reservation, now }: Situation): Verdict {
  if (reservation === undefined) return unknownReservation(command.reservationId);
  const reserved = total(reservation.holds);
  const amount = command.amount ?? { amount: reserved, units: reservation.units };
  if (amount.units !== reservation.units) {
    return { code: 'UNITS_MISMATCH', message: `reserveBalance '${reservation.id}' holds ${reservation.units}, not ${amount.units}` };
  }
  if (!isLive(reservation) || hasExpired(reservation, now)) return notLive(reservation, now);
  if (amount.amount.gt(reserved)) {
    return {
      code: 'COMMIT_ABOVE_RESERVED',
      message: `reserveBalance '${reservation.id}' holds ${reserved.toFixed()} ${amount.units}, ${amount.amount.toFixed()} were to be committed`,
    };
  }
  let missing = amount.amount;
  const movements: Movement[] = [];
  for (const { bucketId, amount: held } of reservation.holds) {
    const consumed = missing.lt(held) ? missing : held;
    const rest = held.minus(consumed);
    const bucket = candidates.find(({ id }) => id === bucketId);
    const refusal = bucket && checkBalanceLimit(bucket, consumed, zero);
    if (refusal) return refusal;
    if (consumed.gt(0)) movements.push(movement(bucketId, 'commit', zero, consumed.negated()));
    if (rest.gt(0)) movements.push(movement(bucketId, 'release', rest, rest.negated()));
    missing = missing.minus(consumed);
  }
  return { amount, movements, ends: { reservation, status: 'completed' } };
}

/** Gives everything back where it came from. An expired reservation that still holds may be released, too. */
function release(command: ReleaseCommand, { reservation, now }: Situation): Verdict {
  if (reservation === undefined) return unknownReservation(command.reservationId);
  if (!isLive(reservation)) return notLive(reservation, now);
  const movements = reservation.holds.map(({ bucketId, amount }) => movement(bucketId, 'release', amount, amount.negated()));
  const amount = { amount: total(reservation.holds), units: reservation.units };
  return { amount, movements, ends: { reservation, status: 'cancelled' } };
}

function movement(bucketId: string, entryType: EntryType, remainingDelta: Decimal, reservedDelta: Decimal): Movement {
  return { bucketId, entryType, remainingDelta, reservedDelta };
}

function total(holds: readonly Hold[]): Decimal {
  return holds.reduce((sum, { amount }) => sum.plus(amount), zero);
}

/** The buckets a match may use: only those that are active, valid now and of fitting units. */
function usableBuckets(candidates: readonly BucketState[], amount: Amount, now: Date): BucketState[] {
  return candidates.filter((bucket) => !checkUnits(bucket, amount) && !checkUsable(bucket, now));
}

/** Lower priority first (none last), then the earliest end of validity (none last), then the oldest. */
export function burnOrder(a: BucketState, b: BucketState): number {
  return (
    compare(a.priority ?? Infinity, b.priority ?? Infinity) ||
    compare(a.validUntil?.getTime() ?? Infinity, b.validUntil?.getTime() ?? Infinity) ||
    compare(a.id, b.id)
  );
}

function compare<T extends number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function isLive(reservation: ReservationState): boolean {
  return reservation.status === 'created';
}

function hasExpired({ expirationDate }: ReservationState, now: Date): boolean {
  return expirationDate !== undefined && expirationDate <= now;
}

function notLive(reservation: ReservationState, now: Date): Refusal {
  const state = isLive(reservation) && hasExpired(reservation, now) ? 'expired' : reservation.status;
  return { code: 'RESERVATION_NOT_LIVE', message: `reserveBalance '${reservation.id}' is not live: it is ${state}` };
}

function unknownReservation(id: string): Refusal {
  return { code: 'RESERVATION_UNKNOWN', message: `reserveBalance '${shown(id)}' does not exist` };
}

function unknownBucket(locator: Locator): Refusal {
  const message =
    locator.kind === 'bucket'
      ? `bucket '${shown(locator.bucketId)}' does not exist`
      : `no active bucket counting ${locator.units} matches the given product, logicalResource, partyAccount or relatedParty`;
  return { code: 'BUCKET_UNKNOWN', message };
}

const bucketsNamedMax = 5;

function ambiguousBucket(buckets: readonly BucketState[]): Refusal {
  const names = buckets.slice(0, bucketsNamedMax).map(({ id }) => `'${id}'`);
  const more = buckets.length > bucketsNamedMax ? ' and more' : '';
  return { code: 'BUCKET_AMBIGUOUS', message: `several buckets match: ${names.join(', ')}${more}; name one with bucket.id` };
}
