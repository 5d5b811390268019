import type { Prisma } from '../../prisma/generated/client.js';
import type { JsonValue } from '../platform/json-object.js';

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
> = Flat<Attributes<Omit<Model, Internal>, Structures>>;

export type Quantity = { amount: number; units: string };
export type Money = { value: number; unit: string };
export type TimePeriod = { startDateTime?: string | null; endDateTime?: string | null };

/** A reference to something, as TMF writes it: `id` and what else the resource says of it. */
export type Reference = {
  id: string;
  href?: string | null;
  name?: string | null;
  atReferredType?: string | null;
  atType?: string | null;
  atBaseType?: string | null;
  atSchemaLocation?: string | null;
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

type Attributes<Model, Structures> = {
  [Name in Exclude<Single<Model>, Nullable<Model>>]: ValueOf<Model, Name, Structures>;
} & {
  [Name in Extract<Single<Model>, Nullable<Model>>]?: ValueOf<Model, Name, Structures> | null;
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
