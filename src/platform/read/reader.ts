import DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
import { Prisma } from '../../../prisma/generated/client.js';
import type { Database, ReadOptions } from '../database/database.js';
import { isStatementTimeout, isPoolTimeout } from '../database/failures.js';
import { DomainError } from '../errors.js';
import { pathsOf } from '../filter/tree/filter.js';
import type { JsonObject } from '../json-object.js';
import { selectList } from './columns.js';
import {
  selectWithinBytes,
  selectCount,
  selectCountedPage,
  selectPage,
  toPage,
  withKey,
  type Page,
  type PageRequest,
  type RowsText,
} from './page.js';
import { boundRegexWork } from './regex-work.js';
import { isReport } from './reports.js';
import type { ResourceMapping } from './resource-mapping.js';
import { childRowsOf, sourceOf, sourceOfIds, type Edge, type Scope, type Source } from './source.js';

/** Ids of one statement; more become several. */
const idsPerStatementMax = 500;
/** Paths that a message names. */
const namedMax = 10;
/** Counting may take so long; what is not counted by then is not known. */
const countMaxMs = 1_000;
/** Kinds of by-id reads (resource, tenant, columns) whose loaders are kept. */
const loadersMax = 500;

/** A row that is asked for, and whether somebody still waits for it. */
interface Asked {
  readonly id: string;
  readonly signal: AbortSignal | undefined;
}

/** Due work that is processed before every read, such as a reservation that lapses. */
export interface Due {
  /** SQL that is true when something of the tenant is due. */
  condition(tenantId: string): Prisma.Sql;
  /** Answers how much could be settled. */
  process(tenantId: string): Promise<number>;
}

/** For reads of what the time does not change. */
export const nothingDue: Due = { condition: () => Prisma.sql`false`, process: () => Promise.resolve(0) };

/** By id, and in order from the beginning, a plan does not depend on the values; what a filter or a cursor leaves does. */
const planKept: ReadOptions = { isPlanKept: true };
const planMade: ReadOptions = { isPlanKept: false };

export interface ReadBounds {
  /** Where counting stops. */
  readonly countMax: number;
  /** Bytes of JSON that one statement answers; no more of them leave the database. */
  readonly bytesMax: number;
}

/** How many rounds of due work a read waits for; a longer backlog does not keep it waiting for ever. */
const settledMax = 3;

/**
 * Bounded reads. PostgreSQL builds the JSON of exactly the columns asked for and one text comes back,
 * which costs a third of rows that are mapped one by one.
 */
export class Reader {
  private readonly loaders = new LRUCache<string, DataLoader<Asked, JsonObject | null>>({ max: loadersMax });

  constructor(
    private readonly database: Pick<Database, 'read' | 'kind'>,
    private readonly bounds: ReadBounds,
    private readonly due: Due,
  ) {}

  /** One resource by id, or null. Concurrent calls for the same columns join in one statement. */
  one(mapping: ResourceMapping, scope: Scope, id: string, attributes: readonly string[]): Promise<JsonObject | null> {
    const columns = withKey(mapping, attributes);
    const key = JSON.stringify([mapping.name, mapping.asOfFunction && scope.at, scope.tenantId, columns]);
    let loader = this.loaders.get(key);
    if (loader === undefined) {
      loader = this.createLoader(mapping, scope, columns);
      this.loaders.set(key, loader);
    }
    return loader.load({ id, signal: scope.signal });
  }

  private createLoader(
    mapping: ResourceMapping,
    { tenantId, at }: Scope,
    columns: readonly string[],
  ): DataLoader<Asked, JsonObject | null> {
    const select = Prisma.raw(selectList(mapping, 'b', columns));
    const plan = mapping.asOfArgument === undefined ? planKept : planMade;
    return new DataLoader<Asked, JsonObject | null>(
      async (asked) => {
        const scope: Scope = { tenantId, at, signal: onlySignalOf(asked) };
        const ids = asked.map(({ id }) => id);
        const { from, where } = sourceOfIds(mapping, scope, ids);
        const rows = await this.rows(Prisma.sql`SELECT ${select} FROM ${from} WHERE ${where}`, scope, plan);
        const byId = new Map(rows.map((row) => [row['id'], row]));
        return ids.map((id) => byId.get(id) ?? null);
      },
      // Nothing is cached: a read after a write sees it. Ids that arrive in one turn of the event loop share a statement.
      { cache: false, maxBatchSize: idsPerStatementMax, batchScheduleFn: (run) => setImmediate(run) },
    );
  }

  /** A page of the resources that match, in order, the key attribute last; with `below` of those that hang on one parent. */
  async page(
    mapping: ResourceMapping,
    scope: Scope,
    request: PageRequest,
    below?: { edge: Edge; parentId: string },
  ): Promise<Page> {
    await boundRegexWork(this.database, mapping, scope, request.filter);
    const all = sourceOf(mapping, scope, request.filter);
    const source = below ? childRowsOf(all, below.edge, Prisma.sql`${below.parentId}::text`, scope) : all;
    const plan: ReadOptions =
      below || !isReport(mapping, request) ? planOf(request) : { ...planOf(request), workClass: 'report' };
    const { rows, count } = await this.pageRows(mapping, source, request, scope, plan);
    return toPage(mapping, request, rows, async (exact) => {
      if (count === 'unknown' && !exact) return null;
      if (typeof count === 'number' && !(exact && count > this.bounds.countMax)) return this.known(count, exact);
      return orUnknown(async () => {
        const row = await this.settled<{ count: number }>(
          selectCount(source, this.countBound(exact)),
          scope,
          countPlanOf(request, exact),
        );
        return this.known(row?.count ?? 0, exact);
      });
    });
  }

  /** `count`: how many match, up to one more than the bound; null when that is not known yet, 'unknown' when it took too long. */
  private async pageRows(
    mapping: ResourceMapping,
    source: Source,
    request: PageRequest,
    scope: Scope,
    plan: ReadOptions,
  ): Promise<{ rows: JsonObject[]; count: number | null | 'unknown' }> {
    if (request.limit === 0) return { rows: [], count: null };
    return inTime(mapping, request, async () => {
      // What takes long is not read twice for the sake of its count.
      const counted =
        request.isCounted && plan.workClass !== 'report'
          ? await orUnknown(() => this.countedRows(mapping, source, request, scope))
          : undefined;
      if (counted) return counted;
      const rows = await this.rows(selectPage(mapping, source, request), scope, plan);
      return { rows, count: counted === null ? 'unknown' : null };
    });
  }

  private async countedRows(
    mapping: ResourceMapping,
    source: Source,
    request: PageRequest,
    scope: Scope,
  ): Promise<{ rows: JsonObject[]; count: number | null }> {
    const row = await this.settled<RowsText & { count: number | null }>(
      selectCountedPage(mapping, source, request, this.bounds),
      scope,
      countPlanOf(request, false),
    );
    return { rows: row ? (this.parsed(row) as JsonObject[]) : [], count: row?.count ?? null };
  }

  /** The same page below each of several parents, by one statement; so are their counts, when they are asked for together. */
  async pages(
    mapping: ResourceMapping,
    scope: Scope,
    edge: Edge,
    parentIds: readonly string[],
    request: PageRequest,
  ): Promise<Page[]> {
    await boundRegexWork(this.database, mapping, scope, request.filter);
    const source = childRowsOf(sourceOf(mapping, scope, request.filter), edge, Prisma.sql`p."id"`, scope);
    const found =
      request.limit === 0
        ? []
        : await inTime(mapping, request, () =>
            this.perParent<JsonObject[]>(
              parentIds,
              this.valueOf(selectPage(mapping, source, request)),
              scope,
              planOf(request),
            ),
          );
    const createCounter = (exact: boolean): DataLoader<string, number | null> =>
      new DataLoader(
        async (ids) => {
          const select = Prisma.sql`SELECT c."count", 8 FROM (${selectCount(source, this.countBound(exact))}) c`;
          const counts = await orUnknown(() => this.perParent<number>(ids, select, scope, countPlanOf(request, exact)));
          return counts ?? ids.map(() => null);
        },
        { batchScheduleFn: (run) => setImmediate(run) },
      );
    const counters = { exact: createCounter(true), bounded: createCounter(false) };
    return parentIds.map((id, at) =>
      toPage(mapping, request, found[at] ?? [], async (exact) => {
        const count = await counters[exact ? 'exact' : 'bounded'].load(id);
        return count === null ? null : this.known(count, exact);
      }),
    );
  }

  private countBound(exact: boolean): number | undefined {
    return exact ? undefined : this.bounds.countMax;
  }

  private known(count: number, exact: boolean): number | null {
    return !exact && count > this.bounds.countMax ? null : count;
  }

  private async rows(select: Prisma.Sql, scope: Scope, plan: ReadOptions): Promise<JsonObject[]> {
    const row = await this.settled<RowsText>(selectWithinBytes(select, this.bounds.bytesMax), scope, plan);
    return row ? (this.parsed(row) as JsonObject[]) : [];
  }

  /** The rows of one parent, as one value; of too many bytes only their number is told, which is then too large for all. */
  private valueOf(select: Prisma.Sql): Prisma.Sql {
    return Prisma.sql`SELECT CASE WHEN r."bytes" > ${this.bounds.bytesMax}::int THEN NULL ELSE r."rows" END, r."bytes" FROM (${selectWithinBytes(select, this.bounds.bytesMax)}) r`;
  }

  private parsed({ rows, bytes }: RowsText): unknown[] {
    // An int8, which drivers hand on as text.
    if (Number(bytes) > this.bounds.bytesMax) throw tooLarge(this.bounds.bytesMax);
    return JSON.parse(rows) as unknown[];
  }

  /** One value per parent, in their order; the select may say `p."id"` and has one row: the value and its bytes. */
  private async perParent<T>(
    parentIds: readonly string[],
    select: Prisma.Sql,
    scope: Scope,
    plan: ReadOptions,
  ): Promise<T[]> {
    const { bytesMax } = this.bounds;
    const values = Prisma.sql`
      SELECT '[' || string_agg(v."value", ',' ORDER BY v."ordinal") FILTER (WHERE v."bytes" <= ${bytesMax}::int) || ']' AS "rows", max(v."bytes") AS "bytes"
      FROM (
        SELECT p."ordinal", v."value"::text AS "value", sum(COALESCE(v."bytes", 2)) OVER (ORDER BY p."ordinal" ROWS UNBOUNDED PRECEDING) AS "bytes"
        FROM unnest(${parentIds}::text[]) WITH ORDINALITY AS p("id", "ordinal") CROSS JOIN LATERAL (${select}) v("value", "bytes")
      ) v`;
    const row = await this.settled<RowsText>(values, scope, plan);
    return row ? (this.parsed(row) as T[]) : [];
  }

  /** One row, which says, too, whether something is due: then that is settled, and the read repeated. */
  private async settled<T>(select: Prisma.Sql, { tenantId, signal }: Scope, plan: ReadOptions): Promise<T | undefined> {
    for (let settled = 0; ; settled++) {
      const [row] = await this.database.read<T & { isDue: boolean }>(
        Prisma.sql`SELECT r.*, ${this.due.condition(tenantId)} AS "isDue" FROM (${select}) r`,
        signal ? { ...plan, signal } : plan,
      );
      if (!row?.isDue || settled === settledMax) return row;
      // Where nothing can be done about what is due, readers go on without.
      if ((await this.due.process(tenantId)) === 0) return row;
    }
  }
}

function planOf({ filter, after }: PageRequest): ReadOptions {
  return filter === undefined && after === undefined ? planKept : planMade;
}

/** Of rows that are all for one request: what several share goes on when one of them has gone. */
function onlySignalOf(asked: readonly Asked[]): AbortSignal | undefined {
  const signal = asked[0]?.signal;
  return asked.every((one) => one.signal === signal) ? signal : undefined;
}

function tooLarge(bytesMax: number): DomainError {
  return new DomainError(
    'ANSWER_TOO_LARGE',
    `the answer would be larger than the limit ANSWER_BYTES_MAX of ${bytesMax} bytes: ask for fewer rows or attributes`,
  );
}

/** Counting has a time of its own, in which it is done or not known; a count to the end, asked for by name, is a report. */
function countPlanOf(request: PageRequest, exact: boolean): ReadOptions {
  return exact ? { ...planMade, workClass: 'report' } : { ...planOf(request), maxMs: countMaxMs };
}

/** Null when it took too long: a page is not withheld for its total. */
async function orUnknown<T>(count: () => Promise<T>): Promise<T | null> {
  try {
    return await count();
  } catch (error) {
    if (isStatementTimeout(error)) return null;
    throw error;
  }
}

/** Refused as UNAVAILABLE when it took too long, with what its client can change. */
async function inTime<T>(mapping: ResourceMapping, { filter, order }: PageRequest, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const isLate = isStatementTimeout(error);
    if (!isLate && !isPoolTimeout(error)) throw error;
    const filtered =
      filter === undefined ? 'no filter' : `a filter by ${pathsOf(filter).slice(0, namedMax).join(', ')}`;
    const ordered = order.length === 0 ? '' : ` and the order by ${order.map(({ path }) => path.join('.')).join(', ')}`;
    throw new DomainError(
      'UNAVAILABLE',
      `${mapping.name} with ${filtered}${ordered} ${isLate ? 'takes too long to read' : 'waited too long for its turn behind others that read much'}: filter by something that leaves less, such as an id, or leave the order out`,
      { path: 'filter' },
    );
  }
}
