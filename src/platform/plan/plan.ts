import { extensionAttribute } from '../json.js';
import type { ScalarType } from '../filter/tree/attribute-type.js';
import type { OrderKey } from '../filter/tree/filter.js';
import type { Groups } from '../read/groups.js';
import type { Edge } from '../read/source.js';
import type { ResourceMapping } from '../read/resource-mapping.js';

/**
 * What a read answers, as a value: made once per document, by whoever knows its language (graphql/plan), and compiled to one
 * SQL statement that writes the answer as JSON text. What differs from request to request is not in it: arguments of pages
 * (PageRequest, found by the number of the page), tenant, origin and clock.
 */
export type Plan = RowPlan | PagePlan | ObjectsPlan;

/**
 * How objects are written: with null for what is absent (GraphQL), or without it and with the attributes of an extension
 * beside the others (TMF REST). `wireWhole` takes values that are shown wholly as they are stored, which is right as long as
 * they have neither nulls nor extensions; a row for which it is not says so by `needsCare`.
 */
export type Style = 'graphql' | 'wire' | 'wireWhole';

/** One row by its id. */
export interface RowPlan {
  readonly kind: 'row';
  readonly mapping: ResourceMapping;
  readonly shape: Shape;
  /** What is told of the row beside the answer, e.g. for headers. */
  readonly head?: Shape;
}

/** A page of rows. */
export interface PagePlan {
  readonly kind: 'page';
  /** Finds its request among those of an operation. */
  readonly number: number;
  /** Of what is shown: of the rows, or of groups of them. */
  readonly mapping: ResourceMapping;
  /** Its items are groups of rows; how they are grouped, its request says. */
  readonly groups?: Groups;
  /** How its rows refer to what it is nested in; absent at the root. */
  readonly edge?: Edge;
  readonly fields: readonly PageField[];
  /** What is shown of its rows; several where it has items under several names. */
  readonly items: readonly Shape[];
}

/** A part of a page, in the order of the answer. */
export interface PageField {
  readonly name: string;
  readonly value:
    | { readonly kind: 'constant'; readonly json: string }
    | { readonly kind: 'items'; readonly index: number }
    | { readonly kind: 'totalCount'; readonly isExact: boolean }
    | { readonly kind: 'pageInfo'; readonly fields: readonly PageInfoField[] };
}

export interface PageInfoField {
  readonly name: string;
  readonly value: 'hasNextPage' | 'hasPreviousPage' | 'startCursor' | 'endCursor' | { readonly json: string };
}

/** Objects that are handed in, with what lies in other rows. */
export interface ObjectsPlan {
  readonly kind: 'objects';
  readonly shape: Shape;
}

/** What is shown of an object. */
export interface Shape {
  readonly fields: readonly Field[];
  /** Of an object that names a row which may not be seen, only the names on the way to its id are shown. */
  readonly guard?: Guard;
  /**
   * Of a reference: the resource that it names, whose attributes take the place of those of the reference, as far as it
   * exists and has them.
   */
  readonly inlined?: { readonly mapping: ResourceMapping; readonly shape: Shape };
  /** It shows all that is stored, under names that differ from the stored ones as `renamed` says. */
  readonly whole?: { readonly renamed: readonly (readonly [stored: string, shown: string])[] };
}

/** Which row an object names. */
export interface Guard {
  readonly mapping: ResourceMapping;
  /** Where its id stands in the object. */
  readonly path: readonly string[];
}

export interface Field {
  /** Its name in the answer. */
  readonly name: string;
  /** Never null: where it is all the same, the text says so by `forbiddenNull`. */
  readonly isRequired: boolean;
  readonly value: Value;
}

export type Value =
  | { readonly kind: 'constant'; readonly json: string }
  /** Nothing: null, or left out. */
  | { readonly kind: 'absent' }
  | AttributeValue
  /** The attributes of an extension, beside those of the object; `members`: only these. */
  | { readonly kind: 'extension'; readonly members: ReadonlySet<string> | undefined }
  /** The address of the resource with this object's id, and what follows it. */
  | { readonly kind: 'address'; readonly path: string; readonly suffix: string }
  /** The id of the object behind this prefix, as one opaque text (base64url). */
  | { readonly kind: 'opaqueId'; readonly prefix: string }
  /** The address of a part of the row, where the object has one of these ids: that of the row and `-part`; else as stored. */
  | {
      readonly kind: 'partAddress';
      readonly path: string;
      readonly parts: readonly string[];
      readonly attribute: string;
    }
  /** The resource that this object refers to by the first of these attributes that it has. */
  | {
      readonly kind: 'resource';
      readonly mapping: ResourceMapping;
      readonly by: readonly string[];
      readonly shape: Shape;
    }
  | { readonly kind: 'page'; readonly page: PagePlan }
  /** Where the row is in the order of the page of this number. */
  | { readonly kind: 'cursor'; readonly number: number }
  /** The row itself, as a part of what is told of it. */
  | { readonly kind: 'itself'; readonly shape: Shape }
  /** The first of the rows that hang on this object. */
  | { readonly kind: 'first'; readonly rows: OrderedRows; readonly shape: Shape }
  /** Sums of what hangs on this object, an object for each group. */
  | { readonly kind: 'sums'; readonly sums: Sums; readonly shape: Shape }
  /** What stood of this object at the instant that the request of this number names. */
  | { readonly kind: 'standing'; readonly number: number; readonly rows: StandingRows; readonly shape: Shape };

/** Rows that hang on an object, in an order. */
export interface OrderedRows {
  readonly mapping: ResourceMapping;
  readonly edge: Edge;
  readonly order: readonly OrderKey[];
}

/** What is summed up, in groups. */
export interface Sums {
  /** Rows that hang on an object, and the SQL function that makes of each, and of the present instant, what it adds to the sums. */
  readonly of: readonly { readonly mapping: ResourceMapping; readonly edge: Edge; readonly parts: string }[];
  /** Columns of the functions that tell groups apart, in the order of the answer. */
  readonly by: readonly string[];
  /** Columns that are added up: null where some part of the group lacks it, for the others would pass for the sum of all. */
  readonly added: readonly string[];
  /** How the attributes of a group lie in these columns, and in `count`: how many parts there are. */
  readonly mapping: ResourceMapping;
}

/** Rows of an SQL function of an instant, at most one for an object. */
export interface StandingRows {
  readonly function: string;
  /** The column with the id of the object. */
  readonly by: string;
  readonly mapping: ResourceMapping;
}

/** A stored value. */
export interface AttributeValue {
  readonly kind: 'attribute';
  readonly attribute: string;
  /** Undefined for objects. */
  readonly scalar: ScalarType | undefined;
  readonly isList: boolean;
  /** Of a list only the first element is shown, as one object. */
  readonly isFirst: boolean;
  /** Of objects. */
  readonly shape?: Shape;
}

/**
 * Marks in a text, which no JSON has: a control character is always written as an escape in it. Whoever finds one gives the
 * answer to the executor, which turns it into an error.
 */
export const forbiddenNull = '\u0001';
/** As PostgreSQL writes the name of an extension within a stored value. */
export const extensionMark = `"${extensionAttribute}": `;
/** In the place of what has values that cannot be shown as they are stored. */
export const needsCare = '\u0004';
/** A nested list that would exceed the bytes of an answer. */
export const tooLarge = '\u0002';
/** A nested page whose request was refused. */
export const refused = '\u0003';
/** In the place of an attribute that is hidden from the caller. */
export const hiddenValue = '\u0005';

/** Whether it shows what lies in other rows. */
export function readsRows({ fields, inlined }: Shape): boolean {
  return (
    inlined !== undefined ||
    fields.some(
      ({ value }) =>
        value.kind === 'page' ||
        value.kind === 'first' ||
        value.kind === 'sums' ||
        value.kind === 'standing' ||
        value.kind === 'resource' ||
        (value.kind === 'attribute' && value.shape && readsRows(value.shape)),
    )
  );
}

/** Stands for a request that was refused, by its number: the executor, which alone makes errors of fields, knows it. */
export function refusalOf(number: number): string {
  return `${refused}${number}${refused}`;
}

/** All pages of a plan, itself included. */
export function pagesOf(plan: Plan): PagePlan[] {
  const pages: PagePlan[] = [];
  const ofShape = ({ fields, inlined }: Shape): void => {
    for (const { value } of fields) {
      if (value.kind === 'page') ofPage(value.page);
      else if ('shape' in value && value.shape) ofShape(value.shape);
    }
    if (inlined) ofShape(inlined.shape);
  };
  const ofPage = (page: PagePlan): void => {
    pages.push(page);
    page.items.forEach(ofShape);
  };
  if (plan.kind === 'page') ofPage(plan);
  else ofShape(plan.shape);
  return pages;
}
