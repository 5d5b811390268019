import { zero, type Decimal } from '../../../platform/decimal.js';
import { areConvertible, fromBase, displayFromBase, toBase } from '../../units.js';
import type { Locator } from '../command/commands.js';
import {
  ambiguousBucket,
  checkBalanceLimit,
  checkUnits,
  checkUsable,
  inexact,
  insufficient,
  unknownBucket,
  type Refusal,
} from './refusals.js';
import type { BucketState, Movement } from './state.js';
import type { Amount } from '../model.js';

/** Buckets one action may draw on; a locator that matches more is refused as ambiguous. */
export const candidatesMax = 100;

/** Those of the matching buckets that are active, valid now and of convertible units. */
export function usableBuckets(candidates: readonly BucketState[], amount: Amount, now: Date): BucketState[] {
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

/** The share of an amount that one bucket gives, in the bucket's units. */
export interface Share {
  readonly bucket: BucketState;
  readonly units: string;
  readonly amount: Decimal;
}

/** The buckets an amount may be drawn from, in burn order; or why there is none. */
export function bucketsToDraw(
  locator: Locator,
  candidates: readonly BucketState[],
  amount: Amount,
  now: Date,
): BucketState[] | Refusal {
  const [first] = candidates;
  if (first === undefined) return unknownBucket(locator);
  if (locator.kind === 'bucket') {
    const refusal = checkUnits(first, amount) ?? checkUsable(first, now);
    return refusal ?? [first];
  }
  const usable = usableBuckets(candidates, amount, now).sort(burnOrder);
  // Empty buckets do not count: a customer may have any number of used-up packs.
  if (candidates.filter(({ remaining }) => remaining.gt(0)).length > candidatesMax) return ambiguousBucket(usable);
  return usable.length === 0 ? unknownBucket(locator) : usable;
}

/** Splits an amount over what remains in these buckets, one after the other: all of it, or a refusal. */
export function draw(buckets: readonly BucketState[], amount: Amount): Share[] | Refusal {
  const wanted = toBase(amount.amount, amount.units);
  const counting = buckets.filter(({ units }) => units !== undefined && areConvertible(units, amount.units));
  const available = counting.reduce((sum, { remaining, units = '' }) => sum.plus(toBase(remaining, units)), zero);
  if (available.lt(wanted)) {
    return insufficient(
      displayFromBase(available, amount.units),
      amount,
      `bucket ${buckets.map(({ id }) => `'${id}'`).join(', ')}`,
    );
  }
  let missing = wanted;
  const shares: Share[] = [];
  for (const bucket of counting) {
    const { units = '', remaining } = bucket;
    const all = toBase(remaining, units);
    const share = missing.lt(all) ? fromBase(missing, units) : remaining;
    if (share === undefined) return inexact(bucket, amount);
    if (share.isZero()) continue;
    // A draw adds nothing, but a finer share narrows what the bucket can hold exactly.
    const refusal = checkBalanceLimit(bucket, share, zero);
    if (refusal) return refusal;
    shares.push({ bucket, units, amount: share });
    missing = missing.minus(toBase(share, units));
  }
  return shares;
}

/** Whether the buckets cover the amount. */
export function areShares(result: Share[] | Refusal): result is Share[] {
  return Array.isArray(result);
}

/** The bucket after it has given the share. */
export function withShareRemoved({ bucket, amount }: Share): BucketState {
  return { ...bucket, remaining: bucket.remaining.minus(amount) };
}

/** Takes a share out of its bucket. */
export const debitMovement = ({ bucket, units, amount }: Share): Movement => ({
  bucketId: bucket.id,
  entryType: 'debit',
  units,
  remainingDelta: amount.negated(),
  reservedDelta: zero,
});

/** Moves a share from remaining to reserved. */
export const reserveMovement = (share: Share): Movement => ({
  ...debitMovement(share),
  entryType: 'reserve',
  reservedDelta: share.amount,
});
