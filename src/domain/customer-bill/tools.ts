import type { Shape } from '../../platform/read/shape.js';
import type { WriterTools } from '../resource-writer.js';
import type { BrakeLimits } from './run/brake.js';

/** The resources this domain writes. */
export const customerBillResources = [
  'customerBill',
  'customerBillOnDemand',
  'appliedCustomerBillingRate',
  'billCycle',
  'billCycleSpecification',
  'billRun',
] as const;

export interface CustomerBillTools extends WriterTools {
  readonly shapes: Readonly<Record<(typeof customerBillResources)[number] | 'usage', Shape>>;
  readonly brake: Omit<BrakeLimits, 'timeZone'>;
  /** Of the operator: in it years, periods and days begin. */
  readonly timeZone: string;
}
