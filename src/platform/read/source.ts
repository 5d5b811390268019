import { Prisma } from '../../../prisma/generated/client.js';
import type { Position } from '../database/positions.js';
import { compileFilter } from '../filter/sql/compile.js';
import type { Filter } from '../filter/tree/filter.js';
import { fixedConditions, identifier, literal } from './columns.js';
import { namedValues } from './named-values.js';
import type { Visibility } from '../rights/visibility.js';
import type { ResourceMapping } from './resource-mapping.js';

/** The tenant whose rows are read, and the instant as of which time-dependent rows are computed. */
export interface Scope {
  tenantId: string;
  at: Date;
  /** Which rows are seen; undefined: all. */
  visibility?: Visibility;
  /** Cancels the statement when the client no longer waits for it. */
  signal?: AbortSignal;
  /** A replica that has come to this position may answer; absent: only the primary. */
  replicaAt?: Position | undefined;
}

/** The SQL after FROM, in which the resource has the alias `b`, and after WHERE. */
export interface Source {
  from: Prisma.Sql;
  where: Prisma.Sql;
  /** The rows are to be found by these conditions before they are put in order: PostgreSQL would take them for many. */
  isFoundFirst?: boolean;
}

/** @returns the rows of the tenant that match the filter, as far as they are seen */
export function sourceOf(mapping: ResourceMapping, scope: Scope, filter: Filter | undefined): Source {
  const matching = filter === undefined ? Prisma.empty : Prisma.sql`AND ${compileFilter(filter, mapping, 'b')}`;
  return {
    from: fromClause(mapping, scope, filter),
    where: Prisma.sql`b."tenantId" = ${scope.tenantId} ${Prisma.raw(fixedConditions(mapping, 'b'))} ${seen(mapping, 'b', scope)} ${matching}`,
  };
}

/** The condition, behind others, that rows under this alias are seen. */
export function seen(mapping: ResourceMapping, alias: string, { visibility, tenantId }: Scope): Prisma.Sql {
  const condition = visibility?.condition(mapping, alias, tenantId);
  return condition ? Prisma.sql`AND ${condition}` : Prisma.empty;
}

function fromClause(
  { table, asOfFunction, asOfArgument, beside }: ResourceMapping,
  { at }: Scope,
  filter: Filter | undefined,
): Prisma.Sql {
  if (beside !== undefined) {
    const join = `h ON h."tenantId" = b."tenantId" AND h.${identifier(beside.by)} = b."id"`;
    const rows = Prisma.sql`${Prisma.raw(identifier(beside.function))}(${at.toISOString()}::timestamptz)`;
    return Prisma.sql`${Prisma.raw(identifier(table))} b LEFT JOIN ${rows} ${Prisma.raw(join)}`;
  }
  if (asOfFunction === undefined) return Prisma.raw(`${identifier(table)} b`);
  const named =
    asOfArgument === undefined
      ? Prisma.empty
      : Prisma.sql`, ${namedOf(filter, ['id'])}, ${namedOf(filter, asOfArgument)}`;
  return Prisma.sql`${Prisma.raw(identifier(asOfFunction))}(${at.toISOString()}::timestamptz${named}) b`;
}

function namedOf(filter: Filter | undefined, path: readonly string[]): Prisma.Sql {
  return Prisma.sql`${namedValues(filter, path) ?? null}::text[]`;
}

/**
 * How children refer to their parent: by a column of theirs, by a table that links parents to children, by an SQL
 * function that takes the tenant and the parent's id and returns the ids of the children, or by naming it within JSON.
 */
export type Edge =
  | { parent: string }
  /** `isManifold`: several links may lead from one parent to one child. */
  | { links: string; parent: string; child: string; isManifold?: boolean }
  | { idsBy: string }
  | { named: readonly NamedIn[] };

/** A column of JSON, whose GIN index finds the rows that name an id there. */
export interface NamedIn {
  readonly column: string;
  /** It is a list of objects. */
  readonly isList: boolean;
  /** Where an object has the id; default `id`. */
  readonly by?: string;
  /** What else the object must have. */
  readonly having?: Readonly<Record<string, string>>;
}

/** @returns those rows of the source that are children of one parent; `parentId` is an SQL expression */
export function childRowsOf({ from, where }: Source, edge: Edge, parentId: Prisma.Sql, { tenantId }: Scope): Source {
  if ('idsBy' in edge) {
    const ids = Prisma.sql`SELECT i."id" FROM ${Prisma.raw(identifier(edge.idsBy))}(${tenantId}::text, ${parentId}) i("id")`;
    // As an array: however many PostgreSQL expects of them, it looks them up by the key, and does not read the whole table.
    return { from, where: Prisma.sql`${where} AND b."id" = ANY(ARRAY(${ids}))` };
  }
  if ('named' in edge) {
    const conditions = edge.named.map((one) => names(one, parentId));
    return { from, where: Prisma.sql`${where} AND (${Prisma.join(conditions, ' OR ')})`, isFoundFirst: true };
  }
  const parent = Prisma.raw(identifier(edge.parent));
  if (!('links' in edge)) return { from, where: Prisma.sql`${where} AND b.${parent} = ${parentId}` };
  const links = Prisma.raw(identifier(edge.links));
  const child = Prisma.raw(identifier(edge.child));
  if (edge.isManifold) {
    const ids = Prisma.sql`SELECT l.${child} FROM ${links} l WHERE l."tenantId" = ${tenantId} AND l.${parent} = ${parentId}`;
    return { from, where: Prisma.sql`${where} AND b."id" = ANY(ARRAY(${ids}))` };
  }
  return {
    from: Prisma.sql`${from} JOIN ${links} l ON l."tenantId" = b."tenantId" AND l.${child} = b."id"`,
    where: Prisma.sql`${where} AND l.${parent} = ${parentId}`,
  };
}

function names({ column, isList, by = 'id', having = {} }: NamedIn, id: Prisma.Sql): Prisma.Sql {
  const others = Object.entries(having).flatMap(([name, value]) => [literal(name), literal(value)]);
  const object = Prisma.sql`jsonb_build_object(${Prisma.raw(literal(by))}, ${id}${Prisma.raw(others.map((one) => `, ${one}`).join(''))})`;
  return Prisma.sql`b.${Prisma.raw(identifier(column))} @> ${isList ? Prisma.sql`jsonb_build_array(${object})` : object}`;
}
