import { fitsBalance } from '../amount.js';
import type { ErrorCode } from '../../platform/errors.js';
import type { Decimal } from '../../platform/decimal.js';
import type { Amount } from './commands.js';
import type { BucketState } from './state.js';

/** What the engine refuses, as a value: the refusal of one command never disturbs its neighbours. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

// Each check is one row of the refusal order that the README of this folder lists.

export function checkUnits(bucket: BucketState, amount: Amount): Refusal | undefined {
  if (bucket.units === undefined || bucket.units === amount.units) return undefined;
  return { code: 'UNITS_MISMATCH', message: `bucket '${bucket.id}' counts ${bucket.units}, not ${amount.units}` };
}

export function checkUsable(bucket: BucketState, now: Date): Refusal | undefined {
  if (bucket.status === 'suspended') return { code: 'BUCKET_SUSPENDED', message: `bucket '${bucket.id}' is suspended` };
  if (bucket.status === 'expired' || (bucket.validUntil && bucket.validUntil <= now)) {
    return { code: 'BUCKET_EXPIRED', message: `bucket '${bucket.id}' is expired` };
  }
  if (bucket.validFrom && bucket.validFrom > now) {
    return {
      code: 'BUCKET_NOT_YET_VALID',
      message: `bucket '${bucket.id}' is valid from ${bucket.validFrom.toISOString()} on`,
    };
  }
  return undefined;
}

/** Remaining and reserved count together, so that whatever is reserved can always come back. */
export function checkBalanceLimit(bucket: BucketState, amount: Decimal, added: Decimal): Refusal | undefined {
  const total = bucket.remaining.plus(bucket.reserved).plus(added);
  if (fitsBalance(total, Math.max(bucket.amountScale, amount.decimalPlaces()))) return undefined;
  return {
    code: 'BALANCE_LIMIT',
    message: `bucket '${bucket.id}' cannot hold ${total.toFixed()} exactly: at most 15 digits, decimals included`,
  };
}

export function insufficient(available: Decimal, amount: Amount, where: string): Refusal {
  return {
    code: 'INSUFFICIENT_REMAINING',
    message: `${where} has ${available.toFixed()} ${amount.units} left, ${amount.amount.toFixed()} ${amount.units} were asked for`,
  };
}
