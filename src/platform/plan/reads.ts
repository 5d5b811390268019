import { LRUCache } from 'lru-cache';
import { Prisma } from '../../../prisma/generated/client.js';
import type { Database, ReadOptions } from '../database/database.js';
import { forAll, later, type Position } from '../database/positions.js';
import { DomainError } from '../errors.js';
import type { Filter } from '../filter/tree/filter.js';
import { encodeCursor } from '../read/cursor.js';
import { isReport } from '../read/reports.js';
import { boundRegexWork } from '../read/regex-work.js';
import type { ResourceMapping } from '../read/resource-mapping.js';
import { sourceOf } from '../read/source.js';
import { PageCounts } from './page-counts.js';
import { neighbours, type PageRequest } from './page-request.js';
import { countStatement, type StatementBounds } from './page-sql.js';
import { needsCare, pagesOf, type PagePlan, type ObjectsPlan, type Plan, type RowPlan, type Style } from './plan.js';
import { isPlanKept, keyOf } from './read-key.js';
import { Sharing } from './sharing.js';
import { refusalOfTimeout } from './slow-reads.js';
import {
  objectsStatement,
  pageStatement,
  rowStatement,
  withParameters,
  type PageRequests,
  type StatementScope,
  type Statements,
} from './statement.js';

/** Ids of one statement; more become several. */
const idsPerStatementMax = 1_000;
/** A read that takes longer keeps nobody waiting who asks for the same. */
const besideMs = 20;
/** Plans of which it is known that their rows need care. */
const carefulMax = 500;
/** How long a plan that has met a row with an extension expects more of them. */
const carefulMs = 10_000;
/** Rounds of due work that one read waits for, so that a long backlog does not block it. */
const dueRoundsMax = 3;

/** Due work that is processed before every read, such as a reservation that lapses. */
export interface Due {
  /** SQL that is true when something of the tenant is due. */
  condition(tenantId: string): Prisma.Sql;
  /** Processes it; returns how many items were done. */
  process(tenantId: string): Promise<number>;
}

/** For reads of data that does not change with time. */
export const nothingDue: Due = { condition: () => Prisma.sql`false`, process: () => Promise.resolve(0) };

/** Bounds of what a read may take. */
export interface ReadBounds extends StatementBounds {
  /** How long an answer waits for its count, once its page is there and the count has begun. */
  readonly countWaitMs: number;
}

/** A plan, and what one request adds to it. */
export interface Read<P extends Plan = Plan> {
  readonly plan: P;
  readonly style: Style;
  readonly requests: PageRequests;
  readonly scope: StatementScope;
}

/** Texts of a row. */
export interface RowTexts {
  readonly item: string;
  /** Of what the plan tells beside it. */
  readonly head: string | null;
}

/** Texts of a page. */
export interface PageTexts {
  /** Of its rows, joined by `betweenItems`, for each of the plan's items. */
  readonly items: readonly string[];
  /** How many they are. */
  readonly rows: number;
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null;
  readonly endCursor: string | null;
  /** The number of all matching rows; null when there are more than COUNT_MAX, or counting them took too long. Undefined: not asked for. */
  readonly totalCount?: number | null;
  /** The same, counted to the end. */
  readonly exactCount?: number;
}

interface StatementRow {
  readonly isDue: boolean;
  readonly isTooLarge?: boolean;
  readonly rows?: number;
  readonly first?: string | null;
  readonly last?: string | null;
  readonly head: string | null;
  readonly id: string;
  readonly [item: `item${number}`]: string | null;
}

interface RowAsked {
  readonly read: Read<RowPlan>;
  readonly id: string;
}

interface PageAsked {
  readonly read: Read<PagePlan>;
  readonly request: PageRequest;
}

/**
 * Runs read plans: one statement each, whose rows are the finished JSON texts. Every read first processes the due work of
 * its tenant. What is asked for in the same form while one such read runs shares the next statement, and its texts; rows whatever their ids.
 */
export class Reads {
  private readonly rows = new Sharing<RowAsked, ReadonlyMap<string, RowTexts>>(
    (asked, signal) =>
      this.rowsById(
        shared(asked, signal),
        asked.map(({ id }) => id),
      ),
    besideMs,
  );
  private readonly pages = new Sharing<PageAsked, PageTexts>(
    (asked, signal) => this.readPage(shared(asked, signal), asked[0].request),
    besideMs,
  );
  private readonly counts: PageCounts;
  /** Plans that have lately met rows whose stored values could not be shown as they are. */
  private readonly careful = new LRUCache<Plan, true>({ max: carefulMax, ttl: carefulMs });

  constructor(
    private readonly database: Pick<Database, 'read' | 'kind' | 'replica'>,
    private readonly bounds: ReadBounds,
    private readonly due: Due,
  ) {
    this.counts = new PageCounts(database, bounds);
  }

  /**
   * Reads one resource by id.
   * @param where must hold for it, too
   * @returns its texts, or null when there is none
   * @throws DomainError ANSWER_TOO_LARGE
   */
  async row(read: Read<RowPlan>, id: string, where?: Filter): Promise<RowTexts | null> {
    if (this.database.kind === 'pglite') await this.boundRegexWork(read);
    const rows = where
      ? await this.rowsById(read, [id], where)
      : await this.rows.of(keyOf(read), { read, id }, read.scope.signal);
    return rows.get(id) ?? null;
  }

  /** Reads resources by their ids. Returns the texts of those that there are. */
  async rowsNamed(read: Read<RowPlan>, ids: readonly string[]): Promise<ReadonlyMap<string, RowTexts>> {
    if (this.database.kind === 'pglite') await this.boundRegexWork(read);
    return this.rowsById(read, ids);
  }

  private async rowsById(
    read: Read<RowPlan>,
    asked: readonly string[],
    where?: Filter,
  ): Promise<ReadonlyMap<string, RowTexts>> {
    const options: ReadOptions = {
      isPlanKept: read.plan.mapping.asOfArgument === undefined && where === undefined && isPlanKept(read),
    };
    const ids = [...new Set(asked)];
    const found = new Map<string, RowTexts>();
    for (let from = 0; from < ids.length; from += idsPerStatementMax) {
      const some = ids.slice(from, from + idsPerStatementMax);
      const { rows } = await this.run(read, (statements) => rowStatement(read.plan, some, statements, where), options);
      for (const { id, item0: item, head } of rows) {
        // What is too much together is read one by one.
        if (typeof item === 'string') found.set(id, { item, head });
        else if (ids.length === 1) throw this.tooLarge();
        else for (const [, row] of await this.rowsById(read, [id])) found.set(id, row);
      }
    }
    return found;
  }

  /**
   * Reads a page, ordered as requested and then by the key attribute.
   * @throws DomainError INVALID_QUERY, ANSWER_TOO_LARGE, or UNAVAILABLE when the read takes too long
   */
  async page(read: Read<PagePlan>, request: PageRequest): Promise<PageTexts> {
    if (this.database.kind === 'pglite') await this.boundRegexWork(read);
    return this.pages.of(keyOf(read, request), { read, request }, read.scope.signal);
  }

  private async readPage(read: Read<PagePlan>, request: PageRequest): Promise<PageTexts> {
    const { plan } = read;
    const workClass = isReport(plan.groups?.mapping ?? plan.mapping, request) ? 'report' : undefined;
    const { replicaAt, due } = await this.settled(read, workClass);
    const options: ReadOptions = { isPlanKept: isPlanKept(read), replicaAt, ...(workClass && { workClass }) };
    // What is a report already has few connections: its count does not take another one meanwhile.
    let counting = options.workClass === 'report' ? undefined : this.counts.begin(read, request, options);
    try {
      const { limit, offset, cursor } = request;
      const { rows: found, rounds } =
        limit === 0
          ? { rows: [], rounds: 0 }
          : await this.run(read, (statements) => pageStatement(plan, request, statements), options, due);
      if (rounds > 0) counting?.leave();
      // What was due was processed on the primary meanwhile.
      if (rounds > 0) counting = this.counts.begin(read, request, { ...options, replicaAt: undefined });
      else counting ??= this.counts.begin(read, request, options);
      const [sums] = found;
      if (sums?.isTooLarge) throw this.tooLarge();
      const rows = Math.min(sums?.rows ?? 0, limit);
      const isMore = (sums?.rows ?? 0) > limit;
      const { precede, follow } = neighbours(request, isMore);
      const known = !isMore && cursor === undefined && rows > 0 ? offset + rows : undefined;
      return {
        items: plan.items.map((_, index) => sums?.[`item${index}`] ?? ''),
        rows,
        hasNextPage: follow,
        hasPreviousPage: precede,
        startCursor: sums?.first ? encodeCursor(sums.first) : null,
        endCursor: sums?.last ? encodeCursor(sums.last) : null,
        ...(await counting.of(known, limit === 0)),
      };
    } catch (error) {
      throw refusalOfTimeout(plan.mapping, request, error);
    } finally {
      counting?.leave();
    }
  }

  /** Reads what lies beside objects, such as what a mutation has made. Returns their texts, in their order. */
  async objects(read: Read<ObjectsPlan>, objects: readonly object[]): Promise<string[]> {
    if (this.database.kind === 'pglite') await this.boundRegexWork(read);
    const { rows } = await this.run(read, (statements) => objectsStatement(read.plan, objects, statements), {
      isPlanKept: isPlanKept(read),
    });
    return this.within(rows.map(({ item0 }) => item0 ?? null));
  }

  /** How many rows a page has, at most as many as it asks for. */
  async rowsOf(mapping: ResourceMapping, scope: StatementScope, { filter, limit }: PageRequest): Promise<number> {
    const [row] = await this.database.read<{ count: number }>(
      countStatement(sourceOf(mapping, scope, filter), limit - 1),
      {
        isPlanKept: false,
        signal: scope.signal,
      },
    );
    return Math.min(row?.count ?? 0, limit);
  }

  /** Texts that are there, and not longer than an answer may be; the statement leaves out those that would be. */
  private within(texts: readonly (string | null)[]): string[] {
    const { bytesMax } = this.bounds;
    let length = 0;
    for (const text of texts) length += text?.length ?? Infinity;
    if (length <= bytesMax) return texts as string[];
    throw this.tooLarge();
  }

  tooLarge(): DomainError {
    return new DomainError(
      'ANSWER_TOO_LARGE',
      `the answer would be larger than the limit ANSWER_BYTES_MAX of ${this.bounds.bytesMax} bytes: ask for fewer rows or attributes`,
    );
  }

  /** Runs a statement until nothing is due; `rounds`: how often something was. */
  private async run(
    read: Read,
    statementOf: (statements: Statements) => Prisma.Sql,
    options: ReadOptions,
    due = this.due,
  ): Promise<{ rows: StatementRow[]; rounds: number }> {
    const { scope, requests, plan } = read;
    const { tenantId, signal } = scope;
    const { bounds } = this;
    const style = read.style === 'wireWhole' && this.careful.has(plan) ? 'wire' : read.style;
    const sql = withParameters(statementOf({ scope, requests, style, bounds }), scope, due.condition(tenantId));
    for (let rounds = 0; ; rounds++) {
      const found = await this.database.read<StatementRow & { isRow: boolean | null }>(
        sql,
        signal ? { ...options, signal } : options,
      );
      // Without any row there is one, which only says whether something is due.
      const rows = found.filter(({ isRow }) => isRow);
      // What came due on the way to a replica.
      if (found[0]?.isDue && options.replicaAt !== undefined) {
        const again = await this.run(read, statementOf, { ...options, replicaAt: undefined });
        return { ...again, rounds: again.rounds + 1 };
      }
      // Due work that cannot be processed now must not block reads.
      if (found[0]?.isDue && rounds < dueRoundsMax && (await due.process(tenantId)) > 0) continue;
      if (style !== 'wireWhole' || !rows.some(({ item0 }) => item0 === needsCare)) return { rows, rounds };
      this.careful.set(plan, true);
      return this.run(read, statementOf, options, due);
    }
  }

  /**
   * From which position on a replica may answer a page; undefined: none may. What is due is processed before, on the primary, and
   * when the replica shows something as due that is settled, it has to come to where that was written.
   */
  private async settled(
    { scope: { tenantId, replicaAt, signal } }: Read,
    workClass: ReadOptions['workClass'],
  ): Promise<{ replicaAt: Position | undefined; due: Due }> {
    const { replica } = this.database;
    if (replicaAt === undefined || !replica?.isNear(workClass ?? 'read'))
      return { replicaAt: undefined, due: this.due };
    const isDue = async (options: Omit<ReadOptions, 'isPlanKept'>): Promise<boolean> => {
      const condition = Prisma.sql`SELECT ${this.due.condition(tenantId)} AS "isDue"`;
      const [row] = await this.database.read<{ isDue: boolean }>(condition, { isPlanKept: true, ...options });
      return row?.isDue ?? false;
    };
    const bounds = signal ? { signal } : {};
    for (let rounds = 0; rounds < dueRoundsMax && (await isDue(bounds)); rounds++)
      if ((await this.due.process(tenantId)) === 0) break;
    if (!(await isDue({ ...bounds, replicaAt, workClass }))) return { replicaAt, due: this.due };
    return { replicaAt: later(replicaAt, await replica.writtenTo()), due: nothingDue };
  }

  /** Regular expressions block the embedded database. */
  private async boundRegexWork({ plan, requests, scope }: Read): Promise<void> {
    for (const { mapping, groups, number } of pagesOf(plan)) {
      const request = requests[number];
      if (request && !(request instanceof DomainError))
        await boundRegexWork(this.database, groups?.mapping ?? mapping, scope, request.filter);
    }
  }
}

/** What is read for all who have asked: as of when the last of them did. */
function shared<P extends Plan>(asked: readonly { read: Read<P> }[], signal: AbortSignal): Read<P> {
  const { read } = asked[asked.length - 1] as { read: Read<P> };
  const replicaAt = forAll(asked.map((one) => one.read.scope.replicaAt));
  return { ...read, scope: { ...read.scope, signal, replicaAt } };
}
