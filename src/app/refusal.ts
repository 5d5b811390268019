import { GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { isStatementTimeout, isUnavailable } from '../platform/database/failures.js';
import { DomainError } from '../platform/errors.js';

/**
 * Returns the refusal to answer with for whatever was thrown. An outage of the database is UNAVAILABLE; anything unexpected is a
 * bug: it is logged in full, and the client sees only INTERNAL.
 */
export function toRefusal(thrown: unknown, logger: Logger): DomainError {
  const expected = expectedRefusal(thrown);
  if (expected !== undefined) return expected;
  logger.error({ err: thrown }, 'unexpected error');
  return new DomainError('INTERNAL', 'an unexpected error occurred');
}

/** Anything can be thrown, and reading it may throw again. */
function expectedRefusal(thrown: unknown): DomainError | undefined {
  try {
    // GraphQL wraps what was thrown, in a resolver or before.
    const error = thrown instanceof GraphQLError && thrown.originalError ? thrown.originalError : thrown;
    if (error instanceof DomainError) return error;
    if (isStatementTimeout(error))
      return new DomainError(
        'UNAVAILABLE',
        'a statement of this request takes too long: ask for less at once, by a filter that leaves less or without an order',
      );
    return isUnavailable(error)
      ? new DomainError('UNAVAILABLE', 'the database is not available; try again later')
      : undefined;
  } catch {
    return undefined;
  }
}
