import { Attribute, Resource } from '../attribute.js';
import { resourceResolvers, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { Characteristic } from '../shared/characteristic.js';
import { ExtensibleResource } from '../shared/extensible.js';
import { Money } from '../shared/money.js';
import { ProductRef } from '../shared/references.js';
import { TimePeriod } from '../shared/time-period.js';
import { AppliedBillingTaxRate } from './bill-parts.js';
import { BillingAccountRef, CustomerBillRef } from './references.js';

@Resource({
  table: 'AppliedCustomerBillingRate',
  indexes: { orders: ['date', 'isBilled'], references: ['bill', 'billingAccount', 'product'] },
  description:
    'TMF678 AppliedCustomerBillingRate: one line of a bill, or one that waits to be billed. What was billed stands as it is.',
})
export class AppliedCustomerBillingRate extends ExtensibleResource {
  @Attribute(() => String, {
    required: true,
    create: 'optional',
    update: true,
    description:
      'appliedBillingCharge (when not given), appliedBillingCredit, whose amounts are positive and reduce the bill, or appliedPenaltyCharge.',
  })
  appliedBillingRateType: string;

  @Attribute(() => DateTime, {
    required: true,
    create: 'optional',
    update: true,
    description: 'When it was made, which says in whose cycle it is billed; now when not given.',
  })
  date: Date;

  @Attribute(() => Boolean, {
    required: true,
    create: 'optional',
    description:
      'Whether it stands on a bill, false when not given. true needs bill, false needs billingAccount; later set by billing.',
  })
  isBilled: boolean;

  @Attribute(() => String, { create: 'optional', update: true, description: 'Name of the line.' })
  name?: string;

  @Attribute(() => String, { create: 'optional', update: true, description: 'More to be shown on the bill.' })
  description?: string;

  @Attribute(() => Money, { create: 'optional', update: true, description: 'The amount without tax.' })
  taxExcludedAmount?: Money;

  @Attribute(() => Money, {
    create: 'optional',
    update: true,
    description: 'The amount with tax: where taxExcludedAmount and appliedTax are given, exactly these together.',
  })
  taxIncludedAmount?: Money;

  @Attribute(() => [AppliedBillingTaxRate], { create: 'optional', update: true, description: 'Its taxes.' })
  appliedTax?: AppliedBillingTaxRate[];

  @Attribute(() => CustomerBillRef, {
    create: 'optional',
    description: 'The bill it stands on: one of ours, that is new when it takes the rate.',
  })
  bill?: CustomerBillRef;

  @Attribute(() => BillingAccountRef, {
    create: 'optional',
    update: true,
    description: 'The account it is billed to; that of the bill when not given.',
  })
  billingAccount?: BillingAccountRef;

  @Attribute(() => TimePeriod, { create: 'optional', update: true, description: 'The period it is for.' })
  periodCoverage?: TimePeriod;

  @Attribute(() => ProductRef, { create: 'optional', update: true, description: 'The product it is for.' })
  product?: ProductRef;

  @Attribute(() => [Characteristic], { create: 'optional', update: true, description: 'What else is known of it.' })
  characteristic?: Characteristic[];
}

export const appliedCustomerBillingRate: ResourceModule = {
  resolvers: resourceResolvers(AppliedCustomerBillingRate, {
    create: {
      description:
        'Makes a rate that waits to be billed, or one that stands on a new bill. Errors: INVALID_ATTRIBUTE, MISSING_ATTRIBUTE, BILL_UNKNOWN, CONFLICT.',
      call: ({ customerBill: domain }, write, input) => domain.rates.create(write, input),
    },
    createMany: {
      description: 'Makes several rates in one transaction.',
      call: ({ customerBill: domain }, write, inputs) => domain.rates.createMany(write, inputs),
    },
    update: {
      description:
        'Changes a rate that is not billed. Errors: NOT_FOUND, INVALID_ATTRIBUTE, CONFLICT, REVISION_MISMATCH.',
      call: ({ customerBill: domain }, write, change) => domain.rates.update(write, change),
    },
    delete: {
      description: 'Deletes a rate that is not billed. Errors: NOT_FOUND, CONFLICT.',
      call: ({ customerBill: domain }, write, id, ifRevision) => domain.rates.delete(write, id, ifRevision),
    },
  }),
};
