import { Prisma } from '../../../prisma/generated/client.js';
import { identifier } from '../read/columns.js';
import { childRowsOf, sourceOf, type Scope } from '../read/source.js';
import type { Sums } from './plan.js';

/** Groups of one object that are answered. */
export const SUM_GROUPS_MAX = 100;

/** SQL of the groups of what hangs on an object, in brackets; `parentId` is an SQL expression. */
export function sumRows({ of, by, added }: Sums, parentId: Prisma.Sql, scope: Scope): Prisma.Sql {
  const columns = [...by, ...added].map((name) => `e.${identifier(name)}`).join(', ');
  const parts = of.map(({ mapping, edge, parts }) => {
    const { from, where } = childRowsOf(sourceOf(mapping, scope, undefined), edge, parentId, scope);
    const made = Prisma.sql`${Prisma.raw(identifier(parts))}(b, ${scope.at.toISOString()}::timestamptz)`;
    return Prisma.sql`SELECT ${Prisma.raw(columns)} FROM ${from} CROSS JOIN LATERAL ${made} e WHERE ${where}`;
  });
  const groups = by.map((name) => `v.${identifier(name)}`).join(', ');
  const sums = added.map((name) => {
    const column = `v.${identifier(name)}`;
    return `CASE WHEN count(${column}) = count(*) THEN sum(${column}) END AS ${identifier(name)}`;
  });
  const selected = Prisma.raw([groups, ...sums, 'count(*)::int AS "count"'].join(', '));
  return Prisma.sql`(SELECT ${selected} FROM (${Prisma.join(parts, ' UNION ALL ')}) v GROUP BY ${Prisma.raw(groups)} ORDER BY ${Prisma.raw(`${groups} LIMIT ${SUM_GROUPS_MAX}`)})`;
}
