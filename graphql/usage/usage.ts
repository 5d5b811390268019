import { ID, Int } from 'type-graphql';
import type { Decimal as DecimalValue } from '../../src/platform/decimal.js';
import { Attribute, Resource, ValueObject } from '../attribute.js';
import { resourceResolvers, type ResourceModule } from '../resource.js';
import { DateTime, Decimal } from '../scalars.js';
import { CharacteristicParts } from '../shared/characteristic.js';
import { Extensible, ExtensibleResource } from '../shared/extensible.js';
import { Money } from '../shared/money.js';
import { ProductRef, RelatedParty } from '../shared/references.js';
import { UsageSpecificationRef } from './references.js';

@ValueObject('One characteristic of a usage, such as its duration, with its value.')
export class UsageCharacteristic extends CharacteristicParts {}

@ValueObject('What rating made of a usage for one product.')
export class RatedProductUsage extends Extensible {
  @Attribute(() => DateTime, { description: 'When it was rated.' })
  ratingDate?: Date;

  @Attribute(() => String, {
    description:
      'usage (always rated outside a bundle), included usage (inside a bundle) or non included usage (the bundle is exhausted).',
  })
  usageRatingTag?: string;

  @Attribute(() => String, { description: 'Kind of the amount, e.g. Total.' })
  ratingAmountType?: string;

  @Attribute(() => String, { description: 'Kind of the tariff, e.g. Normal.' })
  offerTariffType?: string;

  @Attribute(() => Money, { description: 'The amount without tax.' })
  taxExcludedRatingAmount?: Money;

  @Attribute(() => Money, { description: 'The amount with tax.' })
  taxIncludedRatingAmount?: Money;

  @Attribute(() => Decimal, { description: 'Tax rate in percent.' })
  taxRate?: DecimalValue;

  @Attribute(() => Boolean, { description: 'Whether no tax is due.' })
  isTaxExempt?: boolean;

  @Attribute(() => Money, { description: 'What was taken from a bundle, as money.' })
  bucketValueConvertedInAmount?: Money;

  @Attribute(() => ProductRef, { description: 'The product it was rated for.' })
  productRef?: ProductRef;

  @Attribute(() => Boolean, { description: 'Whether it was billed.' })
  isBilled?: boolean;
}

@Resource({
  table: 'Usage',
  description:
    'TMF635 Usage: an occurrence of employing a product, service or resource that charges can be applied to, described by characteristics.',
})
export class Usage extends ExtensibleResource {
  @Attribute(() => ID, { required: true, description: 'Id, a ULID given by the server.' })
  id: string;

  @Attribute(() => Int, { required: true, description: 'Version, counted up by every change; the REST ETag.' })
  revision: number;

  @Attribute(() => DateTime, { required: true, description: 'When it was last changed; the REST Last-Modified.' })
  updatedAt: Date;

  @Attribute(() => UsageSpecificationRef, { required: true, create: 'required', update: true, description: 'The specification that says what the usage consists of.' })
  usageSpecification: UsageSpecificationRef;

  @Attribute(() => DateTime, { required: true, create: 'optional', update: true, description: 'When it happened; now when not given.' })
  usageDate: Date;

  @Attribute(() => String, {
    required: true,
    create: 'optional',
    update: true,
    description:
      'received (when not given), guided, rejected, recycled, rated, rerated or billed. It may begin as any but billed, which only billing sets. Then: received to guided or rejected, guided to rated or rejected, rejected to recycled, recycled to guided or rejected, rated to rerated, rerated to rated. rated needs a ratedProductUsage.',
  })
  status: string;

  @Attribute(() => String, { create: 'optional', update: true, description: 'Type of usage, e.g. voice.' })
  usageType?: string;

  @Attribute(() => String, { create: 'optional', update: true, description: 'Description for people.' })
  description?: string;

  @Attribute(() => [UsageCharacteristic], { create: 'optional', update: true, description: 'What is known of it, as its specification asks.' })
  usageCharacteristic?: UsageCharacteristic[];

  @Attribute(() => [RatedProductUsage], { create: 'optional', update: true, description: 'The results of rating.' })
  ratedProductUsage?: RatedProductUsage[];

  @Attribute(() => [RelatedParty], { create: 'optional', update: true, description: 'Parties that have to do with it.' })
  relatedParty?: RelatedParty[];

  @Attribute(() => String, {
    create: 'optional',
    description:
      'Our extension: what the deliverer calls it, e.g. cdr-42. Unique within its source: what arrives again with the same data is answered with the usage there is, with other data it is refused (CONFLICT).',
  })
  externalId?: string;

  @Attribute(() => String, { create: 'optional', description: 'Our extension: where it came from, within which externalId is unique, e.g. switch-1.' })
  source?: string;
}

export const usage: ResourceModule = {
  resolvers: resourceResolvers(Usage, {
    create: {
      description:
        'Takes a usage, once per externalId and source. Where its specification is ours, it must fit it. Errors: INVALID_ATTRIBUTE, MISSING_ATTRIBUTE, CONFLICT.',
      call: ({ usage: domain }, write, input) => domain.usages.create(write, input),
    },
    createMany: {
      description: 'Takes several usages in one transaction.',
      call: ({ usage: domain }, write, inputs) => domain.usages.createMany(write, inputs),
    },
    update: {
      description:
        'Changes a usage; its status as its lifecycle allows. Errors: NOT_FOUND, INVALID_ATTRIBUTE, MISSING_ATTRIBUTE, CONFLICT, REVISION_MISMATCH.',
      call: ({ usage: domain }, write, change) => domain.usages.update(write, change),
    },
    delete: {
      description: 'Deletes a usage that is not billed; its externalId may come again. Errors: NOT_FOUND, CONFLICT.',
      call: ({ usage: domain }, write, id) => domain.usages.delete(write, id),
    },
  }),
};
