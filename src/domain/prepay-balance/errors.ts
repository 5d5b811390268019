import { declareErrors } from '../../platform/errors.js';

/** Refusals of balance actions; README.md of this folder says in which order they are checked. */
export const prepayBalanceErrors = declareErrors('prepay balance', {
  // What the request names cannot be used.
  BUCKET_UNKNOWN: {
    kind: 'unprocessable',
    reason: 'Bucket unknown',
    description: 'No active bucket has the given id, or none fits the given product, resource, account or party.',
  },
  BUCKET_AMBIGUOUS: {
    kind: 'unprocessable',
    reason: 'Bucket ambiguous',
    description: 'Several buckets fit what was given: name one with bucket.id.',
  },
  UNITS_MISMATCH: {
    kind: 'unprocessable',
    reason: 'Units mismatch',
    description: 'The bucket counts other units, which the amount cannot be converted to, or not exactly.',
  },
  RESERVATION_UNKNOWN: {
    kind: 'unprocessable',
    reason: 'Reservation unknown',
    description: 'There is no reservation with the given id.',
  },
  RECEIVER_UNABLE: {
    kind: 'conflict',
    reason: 'Receiver cannot take it',
    description: "A transfer to somebody else's bucket is refused by what that bucket is: more is not told of it.",
  },
  // The state of the balance forbids it.
  BUCKET_SUSPENDED: {
    kind: 'conflict',
    reason: 'Bucket suspended',
    description: 'The bucket is suspended: nothing moves until it is active again.',
  },
  BUCKET_EXPIRED: {
    kind: 'conflict',
    reason: 'Bucket expired',
    description: 'The validity of the bucket has ended.',
  },
  BUCKET_NOT_YET_VALID: {
    kind: 'conflict',
    reason: 'Bucket not yet valid',
    description: 'The validity of the bucket has not begun.',
  },
  INSUFFICIENT_REMAINING: {
    kind: 'conflict',
    reason: 'Insufficient remaining value',
    description: 'The action needs more than the bucket, or its shares, have left.',
  },
  RESERVATION_NOT_LIVE: {
    kind: 'conflict',
    reason: 'Reservation not live',
    description: 'The reservation is used up, released or lapsed.',
  },
  COMMIT_ABOVE_RESERVED: {
    kind: 'conflict',
    reason: 'Commit above reserved amount',
    description: 'More is to be deducted from a reservation than it still holds.',
  },
  BALANCE_LIMIT: {
    kind: 'conflict',
    reason: 'Balance beyond its limit',
    description: 'The balance would have more digits than can be stored.',
  },
  BUCKET_NOT_EMPTY: {
    kind: 'conflict',
    reason: 'Bucket not empty',
    description: 'A bucket that still holds or reserves something cannot be deleted.',
  },
});

declare module '../../platform/errors.js' {
  interface ErrorRegistry {
    prepayBalance: typeof prepayBalanceErrors;
  }
}
