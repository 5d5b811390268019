import { AsyncLocalStorage } from 'node:async_hooks';
import { LRUCache } from 'lru-cache';
import type pg from 'pg';
import { currentSpan, failureName, type Span } from '../tracing.js';

/** Texts whose summary is kept. */
const summariesMax = 1_000;
/** Tables that a summary names. */
const tablesMax = 4;

const tableNamed = /\b(INSERT INTO|UPDATE|DELETE FROM|FROM|JOIN)\s+(?:ONLY\s+)?"(\w+)"/gi;

/** What a statement does to which tables, like `INSERT BalanceAction UPDATE Bucket`: no values, no conditions. */
interface Summary {
  readonly text: string;
  readonly operation: string;
  /** Where it is one. */
  readonly table: string | undefined;
}

const summaries = new LRUCache<string, Summary>({ max: summariesMax });

function summaryOf(sql: string): Summary {
  const known = summaries.get(sql);
  if (known) return known;
  const words: string[] = [];
  const tables = new Set<string>();
  let operation = '';
  for (const [, word = '', table = ''] of sql.matchAll(tableNamed)) {
    const its = /^(FROM|JOIN)$/i.test(word) ? 'SELECT' : word.toUpperCase().replace(/ .*/, '');
    if (tables.has(table)) continue;
    tables.add(table);
    words.push(...(its === operation ? [] : [its]), table);
    operation = its;
    if (tables.size >= tablesMax) break;
  }
  const first = words[0] ?? /^[\s(]*([a-z]+)/i.exec(sql)?.[1]?.toUpperCase() ?? 'STATEMENT';
  const table = tables.size === 1 ? words[1] : undefined;
  const summary = { text: words.join(' ') || first, operation: first, table };
  summaries.set(sql, summary);
  return summary;
}

function beginStatement(span: Span, sql: string): Span {
  const { text, operation, table } = summaryOf(sql);
  const attributes = {
    'db.system.name': 'postgresql',
    'db.query.summary': text,
    'db.operation.name': operation,
    'db.collection.name': table,
  };
  return span.begin(text, { kind: 'client', attributes });
}

/** Different statements of one piece of work that are told apart. */
const timedMax = 100;

export interface StatementTime {
  /** What it does, in a few words. */
  readonly statement: string;
  readonly sql: string;
  readonly count: number;
  /** Of all of them together, waiting for a connection included. */
  readonly ms: number;
}

/** How long the statements of a piece of work took: their texts, never their values. */
export class StatementTimes {
  private readonly byText = new Map<string, { count: number; ms: number }>();

  add(sql: string, ms: number): void {
    const known = this.byText.get(sql);
    if (known) {
      known.count++;
      known.ms += ms;
    } else if (this.byText.size < timedMax) this.byText.set(sql, { count: 1, ms });
  }

  /** The slowest first. */
  slowest(): StatementTime[] {
    return [...this.byText]
      .map(([sql, time]) => ({ statement: summaryOf(sql).text, sql, ...time }))
      .sort((one, other) => other.ms - one.ms);
  }
}

/** Whether a statement only reads. */
export function isReading(sql: string): boolean {
  return /^[\s(]*(SELECT|WITH)\b/i.test(sql) && !/\b(INSERT INTO|UPDATE|DELETE FROM)\b/i.test(sql);
}

const timings = new AsyncLocalStorage<StatementTimes | undefined>();

/** Runs work whose statements are timed; none: they are not, even where the surrounding ones are. */
export function timed<T>(times: StatementTimes | undefined, work: () => T): T {
  return timings.run(times, work);
}

/** Runs a statement; where the work is traced, within a span of its own. */
export function watched<T>(sql: string, run: () => Promise<T>): Promise<T> {
  const span = currentSpan();
  const times = timings.getStore();
  if (span === undefined && times === undefined) return run();
  const own = span && beginStatement(span, sql);
  const begunAt = performance.now();
  const end = (failure?: string): void => {
    times?.add(sql, performance.now() - begunAt);
    own?.end(failure);
  };
  const result = run();
  result.then(
    () => end(),
    (error: unknown) => end(failureName(error)),
  );
  return result;
}

type Query = (...given: unknown[]) => Promise<unknown>;

/** Watches the statements of a connection, or of a pool, that are waited for by a promise: with callbacks a pool asks its connections. */
export function watchQueries(queried: Pick<pg.ClientBase, 'query'>): void {
  const query = queried.query.bind(queried) as unknown as Query;
  const watching: Query = (...given) => {
    const [asked] = given;
    if (typeof given.at(-1) === 'function') return query(...given);
    const text = typeof asked === 'string' ? asked : (asked as pg.QueryConfig).text;
    return watched(text ?? '', () => query(...given));
  };
  queried.query = watching as unknown as typeof queried.query;
}
