import { Attribute, Resource } from '../attribute.js';
import { resourceResolvers, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { ExtensibleResource } from '../shared/extensible.js';
import { TimePeriod } from '../shared/time-period.js';
import { BillCycleRef, BillCycleSpecificationRef } from './references.js';

const derived =
  'When not given on creation, so many days after the start of validFor as the specification says, on the calendar of the operator.';

@Resource({
  table: 'BillCycle',
  indexes: { references: ['billCycleSpecification'] },
  description: 'TMF678 BillCycle: one period that is billed, with the dates of the steps.',
})
export class BillCycle extends ExtensibleResource {
  @Attribute(() => String, { create: 'optional', update: true, description: 'Name of the cycle.' })
  name?: string;

  @Attribute(() => String, { create: 'optional', update: true, description: 'Description for people.' })
  description?: string;

  @Attribute(() => BillCycleSpecificationRef, {
    create: 'optional',
    update: true,
    wire: 'BillCycleSpecification',
    description:
      'How it recurs; BillCycleSpecification in TMF. Where it is one of ours, it says what a new cycle leaves open.',
  })
  billCycleSpecification?: BillCycleSpecificationRef;

  @Attribute(() => TimePeriod, {
    create: 'optional',
    update: true,
    description:
      'The period that is billed. With a start alone a new cycle ends where the next period of its specification begins.',
  })
  validFor?: TimePeriod;

  @Attribute(() => String, {
    create: 'optional',
    update: true,
    description:
      'Name of the period. When not given on creation, that of the period of the specification that begins with validFor: 2026-W14, 2026-04, 2026-Q2 or 2026.',
  })
  billingPeriod?: string;

  @Attribute(() => DateTime, { create: 'optional', update: true, description: `Date of the bills. ${derived}` })
  billingDate?: Date;

  @Attribute(() => DateTime, {
    create: 'optional',
    update: true,
    description: `Until when charges appear on the bills. ${derived}`,
  })
  chargeDate?: Date;

  @Attribute(() => DateTime, {
    create: 'optional',
    update: true,
    description: `Until when credits appear on the bills. ${derived}`,
  })
  creditDate?: Date;

  @Attribute(() => DateTime, { create: 'optional', update: true, description: `When the bills are mailed. ${derived}` })
  mailingDate?: Date;

  @Attribute(() => DateTime, {
    create: 'optional',
    update: true,
    description: `When the bills are to be paid. ${derived}`,
  })
  paymentDueDate?: Date;
}

export const billCycle: ResourceModule = {
  resolvers: resourceResolvers(BillCycle, {
    create: {
      description: 'Makes a cycle; what it leaves open its specification says. Errors: INVALID_ATTRIBUTE.',
      call: ({ customerBill: domain }, write, input) => domain.cycles.create(write, input),
    },
    createMany: {
      description: 'Makes several cycles in one transaction.',
      call: ({ customerBill: domain }, write, inputs) => domain.cycles.createMany(write, inputs),
    },
    update: {
      description: 'Changes a cycle; nothing is derived anew. Errors: NOT_FOUND, INVALID_ATTRIBUTE, REVISION_MISMATCH.',
      call: ({ customerBill: domain }, write, change) => domain.cycles.update(write, change),
    },
    delete: {
      description: 'Deletes a cycle; bills keep their reference to it. Errors: NOT_FOUND.',
      call: ({ customerBill: domain }, write, id, ifRevision) => domain.cycles.delete(write, id, ifRevision),
    },
  }),
  joins: [{ reference: BillCycleRef, target: BillCycle }],
};
