import { zero, Decimal } from '../../../platform/decimal.js';
import { toBase } from '../../units.js';
import type { BucketThreshold } from '../model.js';
import type { BucketState, Movement } from './state.js';

// What is told of a bucket that runs low: each crossing of a threshold once, and that it is empty, until a credit.

/** What is told of a bucket, as it stands after the action that led to it. */
export interface BucketAlert {
  readonly change: 'ThresholdReached' | 'Depleted';
  readonly bucket: BucketState;
  readonly at: Date;
}

/** What credits a bucket anew. What gives back what was taken before (a release, a lapse, a reversal, a refund) does not. */
const credits: ReadonlySet<Movement['entryType']> = new Set(['opening', 'topup', 'credit', 'transferIn']);

const hundred = new Decimal(100);

/**
 * The bucket after the movements of one action, with what of its thresholds is reached or armed again, and what is to be told:
 * the highest threshold first. A threshold is reached when the action takes something and leaves no more than the threshold;
 * it is armed again when an action credits the bucket and leaves more. Pure.
 */
export function withAlerts(
  after: BucketState,
  movements: readonly Movement[],
  { isRefund, at }: { isRefund: boolean; at: Date },
): { readonly bucket: BucketState; readonly alerts: readonly BucketAlert[] } {
  const credited = movements.reduce(
    (sum, { entryType, remainingDelta }) => (!isRefund && credits.has(entryType) ? sum.plus(remainingDelta) : sum),
    zero,
  );
  const isCredited = credited.gt(0);
  const isLowered = movements.some(({ remainingDelta }) => remainingDelta.isNegative() && !remainingDelta.isZero());
  let bucket = isCredited ? { ...after, lastCredit: credited } : after;
  if (isCredited) bucket = armed(bucket);
  if (!isLowered) return { bucket, alerts: [] };
  const alerts: BucketAlert[] = [];
  for (const threshold of newlyReached(bucket)) {
    const reached = { ...threshold, reachedAt: at.toISOString() };
    const thresholds = bucket.thresholds.map((one) => (one === threshold ? reached : one));
    bucket = { ...bucket, thresholds, lastReachedThreshold: reached };
    alerts.push({ change: 'ThresholdReached', bucket, at });
  }
  if (bucket.remaining.isZero() && bucket.depletedAt === undefined) {
    bucket = { ...bucket, depletedAt: at };
    alerts.push({ change: 'Depleted', bucket, at });
  }
  return { bucket, alerts };
}

/** The bucket after a credit: what it is above of is armed. */
function armed(bucket: BucketState): BucketState {
  const thresholds = bucket.thresholds.some((threshold) => isReached(threshold) && !isAtOrBelow(bucket, threshold))
    ? bucket.thresholds.map((threshold) => (isAtOrBelow(bucket, threshold) ? threshold : withoutState(threshold)))
    : bucket.thresholds;
  return { ...bucket, thresholds, depletedAt: bucket.remaining.isZero() ? bucket.depletedAt : undefined };
}

/** The armed thresholds that the bucket is not above of any more, the highest first. */
function newlyReached(bucket: BucketState): BucketThreshold[] {
  return bucket.thresholds
    .filter((threshold) => !isReached(threshold) && isAtOrBelow(bucket, threshold))
    .sort((one, other) => (levelOf(bucket, other) ?? zero).comparedTo(levelOf(bucket, one) ?? zero));
}

function isReached({ reachedAt }: BucketThreshold): boolean {
  return typeof reachedAt === 'string';
}

/** What thresholds are held against. */
export type Level = Pick<BucketState, 'units' | 'remaining' | 'lastCredit'>;

/** Whether no more than the threshold remains. */
export function isAtOrBelow(bucket: Level, threshold: BucketThreshold): boolean {
  const level = levelOf(bucket, threshold);
  return level !== undefined && toBase(bucket.remaining, bucket.units ?? '').lte(level);
}

/** The threshold in base units; undefined for a share of a credit that there was not yet. */
function levelOf({ units = '', lastCredit }: Level, { amount, percent }: BucketThreshold): Decimal | undefined {
  if (amount) return toBase(new Decimal(amount.amount), amount.units);
  return (
    lastCredit &&
    toBase(lastCredit, units)
      .times(percent ?? 0)
      .div(hundred)
  );
}

function withoutState({ reachedAt: _, ...threshold }: BucketThreshold): BucketThreshold {
  return threshold;
}
