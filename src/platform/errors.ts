/**
 * Expected refusals. Who raises one declares it, with declareErrors() in an errors.ts of its folder, and adds its
 * codes to ErrorRegistry, so that `new DomainError('BUCKET_EXPIRED', …)` compiles only with a declared code:
 *
 *     export const usageErrors = declareErrors('usage', { … });
 *     declare module '../../platform/errors.js' {
 *       interface ErrorRegistry { usage: typeof usageErrors }
 *     }
 *
 * Nothing here knows a transport: rest-compat/errors.ts maps kinds to HTTP statuses and codes to those of TMF630.
 *
 * A message is half a sentence without a full stop, in lower case, that names what was refused and the value that was
 * sent, in single quotes and abbreviated(): `bucket '7' is expired`. It holds no secret and no stack; after a colon it
 * may say what to do instead.
 */

/** What is wrong, in words of no transport. */
export type ErrorKind =
  /** The request is wrong by itself, whatever is stored. */
  | 'invalid'
  /** Nobody knows who sends it. */
  | 'unauthenticated'
  /** It belongs to somebody else, or comes from where it may not. */
  | 'forbidden'
  | 'notFound'
  /** It was there, and is not kept any more. */
  | 'gone'
  /** It did not come within its time. */
  | 'tooSlow'
  /** What is stored is in a state that forbids it. */
  | 'conflict'
  /** What is stored is not in the revision that the request expects. */
  | 'stale'
  | 'tooLarge'
  /** Its format is one that is not read. */
  | 'unsupportedFormat'
  /** It can be read, but what it names cannot be used. */
  | 'unprocessable'
  /** A rule of the transport: the transport that declares it knows its status. */
  | 'protocol'
  /** A bug; what it was is in the log only. */
  | 'internal'
  /** The standard knows it, this server does not offer it. */
  | 'notSupported'
  /** It may succeed when it is tried again. */
  | 'unavailable';

export interface ErrorDeclaration {
  kind: ErrorKind;
  /** Its title, the same in every answer; the message says what it was in particular. */
  reason: string;
  /** For docs/errors.md: when it is raised, and what a client can do. */
  description: string;
}

/** A declaration with the layer or domain that raises it. */
export interface DeclaredError extends ErrorDeclaration {
  raisedBy: string;
}

const declared = new Map<string, DeclaredError>();

/**
 * Declares the errors that a layer or domain raises, and returns them as they are.
 * @throws Error when somebody else has declared one of the codes
 */
export function declareErrors<const T extends Readonly<Record<string, ErrorDeclaration>>>(
  raisedBy: string,
  declarations: T,
): T {
  for (const [code, declaration] of Object.entries(declarations)) {
    if (declared.has(code)) throw new Error(`the error ${code} is declared twice`);
    declared.set(code, { ...declaration, raisedBy });
  }
  return declarations;
}

/** The codes of all declarations that are loaded. */
export function declaredCodes(): string[] {
  return [...declared.keys()];
}

/** What several layers raise. */
export const platformErrors = declareErrors('any layer', {
  INVALID_QUERY: {
    kind: 'invalid',
    reason: 'Invalid query-string parameter',
    description:
      'A filter, an order, a page or another parameter is malformed, unknown or above a limit. The message names the parameter and the limit.',
  },
  INVALID_BODY: {
    kind: 'invalid',
    reason: 'Invalid body',
    description: 'The body, or an uploaded file, cannot be read, or nests deeper or holds more than is allowed.',
  },
  MISSING_ATTRIBUTE: {
    kind: 'invalid',
    reason: 'Missing body field',
    description: 'An attribute that is mandatory is not there.',
  },
  INVALID_ATTRIBUTE: {
    kind: 'invalid',
    reason: 'Invalid body field',
    description: 'An attribute is unknown, cannot be set by clients, or has a value that it cannot have.',
  },
  INVALID_HEADER: {
    kind: 'invalid',
    reason: 'Invalid header value',
    description: 'A header has a value that cannot be used, e.g. an Idempotency-Key that is too long.',
  },
  ANSWER_TOO_LARGE: {
    kind: 'invalid',
    reason: 'Answer too large',
    description:
      'The answer would exceed ANSWER_BYTES_MAX: ask for fewer rows or attributes. A write is done all the same.',
  },
  NOT_FOUND: {
    kind: 'notFound',
    reason: 'Resource not found',
    description: 'There is no resource with this id, or nothing under this path.',
  },
  EVENTS_GONE: {
    kind: 'gone',
    reason: 'Events gone',
    description:
      'Events that were to be told next are no longer kept, or nobody knows the event to go on behind. `extensions.oldest` is the id of the oldest that is kept: read what you need, and begin anew.',
  },
  TIME_OUT: {
    kind: 'tooSlow',
    reason: 'Time-out',
    description: 'The request comes too slowly, or did not come in time.',
  },
  CONFLICT: {
    kind: 'conflict',
    reason: 'Conflict',
    description: 'The state of the resource forbids the change; the message names the state.',
  },
  REVISION_MISMATCH: {
    kind: 'stale',
    reason: 'Precondition failed',
    description: 'The resource has changed since the revision that the request names: read it again.',
  },
  BODY_TOO_LARGE: {
    kind: 'tooLarge',
    reason: 'Body too large',
    description: 'The body or file has more bytes than the limit that the message names.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    kind: 'unsupportedFormat',
    reason: 'Unsupported media type',
    description: 'The body has a media type or an encoding that is not read here; the message lists those that are.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    kind: 'unprocessable',
    reason: 'Idempotency key reused',
    description: 'The idempotency key belongs to an earlier request with other content: use a new key.',
  },
  INTERNAL: {
    kind: 'internal',
    reason: 'Internal error',
    description: 'A defect of the server; what it was is in its log.',
  },
  UNAVAILABLE: {
    kind: 'unavailable',
    reason: 'Service temporarily unavailable',
    description:
      'The database is away, a statement took too long, or too much is under way: try again later, with the same idempotency key.',
  },
});

/** Codes by who raises them: each errors.ts adds its own. */
export interface ErrorRegistry {
  platform: typeof platformErrors;
}

/** Every declared code. */
export type ErrorCode = { [Layer in keyof ErrorRegistry]: keyof ErrorRegistry[Layer] }[keyof ErrorRegistry];

/**
 * What was declared of a code.
 * @throws Error when the module that declares it is not loaded
 */
export function declarationOf(code: ErrorCode): DeclaredError {
  const declaration = declared.get(code);
  if (declaration === undefined) throw new Error(`the error ${code} is not declared: load the errors.ts that does`);
  return declaration;
}

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
  /** Of EVENTS_GONE: the id of the oldest event that is kept. */
  oldest?: string;
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
}

const abbreviatedLengthMax = 100;

/** What a client sent, short enough for a message. */
export function abbreviated(text: string): string {
  return text.length > abbreviatedLengthMax ? `${text.slice(0, abbreviatedLengthMax)}...` : text;
}
