/**
 * The bounds of a query: generous for people, firm against machines. The parsers of this
 * folder enforce them, except the length of the URL, which is checked where the URL is received.
 */
import { DomainError } from './errors.js';

export const URL_LENGTH_MAX = 8192;
/** Conditions of one query, the plain ones and those within JSONPath together. */
export const CLAUSES_MAX = 100;
/** Values ORed for one condition: commas, repetitions and in lists. */
export const VALUES_PER_KEY_MAX = 200;
/** Segments of one dotted attribute path. */
export const PATH_DEPTH_MAX = 12;
/** Characters of all `filter=` expressions of one query, decoded. */
export const JSON_PATH_LENGTH_MAX = 4096;
/** Brackets, parentheses and negations nested in each other. */
export const JSON_PATH_DEPTH_MAX = 16;
/** Objects and lists nested in each other in a GraphQL filter. */
export const FILTER_DEPTH_MAX = 40;
export const REGEX_LENGTH_MAX = 256;
/** Largest m or n in `{m,n}`. */
export const REGEX_REPEAT_MAX = 100;
/** Characters to match that an expression may come to once its `{m,n}` are written out. */
export const REGEX_STATES_MAX = 500;
/** States of an expression times characters of the text that it is looked for in, where we look ourselves: a fifth of a second. */
export const REGEX_WORK_MAX = 2_000_000;
/** The same for one statement of the embedded database, over the texts of all rows: a second or so of the whole process. */
export const REGEX_STATEMENT_WORK_MAX = 200_000_000;
export const REGEX_DEPTH_MAX = 10;
export const SORT_KEYS_MAX = 10;
/** Attributes named in `fields`, and paths named in `expand`. */
export const FIELDS_MAX = 200;
/** Rows that may be skipped by offset; a reader that wants to go further uses `after`. */
export const OFFSET_MAX = 100_000;
/** Refused beyond this whatever the resource; the resource's own maximum is checked by its reader. */
export const LIMIT_MAX = 1_000_000;
/** Levels of references that one answer may follow. */
export const DEPTH_MAX = 3;
/** Elements of one list in a body, told before any of them is looked at. */
export const ELEMENTS_MAX = 1_000;
/** Characters of a cursor, in either direction and through both transports. */
export const CURSOR_LENGTH_MAX = 4096;
/** Decimals: as many digits as a JSON number keeps, and a range that numeric columns reach. */
export const SIGNIFICANT_DIGITS_MAX = 15;
export const DECIMAL_EXPONENT_MAX = 30;
/** Characters of a time; ISO 8601 with nanoseconds and offset takes 35. */
export const TIME_LENGTH_MAX = 40;
export const INT_MIN = -2_147_483_648;
export const INT_MAX = 2_147_483_647;

/** The refusal of a query beyond one of the bounds above, naming it. */
export function limitExceeded(limit: string, max: number, what: string, path?: string): DomainError {
  return new DomainError('INVALID_QUERY', `${what}: the limit ${limit} is ${max}`, path === undefined ? {} : { path });
}
