/** The one table of expected refusals: the code, its HTTP status, its TMF630 code and its reason. */
export const errorTable = {
  // TMF630 §3.3 and the numeric code list of its §9 companion.
  INVALID_QUERY: { status: 400, tmfCode: '28', reason: 'Invalid query-string parameter' },
  INVALID_FILTER: { status: 400, tmfCode: '28', reason: 'Invalid filter' },
  INVALID_BODY: { status: 400, tmfCode: '22', reason: 'Invalid body' },
  MISSING_BODY: { status: 400, tmfCode: '21', reason: 'Missing body' },
  MISSING_ATTRIBUTE: { status: 400, tmfCode: '23', reason: 'Missing body field' },
  INVALID_ATTRIBUTE: { status: 400, tmfCode: '24', reason: 'Invalid body field' },
  INVALID_HEADER: { status: 400, tmfCode: '26', reason: 'Invalid header value' },
  OPERATION_TOO_COSTLY: { status: 400, tmfCode: '130', reason: 'Operation too costly' },
  ANSWER_TOO_LARGE: { status: 400, tmfCode: '131', reason: 'Answer too large' },
  FOREIGN_PAGE: { status: 403, tmfCode: '51', reason: 'Forbidden requester' },
  NOT_FOUND: { status: 404, tmfCode: '60', reason: 'Resource not found' },
  METHOD_NOT_ALLOWED: { status: 405, tmfCode: '61', reason: 'Method not allowed' },
  NOT_ACCEPTABLE: { status: 406, tmfCode: '62', reason: 'Not acceptable' },
  TIME_OUT: { status: 408, tmfCode: '63', reason: 'Time-out' },
  CONFLICT: { status: 409, tmfCode: '69', reason: 'Conflict' },
  REVISION_MISMATCH: { status: 412, tmfCode: '69', reason: 'Precondition failed' },
  BODY_TOO_LARGE: { status: 413, tmfCode: '22', reason: 'Body too large' },
  URL_TOO_LONG: { status: 414, tmfCode: '20', reason: 'URL too long' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, tmfCode: '26', reason: 'Unsupported media type' },
  INVALID_EXPECTATION: { status: 417, tmfCode: '26', reason: 'Expectation failed' },
  MISDIRECTED: { status: 421, tmfCode: '26', reason: 'Misdirected request' },
  HEADERS_TOO_LARGE: { status: 431, tmfCode: '26', reason: 'Header too large' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, tmfCode: '100', reason: 'Idempotency key reused' },
  INTERNAL: { status: 500, tmfCode: '1', reason: 'Internal error' },
  NOT_SUPPORTED: { status: 501, tmfCode: '28', reason: 'Not supported' },
  UNAVAILABLE: { status: 503, tmfCode: '5', reason: 'Service temporarily unavailable' },

  // Refusals of the balance engine: what the request names cannot be used (422) ...
  BUCKET_UNKNOWN: { status: 422, tmfCode: '101', reason: 'Bucket unknown' },
  BUCKET_AMBIGUOUS: { status: 422, tmfCode: '102', reason: 'Bucket ambiguous' },
  UNITS_MISMATCH: { status: 422, tmfCode: '103', reason: 'Units mismatch' },
  RESERVATION_UNKNOWN: { status: 422, tmfCode: '104', reason: 'Reservation unknown' },
  // ... or the state of the balance forbids it (409).
  BUCKET_SUSPENDED: { status: 409, tmfCode: '111', reason: 'Bucket suspended' },
  BUCKET_EXPIRED: { status: 409, tmfCode: '112', reason: 'Bucket expired' },
  BUCKET_NOT_YET_VALID: { status: 409, tmfCode: '113', reason: 'Bucket not yet valid' },
  INSUFFICIENT_REMAINING: { status: 409, tmfCode: '114', reason: 'Insufficient remaining value' },
  RESERVATION_NOT_LIVE: { status: 409, tmfCode: '115', reason: 'Reservation not live' },
  COMMIT_ABOVE_RESERVED: { status: 409, tmfCode: '116', reason: 'Commit above reserved amount' },
  BALANCE_LIMIT: { status: 409, tmfCode: '117', reason: 'Balance beyond its limit' },
  BUCKET_NOT_EMPTY: { status: 409, tmfCode: '118', reason: 'Bucket not empty' },

  // Refusals of billing.
  BILL_UNKNOWN: { status: 422, tmfCode: '105', reason: 'Bill unknown' },
  CURRENCY_MISMATCH: { status: 422, tmfCode: '106', reason: 'Currency mismatch' },
  OVERPAYMENT: { status: 409, tmfCode: '119', reason: 'Overpayment' },

  // Refusals of ordering.
  RESOURCE_ORDER_UNKNOWN: { status: 422, tmfCode: '107', reason: 'Resource order unknown' },
} as const;

export type ErrorCode = keyof typeof errorTable;

/** The resource that records a refusal, e.g. the action kept with status failed. */
export interface ErrorReference {
  type: string;
  id: string;
}

export interface ErrorDetails {
  /** Path of the attribute or name of the parameter that was refused. */
  path?: string;
  reference?: ErrorReference;
  /** True when an earlier request with the same idempotency key was refused this way. */
  replayed?: boolean;
  /** Methods that would be allowed, for METHOD_NOT_ALLOWED. */
  allow?: readonly string[];
}

/** An expected refusal. Anything else that is thrown is a bug or an outage. */
export class DomainError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: ErrorDetails = {},
  ) {
    super(message);
    this.name = 'DomainError';
  }

  get status(): number {
    return errorTable[this.code].status;
  }
}

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorTable, code);
}

const shownLengthMax = 100;

/** What a client sent, short enough for a message. */
export function abbreviated(text: string): string {
  return text.length > shownLengthMax ? `${text.slice(0, shownLengthMax)}...` : text;
}
