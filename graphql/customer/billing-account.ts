import { Arg, Field, ID, ObjectType, Query, Resolver } from 'type-graphql';
import { AppliedCustomerBillingRate } from '../customer-bill/applied-customer-billing-rate.js';
import { CustomerBill } from '../customer-bill/customer-bill.js';
import { Bucket } from '../prepay-balance/bucket.js';
import { ResourceOrder } from '../resource-order/resource-order.js';
import type { ResourceModule } from '../resource.js';
import { Usage } from '../usage/usage.js';
import { byPlan, Read } from '../plan/field-read.js';
import { named, viewResolvers } from './view.js';

@ObjectType({
  description:
    'What we know of one account of a customer. Accounts are not ours: there is one for every id, and it may have nothing.',
  simpleResolvers: true,
})
export class BillingAccount {
  @Field(() => ID, { description: 'As bills, rates, usages, buckets and orders name it.' })
  id: string;
}

@Resolver()
class BillingAccountQuery {
  @Read({ kind: 'view' })
  @Query(() => BillingAccount, {
    description: 'One account of a customer: its bills, its rates, its usages, its buckets and its orders.',
  })
  billingAccount(@Arg('id', () => ID, { description: 'Of the account.' }) _id: string): BillingAccount {
    return byPlan();
  }
}

const asParty = (id: string): object => ({
  relatedParty: { some: { ...named(id), atReferredType: { eq: 'BillingAccount' } } },
});

export const billingAccount: ResourceModule = {
  resolvers: [
    BillingAccountQuery,
    ...viewResolvers(BillingAccount, [
      {
        target: CustomerBill,
        description: 'The bills that are made out to it.',
        naming: (id) => ({ billingAccount: named(id) }),
      },
      {
        target: AppliedCustomerBillingRate,
        description: 'Its billing rates, on bills or not: see isBilled.',
        naming: (id) => ({ billingAccount: named(id) }),
      },
      {
        target: Usage,
        description: 'The usages that name it as a relatedParty with the @referredType BillingAccount.',
        naming: asParty,
      },
      {
        target: Bucket,
        description: 'The buckets whose partyAccount it is.',
        naming: (id) => ({ partyAccount: named(id) }),
      },
      {
        target: ResourceOrder,
        description: 'The orders that name it as a relatedParty with the @referredType BillingAccount.',
        naming: asParty,
      },
    ]),
  ],
};
