import { Arg, ID, Query, Resolver } from 'type-graphql';
import { CustomerBill } from '../customer-bill/customer-bill.js';
import { BalanceAction } from '../prepay-balance/balance-action.js';
import { Bucket } from '../prepay-balance/bucket.js';
import { byPlan, Read } from '../plan/field-read.js';
import { listResolvers, type ResourceModule } from '../resource.js';
import { LogicalResourceRef } from '../shared/references.js';
import { Usage } from '../usage/usage.js';
import { BillingAccount, LogicalResource, Party } from './classes.js';
import { lastBillBelow } from './last-bill.js';
import { listsBelow, naming } from './lists.js';
import { nextBillBelow } from './next-bill.js';
import { sumsBelow } from './sums.js';

const asLogicalResource = naming(
  { column: 'logicalResource', isList: true, by: 'value' },
  { column: 'logicalResource', isList: true },
);
const bills = { idsBy: 'customerBillsOfLogicalResource' };

@Resolver(() => LogicalResource)
class LogicalResourceQuery {
  @Read({ kind: 'row', target: LogicalResource, argument: 'value' })
  @Query(() => LogicalResource, {
    nullable: true,
    description: 'One LogicalResource by its value, e.g. an MSISDN, or null when nothing names it.',
  })
  logicalResource(
    @Arg('value', () => ID, { description: 'Its value; of one that was never given a value, its id.' }) _value: string,
  ): object | null {
    return byPlan();
  }
}

export const logicalResource: ResourceModule = {
  resolvers: [
    LogicalResourceQuery,
    ...listResolvers(LogicalResource),
    ...listsBelow(LogicalResource, [
      {
        target: Bucket,
        edge: asLogicalResource,
        description: 'The buckets that name it.',
      },
      {
        target: BalanceAction,
        edge: { idsBy: 'balanceActionsOfLogicalResource' },
        description:
          'The history: the balance actions that moved or named one of its buckets, whoever asked for them, and those that name it.',
      },
      {
        target: Usage,
        edge: { idsBy: 'usagesOfLogicalResource' },
        description: 'The usages that were charged to its buckets.',
      },
      {
        target: CustomerBill,
        edge: bills,
        description: 'The bills of its accounts.',
      },
      {
        target: Party,
        edge: { links: 'LogicalResourceParty', parent: 'logicalResourceId', child: 'partyId' },
        description: 'The parties that a bucket names together with it.',
      },
      {
        target: BillingAccount,
        edge: { links: 'LogicalResourceAccount', parent: 'logicalResourceId', child: 'accountId' },
        description: 'The accounts that a bucket names together with it.',
      },
    ]),
    sumsBelow(LogicalResource, {
      buckets: asLogicalResource,
      rates: { idsBy: 'unbilledRatesOfLogicalResource' },
      usages: { idsBy: 'unbilledUsagesOfLogicalResource' },
    }),
    lastBillBelow(LogicalResource, bills),
    nextBillBelow(LogicalResource),
  ],
  joins: [{ reference: LogicalResourceRef, field: 'logicalResource', target: LogicalResource, by: ['value', 'id'] }],
};
