import { unwrapResolverError } from '@apollo/server/errors';
import type { Logger } from 'pino';
import { isUnavailable } from '../platform/database/failures.js';
import { DomainError } from '../platform/errors.js';

/**
 * The expected refusal behind whatever was thrown. An outage is UNAVAILABLE; anything else is a bug: it is
 * logged in full, and the client learns nothing but INTERNAL.
 */
export function toRefusal(thrown: unknown, logger: Logger): DomainError {
  const error = unwrapResolverError(thrown);
  if (error instanceof DomainError) return error;
  if (isUnavailable(error)) return new DomainError('UNAVAILABLE', 'the database is not available; try again later');
  logger.error({ err: error }, 'unexpected error');
  return new DomainError('INTERNAL', 'an unexpected error occurred');
}
