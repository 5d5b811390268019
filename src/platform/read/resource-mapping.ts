import type { AttributeType } from '../filter/tree/attribute-type.js';
import type { JsonObject } from '../json-object.js';
import type { Ownership } from '../rights/ownership.js';

/**
 * Where an attribute is stored: in one column (scalars by their type, objects and lists as jsonb), or,
 * for value pairs such as Quantity, each part in a column of its own.
 */
export type Storage = { kind: 'column'; column: string } | { kind: 'parts'; columns: Readonly<Record<string, string>> };

/** The type of an attribute and where it is stored. */
export interface StoredAttribute {
  type: AttributeType;
  storage: Storage;
  /** No row lacks it: its column is NOT NULL, so that an index gives its order in both directions. */
  isNeverNull?: boolean;
}

/** What the indexes of a table serve, besides the key. A read that none of them serves runs as a report. */
export interface Indexes {
  /**
   * Attributes by which, followed by the key, an index gives the order, and finds rows: the ascending one, and the
   * descending one of an instant that is never null; with `-` before it the descending one only.
   */
  readonly orders?: readonly string[];
  /** Further attributes by whose values an index finds rows. */
  readonly values?: readonly string[];
  /** Attributes, names and the like, of which an index finds parts and beginnings, whatever their case: `searchGrams` of the column. */
  readonly searches?: readonly string[];
  /** References by whose id an index finds rows. */
  readonly references?: readonly string[];
  /** A table that finds rows by ids that they name. */
  readonly links?: Links;
}

/** A table of pairs: the id of a row, and an id that the row names. */
export interface Links {
  readonly table: string;
  /** Column of the row's id, and of the id that it names. */
  readonly row: string;
  readonly named: string;
  /** Ids with more bytes have no pair. */
  readonly bytesMax: number;
  /** Paths of the ids that have pairs. */
  readonly paths: readonly (readonly string[])[];
}

/** How a resource is stored: all that the reader, the writer and the filter compiler know about it. */
export interface ResourceMapping<Row extends JsonObject = JsonObject> {
  /**
   * Never set. It only carries the type of the rows, which the domain declares (src/domain/row.ts), to the functions that
   * read and write them.
   */
  rowType?(row: Row): void;
  /** Name of the type, for messages. */
  name: string;
  table: string;
  /** SQL function that returns the rows as they are at an instant; without it, rows are read from the table. */
  asOfFunction?: string;
  /**
   * Path of an attribute by which, as by the id, `asOfFunction` can restrict the rows that it computes. The function then
   * takes two more arguments: the ids and the values of this attribute that the filter names (text[], null for all).
   */
  asOfArgument?: readonly string[];
  /**
   * SQL function of an instant whose row for each id stands beside the row of the table: its column `by` is that id. Its
   * columns are those of attributes, too.
   */
  beside?: { readonly function: string; readonly by: string; readonly columns: readonly string[] };
  /** Columns with a fixed value that select the rows of this resource in its table, e.g. kind = topupBalance. */
  discriminator: Readonly<Record<string, string>>;
  /** Columns that record when and by whom a row was hidden from reads; without them, rows are deleted. */
  hidden?: { readonly at: string; readonly by: string };
  /** Attribute that identifies a row of a tenant, and is the last key of every order. */
  key: string;
  attributes: Readonly<Record<string, StoredAttribute>>;
  indexes?: Indexes;
  /** Absent: no row is anybody's own. */
  ownership?: Ownership;
  /** Attributes that are SQL functions of the row (`alias."name"` calls them): read, never written. */
  computed: readonly string[];
}
