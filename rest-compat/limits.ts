/** The bounds of what only REST has. Those of queries that GraphQL has as well are in src/platform/limits.ts. */

/** Characters of the path and the query string together, and of the query that an export is made by. */
export const URL_LENGTH_MAX = 8_192;
/** Characters of all `filter=` expressions of one query, decoded. */
export const JSON_PATH_LENGTH_MAX = 4_096;
/** Brackets, parentheses and negations nested in each other. */
export const JSON_PATH_DEPTH_MAX = 16;
/** Attributes named in `fields`, and paths named in `expand`. */
export const FIELDS_MAX = 200;
/** Refused beyond this whatever the resource; the resource's own maximum is checked by its reader. */
export const LIMIT_MAX = 1_000_000;
/** Levels of references that one answer may follow. */
export const DEPTH_MAX = 3;
/** Decimals in a query: as many digits as a JSON number keeps. */
export const SIGNIFICANT_DIGITS_MAX = 15;
/** Characters of a time in a query; ISO 8601 with nanoseconds and offset takes 35. */
export const TIME_LENGTH_MAX = 40;
/** Operations of one JSON Patch. */
export const PATCH_OPERATIONS_MAX = 200;
/** Characters of a path in a JSON Patch. */
export const PATCH_PATH_LENGTH_MAX = 1_000;
/** Places that the operations of one patch change: those with conditions in their paths change one in each element. */
export const PATCH_CHANGES_MAX = 2_000;
/** Conditions in the paths of one patch times the elements that they are asked of. */
export const PATCH_CONDITIONS_MAX = 100_000;
