import { Decimal } from '../../platform/decimal.js';
import { requireAmount } from '../amount.js';
import { invalid, isGiven, requireName } from '../input.js';
import { DECIMAL_PLACES_MAX } from '../limits.js';
import { areConvertible, toBase } from '../units.js';
import { isAtOrBelow, type Level } from './decide/alerts.js';
import type { Amount, BucketThreshold } from './model.js';

// The thresholds that a bucket is given; what they do is in decide/alerts.ts.

/** Thresholds of one bucket: each is looked at whenever something is taken from it. */
const THRESHOLDS_MAX = 10;

/** A threshold as a request says it. */
export interface ThresholdInput {
  name?: string | null;
  amount?: Amount | null;
  percent?: Decimal | null;
  /** Set by the server: who changes what was read may send it back. */
  reachedAt?: Date | null;
}

/** Refuses thresholds that say nothing, or the same twice. Throws INVALID_ATTRIBUTE. */
export function checkThresholds(thresholds: readonly ThresholdInput[]): void {
  if (thresholds.length > THRESHOLDS_MAX)
    throw invalid(
      'threshold',
      `must have at most ${THRESHOLDS_MAX} elements: the limit THRESHOLDS_MAX is ${THRESHOLDS_MAX}`,
    );
  for (const [index, threshold] of thresholds.entries()) {
    const { name, amount, percent } = threshold;
    const path = `threshold.${index}`;
    if (Boolean(amount) === Boolean(percent)) throw invalid(path, 'must have either an amount or a percent');
    if (isGiven(name)) requireName(`${path}.name`, name);
    if (amount) {
      requireName(`${path}.amount.units`, amount.units);
      requireAmount(amount.amount, `${path}.amount.amount`);
    }
    if (percent && (percent.lte(0) || percent.gte(100) || percent.decimalPlaces() > DECIMAL_PLACES_MAX))
      throw invalid(`${path}.percent`, `must be above 0 and below 100: ${percent.toString()}`);
    const earlier = thresholds.slice(0, index).findIndex((one) => isSame(one, threshold));
    if (earlier >= 0) throw invalid(path, `is the same as threshold.${earlier}`);
  }
}

/**
 * The thresholds that a bucket is given, with their state: one that it had keeps its own, another is armed if the bucket is
 * above it, and reached from the beginning otherwise: nothing was crossed, so nothing is told. Throws INVALID_ATTRIBUTE for an
 * amount in units that are not those of the bucket.
 */
export function startThresholds(
  given: readonly BucketThreshold[],
  known: readonly BucketThreshold[],
  bucket: Level,
  now: Date,
): BucketThreshold[] {
  return given.map(({ name, amount, percent }, index) => {
    if (amount && bucket.units === undefined)
      throw invalid(`threshold.${index}.amount`, 'needs a bucket that has a value: this one has no units yet');
    if (amount && bucket.units !== undefined && !areConvertible(amount.units, bucket.units))
      throw invalid(`threshold.${index}.amount.units`, `must convert to ${bucket.units}: '${amount.units}'`);
    const threshold = { ...(name && { name }), ...(amount && { amount }), ...(percent && { percent }) };
    const same = known.find((one) => isSame(toInput(one), toInput(threshold)));
    const reachedAt = same ? same.reachedAt : isAtOrBelow(bucket, threshold) ? now.toISOString() : undefined;
    return { ...threshold, ...(reachedAt && { reachedAt }) };
  });
}

/** Whether two thresholds are at the same place, whatever they are called. */
function isSame(one: ThresholdInput, other: ThresholdInput): boolean {
  if (one.percent && other.percent) return one.percent.eq(other.percent);
  if (!one.amount || !other.amount || !areConvertible(one.amount.units, other.amount.units)) return false;
  return toBase(one.amount.amount, one.amount.units).eq(toBase(other.amount.amount, other.amount.units));
}

function toInput({ amount, percent }: BucketThreshold): ThresholdInput {
  return {
    amount: amount ? { amount: new Decimal(amount.amount), units: amount.units } : null,
    percent: typeof percent === 'number' ? new Decimal(percent) : null,
  };
}
