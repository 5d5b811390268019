import { CustomerBill } from '../customer-bill/customer-bill.js';
import { BalanceAction } from '../prepay-balance/balance-action.js';
import { Bucket } from '../prepay-balance/bucket.js';
import { readResolvers, type ResourceModule } from '../resource.js';
import { RelatedParty } from '../shared/references.js';
import { Usage } from '../usage/usage.js';
import { BillingAccount, LogicalResource, Party } from './classes.js';
import { lastBillBelow } from './last-bill.js';
import { asParty, listsBelow, naming, ordersBelow } from './lists.js';
import { nextBillBelow } from './next-bill.js';
import { sumsBelow } from './sums.js';

const bills = { idsBy: 'customerBillsOfParty' };

export const party: ResourceModule = {
  resolvers: [
    ...readResolvers(Party),
    ...listsBelow(Party, [
      { target: Bucket, edge: naming(asParty), description: 'The buckets that name it, in whatever role.' },
      {
        target: BalanceAction,
        edge: { idsBy: 'balanceActionsOfParty' },
        description:
          'The history: the balance actions that moved or named one of its buckets, whoever asked for them, and those that name it.',
      },
      { target: Usage, edge: naming(asParty), description: 'The usages that name it, in whatever role.' },
      {
        target: CustomerBill,
        edge: bills,
        description: 'The bills that name it, and those of its accounts.',
      },
      ...ordersBelow(naming(asParty), 'name it, in whatever role'),
      {
        target: BillingAccount,
        edge: { links: 'AccountParty', parent: 'partyId', child: 'accountId', isManifold: true },
        description: 'The accounts that a bucket, a usage or a bill names together with it.',
      },
      {
        target: LogicalResource,
        edge: { links: 'LogicalResourceParty', parent: 'partyId', child: 'logicalResourceId' },
        description: 'The logical resources that a bucket names together with it.',
      },
    ]),
    sumsBelow(Party, {
      buckets: naming(asParty),
      rates: { idsBy: 'unbilledRatesOfParty' },
      usages: { idsBy: 'unbilledUsagesOfParty' },
    }),
    lastBillBelow(Party, bills),
    nextBillBelow(Party),
  ],
  joins: [{ reference: RelatedParty, field: 'party', target: Party }],
};
