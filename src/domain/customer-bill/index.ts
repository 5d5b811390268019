import type { Database } from '../../platform/database/database.js';
import type { Job } from '../../platform/jobs/jobs.js';
import type { WriteContext } from '../changes.js';
import { BillLines, GroupedRates } from './bill-lines.js';
import { CustomerBills } from './bills.js';
import { BillCycles, createCycleSpecifications } from './cycles.js';
import { OnDemands } from './on-demand.js';
import type { CustomerBillDependencies } from './model.js';
import { OverdueBills } from './overdue.js';
import { createRates } from './rates.js';
import { NextBills } from './run/next-bills.js';
import { processOnDemandBill, type OnDemandOrder } from './run/on-demand-work.js';
import { createRatesFromUsage, type RatedUsages, type RateUsagesInput } from './run/rates-from-usage.js';
import { BillRuns, type RunOrder } from './run/runs.js';

export type { BillLines, BillWithCount } from './bill-lines.js';
export { formatOf } from './documents.js';
export {
  customerBillResources,
  documentFormats,
  type AppliedPayment,
  type BillRow,
  type DocumentFormat,
  type RateRow,
  type Tax,
} from './model.js';
export type { LineGroup } from './rates.store.js';
export { minorDigitsOf } from './run/currencies.js';
export { BillSums, type TaxFigure } from './run/figures.js';
export { currencyOf, netOf, type PricedRate } from './run/prices.js';
export { NEXT_BILL_ACCOUNTS_MAX, NEXT_BILL_CHARGES_MAX, type NextBillOf } from './run/next-bills.js';
export { redrafting } from './redraft.js';
export { rateGroupings, unsettledRates, type RateGrouping } from './rates.store.js';
export type { OnDemandOrder } from './run/on-demand-work.js';
export type { RunOrder } from './run/runs.js';

/** What the domain does in the background. */
export interface CustomerBillJobs {
  readonly runBillCycle: Job<RunOrder>;
  readonly billOnDemand: Job<OnDemandOrder>;
}

/** The billing domain: what the GraphQL resolvers of TMF678 call. */
export interface CustomerBillDomain {
  readonly bills: CustomerBills;
  readonly lines: BillLines;
  readonly onDemands: OnDemands;
  readonly rates: ReturnType<typeof createRates>;
  readonly cycles: BillCycles;
  readonly cycleSpecifications: ReturnType<typeof createCycleSpecifications>;
  readonly runs: BillRuns;
  readonly groupedRates: GroupedRates;
  readonly nextBills: NextBills;
  /** Tells of bills that are not paid in time: by a background job. */
  readonly overdue: OverdueBills;
  /** Makes billing rates of usages that were rated and are on no bill. */
  createRatesFromUsage(context: WriteContext, input: RateUsagesInput): Promise<RatedUsages>;
  /** Fulfils a request for a bill. */
  billOnDemand(order: OnDemandOrder): Promise<void>;
}

/** Builds the domain. */
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
    cycles: new BillCycles(database, dependencies),
    cycleSpecifications: createCycleSpecifications(database, dependencies),
    runs: new BillRuns(database, dependencies, jobs.runBillCycle),
    groupedRates: new GroupedRates(database),
    nextBills: new NextBills(database, dependencies),
    overdue: new OverdueBills(database, dependencies),
    createRatesFromUsage: (context, input) => createRatesFromUsage(database, dependencies, context, input),
    billOnDemand: (order) => processOnDemandBill(database, dependencies, order),
  };
}
