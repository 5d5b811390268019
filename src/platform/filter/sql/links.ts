import { Prisma } from '../../../../prisma/generated/client.js';
import { namedValues } from '../../read/named-values.js';
import type { ResourceMapping } from '../../read/resource-mapping.js';
import type { Filter } from '../tree/filter.js';
import { identifier } from './place.js';

/**
 * A condition that all rows fulfil that match the filter, by which a table of links finds them.
 * @returns undefined when the filter names no ids that have links
 */
export function linkedRows(filter: Filter, mapping: ResourceMapping, alias: string): Prisma.Sql | undefined {
  const links = mapping.indexes?.links;
  if (links === undefined) return undefined;
  const ids = links.paths.map((path) => namedValues(filter, path)).find((values) => values !== undefined);
  if (ids === undefined || ids.some((id) => Buffer.byteLength(id) > links.bytesMax)) return undefined;
  const columns = (table: string, id: string): Prisma.Sql =>
    Prisma.sql`${identifier(table, 'tenantId')}, ${identifier(table, id)}`;
  // The tenant, of which PostgreSQL knows that it is the one of the rows, leads the key of the links.
  return Prisma.sql`(${columns(alias, 'id')}) IN (SELECT ${columns('k', links.row)} FROM ${identifier(links.table)} k WHERE ${identifier('k', links.named)} = ANY(${ids}::text[]))`;
}
