import { AppliedCustomerBillingRate } from '../customer-bill/applied-customer-billing-rate.js';
import { CustomerBill } from '../customer-bill/customer-bill.js';
import { BillingAccountRef } from '../customer-bill/references.js';
import { BalanceAction } from '../prepay-balance/balance-action.js';
import { Bucket } from '../prepay-balance/bucket.js';
import { readResolvers, type ResourceModule } from '../resource.js';
import { PartyAccountRef, RelatedParty } from '../shared/references.js';
import { Usage } from '../usage/usage.js';
import { BillingAccount, LogicalResource, Party } from './classes.js';
import { lastBillBelow } from './last-bill.js';
import { asAccount, listsBelow, naming, ordersBelow } from './lists.js';
import { nextBillBelow } from './next-bill.js';
import { sumsBelow } from './sums.js';

const asBillingAccount = naming({ column: 'billingAccount', isList: false });
const asPartyAccount = naming({ column: 'partyAccount', isList: false });

export const billingAccount: ResourceModule = {
  resolvers: [
    ...readResolvers(BillingAccount),
    ...listsBelow(BillingAccount, [
      { target: CustomerBill, edge: asBillingAccount, description: 'The bills that are made out to it.' },
      {
        target: AppliedCustomerBillingRate,
        edge: asBillingAccount,
        description: 'Its billing rates, on bills or not: see isBilled.',
      },
      {
        target: Usage,
        edge: naming(asAccount),
        description: 'The usages that name it as a relatedParty with the @referredType BillingAccount.',
      },
      {
        target: Bucket,
        edge: asPartyAccount,
        description: 'The buckets whose partyAccount it is.',
      },
      {
        target: BalanceAction,
        edge: { idsBy: 'balanceActionsOfAccount' },
        description:
          'The history: the balance actions that moved or named one of its buckets, whoever asked for them, and those that name it as their partyAccount.',
      },
      ...ordersBelow(naming(asAccount), 'name it as a relatedParty with the @referredType BillingAccount'),
      {
        target: Party,
        edge: { links: 'AccountParty', parent: 'accountId', child: 'partyId', isManifold: true },
        description: 'The parties that a bucket, a usage or a bill names together with it.',
      },
      {
        target: LogicalResource,
        edge: { links: 'LogicalResourceAccount', parent: 'accountId', child: 'logicalResourceId' },
        description: 'The logical resources that a bucket names together with it.',
      },
    ]),
    sumsBelow(BillingAccount, {
      buckets: asPartyAccount,
      rates: { idsBy: 'unbilledRatesOfAccount' },
      usages: { idsBy: 'unbilledUsagesOfAccount' },
    }),
    lastBillBelow(BillingAccount, asBillingAccount),
    nextBillBelow(BillingAccount),
  ],
  joins: [
    { reference: BillingAccountRef, field: 'billingAccount', target: BillingAccount },
    { reference: PartyAccountRef, field: 'billingAccount', target: BillingAccount },
    { reference: RelatedParty, field: 'billingAccount', target: BillingAccount },
  ],
};
