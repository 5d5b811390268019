/**
 * What the parts of an operation cost, in points: one is about what an attribute of one row takes to be read, checked
 * and written, a microsecond. Everything else is measured against that.
 */
export const weights = {
  /** A field of a row; a list within a stored resource counts as one element, for its bytes are bounded by themselves. */
  field: 1,
  /** A value of any structure (an extension) is copied whole: a second time under another name it counts like a page. */
  jsonAgain: 1_000,
  /** A row of a list, beside its fields. */
  row: 10,
  /** A resource read by its id, behind a reference or at the root. */
  join: 100,
  /** A field of the root: it is authorized, planned and answered by itself. */
  root: 1_000,
  /** A statement that looks for rows. */
  list: 25_000,
  /** A statement of its own for one row that is known by its id. */
  statement: 5_000,
  /** A sum over all that there may be. */
  report: 100_000,
  /** Each parent of a list within a list, which is part of the statement of its parents. */
  parent: 100,
  count: 5_000,
  exactCount: 25_000,
  /** A key of an order. */
  orderKey: 1_000,
  /** A condition, or an empty object or list, of a filter. */
  condition: 300,
  /** One of the values that a condition names. */
  value: 20,
  /** A state of a regular expression: it looks at rows of which nobody knows yet how many there are. */
  regexState: 1_000,
  /** A value of the variables that is no filter, before anybody has looked at it. */
  input: 5,
  /** A look at the schema itself: everything there is, at most once. */
  introspection: 100_000,
  /** Elements of a list in what the schema tells of itself, such as the arguments of a field. */
  schemaList: 3,
} as const;
