import { zero } from '../../../platform/decimal.js';
import { fromBase, toBase } from '../../units.js';
import type { Locator } from '../command/commands.js';
import { ambiguousBucket, checkBalanceLimit, checkUnits, inexact, unknownBucket, type Refusal } from './refusals.js';
import type { BucketState, Movement } from './state.js';
import type { Amount } from '../model.js';

/** The bucket to credit: the one that is named, or the only one that matches and `isFit`; or a refusal. */
export function bucketToCredit(
  locator: Locator,
  candidates: readonly BucketState[],
  amount: Amount,
  isFit: (bucket: BucketState) => boolean,
): BucketState | Refusal {
  const usable =
    locator.kind === 'bucket'
      ? candidates
      : candidates.filter((bucket) => !checkUnits(bucket, amount) && isFit(bucket));
  const [bucket, ...others] = usable;
  if (bucket === undefined) return unknownBucket(locator);
  if (others.length > 0) return ambiguousBucket(usable);
  return checkUnits(bucket, amount) ?? bucket;
}

/** Whether a bucket to credit was found. */
export function isBucket(found: BucketState | Refusal): found is BucketState {
  return 'remaining' in found;
}

/** The movement that credits this amount to the bucket, in its units; or a refusal. */
export function creditMovement(
  bucket: BucketState,
  entryType: Movement['entryType'],
  amount: Amount,
): Movement | Refusal {
  const units = bucket.units ?? amount.units;
  const added = fromBase(toBase(amount.amount, amount.units), units);
  if (added === undefined) return inexact(bucket, amount);
  return (
    checkBalanceLimit(bucket, added, added) ?? {
      bucketId: bucket.id,
      entryType,
      units,
      remainingDelta: added,
      reservedDelta: zero,
    }
  );
}

/** Whether the credit is possible. */
export function isMovement(result: Movement | Refusal): result is Movement {
  return 'entryType' in result;
}
