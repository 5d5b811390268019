import DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../database/database.js';
import { compileAfter, compileFilter, compileOrder } from '../filter/sql.js';
import type { Filter, OrderKey } from '../filter/tree.js';
import type { Plain } from '../plain.js';
import { fixedConditions, identifier, selectList } from './columns.js';
import { decodeCursor, encodeCursor } from './cursor.js';
import type { Shape } from './shape.js';

/** Ids of one statement; more become several. */
const idsPerStatementMax = 500;
/** Kinds of by-id reads (resource, tenant, columns) whose loaders are kept. */
const loadersMax = 500;

/** What has to happen before anybody reads: what the time does by itself, such as a reservation that lapses. */
export interface Due {
  /** SQL that is true when something of the tenant is due. */
  condition(tenantId: string): Prisma.Sql;
  settle(tenantId: string): Promise<void>;
}

/** How often a read lets pass what is due; where something always is, it is not kept waiting for ever. */
const settledMax = 3;

/** Whose rows may be seen, and optionally the parent whose rows are meant (column = value). */
export interface Scope {
  tenantId: string;
  parent?: Readonly<Record<string, string>>;
}

export interface PageRequest {
  filter?: Filter;
  order: readonly OrderKey[];
  offset: number;
  limit: number;
  after?: string;
  /** First-level attributes the caller will look at; the key and the order's are added. */
  attributes: readonly string[];
}

export interface Page {
  items: Plain[];
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  /** Cursor of one of the items, for `after`. */
  cursorOf(item: Plain): string;
  /** Rows that match, whatever the page; null when they are more than the configured bound and exact is false. */
  totalCount(exact: boolean): Promise<number | null>;
}

/**
 * Bounded reads. PostgreSQL builds the JSON of exactly the columns asked for and one text comes back,
 * which costs a third of rows that are mapped one by one.
 */
export class Reader {
  private readonly loaders = new LRUCache<string, DataLoader<string, Plain | null>>({ max: loadersMax });

  constructor(
    private readonly database: Database,
    private readonly countMax: number,
    private readonly due: Due,
  ) {}

  /** One resource by id, or null. Concurrent calls for the same columns join in one statement. */
  one(shape: Shape, scope: Scope, id: string, attributes: readonly string[]): Promise<Plain | null> {
    const columns = withKey(shape, attributes);
    const key = JSON.stringify([shape.name, scope.tenantId, columns]);
    let loader = this.loaders.get(key);
    if (loader === undefined) {
      loader = this.createLoader(shape, scope.tenantId, columns);
      this.loaders.set(key, loader);
    }
    return loader.load(id);
  }

  private createLoader(shape: Shape, tenantId: string, columns: readonly string[]): DataLoader<string, Plain | null> {
    const select = Prisma.raw(selectList(shape, 'b', columns));
    const from = Prisma.raw(identifier(shape.table));
    const fixed = Prisma.raw(fixedConditions(shape, 'b'));
    return new DataLoader<string, Plain | null>(
      async (ids) => {
        const rows = await this.rows(Prisma.sql`
          SELECT ${select} FROM ${from} b
          WHERE b."tenantId" = ${tenantId} AND b."id" = ANY(${ids}::text[]) ${fixed}`, tenantId);
        const byId = new Map(rows.map((row) => [row['id'], row]));
        return ids.map((id) => byId.get(id) ?? null);
      },
      // Nothing is cached: a read after a write sees it. Ids that arrive in one turn of the event loop share a statement.
      { cache: false, maxBatchSize: idsPerStatementMax, batchScheduleFn: (run) => setImmediate(run) },
    );
  }

  /** A page of the resources that match, in order, the key attribute last. */
  async page(shape: Shape, scope: Scope, request: PageRequest): Promise<Page> {
    const { order, offset, limit, after } = request;
    const where = conditions(shape, scope, request.filter);
    const place = after === undefined ? Prisma.empty : Prisma.sql`AND ${compileAfter(order, decodeCursor(after, order), shape, 'b')}`;
    const columns = withKey(shape, [...request.attributes, ...order.map((key) => key.path[0] ?? shape.key)]);
    const found =
      limit === 0
        ? []
        : await this.rows(Prisma.sql`
            SELECT ${Prisma.raw(selectList(shape, 'b', columns))}
            FROM ${Prisma.raw(identifier(shape.table))} b WHERE ${where} ${place}
            ORDER BY ${compileOrder(order, shape, 'b')}
            LIMIT ${limit + 1}::int OFFSET ${offset}::int`, scope.tenantId);
    const items = found.slice(0, limit);
    const hasNextPage = found.length > limit;
    return {
      items,
      hasNextPage,
      hasPreviousPage: offset > 0 || after !== undefined,
      cursorOf: (item) => encodeCursor(item, order, shape),
      totalCount: async (exact) => {
        // A page that reaches the end has counted for us.
        if (!hasNextPage && after === undefined && items.length > 0) return offset + items.length;
        return this.count(shape, where, scope.tenantId, exact);
      },
    };
  }

  private async count(shape: Shape, where: Prisma.Sql, tenantId: string, exact: boolean): Promise<number | null> {
    const table = Prisma.raw(identifier(shape.table));
    const bound = exact ? Prisma.empty : Prisma.sql`LIMIT ${this.countMax + 1}::int`;
    const { count } = await this.settled<{ count: number }>(
      Prisma.sql`count(*)::int AS "count"`,
      Prisma.sql`SELECT 1 FROM ${table} b WHERE ${where} ${bound}`,
      tenantId,
    );
    return !exact && count > this.countMax ? null : count;
  }

  private async rows(select: Prisma.Sql, tenantId: string): Promise<Plain[]> {
    const { rows } = await this.settled<{ rows: string | null }>(Prisma.sql`json_agg(t)::text AS "rows"`, select, tenantId);
    return rows ? (JSON.parse(rows) as Plain[]) : [];
  }

  /** One row over a selection. It says, too, whether something is due: then that is settled, and the read repeated. */
  private async settled<T>(result: Prisma.Sql, select: Prisma.Sql, tenantId: string): Promise<T> {
    for (let settled = 0; ; settled++) {
      const [row] = await this.database.query<T & { isDue: boolean }>(
        Prisma.sql`SELECT ${result}, ${this.due.condition(tenantId)} AS "isDue" FROM (${select}) t`,
      );
      if (row === undefined) throw new Error('an aggregate answers one row');
      if (!row.isDue || settled === settledMax) return row;
      await this.due.settle(tenantId);
    }
  }
}

function conditions(shape: Shape, scope: Scope, filter: Filter | undefined): Prisma.Sql {
  const parent = Object.entries(scope.parent ?? {}).map(
    ([column, value]) => Prisma.sql`AND b.${Prisma.raw(identifier(column))} = ${value}`,
  );
  const matching = filter === undefined ? Prisma.empty : Prisma.sql`AND ${compileFilter(filter, shape, 'b')}`;
  return Prisma.sql`b."tenantId" = ${scope.tenantId} ${Prisma.raw(fixedConditions(shape, 'b'))} ${Prisma.join([Prisma.empty, ...parent], ' ')} ${matching}`;
}

function withKey(shape: Shape, attributes: readonly string[]): string[] {
  return [...new Set([shape.key, 'id', ...attributes])].filter((name) => name in shape.attributes).sort();
}
