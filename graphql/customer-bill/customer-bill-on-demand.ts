import { Attribute, Resource } from '../attribute.js';
import { resourceResolvers, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { BucketRef } from '../prepay-balance/references.js';
import { ExtensibleResource } from '../shared/extensible.js';
import { RelatedParty } from '../shared/references.js';
import { BillingAccountRef, CustomerBillRef } from './references.js';
import { CustomerBillOnDemandStateType } from './enums.js';

@Resource({
  table: 'CustomerBillOnDemand',
  indexes: { orders: ['state', 'lastUpdate'], references: ['billingAccount', 'relatedParty'] },
  description: 'TMF678 CustomerBillOnDemand: the request for a bill out of turn, and what became of it.',
})
export class CustomerBillOnDemand extends ExtensibleResource {
  @Attribute(() => CustomerBillOnDemandStateType, {
    required: true,
    create: 'optional',
    update: true,
    description:
      'inProgress at first (no other value can be given on creation), then done, rejected or terminatedWithError. A client may only withdraw what is in progress, by terminatedWithError.',
  })
  state: string;

  @Attribute(() => String, { create: 'optional', update: true, description: 'Name of the request.' })
  name?: string;

  @Attribute(() => String, {
    description:
      'Our extension: why it was rejected or terminated, or which further bills were made; set by the server.',
  })
  stateReason?: string;

  @Attribute(() => String, {
    create: 'optional',
    update: true,
    description: 'Description for people. Where none was given it becomes what stateReason says.',
  })
  description?: string;

  @Attribute(() => DateTime, { required: true, description: 'When it was last changed; set by the server.' })
  lastUpdate: Date;

  @Attribute(() => BillingAccountRef, {
    create: 'optional',
    description: 'The account to bill; this or relatedParty is needed.',
  })
  billingAccount?: BillingAccountRef;

  @Attribute(() => RelatedParty, {
    create: 'optional',
    description: 'The party to bill; this or billingAccount is needed.',
  })
  relatedParty?: RelatedParty;

  @Attribute(() => BucketRef, {
    create: 'optional',
    description:
      'Our extension: a bucket of money. What it was charged since its last statement is wanted, as a statement that is paid already.',
  })
  bucket?: BucketRef;

  @Attribute(() => CustomerBillRef, { description: 'The bill that was made; set by the server.' })
  customerBill?: CustomerBillRef;
}

export const customerBillOnDemand: ResourceModule = {
  resolvers: resourceResolvers(CustomerBillOnDemand, {
    create: {
      description: 'Asks for a bill of an account or a party. Errors: INVALID_ATTRIBUTE, MISSING_ATTRIBUTE.',
      call: ({ customerBill: domain }, write, input) => domain.onDemands.create(write, input),
    },
    createMany: {
      description: 'Asks for several bills in one transaction.',
      call: ({ customerBill: domain }, write, inputs) => domain.onDemands.createMany(write, inputs),
    },
    update: {
      description:
        'Describes a request otherwise, or withdraws it. Errors: NOT_FOUND, INVALID_ATTRIBUTE, CONFLICT, REVISION_MISMATCH.',
      call: ({ customerBill: domain }, write, change) => domain.onDemands.update(write, change),
    },
    delete: {
      description: 'Deletes a request that is no longer in progress. Errors: NOT_FOUND, CONFLICT.',
      call: ({ customerBill: domain }, write, id, ifRevision) => domain.onDemands.delete(write, id, ifRevision),
    },
  }),
};
