import { shapesOf } from '../../../graphql/shape.js';
import {
  createCustomerBill,
  customerBillResources,
  redrafting,
  type CustomerBillDomain,
  type OnDemandOrder,
  type RunOrder,
} from '../../domain/customer-bill/index.js';
import { billDocumentRoutes } from '../../streaming/bill-document/routes.js';
import { stepwise } from '../jobs.js';
import { seedCustomerBill } from '../seed/customer-bill.js';
import type { Foundation, WiredDomain } from '../wiring.js';

export function wireCustomerBill({
  config,
  database,
  clock,
  nextId,
  extensions,
  jobs,
}: Foundation): WiredDomain<CustomerBillDomain> {
  const tools = {
    clock,
    nextId,
    extensions,
    shapes: shapesOf([...customerBillResources, 'usage']),
    timeZone: config.timeZone,
    brake: { repeatedChargesMax: config.billRepeatedChargesMax, totalMax: config.billTotalMax },
  };
  const domain: CustomerBillDomain = createCustomerBill(database, tools, {
    runBillCycle: jobs.define<RunOrder>(
      'run-bill-cycle',
      (order, { signal }) => domain.runs.work(order, signal),
      stepwise,
    ),
    billOnDemand: jobs.define<OnDemandOrder>('bill-on-demand', (order) => domain.billOnDemand(order), stepwise),
  });
  return {
    domain,
    backfills: [redrafting(tools)],
    streams: () => billDocumentRoutes({ lines: domain.lines, issuer: config.billIssuer, zone: config.timeZone }),
    seed: seedCustomerBill,
  };
}
