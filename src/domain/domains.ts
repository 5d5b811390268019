import type { CustomerBillDomain } from './customer-bill/index.js';
import type { Directory } from './customer-directory/index.js';
import type { HubDomain } from './hub/index.js';
import type { TenancyDomain } from './tenancy/index.js';
import type { PersonalDataDomain } from './personal-data/index.js';
import type { PrepayBalance } from './prepay-balance/index.js';
import type { ResourceOrderDomain } from './resource-order/index.js';
import type { SpendLimitDomain } from './spend-limit/index.js';
import type { UsageDomain } from './usage/index.js';

/** Every domain, by the name that resolvers find it under in their context. */
export interface Domains {
  readonly tenancy: TenancyDomain;
  readonly prepayBalance: PrepayBalance;
  readonly usage: UsageDomain;
  readonly customerBill: CustomerBillDomain;
  readonly resourceOrder: ResourceOrderDomain;
  readonly personalData: PersonalDataDomain;
  readonly directory: Directory;
  readonly hub: HubDomain;
  readonly spendLimit: SpendLimitDomain;
}
