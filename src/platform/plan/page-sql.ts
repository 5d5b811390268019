import { Prisma } from '../../../prisma/generated/client.js';
import { literal } from '../read/columns.js';
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

  constructor(
    private readonly plan: PagePlan,
    request: PageRequest,
    private readonly bounds: StatementBounds,
  ) {
    this.limit = Math.trunc(request.limit);
  }

  /** The rows with their numbers and the bytes up to each. OFFSET 0 keeps PostgreSQL from making each text twice. */
  rows(texts: Prisma.Sql): Prisma.Sql {
    const names = this.plan.items.map((_, index) => `t."item${index}"`);
    const bytes = names.length === 0 ? '0' : `sum(octet_length(concat(${names.join(', ')}))) OVER w`;
    return Prisma.sql`SELECT t.*, count(*) OVER w AS "n", ${Prisma.raw(bytes)} AS "bytes" FROM (${texts} OFFSET 0) t WINDOW w AS (ROWS UNBOUNDED PRECEDING)`;
  }

  items(index: number): Prisma.Sql {
    return Prisma.sql`string_agg(${Prisma.raw(`s."item${index}"`)}, ${Prisma.raw(literal(betweenItems))}) FILTER (WHERE s."n" <= ${Prisma.raw(String(this.limit))} AND s."bytes" <= ${this.bounds.bytesMax}::int)`;
  }

  isTooLarge(): Prisma.Sql {
    return Prisma.sql`COALESCE(max(s."bytes") FILTER (WHERE s."n" <= ${Prisma.raw(String(this.limit))}) > ${this.bounds.bytesMax}::int, false)`;
  }

  /** As compileCursor makes it. */
  cursor(which: 'first' | 'last'): Prisma.Sql {
    if (!needsCursor(this.plan)) return Prisma.sql`NULL`;
    return Prisma.raw(`(array_agg(s."cursor"))[${which === 'first' ? '1' : `LEAST(count(*), ${this.limit})`}]`);
  }
}

export function needsCursor({ fields }: PagePlan): boolean {
  return fields.some(
    ({ value }) =>
      value.kind === 'pageInfo' && value.fields.some((one) => one.value === 'startCursor' || one.value === 'endCursor'),
  );
}
