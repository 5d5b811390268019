import type { Database } from '../../platform/database/database.js';
import type { Job } from '../../platform/jobs/jobs.js';
import type { Answer } from '../../platform/write/command.js';
import type { WriteContext } from '../changes.js';
import type { ResourceWriter } from '../resource-writer.js';
import { BillLines } from './bill-lines.js';
import { CustomerBills } from './bills.js';
import { createCycles, createCycleSpecifications, type CycleInput, type CycleSpecificationInput } from './cycles.js';
import { createNextCycle } from './next-cycle.js';
import { OnDemands } from './on-demand.js';
import { createRates, type RateInput } from './rates.js';
import { GroupedRates } from './run/grouped-rates.js';
import { processOnDemandBill, type OnDemandOrder } from './run/on-demand-work.js';
import { createRatesFromUsage, type RatedUsages, type RateUsagesInput } from './run/rates-from-usage.js';
import { BillRuns, type RunOrder } from './run/runs.js';
import type { CustomerBillDependencies } from './dependencies.js';

export type { BillLines, BillWithCount, LineGroup } from './bill-lines.js';
export { documentFormats, documentPart, formatOf, type DocumentFormat } from './documents.js';
export { minorDigitsOf } from './run/currencies.js';
export { BillSums, type TaxFigure } from './run/figures.js';
export { currencyOf, netOf } from './run/prices.js';
export { redrafting } from './redraft.js';
export { rateGroupings, type RateGrouping } from './run/grouped-rates.js';
export type { OnDemandOrder } from './run/on-demand-work.js';
export type { RunOrder } from './run/runs.js';
export { customerBillResources } from './dependencies.js';

/** What it does later, in the background. */
export interface CustomerBillJobs {
  readonly runBillCycle: Job<RunOrder>;
  readonly billOnDemand: Job<OnDemandOrder>;
}

/** The billing domain: what the GraphQL resolvers of TMF678 call. */
export interface CustomerBillDomain {
  readonly bills: CustomerBills;
  readonly lines: BillLines;
  readonly onDemands: OnDemands;
  readonly rates: ResourceWriter<RateInput>;
  readonly cycles: ResourceWriter<CycleInput>;
  readonly cycleSpecifications: ResourceWriter<CycleSpecificationInput>;
  readonly runs: BillRuns;
  readonly groupedRates: GroupedRates;
  /** The cycle that follows the last one of a specification. */
  createNextCycle(context: WriteContext, specificationId: string): Promise<Answer>;
  /** Makes billing rates of usages that were rated and are on no bill. */
  createRatesFromUsage(context: WriteContext, input: RateUsagesInput): Promise<RatedUsages>;
  /** Fulfils a request for a bill. */
  billOnDemand(order: OnDemandOrder): Promise<void>;
}

export function createCustomerBill(
  database: Database,
  dependencies: CustomerBillDependencies,
  jobs: CustomerBillJobs,
): CustomerBillDomain {
  return {
    bills: new CustomerBills(database, dependencies),
    lines: new BillLines(database, dependencies),
    onDemands: new OnDemands(database, dependencies, jobs.billOnDemand),
    rates: createRates(database, dependencies),
    cycles: createCycles(database, dependencies),
    cycleSpecifications: createCycleSpecifications(database, dependencies),
    runs: new BillRuns(database, dependencies, jobs.runBillCycle),
    groupedRates: new GroupedRates(database),
    createNextCycle: (context, specificationId) => createNextCycle(database, dependencies, context, specificationId),
    createRatesFromUsage: (context, input) => createRatesFromUsage(database, dependencies, context, input),
    billOnDemand: (order) => processOnDemandBill(database, dependencies, order),
  };
}
