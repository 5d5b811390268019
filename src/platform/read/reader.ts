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
/** Paths of a filter that one message names. */
const namedMax = 10;
/** Counting is given up after this time; the total is then unknown. */
const countMaxMs = 1_000;
/** Kinds of by-id reads (resource, tenant, columns) whose loaders are kept. */
const loadersMax = 500;

/** A request for one row; its signal is aborted when the client has gone. */
interface RowRequest {
  readonly id: string;
  readonly signal: AbortSignal | undefined;
}

/** Due work that is processed before every read, such as a reservation that lapses. */
export interface Due {
  /** SQL that is true when something of the tenant is due. */
  condition(tenantId: string): Prisma.Sql;
  /** Processes it; returns how many items were done. */
  process(tenantId: string): Promise<number>;
}

/** For reads of data that does not change with time. */
export const nothingDue: Due = { condition: () => Prisma.sql`false`, process: () => Promise.resolve(0) };

/**
 * A plan can be reused for reads by id and for the first page, because it does not depend on the values. With a filter
 * or a cursor the best plan depends on how many rows match, so each statement is planned anew.
 */
const reusedPlan: ReadOptions = { isPlanKept: true };
const freshPlan: ReadOptions = { isPlanKept: false };

export interface ReadBounds {
  /** Counting stops at this number of rows. */
  readonly countMax: number;
  /** Bytes of JSON that one statement may return; more never leave the database. */
  readonly bytesMax: number;
}

/** Rounds of due work that one read waits for, so that a long backlog does not block it. */
const dueRoundsMax = 3;

/**
 * Reads resources in bounded pages. PostgreSQL builds the JSON of exactly the requested columns and returns one text,
 * which costs a third of mapping the rows one by one. Every read first processes the due work of its tenant.
 */
export class Reader {
  private readonly loaders = new LRUCache<string, DataLoader<RowRequest, JsonObject | null>>({ max: loadersMax });

  constructor(
    private readonly database: Pick<Database, 'read' | 'kind'>,
    private readonly bounds: ReadBounds,
    private readonly due: Due,
  ) {}

  /**
   * Reads one resource by id. Concurrent calls for the same columns share one statement.
   * @returns the row, or null when there is none
   * @throws DomainError ANSWER_TOO_LARGE
   */
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
  ): DataLoader<RowRequest, JsonObject | null> {
    const select = Prisma.raw(selectList(mapping, 'b', columns));
    const plan = mapping.asOfArgument === undefined ? reusedPlan : freshPlan;
    return new DataLoader<RowRequest, JsonObject | null>(
      async (requests) => {
        const scope: Scope = { tenantId, at, signal: commonSignalOf(requests) };
        const ids = requests.map(({ id }) => id);
        const { from, where } = sourceOfIds(mapping, scope, ids);
        const rows = await this.rows(Prisma.sql`SELECT ${select} FROM ${from} WHERE ${where}`, scope, plan);
        const byId = new Map(rows.map((row) => [row.id, row]));
        return ids.map((id) => byId.get(id) ?? null);
      },
      // Without a cache, so that a read after a write sees it. Ids of one turn of the event loop share a statement.
      { cache: false, maxBatchSize: idsPerStatementMax, batchScheduleFn: (run) => setImmediate(run) },
    );
  }

  /**
   * Reads one page of the matching resources, ordered as requested and then by the key attribute.
   * @param below restricts the page to the children of one parent
   * @throws DomainError INVALID_QUERY, ANSWER_TOO_LARGE, or UNAVAILABLE when the read takes too long
   */
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
        const row = await this.readWhenNothingDue<{ count: number }>(
          selectCount(source, this.countBound(exact)),
          scope,
          countPlanOf(request, exact),
        );
        return this.known(row?.count ?? 0, exact);
      });
    });
  }

  /** `count`: matching rows, up to one more than countMax; null when not counted yet, 'unknown' when counting timed out. */
  private async pageRows(
    mapping: ResourceMapping,
    source: Source,
    request: PageRequest,
    scope: Scope,
    plan: ReadOptions,
  ): Promise<{ rows: JsonObject[]; count: number | null | 'unknown' }> {
    if (request.limit === 0) return { rows: [], count: null };
    return withTimeoutRefusal(mapping, request, async () => {
      // A report is not read twice for the sake of its count.
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
    const row = await this.readWhenNothingDue<RowsText & { count: number | null }>(
      selectCountedPage(mapping, source, request, this.bounds),
      scope,
      countPlanOf(request, false),
    );
    return { rows: row ? this.parse<JsonObject>(row) : [], count: row?.count ?? null };
  }

  /**
   * Reads the same page of children for each of several parents, by one statement. Totals that are requested together
   * are counted by one statement, too.
   * @returns one page per parent, in the order of `parentIds`
   * @throws as `page`
   */
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
        : await withTimeoutRefusal(mapping, request, () =>
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
    const row = await this.readWhenNothingDue<RowsText>(selectWithinBytes(select, this.bounds.bytesMax), scope, plan);
    return row ? this.parse<JsonObject>(row) : [];
  }

  /** SQL of the rows of one parent as one value and its bytes. Above bytesMax only the byte count comes back, so that `parse` refuses it. */
  private valueOf(select: Prisma.Sql): Prisma.Sql {
    return Prisma.sql`SELECT CASE WHEN r."bytes" > ${this.bounds.bytesMax}::int THEN NULL ELSE r."rows" END, r."bytes" FROM (${selectWithinBytes(select, this.bounds.bytesMax)}) r`;
  }

  private parse<T>({ rows, bytes }: RowsText): T[] {
    // An int8, which some drivers return as text.
    if (Number(bytes) > this.bounds.bytesMax) throw tooLarge(this.bounds.bytesMax);
    return JSON.parse(rows) as T[];
  }

  /**
   * Reads one value per parent, in the order of `parentIds`.
   * @param select one row of the value and its bytes; `p."id"` is the id of the parent
   */
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
    const row = await this.readWhenNothingDue<RowsText>(values, scope, plan);
    return row ? this.parse<T>(row) : [];
  }

  /** Reads one row and whether work is due; if so, processes the work and reads again. */
  private async readWhenNothingDue<T>(
    select: Prisma.Sql,
    { tenantId, signal }: Scope,
    plan: ReadOptions,
  ): Promise<T | undefined> {
    for (let rounds = 0; ; rounds++) {
      const [row] = await this.database.read<T & { isDue: boolean }>(
        Prisma.sql`SELECT r.*, ${this.due.condition(tenantId)} AS "isDue" FROM (${select}) r`,
        signal ? { ...plan, signal } : plan,
      );
      if (!row?.isDue || rounds === dueRoundsMax) return row;
      // Due work that cannot be processed now must not block reads.
      if ((await this.due.process(tenantId)) === 0) return row;
    }
  }
}

function planOf({ filter, after }: PageRequest): ReadOptions {
  return filter === undefined && after === undefined ? reusedPlan : freshPlan;
}

/** The signal of a statement: that of its requests when all have the same one; a statement for several clients runs on when one leaves. */
function commonSignalOf(requests: readonly RowRequest[]): AbortSignal | undefined {
  const signal = requests[0]?.signal;
  return requests.every((one) => one.signal === signal) ? signal : undefined;
}

function tooLarge(bytesMax: number): DomainError {
  return new DomainError(
    'ANSWER_TOO_LARGE',
    `the answer would be larger than the limit ANSWER_BYTES_MAX of ${bytesMax} bytes: ask for fewer rows or attributes`,
  );
}

/** A bounded count has a short timeout of its own; an exact count, which clients request explicitly, is a report. */
function countPlanOf(request: PageRequest, exact: boolean): ReadOptions {
  return exact ? { ...freshPlan, workClass: 'report' } : { ...planOf(request), maxMs: countMaxMs };
}

/** @returns null when counting timed out, so that a page is answered without its total */
async function orUnknown<T>(count: () => Promise<T>): Promise<T | null> {
  try {
    return await count();
  } catch (error) {
    if (isStatementTimeout(error)) return null;
    throw error;
  }
}

/** Turns a timeout of the read into UNAVAILABLE, whose message says what the client can change. */
async function withTimeoutRefusal<T>(
  mapping: ResourceMapping,
  { filter, order }: PageRequest,
  read: () => Promise<T>,
): Promise<T> {
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
