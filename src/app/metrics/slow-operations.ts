import { Kind, print, visit, type DocumentNode } from 'graphql';
import type { Logger } from 'pino';
import { isReading, timed, type StatementTimes } from '../../platform/database/watched-statements.js';
import { runForAllTenants } from '../../platform/database/tenant-scope.js';
import { apartFromSpans } from '../../platform/tracing.js';
import { afterAnswer, currentRequestInFull } from '../http/request-trace.js';
import type { EndedOperation } from './metrics.js';

/** Characters of a document in the log. */
const documentLengthMax = 2_000;
/** Statements that a line tells of. */
const statementsMax = 10;
/** Plans that are asked for within a minute: a bad night is not to be made worse. */
const plansPerMinuteMax = 10;
const minuteMs = 60_000;

/** Logs operations that took long: what of it each statement took, and how the database plans the slowest one. */
export class SlowOperations {
  private plansAt: number[] = [];
  private taking: Promise<void> | undefined;

  constructor(
    private readonly logger: Logger,
    /** What takes longer is logged; 0: nothing is. */
    private readonly slowMs: number,
    private readonly planOf: (sql: string) => Promise<string>,
  ) {}

  /** Whether statements are to be timed. */
  get areWatched(): boolean {
    return this.slowMs > 0;
  }

  ended({ operation, type, outcome, seconds, cost, document, statements }: EndedOperation): void {
    const ms = Math.round(seconds * 1_000);
    if (!this.areWatched || ms < this.slowMs) return;
    const text = print(withoutValues(document)).slice(0, documentLengthMax);
    const facts = { operation, type, outcome, ms, cost, document: text, statements: told(statements) };
    const slowest = statements?.slowest().find(({ sql }) => isReading(sql));
    if (slowest === undefined) this.log(facts);
    else if (!this.mayAsk()) this.log({ ...facts, slowest: { statement: slowest.statement, planMissing: 'too many' } });
    else this.taking = this.logWithPlan(facts, slowest);
  }

  /** Waits for what is still to be logged. */
  async close(): Promise<void> {
    await this.taking;
  }

  private log(facts: object): void {
    const request = currentRequestInFull();
    // What a query of TMF REST has is in the document.
    const named = request && { request: { ...request, url: request.url.split('?', 1)[0] } };
    this.logger.warn({ ...named, ...facts }, 'an operation was slow');
  }

  /** One at a time, and some in a minute. */
  private mayAsk(): boolean {
    const now = performance.now();
    this.plansAt = this.plansAt.filter((at) => now - at < minuteMs);
    if (this.taking !== undefined || this.plansAt.length >= plansPerMinuteMax) return false;
    this.plansAt.push(now);
    return true;
  }

  private async logWithPlan(facts: object, { statement, sql }: { statement: string; sql: string }): Promise<void> {
    await afterAnswer();
    const asked = await apartFromSpans(undefined, () =>
      timed(undefined, () => runForAllTenants(() => this.planOf(sql))),
    ).then(
      (plan) => ({ plan }),
      // The message may say more than is to be in a log.
      (error: unknown) => ({ planMissing: (error as { code?: string }).code ?? 'failed' }),
    );
    this.taking = undefined;
    this.log({ ...facts, slowest: { statement, ...asked } });
  }
}

function told(statements: StatementTimes | undefined): object[] {
  const all = statements?.slowest() ?? [];
  return all.slice(0, statementsMax).map(({ statement, count, ms }) => ({ statement, count, ms: Math.round(ms) }));
}

/** What people wrote does not belong into a log. */
function withoutValues(document: DocumentNode): DocumentNode {
  const text = { kind: Kind.STRING, value: '…', block: false } as const;
  // A number may be an id: that of a telephone.
  return visit(document, { StringValue: () => text, IntValue: () => text, FloatValue: () => text });
}
