import { Prisma } from '../../../prisma/generated/client.js';
import { compileAfter, compileOrder } from '../filter/sql/compile.js';
import type { Filter, OrderKey } from '../filter/tree/filter.js';
import type { JsonObject } from '../json-object.js';
import { selectList } from './columns.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import type { ResourceMapping } from './resource-mapping.js';
import type { Source } from './source.js';

/** Which page a client asks for. */
export interface PageRequest {
  filter?: Filter;
  order: readonly OrderKey[];
  offset: number;
  limit: number;
  after?: string;
  /** First-level attributes to read; the key and those of the order are added. */
  attributes: readonly string[];
  /** True when totalCount is requested, too: it is then read together with the page (except for nested pages). */
  isCounted?: boolean;
}

/** One page of rows. */
export interface Page {
  items: JsonObject[];
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  /** The cursor of one of the items, for `after`. */
  cursorOf(item: JsonObject): string;
  /** The number of all matching rows; null when `exact` is false and there are more than COUNT_MAX, or counting timed out. */
  totalCount(exact: boolean): Promise<number | null>;
}

/** SQL of the rows of a page, ordered as requested and then by the key attribute; one extra row shows that more follow. */
export function selectPage(
  mapping: ResourceMapping,
  { from, where }: Source,
  { order, offset, limit, after, attributes }: PageRequest,
): Prisma.Sql {
  const place =
    after === undefined
      ? Prisma.empty
      : Prisma.sql`AND ${compileAfter(order, decodeCursor(after, order), mapping, 'b')}`;
  const columns = withKey(mapping, [...attributes, ...order.map((key) => key.path[0] ?? mapping.key)]);
  return Prisma.sql`
    SELECT ${Prisma.raw(selectList(mapping, 'b', columns))}
    FROM ${from} WHERE ${where} ${place}
    ORDER BY ${compileOrder(order, mapping, 'b')}
    ${limitOf(limit + 1)} ${offset === 0 ? Prisma.empty : Prisma.sql`OFFSET ${offset}::int`}`;
}

/** Makes a page of the rows of selectPage. `count` is only called when the total does not follow from the page itself. */
export function toPage(
  mapping: ResourceMapping,
  { order, offset, limit, after }: PageRequest,
  found: readonly JsonObject[],
  count: Page['totalCount'],
): Page {
  const items = found.slice(0, limit);
  const hasNextPage = found.length > limit;
  return {
    items,
    hasNextPage,
    hasPreviousPage: offset > 0 || after !== undefined,
    cursorOf: (item) => encodeCursor(item, order, mapping),
    totalCount: async (exact) => {
      // The last page gives the total for free.
      if (!hasNextPage && after === undefined && items.length > 0) return offset + items.length;
      return count(exact);
    },
  };
}

/** Rows as the text of one JSON array. It ends before the row that would exceed the maximum of bytes. */
export interface RowsText {
  rows: string;
  /** Bytes of all rows, those left out included; null when there are none. */
  bytes: string | number | null;
}

/** SQL of the rows as RowsText. Never more than `bytesMax` bytes of text are built and leave the database. */
export function selectWithinBytes(select: Prisma.Sql, bytesMax: number): Prisma.Sql {
  return Prisma.sql`
    SELECT ${textOf(bytesMax)} AS "rows", max(t."bytes") AS "bytes" FROM (${measured(select)}) t`;
}

function textOf(bytesMax: number): Prisma.Sql {
  return Prisma.sql`'[' || COALESCE(string_agg(t."row", ',') FILTER (WHERE t."bytes" <= ${bytesMax}::int), '') || ']'`;
}

/** Each row as text, with the sum of bytes up to it. OFFSET 0 keeps PostgreSQL from building the text twice. */
function measured(select: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    SELECT m."row", sum(octet_length(m."row")) OVER (ROWS UNBOUNDED PRECEDING) AS "bytes"
    FROM (SELECT row_to_json(s)::text AS "row" FROM (${select}) s OFFSET 0) m`;
}

/**
 * SQL of the rows of a page together with the number of all matching rows, which is null when the page itself gives it
 * (see toPage).
 */
export function selectCountedPage(
  mapping: ResourceMapping,
  source: Source,
  request: PageRequest,
  { countMax, bytesMax }: { countMax: number; bytesMax: number },
): Prisma.Sql {
  const { limit, after } = request;
  const isTotalOnPage =
    after === undefined ? Prisma.raw(`count(*) BETWEEN 1 AND ${Math.trunc(limit)}`) : Prisma.sql`false`;
  return Prisma.sql`
    SELECT ${textOf(bytesMax)} AS "rows", max(t."bytes") AS "bytes", CASE WHEN ${isTotalOnPage} THEN NULL ELSE (${selectCount(source, countMax)}) END AS "count"
    FROM (${measured(selectPage(mapping, source, request))}) t`;
}

/** SQL of the number of matching rows, up to one more than the bound. */
export function selectCount({ from, where }: Source, bound: number | undefined): Prisma.Sql {
  const limit = bound === undefined ? Prisma.empty : limitOf(bound + 1);
  return Prisma.sql`SELECT count(*)::int AS "count" FROM (SELECT 1 FROM ${from} WHERE ${where} ${limit}) t`;
}

/** Inlined: a generic plan would guess that an unknown LIMIT returns a tenth of the table. */
function limitOf(rows: number): Prisma.Sql {
  return Prisma.raw(`LIMIT ${Math.trunc(rows)}`);
}

/** @returns the attributes and the key, sorted, each once; names that the resource lacks are left out */
export function withKey(mapping: ResourceMapping, attributes: readonly string[]): string[] {
  return [...new Set([mapping.key, 'id', ...attributes])]
    .filter((name) => Object.hasOwn(mapping.attributes, name))
    .sort();
}
