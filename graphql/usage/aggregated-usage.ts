import { ID, Int } from 'type-graphql';
import { Attribute, Resource } from '../attribute.js';
import { resourceResolvers, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { Extensible } from '../shared/extensible.js';
import { Money } from '../shared/money.js';
import { RelatedParty } from '../shared/references.js';
import { UsageSpecificationRef } from './references.js';

@Resource({
  table: 'Usage',
  asOfFunction: 'aggregatedUsagesAt',
  asOfArgument: ['relatedParty', 'id'],
  description:
    'Our extension of TMF635: what one party has used of one usageType and specification and not been billed for yet, in one currency: the rating results that are not billed (isBilled) of its usages that are rated or rerated and consumed no bucket. A usage with several parties is in the sums of each. Ask by relatedParty.id or id; otherwise the sums of all parties are computed.',
})
export class AggregatedUsage extends Extensible {
  @Attribute(() => ID, {
    required: true,
    description:
      'Ids of the party, usageType, id of the specification and currency, separated by ~, e.g. customer-1~data~spec-1~EUR; within these parts % and ~ are percent-encoded.',
  })
  id: string;

  @Attribute(() => Int, {
    required: true,
    description: 'Differs whenever a usage it sums up has changed, come or gone; no count. The REST ETag.',
  })
  revision: number;

  @Attribute(() => DateTime, {
    required: true,
    description: 'When a usage it sums up was last changed; the REST Last-Modified.',
  })
  updatedAt: Date;

  @Attribute(() => String, { required: true, description: 'What it sums up, in words.' })
  name: string;

  @Attribute(() => String, { description: 'Type of the usages; absent when they have none.' })
  usageType?: string;

  @Attribute(() => UsageSpecificationRef, { required: true, description: 'The specification of the usages.' })
  usageSpecification: UsageSpecificationRef;

  @Attribute(() => [RelatedParty], { required: true, description: 'The party, in whatever role.' })
  relatedParty: RelatedParty[];

  @Attribute(() => Int, { required: true, description: 'How many usages are summed up.' })
  count: number;

  @Attribute(() => Money, {
    description:
      'Sum of the amounts without tax; absent when no result tells one. Exact; of a sum with more than 15 significant digits the nearest number that JSON has.',
  })
  taxExcludedAmount?: Money;

  @Attribute(() => Money, { description: 'Sum of the amounts with tax; absent when no result tells one.' })
  taxIncludedAmount?: Money;
}

export const aggregatedUsage: ResourceModule = { resolvers: resourceResolvers(AggregatedUsage, {}) };
