import { ID, Int } from 'type-graphql';
import { Attribute, Resource } from '../attribute.js';
import { resourceResolvers, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { Extensible } from '../shared/extensible.js';
import { Quantity } from '../shared/quantity.js';
import { LogicalResourceRef, PartyAccountRef, ProductRef, RelatedParty } from '../shared/references.js';
import { BucketRef } from './references.js';

@Resource({
  table: 'BalanceGroup',
  indexes: { orders: ['usageType'], references: ['logicalResource', 'partyAccount', 'product', 'relatedParty'] },
  asOfFunction: 'accumulatedBalancesAt',
  description:
    'TMF654 AccumulatedBalance: what one owner has left of one usageType in one unit, summed up over the buckets that can be spent from: active ones, within their validity. An owner is whatever a bucket refers to: a related party, an account, a product or a logical resource; the row carries that reference and no other.',
})
export class AccumulatedBalance extends Extensible {
  @Attribute(() => ID, {
    required: true,
    description:
      'Kind and id of the owner, usageType and units, separated by ~, e.g. relatedParty~customer-1~monetary~EUR; within these parts %, ~ and * are percent-encoded.',
  })
  id: string;

  @Attribute(() => Int, {
    required: true,
    description: 'Differs whenever a bucket it sums up has changed, come or gone; no count. The REST ETag.',
  })
  revision: number;

  @Attribute(() => DateTime, {
    required: true,
    description: 'When a bucket it sums up was last changed; the REST Last-Modified.',
  })
  updatedAt: Date;

  @Attribute(() => String, { required: true, description: 'Owner, usageType and units in words.' })
  name: string;

  @Attribute(() => String, { required: true, description: 'How many buckets are summed up, in words.' })
  description: string;

  @Attribute(() => String, {
    required: true,
    description: 'Our extension: what the buckets are for, e.g. monetary, voice, data, sms.',
  })
  usageType: string;

  @Attribute(() => Quantity, {
    required: true,
    description:
      'Sum of the remainingValue of the buckets; what is reserved is not in it. Exact; of a sum with more than 15 significant digits the nearest number that JSON has.',
  })
  totalBalance: Quantity;

  @Attribute(() => [BucketRef], {
    required: true,
    description: 'The buckets that are summed up; of more than 100 the first by id, though all are in the sum.',
  })
  bucket: BucketRef[];

  @Attribute(() => [LogicalResourceRef], { description: 'The owner, when it is a logical resource.' })
  logicalResource?: LogicalResourceRef[];

  @Attribute(() => PartyAccountRef, { description: 'The owner, when it is an account.' })
  partyAccount?: PartyAccountRef;

  @Attribute(() => [ProductRef], { description: 'The owner, when it is a product.' })
  product?: ProductRef[];

  @Attribute(() => [RelatedParty], { description: 'The owner, when it is a party, in whatever role.' })
  relatedParty?: RelatedParty[];
}

export const accumulatedBalance: ResourceModule = { resolvers: resourceResolvers(AccumulatedBalance, {}) };
