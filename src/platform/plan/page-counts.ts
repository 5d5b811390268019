import type { Database, ReadOptions } from '../database/database.js';
import { isStatementTimeout } from '../database/failures.js';
import { sourceOf } from '../read/source.js';
import { Counts, type Counting } from './counts.js';
import type { PageRequest } from './page-request.js';
import type { PagePlan } from './plan.js';
import type { PageTexts, Read, ReadBounds } from './reads.js';
import { countStatement } from './statement.js';

/** How long an answer waits for a count that waits for its turn. */
const countTurnMs = 300;
/** How long it waits where only the count is asked for. */
const countOnlyMs = 1_000;

/** The counts of a page, which have begun. */
export interface Totals {
  /**
   * The counts, as far as they are asked for.
   * @param known the number of rows, when the page tells it
   * @param isAll nothing but the count is asked for
   */
  of(known: number | undefined, isAll: boolean): Promise<Pick<PageTexts, 'totalCount' | 'exactCount'>>;
  /** Nobody waits for them any more. */
  leave(): void;
}

/** Counts the rows of pages, by statements of their own that run beside those of the pages. */
export class PageCounts {
  private readonly counts = new Counts();

  constructor(
    private readonly database: Pick<Database, 'read'>,
    private readonly bounds: ReadBounds,
  ) {}

  begin({ plan, scope }: Read<PagePlan>, { filter }: PageRequest, options: ReadOptions): Totals {
    const asked = plan.fields.flatMap(({ value }) => (value.kind === 'totalCount' ? [value.isExact] : []));
    const source = asked.length === 0 ? undefined : sourceOf(plan.mapping, scope, filter);
    const begin = (isExact: boolean): Counting | undefined => {
      if (!source || !asked.includes(isExact)) return undefined;
      const statement = countStatement(source, isExact ? undefined : this.bounds.countMax);
      return this.counts.begin(statement, async (sql, signal, onBegin) => {
        const workClass = isExact ? 'report' : options.workClass;
        const [row] = await this.database.read<{ count: number }>(sql, { ...options, workClass, signal, onBegin });
        return row?.count ?? 0;
      });
    };
    const bounded = begin(false);
    const exact = begin(true);
    const leave = (reason?: unknown): void => {
      bounded?.leave(reason);
      exact?.leave(reason);
    };
    const { signal } = scope;
    const onAbort = (): void => leave(signal?.reason);
    signal?.addEventListener('abort', onAbort);
    return {
      leave: () => {
        signal?.removeEventListener('abort', onAbort);
        leave();
      },
      of: async (known, isAll) => ({
        ...(bounded && {
          totalCount: known ?? (await this.soon(bounded, isAll ? countOnlyMs : this.bounds.countWaitMs)),
        }),
        ...(exact && { exactCount: known ?? (await exact.count) }),
      }),
    };
  }

  /** The bounded count, unless it takes too long; then the page is answered without it. */
  private async soon({ begun, count }: Counting, waitMs: number): Promise<number | null> {
    const timers: NodeJS.Timeout[] = [];
    const after = (milliseconds: number): Promise<null> =>
      new Promise((resolve) => {
        // What has arrived while the process was busy is looked at before the time is up.
        timers.push(setTimeout(() => setImmediate(resolve, null), milliseconds));
      });
    try {
      const late = [begun.then(() => after(waitMs)), after(Math.max(waitMs, countTurnMs))];
      const counted = await Promise.race([count, ...late]);
      return counted === null || counted > this.bounds.countMax ? null : counted;
    } catch (error) {
      if (isStatementTimeout(error)) return null;
      throw error;
    } finally {
      timers.forEach(clearTimeout);
    }
  }
}
