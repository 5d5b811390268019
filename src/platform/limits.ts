/**
 * The bounds of requests that hold for both transports: generous for people, firm against machines. What only one layer
 * bounds is in its own limits.ts. Every refusal names its limit, so that whoever reads one finds it by its name.
 */
import { DomainError, type ErrorCode } from './errors.js';

/** Conditions of one query, the plain ones and those within JSONPath together. */
export const CLAUSES_MAX = 100;
/** Values ORed for one condition: commas, repetitions and in lists. */
export const VALUES_PER_KEY_MAX = 200;
/** Segments of one dotted attribute path. */
export const PATH_DEPTH_MAX = 12;
export const REGEX_LENGTH_MAX = 256;
/** Largest m or n in `{m,n}`. */
export const REGEX_REPEAT_MAX = 100;
/** Characters to match that an expression may come to once its `{m,n}` are written out. */
export const REGEX_STATES_MAX = 500;
/** States of an expression times characters of the text, where we match in memory: about a fifth of a second. */
export const REGEX_WORK_MAX = 2_000_000;
/** The same for one statement of the embedded database, over the texts of all rows; it blocks the process for about a second. */
export const REGEX_STATEMENT_WORK_MAX = 200_000_000;
export const REGEX_DEPTH_MAX = 10;
export const SORT_KEYS_MAX = 10;
/** Rows that may be skipped by offset; a reader that wants to go further uses `after`. */
export const OFFSET_MAX = 100_000;
/** Elements of one list in a body, counted before any of them is read. */
export const ELEMENTS_MAX = 1_000;
/** Characters of a cursor, in either direction and through both transports. */
export const CURSOR_LENGTH_MAX = 4096;
/** Decimals: a range that numeric columns reach, in powers of ten. */
export const DECIMAL_EXPONENT_MAX = 30;
export const INT_MIN = -2_147_483_648;
export const INT_MAX = 2_147_483_647;
/** Nesting of a JSON document, which may be more than one resource. */
export const JSON_DEPTH_MAX = 64;
/** Nesting of a resource, as it is stored and answered. */
export const DOCUMENT_DEPTH_MAX = 32;
/** Values in one resource, each object and list among them. */
export const DOCUMENT_NODES_MAX = 50_000;
/** Resources that one request creates together. */
export const BULK_MAX = 200;
/** Characters of an idempotency key. */
export const IDEMPOTENCY_KEY_LENGTH_MAX = 255;

/** @returns the refusal of what exceeds a limit, which it names; INVALID_QUERY unless another code is given */
export function limitExceeded(
  limit: string,
  max: number,
  what: string,
  path?: string,
  code: ErrorCode = 'INVALID_QUERY',
): DomainError {
  return new DomainError(code, `${what}: the limit ${limit} is ${max}`, path === undefined ? {} : { path });
}
