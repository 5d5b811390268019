import type { Decimal as DecimalValue } from '../../src/platform/decimal.js';
import { Attribute, ValueObject } from '../attribute.js';
import { BucketRef } from '../prepay-balance/references.js';
import { DateTime, Decimal } from '../scalars.js';
import { ExtensibleValue } from '../shared/extensible.js';
import { Money } from '../shared/money.js';
import { Quantity } from '../shared/quantity.js';
import { ProductRef } from '../shared/references.js';

@ValueObject('What rating made of a usage for one product.')
export class RatedProductUsage extends ExtensibleValue {
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

@ValueObject('The prepay bucket that a usage consumes, and how much of it.')
export class ChargeTo {
  @Attribute(() => BucketRef, { required: true, description: 'The bucket; it is named by its id.' })
  bucket: BucketRef;

  @Attribute(() => Quantity, {
    description:
      'How much it consumes; zero charges nothing. When it is not given, the sum of taxIncludedRatingAmount over ratedProductUsage, whose unit must then be that of the bucket, and it follows the rating from then on. An amount that was given stays until another is.',
  })
  amount?: Quantity;
}
