import { isLockTimeout, isRetryable, isUnavailable, isUniqueViolation } from '../database/failures.js';
import { DomainError } from '../errors.js';

/** Attempts of a transaction that conflicts with another one. */
const triesMax = 5;
const pauseMaxMs = 20;

export interface RetryOptions {
  /** True to throw a lock timeout as it is, for callers that handle it. */
  readonly passesLocks: boolean;
}

/**
 * Runs a transaction, and runs it again when it conflicted with another one (serialization failure, deadlock, or a key
 * that another server inserted first).
 * @returns what the transaction returns
 * @throws DomainError UNAVAILABLE when the database is away; whether it committed is then unknown, and the client may
 *   safely repeat the request under the same idempotency key
 */
export async function withRetry<T>(
  transaction: () => Promise<T>,
  { passesLocks }: RetryOptions = { passesLocks: false },
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transaction();
    } catch (error) {
      if (passesLocks && isLockTimeout(error)) throw error;
      if (isUnavailable(error)) {
        throw new DomainError(
          'UNAVAILABLE',
          'the database is not available; repeat the request with the same Idempotency-Key',
        );
      }
      const lostRace = isRetryable(error) || isUniqueViolation(error);
      if (!lostRace || attempt === triesMax) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * pauseMaxMs * attempt));
    }
  }
}
