/** The vocabulary in which a collection is written: requests in folders, and what each answer must be. */

/** A JSON schema of draft 7; the sandbox of newman validates it with ajv. */
export type Schema = Readonly<Record<string, unknown>>;

/** One API's collection. Its `href` values and request paths hang below `basePath`. */
export interface Api {
  /** Short name, as given to `--api`: TMF654. */
  name: string;
  title: string;
  /** Starts with a slash and ends without one. */
  basePath: string;
  headers: Readonly<Record<string, string>>;
  /** Counts of the certification report; fewer is a failure. `assertions` is for a store with one row each. */
  expected: { requests: number; assertions: number };
  folders: readonly Folder[];
}

export interface Folder {
  name: string;
  requests: readonly Request[];
}

export interface Request {
  /** The name in the report. It may show a variable: /Bucket/{{IDBU01}}. */
  name: string;
  description: string;
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the API's base path, without a leading slash, query included; may hold {{variables}}. */
  path: string;
  body?: unknown;
  expect: Expectation;
}

/** What an answer must be. Everything under "ours" adds assertions that the report does not have. */
export interface Expectation {
  status: number;
  /** A list must hold at least one row and every row is checked; an object must not come as a list. */
  body: 'object' | 'list' | 'error';
  /** The schema of each attribute that is named below, by path; a path goes through lists: orderItem.state. */
  attributes: Readonly<Record<string, Schema & { type: string }>>;
  /** "Instance has all mandatory attributes": present, not null, of the right type. */
  mandatory?: readonly string[];
  /** "Response has X attribute": by path, of the right type. */
  shown?: readonly string[];
  /** "Body includes value held on X": the value obeys its whole schema and stands in the raw text. */
  held?: readonly string[];
  /** Names of assertions that fit no pattern, and the path that must be there: "OrderItem includes state attribute". */
  present?: Readonly<Record<string, string>>;
  /** Holds for every row. */
  schema?: { name: string; schema: Schema };
  /** "X is value": the one row whose id is in the variable `id` carries the values saved before, by attribute. */
  saved?: { id: string; values: Readonly<Record<string, string>> };
  /** "X is value" for a value known beforehand, on every row. */
  fixed?: Readonly<Record<string, unknown>>;
  /** Variables to set, from the last row, by attribute path. They are emptied first. */
  save?: Readonly<Record<string, string>>;

  /** The report asserts nothing about this request, so its status is ours as well. */
  oursOnly?: boolean;
  /** Ours: every row carries exactly these attributes. */
  only?: readonly string[];
  /** Ours: the value in this variable is among the rows, by attribute. */
  among?: Readonly<Record<string, string>>;
  /** Ours: on every row the attribute equals the variable. */
  where?: Readonly<Record<string, string>>;
  /** Ours: the Location header equals href. */
  location?: boolean;
}

/** How a run of one collection or kit went. `problems` holds everything wrong, failed assertions included. */
export interface Outcome {
  requests: number;
  assertions: number;
  failedAssertions: number;
  problems: string[];
}

/** Something that can be run against a server, once or more often. */
export interface Suite {
  label: string;
  /** `origin` is the root of the server, without a trailing slash. */
  run(origin: string, round: number): Promise<Outcome>;
}
