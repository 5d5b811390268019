import type { Domains } from '../../domain/domains.js';
import type { Due } from '../../platform/read/reader.js';
import type { AppContext, DomainModule } from '../app-context.js';
import { createCustomerBillModule } from './customer-bill.js';
import { createPrepayBalanceModule } from './prepay-balance.js';
import { createResourceOrderModule } from './resource-order.js';
import { createUsageModule } from './usage.js';

export interface DomainModules {
  readonly domains: Domains;
  readonly modules: readonly DomainModule<Domains[keyof Domains]>[];
  /** What has to happen before anybody reads, whichever domain it is of. */
  readonly due: Due;
}

/** Builds every domain, each on those that it needs. Their demo data are written in the order in which they stand here. */
export function createDomainModules(appContext: AppContext): DomainModules {
  const prepayBalance = createPrepayBalanceModule(appContext);
  const usage = createUsageModule(appContext, prepayBalance.domain.charges);
  const customerBill = createCustomerBillModule(appContext);
  const resourceOrder = createResourceOrderModule(appContext);
  const wired: { readonly [Name in keyof Domains]: DomainModule<Domains[Name]> } = {
    prepayBalance,
    usage,
    customerBill,
    resourceOrder,
  };
  return {
    domains: Object.fromEntries(
      Object.entries(wired).map(([name, { domain }]) => [name, domain]),
    ) as unknown as Domains,
    modules: Object.values(wired),
    due: prepayBalance.domain.dueWork,
  };
}
