import {
  declarationOf,
  declareErrors,
  type DomainError,
  type ErrorCode,
  type ErrorKind,
  type ErrorRegistry,
} from '../src/platform/errors.js';
import { apis } from './apis/index.js';
import type { RestResponse } from './http.js';
import { upperFirst } from '../src/platform/letter-case.js';

/** Refusals of the REST transport. */
export const restErrors = declareErrors('rest', {
  MISSING_BODY: {
    kind: 'invalid',
    reason: 'Missing body',
    description: 'The operation needs a body, and the request has none.',
  },
  METHOD_NOT_ALLOWED: {
    kind: 'protocol',
    reason: 'Method not allowed',
    description: 'The resource does not offer this method; the header Allow lists those that it does.',
  },
  NOT_ACCEPTABLE: {
    kind: 'protocol',
    reason: 'Not acceptable',
    description: 'The header Accept allows no media type that is answered here.',
  },
  URL_TOO_LONG: {
    kind: 'protocol',
    reason: 'URL too long',
    description: 'The URL has more characters than URL_LENGTH_MAX.',
  },
  NOT_SUPPORTED: {
    kind: 'notSupported',
    reason: 'Not supported',
    description: 'The TMF guidelines know it, this server does not offer it, e.g. functions of JSONPath.',
  },
});

declare module '../src/platform/errors.js' {
  interface ErrorRegistry {
    rest: typeof restErrors;
  }
}

const statusByKind: Readonly<Record<Exclude<ErrorKind, 'protocol'>, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  notFound: 404,
  tooSlow: 408,
  conflict: 409,
  gone: 410,
  stale: 412,
  tooLarge: 413,
  unsupportedFormat: 415,
  unprocessable: 422,
  internal: 500,
  notSupported: 501,
  unavailable: 503,
};

/** Of the errors of kind `protocol`. */
const statusOfProtocolError: Partial<Record<ErrorCode, number>> = {
  METHOD_NOT_ALLOWED: 405,
  NOT_ACCEPTABLE: 406,
  URL_TOO_LONG: 414,
  INVALID_EXPECTATION: 417,
  MISDIRECTED: 421,
  RATE_LIMITED: 429,
  HEADERS_TOO_LARGE: 431,
};

/** The HTTP status of an error, the same in both transports. */
export function statusOf(code: ErrorCode): number {
  const { kind } = declarationOf(code);
  if (kind !== 'protocol') return statusByKind[kind];
  const status = statusOfProtocolError[code];
  if (status === undefined) throw new Error(`the error ${code} has no HTTP status`);
  return status;
}

/** What is not raised by the domain of one API. */
type GeneralCode = { [Layer in 'platform' | 'rights' | 'graphql' | 'rest' | 'http']: keyof ErrorRegistry[Layer] }[
  'platform' | 'rights' | 'graphql' | 'rest' | 'http'];

/** TMF630 §3.3; the numbers below 100 are those that public descriptions of TMF APIs share, ours begin at 100. */
const generalCodes: Readonly<Record<GeneralCode, string>> = {
  INVALID_QUERY: '28',
  INVALID_FILTER: '28',
  INVALID_BODY: '22',
  MISSING_BODY: '21',
  MISSING_ATTRIBUTE: '23',
  INVALID_ATTRIBUTE: '24',
  INVALID_HEADER: '26',
  OPERATION_TOO_COSTLY: '130',
  ANSWER_TOO_LARGE: '131',
  UNAUTHENTICATED: '41',
  FOREIGN_PAGE: '51',
  FORBIDDEN: '52',
  NOT_FOUND: '60',
  METHOD_NOT_ALLOWED: '61',
  NOT_ACCEPTABLE: '62',
  TIME_OUT: '63',
  CONFLICT: '69',
  REVISION_MISMATCH: '69',
  BODY_TOO_LARGE: '22',
  URL_TOO_LONG: '20',
  UNSUPPORTED_MEDIA_TYPE: '26',
  INVALID_EXPECTATION: '26',
  MISDIRECTED: '26',
  HEADERS_TOO_LARGE: '26',
  RATE_LIMITED: '132',
  EVENTS_GONE: '133',
  IDEMPOTENCY_KEY_REUSED: '100',
  INTERNAL: '1',
  NOT_SUPPORTED: '28',
  UNAVAILABLE: '5',
};

/** The `code` of the TMF630 error body, for every declared error. */
export const tmfCodes = Object.assign({}, generalCodes, ...apis.map(({ errorCodes }) => errorCodes)) as Readonly<
  Record<ErrorCode, string>
>;

/** Seconds after which a client may try again when the database was away. */
export const retryAfterSeconds = 1;

/**
 * The TMF630 §3.4 error body of a refusal.
 * @param requestId the name of the request, as X-Request-Id has it
 * @param href the URL of the resource that records the refusal, from its GraphQL type and id
 */
export function errorResponse(
  refusal: DomainError,
  requestId: string,
  href: (typeName: string, id: string) => string = () => '',
): RestResponse {
  const { reason } = declarationOf(refusal.code);
  const status = statusOf(refusal.code);
  const { reference, allow } = refusal.details;
  const headers: Record<string, string> = {};
  if (allow) headers['Allow'] = allow.join(', ');
  if (status === 503) headers['Retry-After'] = String(retryAfterSeconds);
  const body = {
    code: tmfCodes[refusal.code],
    reason,
    message: refusal.message,
    status: String(status),
    referenceError: reference && href(upperFirst(reference.type), reference.id),
    requestId,
    '@type': 'Error',
  };
  return { status, headers, body };
}
