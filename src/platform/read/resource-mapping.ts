import type { AttributeType } from '../filter/tree/attribute-type.js';
import type { JsonObject } from '../json-object.js';

/**
 * Where an attribute is stored: in one column (scalars by their type, objects and lists as jsonb), or,
 * for value pairs such as Quantity, each part in a column of its own.
 */
export type Storage = { kind: 'column'; column: string } | { kind: 'parts'; columns: Readonly<Record<string, string>> };

export interface StoredAttribute {
  type: AttributeType;
  storage: Storage;
}

/** What the indexes of a table are good for, besides the key: a read that none of them helps is made as a report. */
export interface Indexes {
  /** Attributes in whose ascending order, and then by the key, an index gives the rows. */
  readonly orders?: readonly string[];
  /** References by whose id an index finds the rows. */
  readonly references?: readonly string[];
}

/** How a resource lies in its table: what the reader and the filter compiler know of it. */
export interface ResourceMapping<Row extends JsonObject = JsonObject> {
  /**
   * Never there: it carries the type of the rows, which the domain that owns the table declares (src/domain/row.ts), to
   * the functions that read and write them.
   */
  rowType?(row: Row): void;
  /** Name of the type, for messages. */
  name: string;
  table: string;
  /** SQL function of an instant that gives the rows as they are then; without it they are those of the table. */
  asOfFunction?: string;
  /**
   * Path of an attribute that, like the id, tells `asOfFunction` which rows to compute at all: the function then takes, behind the
   * instant, the ids and the values that the filter names (each text[], null when it names none).
   */
  asOfArgument?: readonly string[];
  /** Fixed conditions that make the resource out of its table, e.g. kind = topupBalance. */
  discriminator: Readonly<Record<string, string>>;
  /** Columns that say when and by whom a row was taken out of what is read; without them rows are deleted for good. */
  hidden?: { readonly at: string; readonly by: string };
  /** Attribute that identifies a row within its scope and ends every order. */
  key: string;
  attributes: Readonly<Record<string, StoredAttribute>>;
  indexes?: Indexes;
  /** Attributes that are SQL functions of the row (`alias."name"` calls them): read, never written. */
  computed: readonly string[];
}
