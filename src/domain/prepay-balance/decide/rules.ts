import { zero, type Decimal } from '../../../platform/decimal.js';
import { areConvertible, fromBase, displayFromBase, toBase } from '../../units.js';
import type {
  AdjustCommand,
  CancelCommand,
  CommitCommand,
  CreateCommand,
  ReserveCommand,
  ScheduledTopupCommand,
  TopupCommand,
} from '../command/commands.js';
import { bucketToCredit, creditMovement, isBucket, isMovement } from './credit.js';
import { debitMovement, draw, bucketsToDraw, areShares, reserveMovement, type Share } from './draw.js';
import {
  checkBalanceLimit,
  checkLive,
  checkUnits,
  checkUsable,
  inexact,
  isLive,
  unknownReservation,
  type Refusal,
} from './refusals.js';
import { reverse } from './reversal.js';
import { isRefusal, type AcceptedDecision, type DecisionContext, type Decision } from './decision.js';
import type { ActionState, BucketState, Hold, Movement } from './state.js';
import { transfer } from './transfer.js';
import type { Amount } from '../model.js';

/** Decides a balance command. Pure: no I/O, no clock, exact decimals. Refusals come in the order of the README. */
export function decide(command: CreateCommand | CancelCommand, decisionContext: DecisionContext): Decision {
  switch (command.type) {
    case 'topup':
      return topUp(command, decisionContext);
    case 'scheduled':
      return schedule(command, decisionContext);
    case 'credit':
      return credit(command, 'credit', decisionContext);
    case 'debit':
      return debit(command, decisionContext);
    case 'reserve':
      return reserve(command, decisionContext);
    case 'transfer':
      return transfer(command, decisionContext);
    case 'commit':
      return commit(command, decisionContext);
    case 'cancel':
      return cancel(decisionContext);
  }
}

function credit(
  command: TopupCommand | AdjustCommand,
  entryType: 'topup' | 'credit',
  { candidates, now }: DecisionContext,
): Decision {
  const { amount, locator } = command;
  const bucket = bucketToCredit(locator, candidates, amount, (candidate) => !checkUsable(candidate, now));
  if (!isBucket(bucket)) return bucket;
  const isRefund = command.type === 'credit' && command.isRefund === true;
  const refusal = isRefund ? undefined : checkUsable(bucket, now);
  if (refusal) return refusal;
  const movement = creditMovement(bucket, entryType, amount);
  return isMovement(movement) ? { amount, movements: [movement], isRefund } : movement;
}

/** A top-up with a later end of validity extends the bucket, and revives an expired one (docs/decisions/0019-expiry-freezes.md). */
function topUp(command: TopupCommand, decisionContext: DecisionContext): Decision {
  const { validUntil } = command;
  if (validUntil === undefined || validUntil <= decisionContext.now) return credit(command, 'topup', decisionContext);
  const decision = credit(command, 'topup', {
    ...decisionContext,
    candidates: decisionContext.candidates.map((bucket) => extended(bucket, validUntil)),
  });
  if (isRefusal(decision)) return decision;
  const before = decisionContext.candidates.find(({ id }) => id === decision.movements[0]?.bucketId);
  if (before === undefined || extended(before, validUntil) === before) return decision;
  return { ...decision, extension: { bucketId: before.id, validUntil: extended(before, validUntil).validUntil } };
}

function extended(bucket: BucketState, validUntil: Date): BucketState {
  const isLonger = bucket.validUntil !== undefined && bucket.validUntil < validUntil;
  if (bucket.status === 'expired')
    return { ...bucket, status: 'active', validUntil: isLonger ? validUntil : (bucket.validUntil ?? validUntil) };
  return isLonger ? { ...bucket, validUntil } : bucket;
}

/** A scheduled top-up moves nothing yet, but its bucket must exist and count its units. */
function schedule({ topup, threshold }: ScheduledTopupCommand, { candidates, now }: DecisionContext): Decision {
  const { amount, locator } = topup;
  const bucket = bucketToCredit(locator, candidates, amount, (candidate) => !checkUsable(candidate, now));
  if (!isBucket(bucket)) return bucket;
  if (threshold === undefined) return { amount, movements: [] };
  // A bucket without a value gets the units of its first refill, which is due at once and must not fail.
  const filled = { ...bucket, units: bucket.units ?? amount.units };
  const refusal = checkUnits(filled, threshold) ?? (bucket.units === undefined ? checkUsable(bucket, now) : undefined);
  if (refusal) return refusal;
  const inBucketUnits = fromBase(toBase(threshold.amount, threshold.units), filled.units);
  if (inBucketUnits === undefined) return inexact(filled, threshold);
  if (bucket.autoTopup) {
    return {
      code: 'CONFLICT',
      message: `bucket '${bucket.id}' is filled by topupBalance '${bucket.autoTopup.topupBalanceId}' already`,
    };
  }
  return { amount, movements: [], autoTopup: { bucketId: bucket.id, threshold: inBucketUnits } };
}

function debit(command: AdjustCommand, decisionContext: DecisionContext): Decision {
  const shares = drawShares(command, decisionContext);
  return areShares(shares) ? { amount: command.amount, movements: shares.map(debitMovement) } : shares;
}

function reserve(command: ReserveCommand, decisionContext: DecisionContext): Decision {
  const shares = drawShares(command, decisionContext);
  if (!areShares(shares)) return shares;
  const holds = shares.map(({ bucket, amount }) => ({ bucketId: bucket.id, amount }));
  return { amount: command.amount, movements: shares.map(reserveMovement), holds };
}

function drawShares(
  { amount, locator }: AdjustCommand | ReserveCommand,
  { candidates, now }: DecisionContext,
): Share[] | Refusal {
  const buckets = bucketsToDraw(locator, candidates, amount, now);
  return Array.isArray(buckets) ? draw(buckets, amount) : buckets;
}

/**
 * A commit acts on an amount that is already held: status and validity of the bucket were checked when it was reserved, and
 * do not matter any more.
 */
function commit(command: CommitCommand, { candidates, action: reservation, now }: DecisionContext): Decision {
  if (reservation === undefined) return unknownReservation(command.actionId);
  const bucketOf = (id: string): BucketState => found(candidates, id);
  const reserved = reservation.holds.reduce((sum, hold) => sum.plus(heldBase(hold, bucketOf(hold.bucketId))), zero);
  const amount = command.amount ?? { amount: fromBase(reserved, reservation.units) ?? zero, units: reservation.units };
  if (!areConvertible(amount.units, reservation.units)) {
    return {
      code: 'UNITS_MISMATCH',
      message: `reserveBalance '${reservation.id}' holds ${reservation.units}, not ${amount.units}`,
    };
  }
  const ended = checkLive(reservation, now);
  if (ended) return ended;
  const wanted = toBase(amount.amount, amount.units);
  if (wanted.gt(reserved)) {
    const message = `reserveBalance '${reservation.id}' holds ${displayFromBase(reserved, amount.units)} ${amount.units}, ${amount.amount.toFixed()} were to be committed`;
    return { code: 'COMMIT_ABOVE_RESERVED', message };
  }
  const movements = consume(reservation.holds, wanted, bucketOf, amount);
  return Array.isArray(movements)
    ? { amount, movements, endedAction: { action: reservation, status: 'completed' } }
    : movements;
}

/** Consumes the holds in burn order up to the wanted amount, and returns the rest. */
function consume(
  holds: readonly Hold[],
  wanted: Decimal,
  bucketOf: (id: string) => BucketState,
  amount: Amount,
): Movement[] | Refusal {
  let missing = wanted;
  const movements: Movement[] = [];
  for (const hold of holds) {
    const { bucketId, amount: held } = hold;
    const bucket = bucketOf(bucketId);
    const units = bucket.units ?? '';
    const all = heldBase(hold, bucket);
    const consumed = missing.lt(all) ? fromBase(missing, units) : held;
    if (consumed === undefined) return inexact(bucket, amount);
    const refusal = checkBalanceLimit(bucket, consumed, zero);
    if (refusal) return refusal;
    const rest = held.minus(consumed);
    if (consumed.gt(0))
      movements.push({ bucketId, entryType: 'commit', units, remainingDelta: zero, reservedDelta: consumed.negated() });
    if (rest.gt(0)) movements.push(returned(bucketId, units, rest, 'release'));
    missing = missing.minus(toBase(consumed, units));
  }
  return movements;
}

function heldBase({ amount }: Hold, { units = '' }: BucketState): Decimal {
  return toBase(amount, units);
}

function returned(bucketId: string, units: string, amount: Decimal, entryType: 'release' | 'expire'): Movement {
  return { bucketId, entryType, units, remainingDelta: amount, reservedDelta: amount.negated() };
}

/** Cancels an action: releases a reservation, stops what is scheduled, reverses what was applied. */
function cancel(decisionContext: DecisionContext): Decision {
  const { action, candidates, now } = decisionContext;
  if (action === undefined) throw new Error('that the action exists is checked before');
  if (action.kind === 'reserveBalance') return checkLive(action, now) ?? returnHolds(action, candidates, 'release');
  if (isLive(action)) return { amount: zeroOf(action), movements: [], endedAction: { action, status: 'cancelled' } };
  return reverse(action, candidates);
}

/** Returns what a reservation holds to the buckets it came from. */
function returnHolds(
  action: ActionState,
  candidates: readonly BucketState[],
  entryType: 'release' | 'expire',
): AcceptedDecision {
  const movements = action.holds.map(({ bucketId, amount }) =>
    returned(bucketId, found(candidates, bucketId).units ?? '', amount, entryType),
  );
  return { amount: zeroOf(action), movements, endedAction: { action, status: 'cancelled' } };
}

/** The lapse of a reservation that was not ended before its expirationDate. */
export function lapse(reservation: ActionState, candidates: readonly BucketState[]): AcceptedDecision {
  return returnHolds(reservation, candidates, 'expire');
}

function zeroOf({ units }: ActionState): Amount {
  return { amount: zero, units };
}

function found(buckets: readonly BucketState[], id: string): BucketState {
  const bucket = buckets.find((candidate) => candidate.id === id);
  if (bucket === undefined) throw new Error(`bucket ${id}, in which something is held, is not locked`);
  return bucket;
}
