import { Prisma } from '../../../prisma/generated/client.js';
import type { Filter } from '../filter/tree/filter.js';
import type { ScalarType } from '../filter/tree/attribute-type.js';
import { identifier, jsonAt, jsonScalar, locate, type Scope as Place } from '../filter/sql/place.js';
import { sqlTypeOf } from './columns.js';
import type { ResourceMapping } from './resource-mapping.js';
import { sourceOf, type Scope, type Source } from './source.js';

// Groups of rows, as rows of a table of their own: SQL of what stands after FROM. Amounts of several units never meet, as the
// units are part of what the rows are grouped by.

/** Decimal places of an average, which is seldom a number that ends. */
export const AVERAGE_PLACES = 10;

/** A text that is a number counts as one, unless it has an exponent that nobody measured. */
const numericText = '^-?[0-9]{1,40}([.][0-9]{1,40})?([eE][+-]?[0-9]{1,2})?$';

/** Parts of the calendar, and how each is written: as ISO 8601 has it, so that texts are in the order of time. */
export const periodFormats = { day: 'YYYY-MM-DD', week: 'IYYY-"W"IW', month: 'YYYY-MM', year: 'YYYY' } as const;
export type Period = keyof typeof periodFormats;

/** What rows may be grouped by. */
export interface GroupKey {
  /** The column of the groups that has it. */
  readonly column: string;
  /** Where a row has it; through a list: each element that differs counts. */
  readonly path: readonly string[];
  readonly type: ScalarType;
  /** Of an instant: the period in which it lies. */
  readonly period?: Period;
}

/** What may be summed up of rows. */
export interface Measure {
  readonly amount: readonly string[];
  /** Where its units are; absent: it has none. */
  readonly units?: readonly string[];
}

/** Groups of the rows of a resource. */
export interface Groups {
  /** Of the rows. */
  readonly mapping: ResourceMapping;
  /** All that they may be grouped by: of what they are not, the groups have null. */
  readonly keys: readonly GroupKey[];
}

/** How one request groups them. */
export interface Grouping {
  readonly keys: readonly GroupKey[];
  /** Absent: they are only counted. */
  readonly of?: Measure;
  /** In which days, weeks, months and years begin. */
  readonly timeZone: string;
}

/** Figures of one row, or of one and the same key within a list of it. */
interface Figures {
  readonly units: Prisma.Sql;
  readonly sum: Prisma.Sql;
  readonly min: Prisma.Sql;
  readonly max: Prisma.Sql;
  readonly number: Prisma.Sql;
}

/** The groups of the rows of the tenant that match the filter, as far as they are seen, under the alias `b`. */
export function groupsOf(groups: Groups, { keys, of, timeZone }: Grouping, scope: Scope, filter?: Filter): Source {
  const { mapping } = groups;
  const { from, where } = sourceOf(mapping, scope, filter);
  const row: Place = { kind: 'row', mapping, alias: 'b' };
  const lists = [...new Set([...keys.map(({ path }) => path), ...(of ? [of.amount] : [])].flatMap(listOf(mapping)))];
  const joins = lists.map((list, index) => elementsOf(mapping, list, `e${index}`, { keys, of, timeZone }));
  const aliasOf = (path: readonly string[]): string | undefined => {
    const [list] = listOf(mapping)(path);
    return list === undefined ? undefined : `e${lists.indexOf(list)}`;
  };
  const keyOf = (key: GroupKey): Prisma.Sql => {
    const alias = aliasOf(key.path);
    return alias === undefined ? keyAt(row, key.path, key, timeZone) : identifier(alias, key.column);
  };
  const measured = of && figuresOf(of, row, aliasOf(of.amount));
  const grouped = [...keys.map(keyOf), ...(measured ? [measured.units] : [])];
  const columns = [
    ...keys.map((key, index) => named(grouped[index] ?? Prisma.empty, key.column)),
    ...(measured ? [named(measured.units, 'units')] : []),
    named(Prisma.sql`count(*)`, 'count'),
    ...(measured ? sumsOf(measured) : []),
  ];
  const present = measured ? Prisma.sql`AND ${measured.sum} IS NOT NULL` : Prisma.empty;
  const places = grouped.map((_, index) => String(index + 1)).join(', ');
  const by = grouped.length === 0 ? Prisma.empty : Prisma.raw(`GROUP BY ${places}`);
  const sums = Prisma.sql`SELECT ${Prisma.join(columns)} FROM ${from} ${joined(joins)} WHERE ${where} ${present} ${by}`;
  return {
    from: Prisma.sql`(SELECT ${Prisma.join(shown(groups, keys, of))} FROM (${sums}) g) b`,
    where: Prisma.sql`true`,
  };
}

/** The list that a path leads through, if it does. */
function listOf({ attributes }: ResourceMapping): (path: readonly string[]) => string[] {
  return ([name = '']) => (attributes[name]?.type.kind === 'list' ? [name] : []);
}

/** The different keys among the elements of a list of a row, and the figures of each; without any figures, a row without elements counts, too. */
function elementsOf(
  mapping: ResourceMapping,
  list: string,
  alias: string,
  { keys, of, timeZone }: Grouping,
): Prisma.Sql {
  const type = mapping.attributes[list]?.type;
  if (type?.kind !== 'list') throw new Error(`${list} is no list`);
  const element: Place = { kind: 'element', json: Prisma.raw('e.v'), type: type.element, depth: 1 };
  const isHere = (path: readonly string[]): boolean => path[0] === list;
  const own = keys.filter(({ path }) => isHere(path));
  const ownKeys = own.map((key) => named(keyAt(element, key.path.slice(1), key, timeZone), key.column));
  const elements = Prisma.sql`"jsonElements"(b.${identifier(list)}) e(v)`;
  const raw = Prisma.raw(alias);
  if (!of || !isHere(of.amount))
    return Prisma.sql`LEFT JOIN LATERAL (SELECT DISTINCT ${Prisma.join(ownKeys)} FROM ${elements}) ${raw} ON true`;
  const amount = amountAt(element, of.amount.slice(1));
  const units = of.units ? scalarAt(element, of.units.slice(1)) : Prisma.sql`NULL::text`;
  const columns = [...ownKeys, named(units, 'units')];
  const places = Prisma.raw(columns.map((_, index) => String(index + 1)).join(', '));
  return Prisma.sql`CROSS JOIN LATERAL (SELECT ${Prisma.join(columns)}, sum(${amount}) AS "sum", min(${amount}) AS "min", max(${amount}) AS "max", count(${amount}) AS "number" FROM ${elements} GROUP BY ${places}) ${raw}`;
}

function figuresOf({ amount, units }: Measure, row: Place, alias: string | undefined): Figures {
  if (alias === undefined) {
    const value = amountAt(row, amount);
    const own = { sum: value, min: value, max: value, number: Prisma.sql`1` };
    return { ...own, units: units ? scalarAt(row, units) : Prisma.sql`NULL::text` };
  }
  const column = (name: string): Prisma.Sql => identifier(alias, name);
  const [sum, min, max, number] = [column('sum'), column('min'), column('max'), column('number')];
  return { units: column('units'), sum, min, max, number };
}

function sumsOf({ sum, min, max, number }: Figures): Prisma.Sql[] {
  return [
    named(Prisma.sql`sum(${sum})`, 'sum'),
    named(Prisma.sql`min(${min})`, 'min'),
    named(Prisma.sql`max(${max})`, 'max'),
    named(Prisma.sql`round(sum(${sum}) / NULLIF(sum(${number}), 0), ${Prisma.raw(String(AVERAGE_PLACES))})`, 'avg'),
  ];
}

/** The columns of the groups, all that there may be. */
function shown({ keys }: Groups, asked: readonly GroupKey[], of: Measure | undefined): Prisma.Sql[] {
  const columns = keys.map(({ column, type, period }) => {
    if (!asked.some((key) => key.column === column))
      return `NULL::${period ? 'text' : sqlTypeOf({ kind: 'scalar', type })} AS "${column}"`;
    return period ? `to_char(g."${column}", '${periodFormats[period]}') COLLATE "C" AS "${column}"` : `g."${column}"`;
  });
  const names = [...asked.map(({ column }) => column), ...(of ? ['units'] : [])];
  const id = `jsonb_build_array(${names.map((name) => `g."${name}"`).join(', ')})::text COLLATE "C" AS "id"`;
  const figures = of
    ? ['g."units"', 'g."sum"', 'g."min"', 'g."max"', 'g."avg"']
    : ['NULL::text AS "units"', ...['sum', 'min', 'max', 'avg'].map((name) => `NULL::numeric AS "${name}"`)];
  return [...columns, id, 'g."count"', ...figures].map((column) => Prisma.raw(column));
}

/** A key of a row or an element; of a period its beginning, by the clock of the time zone. */
function keyAt(place: Place, path: readonly string[], { type, period }: GroupKey, timeZone: string): Prisma.Sql {
  const value = scalarAt(place, path);
  if (period === undefined) return type === 'int' ? Prisma.sql`(${value})::integer` : value;
  return Prisma.sql`date_trunc(${Prisma.raw(`'${period}'`)}, (${value})::timestamptz AT TIME ZONE ${timeZone}::text)`;
}

/** The value at a path; SQL null where there is none of its type. */
function scalarAt(place: Place, path: readonly string[]): Prisma.Sql {
  const found = locate(place, path);
  if (found.kind === 'column') return found.column;
  if (found.kind === 'parts' || found.type.kind !== 'scalar') throw new Error(`${path.join('.')} is no value`);
  return jsonScalar(jsonAt(found.root, found.path), found.type.type);
}

/** A number; of a value of any type, only what is one. */
function amountAt(place: Place, path: readonly string[]): Prisma.Sql {
  const value = scalarAt(place, path);
  const { type } = locate(place, path);
  if (type.kind !== 'scalar' || type.type !== 'json') return value;
  const text = Prisma.sql`(${value}) #>> '{}'`;
  return Prisma.sql`(CASE jsonb_typeof(${value}) WHEN 'number' THEN (${value})::numeric WHEN 'string' THEN CASE WHEN ${text} ~ ${numericText}::text THEN (${text})::numeric END END)`;
}

function named(value: Prisma.Sql, name: string): Prisma.Sql {
  return Prisma.sql`${value} AS ${identifier(name)}`;
}

function joined(parts: readonly Prisma.Sql[]): Prisma.Sql {
  return parts.length === 0 ? Prisma.empty : Prisma.join([...parts], ' ');
}
