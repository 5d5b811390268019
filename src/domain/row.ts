import type { Prisma } from '../../prisma/generated/client.js';
import type { JsonObject, JsonValue } from '../platform/json-object.js';
import type { ResourceMapping } from '../platform/read/resource-mapping.js';

/**
 * Types of rows in the form they have in a domain, made from the types that Prisma generates for the columns, so that a
 * misspelt or dropped attribute does not compile. An instant is its ISO 8601 text in UTC, a decimal a number of at most
 * 15 significant digits. Columns that stand for one attribute are joined as graphql/resource-mapping.ts joins them: a
 * Quantity `{ amount, units }`, a Money `{ value, unit }`, a TimePeriod `{ startDateTime, endDateTime }`. What may be
 * null may be absent too.
 */
export type DomainRow<
  Model extends object,
  /** The structure of attributes that are stored as jsonb. */
  Structures extends { readonly [Name in JsonColumn<Model>]?: unknown } = Record<never, never>,
  /** Columns that are no attribute of the resource: the tenant, the discriminator, counters of the server's own. */
  Internal extends keyof Model = 'tenantId' & keyof Model,
  /** Columns of jsonb that are never null: the generated types do not say it. */
  NeverNull extends JsonColumn<Model> = never,
> = Flat<Attributes<Omit<Model, Internal>, Structures, NeverNull>>;

/** TMF Quantity: an amount in its units. */
export type Quantity = { amount: number; units: string };
/** TMF Money: a value in a currency. */
export type Money = { value: number; unit: string };
/** TMF TimePeriod: instants as ISO 8601 text; the end is exclusive. */
export type TimePeriod = { startDateTime?: string | null; endDateTime?: string | null };

/** A reference to something, as TMF writes it: `id` and what else it carries. */
export type Reference = {
  id: string;
  href?: string | null;
  name?: string | null;
  atReferredType?: string | null;
  atType?: string | null;
  atBaseType?: string | null;
  atSchemaLocation?: string | null;
};

/** What every row of a resource has. */
export type ResourceRow = JsonObject & { id: string; revision: number; updatedAt: string };

/** The mapping of a resource, with the type of its rows and its name. */
export type WrittenMapping<Name extends string, Row extends JsonObject> = ResourceMapping<Row> & {
  readonly name: Capitalize<Name>;
};

/** The mappings of the resources of a domain: `MappingsOf<{ usage: UsageRow }>`. */
export type MappingsOf<Rows extends Record<string, JsonObject>> = {
  readonly [Name in keyof Rows & string]: WrittenMapping<Name, Rows[Name]>;
};

/** Names of the columns that are jsonb. */
export type JsonColumn<Model> = {
  [Name in keyof Model & string]: NonNullable<Prisma.JsonValue> extends NonNullable<Model[Name]> ? Name : never;
}[keyof Model & string];

/** The parts of an attribute that is stored in several columns, by the end of their names. */
type Pairs = {
  Amount: { other: 'Units'; is: Quantity };
  Value: { other: 'Unit'; is: Money };
  Start: { other: 'End'; is: TimePeriod };
};

/** `validFor`, where there are `validForStart` and `validForEnd`. */
type PairName<Model, End extends keyof Pairs> = {
  [Name in keyof Model & string]: Name extends `${infer Base}${End}`
    ? `${Base}${Pairs[End]['other']}` extends keyof Model
      ? Base
      : never
    : never;
}[keyof Model & string];

type PartColumn<Model> = {
  [End in keyof Pairs]: `${PairName<Model, End>}${End | Pairs[End]['other']}`;
}[keyof Pairs];

type Scalar<Column> = Column extends Date ? string : Column extends Prisma.Decimal ? number : Column;

type ValueOf<Model, Name extends keyof Model, Structures> = Name extends keyof Structures
  ? NonNullable<Structures[Name]>
  : Name extends JsonColumn<Model>
    ? JsonValue
    : Scalar<NonNullable<Model[Name]>>;

type Nullable<Model> = { [Name in keyof Model]: null extends Model[Name] ? Name : never }[keyof Model];
type Single<Model> = Exclude<keyof Model, PartColumn<Model>>;

type Attributes<Model, Structures, NeverNull> = {
  [Name in Exclude<Single<Model>, Exclude<Nullable<Model>, NeverNull>>]: ValueOf<Model, Name, Structures>;
} & {
  [Name in Extract<Single<Model>, Exclude<Nullable<Model>, NeverNull>>]?: ValueOf<Model, Name, Structures> | null;
} & PairAttributes<Model, 'Amount'> &
  PairAttributes<Model, 'Value'> &
  PairAttributes<Model, 'Start'>;

type PairAttributes<Model, End extends keyof Pairs> = {
  [Name in PairName<Model, End> as `${Name}${End}` extends Nullable<Model> ? never : Name]: Pairs[End]['is'];
} & {
  [Name in PairName<Model, End> as `${Name}${End}` extends Nullable<Model> ? Name : never]?: Pairs[End]['is'] | null;
};

/** One object type instead of an intersection: easier to read in messages of the compiler. */
type Flat<T> = { [Name in keyof T]: T[Name] };
