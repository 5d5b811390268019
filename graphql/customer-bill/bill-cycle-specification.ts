import { Int } from 'type-graphql';
import { Attribute, Resource } from '../attribute.js';
import { resourceResolvers, type ResourceModule } from '../resource.js';
import { ExtensibleResource } from '../shared/extensible.js';
import { TimePeriod } from '../shared/time-period.js';
import { BillCycleSpecificationRef } from './references.js';

const days = 'in days from the start of the period, from -1000 to 1000.';

@Resource({
  table: 'BillCycleSpecification',
  indexes: { orders: ['name'], searches: ['name'] },
  description: 'TMF678 BillCycleSpecification: how often is billed, and on which day of the period each step falls.',
})
export class BillCycleSpecification extends ExtensibleResource {
  @Attribute(() => String, { create: 'optional', update: true, description: 'Name of the specification.' })
  name?: string;

  @Attribute(() => String, { create: 'optional', update: true, description: 'Description for people.' })
  description?: string;

  @Attribute(() => String, {
    create: 'optional',
    update: true,
    description: 'The period that is billed: week, month, quarter or year.',
  })
  billingPeriod?: string;

  @Attribute(() => String, {
    create: 'optional',
    update: true,
    description: 'How often bills are made: weekly, monthly, quarterly or yearly, as the billingPeriod says.',
  })
  frequency?: string;

  @Attribute(() => Int, { create: 'optional', update: true, description: `Date of the bills, ${days}` })
  billingDateShift?: number;

  @Attribute(() => Int, {
    create: 'optional',
    update: true,
    description: `Until when charges appear on the bills, ${days}`,
  })
  chargeDateOffset?: number;

  @Attribute(() => Int, {
    create: 'optional',
    update: true,
    description: `Until when credits appear on the bills, ${days}`,
  })
  creditDateOffset?: number;

  @Attribute(() => Int, { create: 'optional', update: true, description: `When the bills are mailed, ${days}` })
  mailingDateOffset?: number;

  @Attribute(() => Int, { create: 'optional', update: true, description: `When the bills are to be paid, ${days}` })
  paymentDueDateOffset?: number;

  @Attribute(() => TimePeriod, {
    create: 'optional',
    update: true,
    description: 'When it is valid: the next cycles are counted from its start, and none begins behind its end.',
  })
  validFor?: TimePeriod;
}

export const billCycleSpecification: ResourceModule = {
  resolvers: resourceResolvers(BillCycleSpecification, {
    create: {
      description: 'Makes a specification of cycles. Errors: INVALID_ATTRIBUTE.',
      call: ({ customerBill: domain }, write, input) => domain.cycleSpecifications.create(write, input),
    },
    createMany: {
      description: 'Makes several specifications in one transaction.',
      call: ({ customerBill: domain }, write, inputs) => domain.cycleSpecifications.createMany(write, inputs),
    },
    update: {
      description:
        'Changes a specification; cycles that were made before stay as they are. Errors: NOT_FOUND, INVALID_ATTRIBUTE, REVISION_MISMATCH.',
      call: ({ customerBill: domain }, write, change) => domain.cycleSpecifications.update(write, change),
    },
    delete: {
      description: 'Deletes a specification; cycles keep their reference to it. Errors: NOT_FOUND.',
      call: ({ customerBill: domain }, write, id, ifRevision) =>
        domain.cycleSpecifications.delete(write, id, ifRevision),
    },
  }),
  joins: [{ reference: BillCycleSpecificationRef, target: BillCycleSpecification }],
};
