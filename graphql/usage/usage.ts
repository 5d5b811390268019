import { Arg, ID, Int, Mutation, Resolver } from 'type-graphql';
import { Attribute, Resource, ValueObject } from '../attribute.js';
import { relayAnswer, writeContext, type Context } from '../context.js';
import { AdjustBalanceRef } from '../prepay-balance/references.js';
import { resourceResolvers, texts, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { CharacteristicParts } from '../shared/characteristic.js';
import { ExtensibleResource } from '../shared/extensible.js';
import { RelatedParty } from '../shared/references.js';
import { byWrite, WrittenBy, type Write } from '../write.js';
import { ChargeTo, RatedProductUsage } from './rating.js';
import { UsageRef, UsageSpecificationRef } from './references.js';
import { UsageStatusType } from './enums.js';

@ValueObject('One characteristic of a usage, such as its duration, with its value.')
export class UsageCharacteristic extends CharacteristicParts {}

@Resource({
  table: 'Usage',
  indexes: {
    orders: ['status', 'usageType', 'usageDate', 'externalId'],
    references: ['relatedParty', 'usageSpecification'],
  },
  description:
    'TMF635 Usage: an occurrence of employing a product, service or resource that charges can be applied to, described by characteristics.',
})
export class Usage extends ExtensibleResource {
  @Attribute(() => UsageSpecificationRef, {
    required: true,
    create: 'required',
    update: true,
    description: 'The specification that says what the usage consists of.',
  })
  usageSpecification: UsageSpecificationRef;

  @Attribute(() => DateTime, {
    required: true,
    create: 'optional',
    update: true,
    description: 'When it happened; now when not given.',
  })
  usageDate: Date;

  @Attribute(() => UsageStatusType, {
    required: true,
    create: 'optional',
    update: true,
    description:
      'received (when not given), guided, rejected, recycled, rated, rerated or billed. It may begin as any but billed, which only billing sets. Then: received to guided or rejected, guided to rated or rejected, rejected to recycled, recycled to guided or rejected, rated to rerated, which marks it to be rated again, rerated to rated. rated needs a ratedProductUsage; only what is rated is billed.',
  })
  status: string;

  @Attribute(() => String, { create: 'optional', update: true, description: 'Type of usage, e.g. voice.' })
  usageType?: string;

  @Attribute(() => String, { create: 'optional', update: true, description: 'Description for people.' })
  description?: string;

  @Attribute(() => [UsageCharacteristic], {
    create: 'optional',
    update: true,
    description: 'What is known of it, as its specification asks.',
  })
  usageCharacteristic?: UsageCharacteristic[];

  @Attribute(() => [RatedProductUsage], { create: 'optional', update: true, description: 'The results of rating.' })
  ratedProductUsage?: RatedProductUsage[];

  @Attribute(() => ChargeTo, {
    create: 'optional',
    update: true,
    description:
      'Our extension: the prepay bucket that the usage consumes, once it is rated or rerated, and how much of it. A change charges or refunds the difference at once; another bucket is charged whole and the former one refunded; null refunds all of it.',
  })
  chargeTo?: ChargeTo;

  @Attribute(() => [AdjustBalanceRef], {
    description:
      'Our extension: the adjustments that made the last change of what it consumed. All of them name the usage: adjustBalances(filter: { usage: { id: { eq: "..." } } }).',
  })
  adjustBalance?: AdjustBalanceRef[];

  @Attribute(() => [RelatedParty], {
    create: 'optional',
    update: true,
    description: 'Parties that have to do with it.',
  })
  relatedParty?: RelatedParty[];

  @Attribute(() => String, {
    create: 'optional',
    description:
      'Our extension: its id in the system it came from, e.g. cdr-42. Unique within its source: what arrives again with the same data is answered with the usage there is, with other data it is refused (CONFLICT).',
  })
  externalId?: string;

  @Attribute(() => String, {
    create: 'optional',
    description: 'Our extension: where it came from, within which externalId is unique, e.g. switch-1.',
  })
  source?: string;
}

const chargeErrors =
  'BUCKET_UNKNOWN, UNITS_MISMATCH, BUCKET_SUSPENDED, BUCKET_EXPIRED, BUCKET_NOT_YET_VALID, INSUFFICIENT_REMAINING, BALANCE_LIMIT';

type Rating = Parameters<Context['usage']['usages']['rate']>[1];

const rate: Write<Rating> = (context, { id, ratedProductUsage, chargeTo, ifRevision, idempotencyKey }) =>
  relayAnswer(
    context,
    context.usage.usages.rate(writeContext(context, idempotencyKey), { id, ratedProductUsage, chargeTo, ifRevision }),
  );

@Resolver(() => Usage)
class RatingVerbs {
  @WrittenBy(rate)
  @Mutation(() => Usage, {
    nullable: true,
    description: `Takes the results of rating: a usage that is guided, rated or rerated becomes rated. With chargeTo the usage consumes a prepay bucket in the same transaction; when it is charged already, only the difference is charged or refunded. A refused charge leaves the usage as it was and is recorded as a failed adjustBalance. Errors: NOT_FOUND, INVALID_ATTRIBUTE, MISSING_ATTRIBUTE, CONFLICT, REVISION_MISMATCH; of the charge ${chargeErrors}.`,
  })
  rateUsage(
    @Arg('id', () => ID, { description: 'The usage.' }) _id: string,
    @Arg('ratedProductUsage', () => [RatedProductUsage], {
      description: 'The results, which replace those there are; at least one.',
    })
    _results: RatedProductUsage[],
    @Arg('chargeTo', () => ChargeTo, {
      nullable: true,
      description: 'The bucket to charge. When it is not given, the bucket charged before stays; null refunds it.',
    })
    _chargeTo: ChargeTo | null | undefined,
    @Arg('ifRevision', () => Int, { nullable: true, description: texts.ifRevision }) _ifRevision: number,
    @Arg('idempotencyKey', () => String, { nullable: true, description: texts.idempotencyKey }) _key: string,
  ): object {
    return byWrite();
  }
}

export const usage: ResourceModule = {
  resolvers: [
    RatingVerbs,
    ...resourceResolvers(Usage, {
      create: {
        description: `Takes a usage, once per externalId and source. Where its specification is ours, it must fit it. With chargeTo it consumes a prepay bucket at once. Errors: INVALID_ATTRIBUTE, MISSING_ATTRIBUTE, CONFLICT; of the charge ${chargeErrors}.`,
        call: ({ usage: domain }, write, input) => domain.usages.create(write, input),
      },
      createMany: {
        description: 'Takes several usages in one transaction.',
        call: ({ usage: domain }, write, inputs) => domain.usages.createMany(write, inputs),
      },
      update: {
        description: `Changes a usage; its status as its lifecycle allows, what it consumes as rateUsage does. Errors: NOT_FOUND, INVALID_ATTRIBUTE, MISSING_ATTRIBUTE, CONFLICT, REVISION_MISMATCH; of the charge ${chargeErrors}.`,
        call: ({ usage: domain }, write, change) => domain.usages.update(write, change),
      },
      delete: {
        description:
          'Deletes a usage that is neither billed nor charged to a bucket; its externalId may come again. Errors: NOT_FOUND, CONFLICT.',
        call: ({ usage: domain }, write, id, ifRevision) => domain.usages.delete(write, id, ifRevision),
      },
    }),
  ],
  joins: [{ reference: UsageRef, target: Usage }],
};
