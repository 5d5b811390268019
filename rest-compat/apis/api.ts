import type { ErrorCode } from '../../src/platform/errors.js';
import type { Singles } from '../edition.js';

/** One TM Forum Open API: where it is served and which GraphQL types it serves. Data only. */
export interface ApiDescriptor {
  /** E.g. TMF654. */
  number: string;
  title: string;
  version: string;
  /** Base paths without a trailing slash; the first is the canonical one, of which href is made. */
  basePaths: readonly [string, ...string[]];
  /** Whether `fields` answers id and href beside what is named (all but TMF654; docs/standard/rest.md). */
  fieldsAddIdentity: boolean;
  /**
   * Path segment of each resource and its GraphQL type: what it can do follows from the schema. A type may
   * have several segments; the first is its canonical one.
   */
  resources: Readonly<Record<string, string>>;
  /**
   * By GraphQL type, attributes whose values follow from the API: several serve the type, each those with its value, and a new one
   * gets it.
   */
  fixed?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** By GraphQL type, the body most people start from, where its schema does not tell what is needed. */
  examples?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Rows of the demo data, that examples of requests may name. */
  demo?: DemoRows;
  /** The published editions that answers can be given in, the one that is the default first, each with what is single in it. */
  editions?: Readonly<Record<string, Singles>>;
  /** The `code` in error bodies of each refusal that only the domain of this API raises: from 101 on, given once for all. */
  errorCodes?: Readonly<Partial<Record<ErrorCode, string>>>;
  /** How other editions of the API spell what bodies say: read, never written. */
  aliases: AttributeAliases;
}

export interface DemoRows {
  /** By GraphQL type: the id of one that can be read and changed. */
  readonly ids: Readonly<Record<string, string>>;
  /** By GraphQL type: the id of one that can be deleted, and that no other example names. */
  readonly deletable: Readonly<Record<string, string>>;
}

/** Per GraphQL type; nested types stand for themselves, wherever they occur. */
export interface AttributeAliases {
  /** Other name → our name, both as on the wire. */
  readonly names: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Attribute → other value → our value. */
  readonly values: Readonly<
    Record<string, Readonly<Record<string, Readonly<Record<string, string | boolean | null>>>>>
  >;
  /** Attribute → values with which a new one says no more than that the server is to decide: it is as if they were not said. */
  readonly unsaid?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  /** Attributes that are an object with us, and a bare number with others: its name in the object, and what goes beside it. */
  readonly bare?: Readonly<
    Record<string, Readonly<Record<string, { readonly as: string; readonly beside: Readonly<Record<string, string>> }>>>
  >;
  /** Attributes that we have not and that say nothing, on the wire. */
  readonly ignored?: Readonly<Record<string, readonly string[]>>;
}
