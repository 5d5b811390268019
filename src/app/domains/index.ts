import type { Domains } from '../../domain/domains.js';
import type { Due } from '../../platform/plan/reads.js';
import type { AppContext, DomainModule } from '../app-context.js';
import { createCustomerBillModule } from './customer-bill.js';
import { createPrepayBalanceModule } from './prepay-balance.js';
import { createResourceOrderModule } from './resource-order.js';
import { createUsageModule } from './usage.js';

export interface DomainModules {
  readonly domains: Domains;
  readonly modules: readonly DomainModule<Domains[keyof Domains]>[];
  /** Processes due work before every read, whichever domain it belongs to. */
  readonly due: Due;
}

/** Builds every domain with those it depends on. `modules` is in the order in which demo data are written and jobs start. */
export function createDomainModules(appContext: AppContext): DomainModules {
  const prepayBalance = createPrepayBalanceModule(appContext);
  const usage = createUsageModule(appContext, prepayBalance.domain.charges);
  const customerBill = createCustomerBillModule(appContext);
  const resourceOrder = createResourceOrderModule(appContext);
  const modules: { readonly [Name in keyof Domains]: DomainModule<Domains[Name]> } = {
    prepayBalance,
    usage,
    customerBill,
    resourceOrder,
  };
  return {
    domains: {
      prepayBalance: prepayBalance.domain,
      usage: usage.domain,
      customerBill: customerBill.domain,
      resourceOrder: resourceOrder.domain,
    },
    modules: Object.values(modules),
    due: prepayBalance.domain.dueWork,
  };
}
