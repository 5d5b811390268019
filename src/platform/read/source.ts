import { Prisma } from '../../../prisma/generated/client.js';
import { compileFilter } from '../filter/sql/compile.js';
import type { Filter } from '../filter/tree/filter.js';
import { fixedConditions, identifier } from './columns.js';
import { namedValues } from './named-values.js';
import type { ResourceMapping } from './resource-mapping.js';

/** Whose rows may be seen, and at which instant where that matters. */
export interface Scope {
  tenantId: string;
  at: Date;
  /** Ends the statement of whoever reads: nobody waits for it any more. */
  signal?: AbortSignal;
}

/** Rows to choose from: what stands behind FROM, with the resource as `b`, and behind WHERE. */
export interface Source {
  from: Prisma.Sql;
  where: Prisma.Sql;
}

export function sourceOf(mapping: ResourceMapping, scope: Scope, filter: Filter | undefined): Source {
  const matching = filter === undefined ? Prisma.empty : Prisma.sql`AND ${compileFilter(filter, mapping, 'b')}`;
  return {
    from: asOfArgument(mapping, scope, filter),
    where: Prisma.sql`b."tenantId" = ${scope.tenantId} ${Prisma.raw(fixedConditions(mapping, 'b'))} ${matching}`,
  };
}

/** The rows that have one of the ids. */
export function sourceOfIds(mapping: ResourceMapping, scope: Scope, ids: readonly string[]): Source {
  const { where } = sourceOf(mapping, scope, undefined);
  const named: Filter = { kind: 'compareList', path: ['id'], operator: 'in', values: ids };
  return { from: asOfArgument(mapping, scope, named), where: Prisma.sql`${where} AND b."id" = ANY(${ids}::text[])` };
}

function asOfArgument(
  { table, asOfFunction, asOfArgument: owner }: ResourceMapping,
  { at }: Scope,
  filter: Filter | undefined,
): Prisma.Sql {
  if (asOfFunction === undefined) return Prisma.raw(`${identifier(table)} b`);
  const named =
    owner === undefined ? Prisma.empty : Prisma.sql`, ${namedOf(filter, ['id'])}, ${namedOf(filter, owner)}`;
  return Prisma.sql`${Prisma.raw(identifier(asOfFunction))}(${at.toISOString()}::timestamptz${named}) b`;
}

function namedOf(filter: Filter | undefined, path: readonly string[]): Prisma.Sql {
  return Prisma.sql`${namedValues(filter, path) ?? null}::text[]`;
}

/**
 * How rows hang on a parent: by a column of their own, through a table that links the parent to their ids, or by an SQL
 * function of the tenant and the parent's id that gives the ids.
 */
export type Edge = { parent: string } | { links: string; parent: string; child: string } | { idsBy: string };

/** The rows of one parent, whose id is the SQL expression. */
export function childRowsOf({ from, where }: Source, edge: Edge, parentId: Prisma.Sql, { tenantId }: Scope): Source {
  if ('idsBy' in edge) {
    const ids = Prisma.sql`SELECT i."id" FROM ${Prisma.raw(identifier(edge.idsBy))}(${tenantId}::text, ${parentId}) i("id")`;
    return { from, where: Prisma.sql`${where} AND b."id" IN (${ids})` };
  }
  const parent = Prisma.raw(identifier(edge.parent));
  if (!('links' in edge)) return { from, where: Prisma.sql`${where} AND b.${parent} = ${parentId}` };
  const links = Prisma.raw(identifier(edge.links));
  const child = Prisma.raw(identifier(edge.child));
  return {
    from: Prisma.sql`${from} JOIN ${links} l ON l."tenantId" = b."tenantId" AND l.${child} = b."id"`,
    where: Prisma.sql`${where} AND l.${parent} = ${parentId}`,
  };
}
