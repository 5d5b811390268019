import { upperFirst } from '../graphql/naming.js';
import { errorTable, type DomainError } from '../src/platform/errors.js';
import type { RestResponse } from './http.js';

/** Seconds after which a client may try again when the database was away. */
const retryAfterSeconds = 1;

/** The TMF630 §3.4 error body of a refusal. */
export function errorResponse(refusal: DomainError, href: (typeName: string, id: string) => string): RestResponse {
  const { status, tmfCode, reason } = errorTable[refusal.code];
  const { reference, allow } = refusal.details;
  const headers: Record<string, string> = {};
  if (allow) headers['Allow'] = allow.join(', ');
  if (status === 503) headers['Retry-After'] = String(retryAfterSeconds);
  const body = {
    code: tmfCode,
    reason,
    message: refusal.message,
    status: String(status),
    referenceError: reference && href(upperFirst(reference.type), reference.id),
    '@type': 'Error',
  };
  return { status, headers, body };
}
