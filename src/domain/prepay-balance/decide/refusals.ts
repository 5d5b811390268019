import { fitsBalance } from '../../amount.js';
import { areConvertible } from '../../units.js';
import { DomainError, abbreviated, type ErrorCode } from '../../../platform/errors.js';
import type { Decimal } from '../../../platform/decimal.js';
import type { Locator } from '../command/commands.js';
import type { ActionState, BucketState } from './state.js';
import type { Amount } from '../model.js';

/** Why a command is refused, as a value: it must not disturb the other commands of its transaction. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  /** It is about the receiver of a transfer. */
  readonly isOfReceiver?: boolean;
}

// Each check is one row of the refusal order that the README of this folder lists.

export function unknownBucket(locator: Locator): Refusal {
  const message =
    locator.kind === 'bucket'
      ? `bucket '${abbreviated(locator.bucketId)}' does not exist`
      : `no active bucket counting ${locator.units} matches the given product, logicalResource, partyAccount or relatedParty`;
  return { code: 'BUCKET_UNKNOWN', message };
}

const bucketsNamedMax = 5;

export function ambiguousBucket(buckets: readonly BucketState[]): Refusal {
  const names = buckets.slice(0, bucketsNamedMax).map(({ id }) => `'${id}'`);
  const more = buckets.length > bucketsNamedMax ? ' and more' : '';
  return {
    code: 'BUCKET_AMBIGUOUS',
    message: `several buckets match: ${names.join(', ')}${more}; name one with bucket.id`,
  };
}

export function unknownReservation(id: string): Refusal {
  return { code: 'RESERVATION_UNKNOWN', message: `reserveBalance '${abbreviated(id)}' does not exist` };
}

/** A bucket without a value takes any units. */
export function checkUnits(bucket: BucketState, amount: Amount): Refusal | undefined {
  if (bucket.units === undefined || areConvertible(bucket.units, amount.units)) return undefined;
  return { code: 'UNITS_MISMATCH', message: `bucket '${bucket.id}' counts ${bucket.units}, not ${amount.units}` };
}

/** The units are convertible, but this amount has no exact decimal in the units of the bucket: 1 s in h. */
export function inexact({ id, units }: BucketState, amount: Amount): Refusal {
  return {
    code: 'UNITS_MISMATCH',
    message: `bucket '${id}' counts ${units ?? ''}, and ${amount.amount.toFixed()} ${amount.units} cannot be told exactly in it`,
  };
}

/** A bucket must be active, and valid now. */
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

export function insufficient(available: string, amount: Amount, where: string): Refusal {
  return {
    code: 'INSUFFICIENT_REMAINING',
    message: `${where} has ${available} ${amount.units} left, ${amount.amount.toFixed()} ${amount.units} were asked for`,
  };
}

/** Whether an action holds, or waits for its date or its payment. */
export function isLive({ status }: ActionState): boolean {
  return status === 'created';
}

/** A reservation that has ended, or should have lapsed by now, is not live any more. */
export function checkLive(reservation: ActionState, now: Date): Refusal | undefined {
  const hasExpired = reservation.dueAt !== undefined && reservation.dueAt <= now;
  if (isLive(reservation) && !hasExpired) return undefined;
  const state = isLive(reservation) ? 'expired' : reservation.status;
  return { code: 'RESERVATION_NOT_LIVE', message: `reserveBalance '${reservation.id}' is not live: it is ${state}` };
}

/** Remaining and reserved count together, so that what is reserved can always be returned. */
export function checkBalanceLimit(bucket: BucketState, amount: Decimal, added: Decimal): Refusal | undefined {
  const total = bucket.remaining.plus(bucket.reserved).plus(added);
  if (fitsBalance(total, Math.max(bucket.amountScale, amount.decimalPlaces()))) return undefined;
  return {
    code: 'BALANCE_LIMIT',
    message: `bucket '${bucket.id}' cannot hold ${total.toFixed()} exactly: at most 15 digits, decimals included`,
  };
}

/** What is told of a refusal: of somebody else's bucket nothing but that it cannot take the amount. */
export function toldRefusal({ code, message, isOfReceiver }: Refusal, isReceiverForeign: boolean): Refusal {
  return isOfReceiver && isReceiverForeign
    ? { code: 'RECEIVER_UNABLE', message: 'the receiver cannot take it' }
    : { code, message };
}

/** The refusal of a PATCH of an attribute that must not change any more, and why. */
export function notPatchable(name: string, why: string): DomainError {
  return new DomainError('CONFLICT', `${name} cannot be changed: ${why}`, { path: name });
}
