import { mappingsOf } from '../../../graphql/resource-mapping.js';
import {
  createCustomerBill,
  customerBillResources,
  redrafting,
  type CustomerBillDomain,
  type OnDemandOrder,
  type RunOrder,
} from '../../domain/customer-bill/index.js';
import { documentTypes } from '../../streaming/bill-document/formats.js';
import { billDocumentRoutes } from '../../streaming/bill-document/routes.js';
import { forgetting, steppedJobSettings } from '../jobs.js';
import type { AppContext, DomainModule } from '../app-context.js';
import type { TenantFacts } from './tenancy.js';

export function createCustomerBillModule(
  { config, database, clock, nextId, extensions, jobs }: AppContext,
  { zoneOf, billPrefixOf, issuerOf }: TenantFacts,
): DomainModule<CustomerBillDomain> {
  const dependencies = {
    clock,
    nextId,
    extensions,
    mappings: mappingsOf([...customerBillResources, 'usage']),
    zoneOf,
    billPrefixOf,
    documentTypes,
    holdPolicy: { repeatedChargesMax: config.billRepeatedChargesMax, totalMax: config.billTotalMax },
  };
  const domain: CustomerBillDomain = createCustomerBill(database, dependencies, {
    runBillCycle: jobs.define<RunOrder>(
      'run-bill-cycle',
      (order, { signal }) => domain.runs.work(order, signal),
      steppedJobSettings,
    ),
    billOnDemand: jobs.define<OnDemandOrder>(
      'bill-on-demand',
      (order) => domain.billOnDemand(order),
      steppedJobSettings,
    ),
  });
  return {
    domain,
    backfills: [redrafting(dependencies)],
    repeatingWork: [
      {
        name: 'tell-overdue-bills',
        everySeconds: 5,
        expireInSeconds: 300,
        run: ({ signal }) => domain.overdue.tell(signal),
      },
      forgetting('forget-previews-of-bills', config.previewDays, clock, (before, signal) =>
        domain.runs.forgetPreviews(before, signal),
      ),
      forgetting('forget-bills-on-demand', config.taskDays, clock, (before, signal) =>
        domain.onDemands.forget(before, signal),
      ),
    ],
    streams: () => billDocumentRoutes({ lines: domain.lines, issuerOf, zoneOf }),
  };
}
