import type { Database, Transaction } from '../../../platform/database/database.js';
import { DomainError, abbreviated } from '../../../platform/errors.js';
import type { Job } from '../../../platform/jobs/jobs.js';
import { runInSteps } from '../../../platform/jobs/steps.js';
import { withoutNulls, type JsonObject } from '../../../platform/json-object.js';
import type { Answer } from '../../../platform/write/command.js';
import { withRetry } from '../../../platform/write/retry.js';
import { lockRow, readRows } from '../../../platform/write/rows.js';
import type { RowChanges, WriteContext } from '../../changes.js';
import { toGiven, type ReferenceInput } from '../../input.js';
import { ResourceChanges } from '../../resource-changes.js';
import { ResourceWriter } from '../../resource-writer.js';
import { assertTransition } from '../../transitions.js';
import type { CustomerBillDependencies, CycleRow, RunRow } from '../model.js';
import { findUnbilledAccounts, type UnbilledAccount } from '../rates.store.js';
import { firstRunState, runTransitions } from '../transitions.js';
import { billAccounts, billingMaxMs, type BillingResult, type BillPlan } from './billing.js';
import { deletePreviews, insertPreviews, readPreviews } from './runs.store.js';

/** Which run a background job continues. */
export interface RunOrder extends JsonObject {
  tenantId: string;
  runId: string;
}

/** The attributes that the rules read; all others are stored as they arrive. */
export interface RunInput {
  billCycle: ReferenceInput;
  /** Whether it is only tried; default: it is not. */
  dryRun?: boolean | null;
}

/** Accounts of one transaction at most. */
const accountsMax = 100;
/** Rates of one transaction at most, unless one account alone has more. */
const ratesMax = 5_000;
/** Accounts that could not be billed of which a run says why. */
const failuresMax = 20;

/** Carries what a step of a dry run came to out of its transaction, which is rolled back. */
class DryStep extends Error {
  constructor(
    readonly step: Step,
    readonly previews: readonly string[],
  ) {
    super('a dry run writes nothing');
  }
}

/** What one transaction did. */
interface Step {
  result: BillingResult;
  accounts: number;
  /** Behind which account it began, and the last one it took. */
  from: string;
  lastAccount: string;
}

/** Runs of bill cycles: every account with something unbilled gets its bills, in batches, in the background. */
export class BillRuns extends ResourceWriter<'billRun', RunRow, RunInput, ReturnType<typeof fromRunInput>> {
  constructor(
    database: Database,
    private readonly billDependencies: CustomerBillDependencies,
    private readonly job: Job<RunOrder>,
  ) {
    super(database, billDependencies, {
      resource: 'billRun',
      mapping: billDependencies.mappings.billRun,
      begins: { attribute: 'state', allowed: [firstRunState] },
      fromInput: fromRunInput,
      complete: async (given, { tx, tenantId, now }) => {
        const { billCycle } = given;
        const { name } = await requireCycle(tx, billDependencies, tenantId, billCycle.id);
        await job.send({ tenantId, runId: given.id }, { tx });
        const reference = { ...billCycle, ...(typeof name === 'string' && { name }) };
        return {
          ...given,
          startedAt: now.toISOString(),
          state: firstRunState,
          billCycle: reference,
          accounts: 0,
          bills: 0,
          held: 0,
          failed: 0,
        };
      },
    });
  }

  /** Begins a run, which says itself how far it has come. Throws NOT_FOUND, and CONFLICT for a cycle without a period. */
  override async create(context: WriteContext, input: RunInput): Promise<Answer<RunRow>> {
    // The mutation always says whether the run is dry; a POST that does not means the same command.
    const answer = await super.create(context, { ...input, dryRun: input.dryRun ?? false });
    this.job.wake();
    return answer;
  }

  /** Drops the previews of dry runs that began before that. */
  forgetPreviews(before: Date, signal: AbortSignal): Promise<number> {
    return deletePreviews(this.database, before, signal);
  }

  /** A piece of background work; what is left goes to the next one. */
  work(order: RunOrder, signal: AbortSignal): Promise<void> {
    return runInSteps(
      () => this.step(order),
      signal,
      this.billDependencies.clock,
      () => this.job.send(order),
    );
  }

  /** Bills the next accounts and counts them, in one transaction; answers whether there were none left. */
  private async step(order: RunOrder): Promise<boolean> {
    try {
      return await withRetry(() =>
        this.database.transaction((tx) => this.stepIn(tx, order), { timeoutMs: billingMaxMs }),
      );
    } catch (error) {
      if (!(error instanceof DryStep)) throw error;
      return withRetry(() => this.database.transaction((tx) => this.keepDry(tx, order, error)));
    }
  }

  private async stepIn(tx: Transaction, order: RunOrder): Promise<boolean> {
    const { tenantId, runId } = order;
    const { mappings, clock } = this.billDependencies;
    const run = await lockRow(tx, mappings.billRun, tenantId, runId);
    if (run?.state !== firstRunState) return true;
    const cycleId = run.billCycle.id;
    const cycle = (await readRows(tx, mappings.billCycle, tenantId, [cycleId])).get(cycleId);
    const now = clock.now();
    if (cycle === undefined)
      return this.end(tx, order, run, { state: 'failed', message: 'the bill cycle was deleted' });
    const end = endOf(cycle);
    if (end === undefined)
      return this.end(tx, order, run, { state: 'failed', message: 'the bill cycle has no end any more' });
    const plan = planOf(withoutNulls(cycle), new Date(end), run);
    const from = reachedBy(run);
    const next = await findUnbilledAccounts(tx, tenantId, {
      after: from,
      before: plan.before,
      limit: accountsMax,
    });
    const batch = fitting(next);
    if (batch.length === 0) return this.end(tx, order, run, doneWith(run.failed));
    const result = await billAccounts({ tx, tenantId, now }, this.billDependencies, batch, plan);
    const step = { result, accounts: batch.length, from, lastAccount: batch.at(-1)?.account ?? '' };
    if (run.dryRun) {
      const billIds = result.bills.map(({ id }) => id);
      throw new DryStep(step, await readPreviews(tx, tenantId, billIds));
    }
    await this.count(tx, tenantId, run, step);
    return false;
  }

  /** The bills that a dry run would have made are kept with the run, and nowhere else. */
  private async keepDry(tx: Transaction, { tenantId, runId }: RunOrder, { step, previews }: DryStep): Promise<boolean> {
    const run = await lockRow(tx, this.billDependencies.mappings.billRun, tenantId, runId);
    // Another process may have done the same step meanwhile.
    if (run?.state !== firstRunState || reachedBy(run) !== step.from) return false;
    await this.count(tx, tenantId, run, step, previews);
    return false;
  }

  private count(
    tx: Transaction,
    tenantId: string,
    run: RunRow,
    { result: { bills, held, failed }, accounts, lastAccount }: Step,
    previews: readonly string[] = [],
  ): Promise<void> {
    const failure = [...(run.failure ?? []), ...failed].slice(0, failuresMax);
    const counts = {
      accounts: run.accounts + accounts,
      bills: run.bills + bills.length,
      held: run.held + held,
      failed: run.failed + failed.length,
    };
    const set = { ...counts, lastAccount, failure: failure.length > 0 ? failure : null };
    return this.advance(tx, tenantId, run, set, previews);
  }

  private async end(
    tx: Transaction,
    { tenantId }: RunOrder,
    run: RunRow,
    end: { state: string; message?: string },
  ): Promise<boolean> {
    assertTransition(runTransitions, 'a bill run', run.state, end.state);
    await this.advance(tx, tenantId, run, { ...end, endedAt: this.billDependencies.clock.now().toISOString() });
    return true;
  }

  private async advance(
    tx: Transaction,
    tenantId: string,
    run: RunRow,
    set: RowChanges<RunRow>,
    previews: readonly string[] = [],
  ): Promise<void> {
    const { mappings, clock, nextId } = this.billDependencies;
    const changes = new ResourceChanges({ tx, tenantId, now: clock.now() }, nextId);
    changes.update(mappings.billRun, run, set, { state: 'state', followsState: ['endedAt'] });
    changes.also(insertPreviews(tenantId, run.id, previews));
    await changes.flush();
  }
}

function fromRunInput(input: RunInput): Partial<RunRow> & Pick<RunRow, 'billCycle' | 'dryRun'> {
  return { ...toGiven<RunRow, 'billCycle'>(input), dryRun: input.dryRun ?? false };
}

async function requireCycle(
  tx: Transaction,
  { mappings }: CustomerBillDependencies,
  tenantId: string,
  id: string,
): Promise<CycleRow> {
  const cycle = (await readRows(tx, mappings.billCycle, tenantId, [id])).get(id);
  if (cycle === undefined)
    throw new DomainError('NOT_FOUND', `billCycle '${abbreviated(id)}' does not exist`, { path: 'billCycle.id' });
  if (endOf(cycle) === undefined)
    throw new DomainError('CONFLICT', `billCycle '${id}' has no period: its validFor has no end`, {
      path: 'billCycle',
    });
  return cycle;
}

/** Accounts up to this one are done. */
function reachedBy({ lastAccount }: RunRow): string {
  return lastAccount ?? '';
}

function doneWith(failed: number): { state: string; message?: string } {
  return { state: 'done', ...(failed > 0 && { message: `${failed} account(s) could not be billed: see failure` }) };
}

function endOf({ validFor }: CycleRow): string | undefined {
  return validFor?.endDateTime ?? undefined;
}

/** What is dated before the end of the period is billed, what earlier periods left over included. */
function planOf(cycle: CycleRow, before: Date, run: RunRow): BillPlan {
  const { validFor, billingDate, paymentDueDate } = cycle;
  const common = withoutNulls({
    runType: 'onCycle',
    billRunId: run.id,
    billCycle: run.billCycle,
    billingPeriod: validFor ?? null,
    billDate: billingDate ?? null,
    paymentDueDate: paymentDueDate ?? null,
  });
  return { before, common, parties: [] };
}

/** As many of the accounts, in their order, as one transaction takes; one at least. */
function fitting(accounts: readonly UnbilledAccount[]): UnbilledAccount[] {
  let rates = 0;
  const end = accounts.findIndex(({ count }, index) => (rates += count) > ratesMax && index > 0);
  return end < 0 ? [...accounts] : accounts.slice(0, end);
}
