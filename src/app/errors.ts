/** Every error that clients can see, as docs/errors.md lists them. */
import { graphqlErrors } from '../../graphql/errors.js';
import { restErrors, statusOf, tmfCodes } from '../../rest-compat/errors.js';
import {
  declareErrors,
  declarationOf,
  platformErrors,
  type DeclaredError,
  type ErrorCode,
} from '../platform/errors.js';
import { rightsErrors } from '../platform/rights/errors.js';
import { domainErrors } from './domains/errors.js';

/** Refusals by the HTTP server itself, before a request reaches GraphQL or TMF REST. */
export const httpErrors = declareErrors('http', {
  UNAUTHENTICATED: {
    kind: 'unauthenticated',
    reason: 'Missing or invalid credentials',
    description:
      'The request has no token and no API key, or one that is not valid (any more); WWW-Authenticate and the message say why. Get a new one.',
  },
  FOREIGN_PAGE: {
    kind: 'forbidden',
    reason: 'Forbidden requester',
    description: 'A page of an origin that CORS_ORIGINS does not list called from a browser.',
  },
  INVALID_EXPECTATION: {
    kind: 'protocol',
    reason: 'Expectation failed',
    description: 'The header Expect asks for something else than 100-continue.',
  },
  MISDIRECTED: {
    kind: 'protocol',
    reason: 'Misdirected request',
    description: 'The request names a host that is neither in PUBLIC_URL nor in ALLOWED_HOSTS.',
  },
  RATE_LIMITED: {
    kind: 'protocol',
    reason: 'Too many requests',
    description:
      'A quota of requests or of cost is used up; the message names it, and the header Retry-After says when it is whole again.',
  },
  HEADERS_TOO_LARGE: {
    kind: 'protocol',
    reason: 'Header too large',
    description: 'The header of the request has more bytes than the server reads.',
  },
});

declare module '../platform/errors.js' {
  interface ErrorRegistry {
    http: typeof httpErrors;
  }
}

// Exported from here so that whoever answers with a refusal has loaded every declaration.
export { statusOf };

/** An error as docs/errors.md lists it. */
export interface CataloguedError extends DeclaredError {
  code: ErrorCode;
  status: number;
  tmfCode: string;
}

const codes = [platformErrors, rightsErrors, graphqlErrors, restErrors, httpErrors, domainErrors].flatMap(
  (declarations) => Object.keys(declarations) as ErrorCode[],
);

/** Every error with its kind, who raises it, its HTTP status and its code in bodies of TMF630. */
export const errorCatalogue: readonly CataloguedError[] = codes.map((code) => ({
  code,
  ...declarationOf(code),
  status: statusOf(code),
  tmfCode: tmfCodes[code],
}));
