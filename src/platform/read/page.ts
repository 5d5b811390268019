import { Prisma } from '../../../prisma/generated/client.js';
import { compileAfter, compileOrder } from '../filter/sql/compile.js';
import type { Filter, OrderKey } from '../filter/tree/filter.js';
import type { JsonObject } from '../json-object.js';
import { selectList } from './columns.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import type { ResourceMapping } from './resource-mapping.js';
import type { Source } from './source.js';

export interface PageRequest {
  filter?: Filter;
  order: readonly OrderKey[];
  offset: number;
  limit: number;
  after?: string;
  /** First-level attributes the caller will look at; the key and the order's are added. */
  attributes: readonly string[];
  /** The caller will ask for totalCount: it is read together with the page. Pages below parents are counted apart. */
  isCounted?: boolean;
}

export interface Page {
  items: JsonObject[];
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  /** Cursor of one of the items, for `after`. */
  cursorOf(item: JsonObject): string;
  /** Rows that match, whatever the page; null when they are more than the configured bound and exact is false. */
  totalCount(exact: boolean): Promise<number | null>;
}

/** The rows of a page in order, the key attribute last, and one row more when others follow. */
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

/** The page made of what selectPage found; `count` is only asked when the page itself does not tell. */
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
      // A page that reaches the end has counted for us.
      if (!hasNextPage && after === undefined && items.length > 0) return offset + items.length;
      return count(exact);
    },
  };
}

/** Rows as the text of one JSON array; as far as their bytes are no more than the maximum: beyond, there is no text of the rest. */
export interface RowsText {
  rows: string;
  /** Of all of them; null when there are none. */
  bytes: string | number | null;
}

/** The rows as RowsText. However large they are, no more than the maximum is put together and leaves the database. */
export function selectWithinBytes(select: Prisma.Sql, bytesMax: number): Prisma.Sql {
  return Prisma.sql`
    SELECT ${textOf(bytesMax)} AS "rows", max(t."bytes") AS "bytes" FROM (${measured(select)}) t`;
}

function textOf(bytesMax: number): Prisma.Sql {
  return Prisma.sql`'[' || COALESCE(string_agg(t."row", ',') FILTER (WHERE t."bytes" <= ${bytesMax}::int), '') || ']'`;
}

/** Each row as text, with the bytes up to it. OFFSET 0 keeps PostgreSQL from making the text twice. */
function measured(select: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    SELECT m."row", sum(octet_length(m."row")) OVER (ROWS UNBOUNDED PRECEDING) AS "bytes"
    FROM (SELECT row_to_json(s)::text AS "row" FROM (${select}) s OFFSET 0) m`;
}

/**
 * The rows of a page and, beside them, how many match in all; null when the page itself tells that, as toPage knows.
 */
export function selectCountedPage(
  mapping: ResourceMapping,
  source: Source,
  request: PageRequest,
  { countMax, bytesMax }: { countMax: number; bytesMax: number },
): Prisma.Sql {
  const { limit, after } = request;
  const tells = after === undefined ? Prisma.raw(`count(*) BETWEEN 1 AND ${Math.trunc(limit)}`) : Prisma.sql`false`;
  return Prisma.sql`
    SELECT ${textOf(bytesMax)} AS "rows", max(t."bytes") AS "bytes", CASE WHEN ${tells} THEN NULL ELSE (${selectCount(source, countMax)}) END AS "count"
    FROM (${measured(selectPage(mapping, source, request))}) t`;
}

/** How many match, up to one more than the bound. */
export function selectCount({ from, where }: Source, bound: number | undefined): Prisma.Sql {
  const limit = bound === undefined ? Prisma.empty : limitOf(bound + 1);
  return Prisma.sql`SELECT count(*)::int AS "count" FROM (SELECT 1 FROM ${from} WHERE ${where} ${limit}) t`;
}

/** In the text: a plan that is kept would take a limit it does not know for a tenth of the table. */
function limitOf(rows: number): Prisma.Sql {
  return Prisma.raw(`LIMIT ${Math.trunc(rows)}`);
}

export function withKey(mapping: ResourceMapping, attributes: readonly string[]): string[] {
  return [...new Set([mapping.key, 'id', ...attributes])]
    .filter((name) => Object.hasOwn(mapping.attributes, name))
    .sort();
}
