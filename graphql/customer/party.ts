import { Arg, Field, ID, ObjectType, Query, Resolver } from 'type-graphql';
import { CustomerBill } from '../customer-bill/customer-bill.js';
import { BalanceAction } from '../prepay-balance/balance-action.js';
import { Bucket } from '../prepay-balance/bucket.js';
import { ResourceOrder } from '../resource-order/resource-order.js';
import type { ResourceModule } from '../resource.js';
import { Usage } from '../usage/usage.js';
import { byPlan, Read } from '../plan/field-read.js';
import { named, viewResolvers } from './view.js';

@ObjectType({
  description:
    'What we know of one party, such as a customer. Parties are not ours: there is one for every id, and it may have nothing.',
  simpleResolvers: true,
})
export class Party {
  @Field(() => ID, { description: 'As relatedParty names it.' })
  id: string;
}

@Resolver()
class PartyQuery {
  @Read({ kind: 'view' })
  @Query(() => Party, {
    description:
      'One party: what names it as a relatedParty, in whatever role; a filter on relatedParty tells roles apart. Rates name accounts only: see billingAccount.',
  })
  party(@Arg('id', () => ID, { description: 'Of the party.' }) _id: string): Party {
    return byPlan();
  }
}

const asParty = (id: string): object => ({ relatedParty: { some: named(id) } });

export const party: ResourceModule = {
  resolvers: [
    PartyQuery,
    ...viewResolvers(Party, [
      { target: Bucket, description: 'Its buckets.', naming: asParty },
      {
        target: BalanceAction,
        description:
          'The balance actions that moved or named one of its buckets, whoever asked for them, and those that name it.',
        edge: { idsBy: 'balanceActionsOfParty' },
      },
      { target: Usage, description: 'Its usages.', naming: asParty },
      { target: CustomerBill, description: 'The bills that name it.', naming: asParty },
      { target: ResourceOrder, description: 'Its orders.', naming: asParty },
    ]),
  ],
};
