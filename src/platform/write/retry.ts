import { isLockTimeout, isRetryable, isUnavailable, isUniqueViolation } from '../database/failures.js';
import { DomainError } from '../errors.js';

/** Tries of one transaction that lost against another one. */
const triesMax = 5;
const pauseMaxMs = 20;

export interface RetryOptions {
  /** The caller knows what to do where somebody keeps a lock: then that failure is thrown as it is. */
  readonly passesLocks: boolean;
}

/**
 * Runs a whole transaction again when it lost a race (serialization failure, deadlock, or a key that
 * another server inserted first). An outage becomes UNAVAILABLE: whether the commit arrived is then
 * unknown, and the client may safely repeat the request under the same idempotency key.
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
