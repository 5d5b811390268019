import type { ResourceMapping } from '../../platform/read/resource-mapping.js';
import type { WriterDependencies } from '../resource-writer.js';
import type { HoldPolicy } from './run/hold-policy.js';

/** The resources this domain writes. */
export const customerBillResources = [
  'customerBill',
  'customerBillOnDemand',
  'appliedCustomerBillingRate',
  'billCycle',
  'billCycleSpecification',
  'billRun',
] as const;

export interface CustomerBillDependencies extends WriterDependencies {
  readonly mappings: Readonly<Record<(typeof customerBillResources)[number] | 'usage', ResourceMapping>>;
  readonly brake: Omit<HoldPolicy, 'timeZone'>;
  /** Of the operator: in it years, periods and days begin. */
  readonly timeZone: string;
}
