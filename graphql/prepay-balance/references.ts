import { ID, ObjectType, InputType } from 'type-graphql';
import { Attribute, ValueObject } from '../attribute.js';
import { DateTime } from '../scalars.js';
import { Quantity } from '../shared/quantity.js';
import { ExtensibleValue } from '../shared/extensible.js';
import { Reference, ReferenceParts } from '../shared/references.js';

@ValueObject('A bucket of ours.')
export class BucketRef extends Reference {
  @Attribute(() => String, { description: 'What the bucket is for, e.g. monetary, voice, data, sms.' })
  usageType?: string;
}

@ValueObject('A reservation of ours.')
export class ReserveBalanceRef extends Reference {}

@ValueObject('An adjustment of ours.')
export class AdjustBalanceRef extends Reference {}

@ValueObject('Another top-up that this one belongs to, e.g. the parent of a recurring one.')
export class RelatedTopupBalance extends ReferenceParts {
  @Attribute(() => ID, { field: 'refId', description: 'Id of the other top-up.' })
  id?: string;

  @Attribute(() => String, { description: 'What the other top-up is to this one.' })
  role?: string;
}

@ObjectType({ description: 'One movement within an impacted bucket.', simpleResolvers: true })
@InputType('ImpactedBucketItemInput')
export class ImpactedBucketItem extends ExtensibleValue {
  @Attribute(() => String, {
    description:
      'What moved: topup, credit, debit, reserve, release, commit, expire, transferOut, transferIn, transferCost or reversal.',
  })
  itemType?: string;

  @Attribute(() => Quantity, { description: 'How much moved, always positive.' })
  amount?: Quantity;

  @Attribute(() => String, { description: 'Description of the movement.' })
  description?: string;

  @Attribute(() => String, { description: 'Name of the movement.' })
  name?: string;

  @Attribute(() => String, { description: 'Reason of the movement.' })
  reason?: string;
}

@ObjectType({ description: 'What an action did to one bucket.', simpleResolvers: true })
@InputType('ImpactedBucketInput')
export class ImpactedBucket extends ExtensibleValue {
  @Attribute(() => BucketRef, { description: 'The bucket.' })
  bucket?: BucketRef;

  @Attribute(() => Quantity, { description: 'Remaining value before the action.' })
  amountBefore?: Quantity;

  @Attribute(() => Quantity, { description: 'Remaining value after the action.' })
  amountAfter?: Quantity;

  @Attribute(() => [ImpactedBucketItem], { description: 'The movements within the bucket.' })
  item?: ImpactedBucketItem[];

  @Attribute(() => DateTime, { description: 'When it was done.' })
  confirmationDate?: Date;

  @Attribute(() => DateTime, { description: 'When it was asked for.' })
  requestedDate?: Date;

  @Attribute(() => String, { description: 'Description of the impact.' })
  description?: string;

  @Attribute(() => String, { description: 'Name of the impact.' })
  name?: string;
}
