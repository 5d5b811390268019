import type { Json } from '../body/input.js';

/** An error that a client may be answered. */
export interface DescribedError {
  readonly code: string;
  readonly reason: string;
  /** HTTP status. */
  readonly status: number;
  /** The `code` of its body, which is a number of TMF630 or of ours. */
  readonly tmfCode: string;
}

/** The headers that answers carry. */
export const headers = {
  Location: text('Address of what was created; its href.'),
  ETag: text(
    'Version of the resource, for If-Match and If-None-Match: its revision, and with `fields`, `expand` or `depth` a hash of the answer behind it.',
  ),
  'Last-Modified': text('When it was last changed, as HTTP date.'),
  'X-Total-Count': count(
    'How many match in all. Left out where counting would take long, unless the request has `Prefer: count=exact`.',
  ),
  'X-Result-Count': count('How many are in this answer.'),
  Link: text('RFC 8288 links to other pages: `first`, `prev`, `next`, `last`. Without `next` this is the last page.'),
  'Content-Range': text(
    'Which items these are, counted from 1, when the request had a Range header: `items 11-20/134`.',
  ),
  'Idempotency-Replayed': text(
    '`true` when an earlier request with the same Idempotency-Key was answered like this; nothing was done again.',
  ),
  Allow: text('The methods that are offered here.'),
  'Accept-Patch': text('The media types that PATCH takes here.'),
  'WWW-Authenticate': text('Why nobody knows who sends the request (RFC 6750).'),
  'Retry-After': count('Seconds after which to try again.'),
  'Cache-Control': text(
    'How the answer may be kept: `private, no-cache` what was read (ask again with its ETag), `no-store` everything else.',
  ),
  'X-Content-Type-Options': text('`nosniff`: it is what Content-Type says.'),
  'X-Operation-Cost': count('Points that the request cost, or would have cost, of at most `OPERATION_COST_MAX`.'),
  'X-Request-Id': text('The name of the request in logs and audit: that of its own header X-Request-Id, or a new one.'),
  RateLimit: text(
    'How much is left of each quota that counts the request (`r`), and after how many seconds it is whole again (`t`).',
  ),
  'RateLimit-Policy': text('The quotas that count the request: how much (`q`) in how many seconds (`w`).'),
  'TMF-Edition': text('The published edition by which the answer is written, where the API knows several.'),
} as const satisfies Record<string, Json>;

export type HeaderName = keyof typeof headers;

/** Those that any answer may have. */
const common: readonly HeaderName[] = [
  'Cache-Control',
  'X-Content-Type-Options',
  'X-Operation-Cost',
  'X-Request-Id',
  'RateLimit',
  'RateLimit-Policy',
  'TMF-Edition',
];

/** TMF630 §3.4. */
export const errorSchema: Json = {
  type: 'object',
  description: 'Why a request was refused (TMF630).',
  required: ['code', 'reason', 'message', 'status', '@type'],
  properties: {
    code: { type: 'string', description: 'TMF630 error code, or one of ours from 100 on.' },
    reason: { type: 'string', description: 'What the code means.' },
    message: {
      type: 'string',
      description: 'What is wrong here: names the attribute, parameter or value that was refused.',
    },
    status: { type: 'string', description: 'The HTTP status.' },
    referenceError: {
      type: 'string',
      description: 'Address of the resource that records the refusal, e.g. an action kept as failed.',
    },
    requestId: { type: 'string', description: 'The name of the request, as in the header X-Request-Id.' },
    '@type': { type: 'string', enum: ['Error'] },
  },
};

/** The responses of components, by name: one for each status that an error has, with every error that has it. */
export type ErrorResponses = Readonly<Record<string, Json>>;

export function errorResponses(errors: readonly DescribedError[]): ErrorResponses {
  const statuses = [...new Set(errors.map(({ status }) => status))].sort((one, other) => one - other);
  return Object.fromEntries(
    statuses.map((status) => [
      errorName(status),
      errorResponse(
        status,
        errors.filter((error) => error.status === status),
      ),
    ]),
  );
}

export function errorReferences(possible: readonly number[]): Json {
  return Object.fromEntries(
    possible.map((status) => [status, { $ref: `#/components/responses/${errorName(status)}` }]),
  );
}

function errorName(status: number): string {
  return `Error${status}`;
}

function errorResponse(status: number, errors: readonly DescribedError[]): Json {
  const reasons = [...new Set(errors.map(({ reason }) => reason))].join('; ');
  const examples = errors.map(({ code, tmfCode, reason }) => [
    code,
    { summary: reason, value: { code: tmfCode, reason, message: reason, status: String(status), '@type': 'Error' } },
  ]);
  return {
    description: reasons,
    headers: headerReferences([
      ...common,
      ...(status === 401 ? (['WWW-Authenticate'] as const) : []),
      ...(status === 503 || status === 429 ? (['Retry-After'] as const) : []),
    ]),
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/Error' },
        examples: Object.fromEntries(examples) as Json,
      },
    },
  };
}

/** A successful answer; without a schema it has no body. `texts`: media types of what it may be beside JSON. */
export function success(
  description: string,
  names: readonly HeaderName[],
  schema?: Json,
  texts: readonly string[] = [],
): Json {
  return {
    description,
    headers: headerReferences([...common, ...names]),
    ...(schema && {
      content: {
        'application/json': { schema },
        ...Object.fromEntries(texts.map((type) => [type, { schema: { type: 'string' } }])),
      },
    }),
  };
}

function headerReferences(names: readonly HeaderName[]): Json {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** The answers of HEAD: those of GET without their bodies. */
export function withoutBodies(responses: Json, errors: ErrorResponses): Json {
  return Object.fromEntries(
    Object.entries(responses).map(([status, response]) => {
      const isError = Number(status) >= 400;
      const { description, headers: carried } = (isError ? errors[errorName(Number(status))] : response) as Json;
      return [status, { description, ...(carried !== undefined && { headers: carried }) }];
    }),
  );
}

function text(description: string): Json {
  return { description, schema: { type: 'string' } };
}

function count(description: string): Json {
  return { description, schema: { type: 'integer' } };
}
