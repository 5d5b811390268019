import { Prisma } from '../../../prisma/generated/client.js';
import { DomainError } from '../errors.js';
import { literal } from '../read/columns.js';
import { childRowsOf, sourceOf, type Source } from '../read/source.js';
import { base64Url } from './base64-url.js';
import { neighbours, type PageRequest } from './page-request.js';
import { countStatement, PageSql } from './page-sql.js';
import { refusalOf, tooLarge, type PageField, type PageInfoField } from './plan.js';
import type { Statements } from './statement.js';
import type { PageSlot } from './text-builder.js';

/** SQL of `true` or `false`, in which the rows of the page are counted. */
function neighboursSql(request: PageRequest): Record<'precede' | 'follow', Prisma.Sql> {
  const isMore = Prisma.raw(`(count(*) > ${Math.trunc(request.limit)})::text`);
  const isThere = (name: 'precede' | 'follow'): Prisma.Sql =>
    Prisma.raw(literal(String(neighbours(request, false)[name])));
  return request.isBackward
    ? { precede: isMore, follow: isThere('follow') }
    : { precede: isThere('precede'), follow: isMore };
}

/** The text of a page within the text of what it hangs on; `textsOf`: SQL of the texts of its rows. */
export function nestedPage(
  { page, parentId }: PageSlot,
  statements: Statements,
  textsOf: (source: Source, request: PageRequest, alias: string) => Prisma.Sql,
): Prisma.Sql {
  const request = statements.requests[page.number];
  if (request === undefined || request instanceof DomainError) return Prisma.raw(literal(refusalOf(page.number)));
  const { scope, bounds } = statements;
  const all = sourceOf(page.mapping, scope, request.filter);
  const source = page.edge ? childRowsOf(all, page.edge, Prisma.raw(parentId), scope) : all;
  const alias = `n${page.number}`;
  const { limit, offset, cursor } = request;
  const { precede, follow } = neighboursSql(request);
  const sums = new PageSql(page, request, bounds);
  const fields = page.fields.flatMap(({ name, value }, index): Prisma.Sql[] => [
    Prisma.raw(literal(`${index === 0 ? '' : ','}${JSON.stringify(name)}:`)),
    pageFieldText(value),
  ]);
  const text = Prisma.sql`CASE WHEN ${sums.isTooLarge()} THEN ${Prisma.raw(literal(tooLarge))} ELSE concat('{', ${Prisma.join([...fields, Prisma.raw("'}'")])}) END`;
  const texts =
    limit === 0
      ? Prisma.raw(
          `SELECT NULL::text AS "cursor"${page.items.map((_, index) => `, NULL::text AS "item${index}"`).join('')} WHERE false`,
        )
      : textsOf(source, request, alias);
  // HAVING makes one row of all, even where nothing sums them up.
  return Prisma.sql`(SELECT ${text} FROM (${sums.rows(texts)}) s HAVING true)`;

  function pageFieldText(value: PageField['value']): Prisma.Sql {
    switch (value.kind) {
      case 'constant':
        return Prisma.raw(literal(value.json));
      case 'items':
        return Prisma.sql`concat('[', ${sums.items(value.index)}, ']')`;
      case 'totalCount':
        return totalCountText(value.isExact);
      case 'pageInfo':
        return Prisma.sql`concat('{', ${Prisma.join([
          ...value.fields.flatMap((field, index) => [
            Prisma.raw(literal(`${index === 0 ? '' : ','}${JSON.stringify(field.name)}:`)),
            pageInfoText(field.value),
          ]),
          Prisma.raw("'}'"),
        ])})`;
    }
  }

  function pageInfoText(value: PageInfoField['value']): Prisma.Sql {
    if (typeof value === 'object') return Prisma.raw(literal(value.json));
    switch (value) {
      case 'hasNextPage':
        return follow;
      case 'hasPreviousPage':
        return precede;
      case 'startCursor':
        return edgeCursor('first');
      case 'endCursor':
        return edgeCursor('last');
    }
  }

  /** A cursor in base64url, as encodeCursor writes it. */
  function edgeCursor(which: 'first' | 'last'): Prisma.Sql {
    return Prisma.sql`COALESCE('"' || ${base64Url(sums.cursor(which))} || '"', 'null')`;
  }

  function totalCountText(isExact: boolean): Prisma.Sql {
    const counted = Prisma.sql`(SELECT ${
      isExact
        ? Prisma.raw('c."count"::text')
        : Prisma.raw(`CASE WHEN c."count" > ${Math.trunc(bounds.countMax)} THEN 'null' ELSE c."count"::text END`)
    } FROM (${countStatement(source, isExact ? undefined : bounds.countMax)}) c)`;
    // The last page gives the total for free.
    return cursor !== undefined || limit === 0
      ? counted
      : Prisma.sql`CASE WHEN count(*) BETWEEN 1 AND ${Prisma.raw(String(Math.trunc(limit)))} THEN (count(*) + ${offset}::int)::text ELSE ${counted} END`;
  }
}
