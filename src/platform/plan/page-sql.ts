import { Prisma } from '../../../prisma/generated/client.js';
import { literal } from '../read/columns.js';
import { groupsOf } from '../read/groups.js';
import { sourceOf, type Scope, type Source } from '../read/source.js';
import type { PageRequest } from './page-request.js';
import type { PagePlan } from './plan.js';

/** Stands between the texts of items: no JSON text has a line break in it. */
export const betweenItems = ',\n';

/** Bounds of what a statement may build. */
export interface StatementBounds {
  /** Counting stops at this number of rows. */
  readonly countMax: number;
  /** Bytes of text. */
  readonly bytesMax: number;
}

/** What is summed up of the rows of a page, which stand under the alias s. */
export class PageSql {
  private readonly limit: number;
  private readonly isBackward: boolean;

  constructor(
    private readonly plan: PagePlan,
    request: PageRequest,
    private readonly bounds: StatementBounds,
  ) {
    this.limit = Math.trunc(request.limit);
    this.isBackward = request.isBackward ?? false;
  }

  /** The rows with their numbers and the bytes up to each. OFFSET 0 keeps PostgreSQL from making each text twice. */
  rows(texts: Prisma.Sql): Prisma.Sql {
    const names = this.plan.items.map((_, index) => `t."item${index}"`);
    const bytes = names.length === 0 ? '0' : `sum(octet_length(concat(${names.join(', ')}))) OVER w`;
    return Prisma.sql`SELECT t.*, count(*) OVER w AS "n", ${Prisma.raw(bytes)} AS "bytes" FROM (${texts} OFFSET 0) t WINDOW w AS (ROWS UNBOUNDED PRECEDING)`;
  }

  /** In their order, in whichever they were read. */
  items(index: number): Prisma.Sql {
    return Prisma.sql`string_agg(${Prisma.raw(`s."item${index}"`)}, ${Prisma.raw(literal(betweenItems) + (this.isBackward ? ' ORDER BY s."n" DESC' : ''))}) FILTER (WHERE s."n" <= ${Prisma.raw(String(this.limit))} AND s."bytes" <= ${this.bounds.bytesMax}::int)`;
  }

  isTooLarge(): Prisma.Sql {
    return Prisma.sql`COALESCE(max(s."bytes") FILTER (WHERE s."n" <= ${Prisma.raw(String(this.limit))}) > ${this.bounds.bytesMax}::int, false)`;
  }

  /** As compileCursor makes it. Read backward it says in which order: another aggregate that is ordered may have its input sorted. */
  cursor(which: 'first' | 'last'): Prisma.Sql {
    if (!needsCursor(this.plan)) return Prisma.sql`NULL`;
    return Prisma.raw(
      `(array_agg(s."cursor"${this.isBackward ? ' ORDER BY s."n"' : ''}))[${(which === 'first') !== this.isBackward ? '1' : `LEAST(count(*), ${this.limit})`}]`,
    );
  }
}

/** What a page of the root is taken from: rows, or groups of rows. */
export function pageSource({ mapping, groups }: PagePlan, scope: Scope, request: PageRequest): Source {
  const { filter, groups: asked } = request;
  return groups && asked ? groupsOf(groups, asked, scope, filter) : sourceOf(mapping, scope, filter);
}

export function needsCursor({ fields }: PagePlan): boolean {
  return fields.some(
    ({ value }) =>
      value.kind === 'pageInfo' && value.fields.some((one) => one.value === 'startCursor' || one.value === 'endCursor'),
  );
}

/** SQL of the number of matching rows, up to one more than the bound. */
export function countStatement({ from, where }: Source, bound: number | undefined): Prisma.Sql {
  const limit = bound === undefined ? Prisma.empty : limitOf(bound + 1);
  return Prisma.sql`SELECT count(*)::int AS "count" FROM (SELECT 1 FROM ${from} WHERE ${where} ${limit}) t`;
}

/** Inlined: a generic plan would guess that an unknown LIMIT returns a tenth of the table. */
export function limitOf(rows: number): Prisma.Sql {
  return Prisma.raw(`LIMIT ${Math.trunc(rows)}`);
}
