import type { Prisma } from '../../../prisma/generated/client.js';
import type { Database, ReadOptions } from '../database/database.js';
import { isStatementTimeout } from '../database/failures.js';
import { forAll } from '../database/positions.js';
import type { PageRequest } from './page-request.js';
import { countStatement, pageSource } from './page-sql.js';
import type { PagePlan } from './plan.js';
import type { PageTexts, Read, ReadBounds } from './reads.js';
import { Sharing, type Share } from './sharing.js';

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

interface CountAsked {
  readonly statement: Prisma.Sql;
  readonly options: ReadOptions;
}

/** Counts the rows of pages, by statements of their own that run beside those of the pages. */
export class PageCounts {
  private readonly counts: Sharing<CountAsked, number>;

  constructor(
    database: Pick<Database, 'read'>,
    private readonly bounds: ReadBounds,
  ) {
    this.counts = new Sharing(async (asked, signal, onBegin) => {
      const [{ statement, options }] = asked;
      const replicaAt = forAll(asked.map((one) => one.options.replicaAt));
      const [row] = await database.read<{ count: number }>(statement, { ...options, replicaAt, signal, onBegin });
      return row?.count ?? 0;
    });
  }

  begin({ plan, scope }: Read<PagePlan>, request: PageRequest, options: ReadOptions): Totals {
    const asked = plan.fields.flatMap(({ value }) => (value.kind === 'totalCount' ? [value.isExact] : []));
    const source = asked.length === 0 ? undefined : pageSource(plan, scope, request);
    const begin = (isExact: boolean): Share<number> | undefined => {
      if (!source || !asked.includes(isExact)) return undefined;
      const statement = countStatement(source, isExact ? undefined : this.bounds.countMax);
      const key = JSON.stringify([statement.text, statement.values]);
      return this.counts.join(key, { statement, options: isExact ? { ...options, workClass: 'report' } : options });
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
        ...(exact && { exactCount: known ?? (await exact.result) }),
      }),
    };
  }

  /** The bounded count, unless it takes too long; then the page is answered without it. */
  private async soon({ begun, result }: Share<number>, waitMs: number): Promise<number | null> {
    const timers: NodeJS.Timeout[] = [];
    const after = (milliseconds: number): Promise<null> =>
      new Promise((resolve) => {
        // What has arrived while the process was busy is looked at before the time is up.
        timers.push(setTimeout(() => setImmediate(resolve, null), milliseconds));
      });
    try {
      const late = [begun.then(() => after(waitMs)), after(Math.max(waitMs, countTurnMs))];
      const counted = await Promise.race([result, ...late]);
      return counted === null || counted > this.bounds.countMax ? null : counted;
    } catch (error) {
      if (isStatementTimeout(error)) return null;
      throw error;
    } finally {
      timers.forEach(clearTimeout);
    }
  }
}
