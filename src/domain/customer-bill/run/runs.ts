import { Prisma } from '../../../../prisma/generated/client.js';
import type { Database, Transaction } from '../../../platform/database/database.js';
import { DomainError, abbreviated } from '../../../platform/errors.js';
import type { Job } from '../../../platform/jobs/jobs.js';
import { runInSteps } from '../../../platform/jobs/steps.js';
import { toJsonObject, withoutNulls, type JsonObject } from '../../../platform/json-object.js';
import type { Answer } from '../../../platform/write/command.js';
import { insertEvents } from '../../../platform/write/outbox.js';
import { withRetry } from '../../../platform/write/retry.js';
import { lockRow, readRows, updateRows } from '../../../platform/write/rows.js';
import { writeAll, type Write } from '../../../platform/write/write-all.js';
import { changed, type WriteContext } from '../../changes.js';
import { changeEvent, kindsOfChange } from '../../events.js';
import { ResourceWriter } from '../../resource-writer.js';
import type { Reference } from '../bill-input.js';
import type { CustomerBillDependencies } from '../dependencies.js';
import { billAccounts, billingMaxMs, type BillingResult, type BillPlan } from './billing.js';
import { nextAccounts, type UnbilledAccount } from './unbilled.js';

/** Which run a background job goes on with. */
export interface RunOrder extends JsonObject {
  tenantId: string;
  runId: string;
}

/** What the domain looks at; everything else is kept as it comes. */
export interface RunInput {
  billCycle: Reference;
  /** Whether it is only tried; default: it is not. */
  dryRun?: boolean | null;
}

/** Accounts of one transaction ... */
const accountsMax = 100;
/** ... which take no more rates together than this, unless one account alone does. */
const ratesMax = 5_000;
/** Accounts that could not be billed of which a run says why. */
const failuresToldMax = 20;
/** For so long the bills of a dry run can be looked at. */
const previewsKeptMs = 24 * 3_600_000;

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
export class BillRuns extends ResourceWriter<RunInput> {
  constructor(
    database: Database,
    private readonly billTools: CustomerBillDependencies,
    private readonly job: Job<RunOrder>,
  ) {
    super(database, billTools, {
      resource: 'billRun',
      mapping: billTools.mappings.billRun,
      begins: { attribute: 'state', allowed: ['inProgress'] },
      fromInput: (input) => withoutNulls(toJsonObject(input)),
      complete: async (given, { tx, tenantId, now }) => {
        const billCycle = given['billCycle'] as JsonObject;
        const { name } = await requireCycle(tx, billTools, tenantId, String(billCycle['id']));
        await tx.execute(deletePreviews(tenantId, new Date(now.getTime() - previewsKeptMs)));
        await job.send({ tenantId, runId: String(given['id']) }, { tx });
        const reference = { ...billCycle, ...(typeof name === 'string' && { name }) };
        return {
          ...given,
          startedAt: now.toISOString(),
          state: 'inProgress',
          billCycle: reference,
          accounts: 0,
          bills: 0,
          held: 0,
          failed: 0,
        };
      },
    });
  }

  /** Begins a run; what is done is told by the run itself. Throws NOT_FOUND, and CONFLICT for a cycle without a period. */
  override async create(context: WriteContext, input: RunInput): Promise<Answer> {
    // The mutation always says whether the run is dry; a POST that does not means the same command.
    const answer = await super.create(context, { ...input, dryRun: input.dryRun ?? false });
    this.job.wake();
    return answer;
  }

  /** A piece of background work; what is left goes to the next one. */
  work(order: RunOrder, signal: AbortSignal): Promise<void> {
    return runInSteps(
      () => this.step(order),
      signal,
      this.billTools.clock,
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
    const { mappings, clock } = this.billTools;
    const run = await lockRow(tx, mappings.billRun, tenantId, runId);
    if (run?.['state'] !== 'inProgress') return true;
    const cycle = (await readRows(tx, mappings.billCycle, tenantId, [String((run['billCycle'] as JsonObject)['id'])]))
      .values()
      .next().value;
    const now = clock.now();
    if (cycle === undefined)
      return this.end(tx, order, run, { state: 'failed', message: 'the bill cycle was deleted' });
    const end = endOf(cycle);
    if (end === undefined)
      return this.end(tx, order, run, { state: 'failed', message: 'the bill cycle has no end any more' });
    const plan = planOf(withoutNulls(cycle), new Date(end), run);
    const from = reachedBy(run);
    const next = await nextAccounts(tx, tenantId, from, plan.before, accountsMax);
    const batch = fitting(next);
    if (batch.length === 0) return this.end(tx, order, run, doneWith(Number(run['failed'])));
    const result = await billAccounts({ tx, tenantId, now }, this.billTools, batch, plan);
    const step = { result, accounts: batch.length, from, lastAccount: batch.at(-1)?.account ?? '' };
    if (run['dryRun'] === true) throw new DryStep(step, await previewsOf(tx, tenantId, result.bills));
    await this.count(tx, tenantId, run, step);
    return false;
  }

  /** The bills that a dry run would have made are kept with the run, and nowhere else. */
  private async keepDry(tx: Transaction, { tenantId, runId }: RunOrder, { step, previews }: DryStep): Promise<boolean> {
    const run = await lockRow(tx, this.billTools.mappings.billRun, tenantId, runId);
    // Another process may have done the same step meanwhile.
    if (run?.['state'] !== 'inProgress' || reachedBy(run) !== step.from) return false;
    await writeAll(tx, [insertPreviews(tenantId, runId, previews)]);
    await this.count(tx, tenantId, run, step);
    return false;
  }

  private count(
    tx: Transaction,
    tenantId: string,
    run: JsonObject,
    { result, accounts, lastAccount }: Step,
  ): Promise<void> {
    const { bills, held, failed } = result;
    const more = { accounts, bills: bills.length, held, failed: failed.length };
    const sums = Object.fromEntries(Object.entries(more).map(([name, count]) => [name, Number(run[name]) + count]));
    const failure = [...((run['failure'] ?? []) as JsonObject[]), ...failed].slice(0, failuresToldMax);
    return this.advance(tx, tenantId, run, { ...sums, lastAccount, failure: failure.length > 0 ? failure : null });
  }

  private async end(tx: Transaction, { tenantId }: RunOrder, run: JsonObject, state: JsonObject): Promise<boolean> {
    await this.advance(tx, tenantId, run, { ...state, endedAt: this.billTools.clock.now().toISOString() });
    return true;
  }

  private async advance(tx: Transaction, tenantId: string, run: JsonObject, changes: JsonObject): Promise<void> {
    const { mappings, clock, nextId } = this.billTools;
    const now = clock.now();
    const before = withoutNulls(run);
    const after = changed(before, changes, now);
    if (after === undefined) return;
    const events = kindsOfChange(before, after, 'state', ['endedAt']).map((kind) =>
      changeEvent('billRun', kind, after, now, nextId),
    );
    await writeAll(tx, [
      updateRows(mappings.billRun, tenantId, Object.keys(changes), [after]),
      insertEvents(tenantId, events),
    ]);
  }
}

async function requireCycle(
  tx: Transaction,
  { mappings }: CustomerBillDependencies,
  tenantId: string,
  id: string,
): Promise<JsonObject> {
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
function reachedBy(run: JsonObject): string {
  return String(run['lastAccount'] ?? '');
}

function doneWith(failed: number): JsonObject {
  return { state: 'done', ...(failed > 0 && { message: `${failed} account(s) could not be billed: see failure` }) };
}

function endOf(cycle: JsonObject): string | undefined {
  const end = (cycle['validFor'] as JsonObject | null | undefined)?.['endDateTime'];
  return typeof end === 'string' ? end : undefined;
}

/** What is dated before the end of the period is billed, what earlier periods left over included (DESIGN §12). */
function planOf(cycle: JsonObject, before: Date, run: JsonObject): BillPlan {
  const { validFor, billingDate, paymentDueDate } = cycle;
  const common = withoutNulls({
    runType: 'onCycle',
    billRunId: run['id'] ?? null,
    billCycle: run['billCycle'] ?? null,
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

/** The rows of bills, read before they are rolled back. */
async function previewsOf(tx: Transaction, tenantId: string, bills: readonly JsonObject[]): Promise<string[]> {
  const ids = bills.map(({ id }) => String(id));
  const rows = await tx.query<{ row: string }>(Prisma.sql`
    SELECT to_jsonb(b)::text AS "row" FROM "CustomerBill" b WHERE b."tenantId" = ${tenantId} AND b."id" = ANY(${ids}::text[])`);
  return rows.map(({ row }) => row);
}

function insertPreviews(tenantId: string, runId: string, previews: readonly string[]): Write {
  if (previews.length === 0) return undefined;
  return Prisma.sql`
    INSERT INTO "BillRunPreview" ("tenantId", "runId", "billId", "bill")
    SELECT ${tenantId}::text, ${runId}::text, b->>'id', b FROM jsonb_array_elements(${`[${previews.join(',')}]`}::jsonb) AS b`;
}

function deletePreviews(tenantId: string, before: Date): Prisma.Sql {
  return Prisma.sql`
    DELETE FROM "BillRunPreview" p USING "BillRun" r
    WHERE p."tenantId" = ${tenantId} AND r."tenantId" = p."tenantId" AND r."id" = p."runId" AND r."startedAt" < ${before}`;
}
