import type { Domains } from '../../domain/domains.js';
import type { KeyDirectory, TenantDirectory } from '../../domain/tenancy/index.js';
import type { Due } from '../../platform/plan/reads.js';
import type { AppContext, DomainModule } from '../app-context.js';
import { createCustomerBillModule } from './customer-bill.js';
import { createDirectoryModule } from './customer-directory.js';
import { createHubModule } from './hub.js';
import { createTenancyModule, tenantFacts } from './tenancy.js';
import { createPersonalDataModule } from './personal-data.js';
import { createPrepayBalanceModule } from './prepay-balance.js';
import { createResourceOrderModule } from './resource-order.js';
import { createSpendLimitModule } from './spend-limit.js';
import { createUsageModule } from './usage.js';

export interface DomainModules {
  readonly domains: Domains;
  readonly modules: readonly DomainModule<Domains[keyof Domains]>[];
  /** Processes due work before every read, whichever domain it belongs to. */
  readonly due: Due;
  /** The IANA zone of a tenant. */
  zoneOf(tenantId: string): string;
  /** Whose requests are answered; to be begun before there are any. */
  readonly tenants: TenantDirectory;
  /** Finds what requests say by keys who they are. */
  readonly keys: KeyDirectory;
}

/** Builds every domain with those it depends on. `modules` is in the order in which jobs start. */
export async function createDomainModules(appContext: AppContext): Promise<DomainModules> {
  const tenancy = createTenancyModule(appContext);
  const facts = tenantFacts(appContext.config, tenancy.domain);
  const prepayBalance = createPrepayBalanceModule(appContext, facts);
  const usage = createUsageModule(appContext, facts, prepayBalance.domain.charges);
  const customerBill = createCustomerBillModule(appContext, facts);
  const resourceOrder = createResourceOrderModule(appContext);
  const personalData = createPersonalDataModule(appContext);
  const directory = createDirectoryModule(appContext);
  const hub = await createHubModule(appContext, tenancy.domain);
  const spendLimit = createSpendLimitModule(appContext, facts);
  const modules: { readonly [Name in keyof Domains]: DomainModule<Domains[Name]> } = {
    tenancy,
    prepayBalance,
    usage,
    customerBill,
    resourceOrder,
    personalData,
    directory,
    hub,
    spendLimit,
  };
  return {
    domains: {
      tenancy: tenancy.domain,
      prepayBalance: prepayBalance.domain,
      usage: usage.domain,
      customerBill: customerBill.domain,
      resourceOrder: resourceOrder.domain,
      personalData: personalData.domain,
      directory: directory.domain,
      hub: hub.domain,
      spendLimit: spendLimit.domain,
    },
    modules: Object.values(modules),
    due: prepayBalance.domain.dueWork,
    zoneOf: facts.zoneOf,
    tenants: tenancy.domain.directory,
    keys: tenancy.domain.keys,
  };
}
