import { ID, InputType, ObjectType } from 'type-graphql';
import { Attribute, ValueObject } from '../attribute.js';
import { ExtensibleValue } from './extensible.js';

/** What all TMF references share beside their id, which is optional only in a few of them. */
@ObjectType()
@InputType()
export abstract class ReferenceParts extends ExtensibleValue {
  @Attribute(() => String, { description: 'Address of the referenced entity.' })
  href?: string;

  @Attribute(() => String, { description: 'Name of the referenced entity.' })
  name?: string;

  @Attribute(() => String, { description: 'TMF @referredType: class of the referenced entity.' })
  atReferredType?: string;
}

@ObjectType()
@InputType()
export abstract class Reference extends ReferenceParts {
  @Attribute(() => ID, { field: 'refId', required: true, description: 'Id of the referenced entity.' })
  id: string;
}

@ValueObject('A product of the inventory.')
export class ProductRef extends Reference {}

@ValueObject('A payment.')
export class PaymentRef extends Reference {}

@ValueObject('A method of payment.')
export class PaymentMethodRef extends Reference {}

@ValueObject('An account of a party.')
export class PartyAccountRef extends Reference {
  @Attribute(() => String, { description: 'Description of the account.' })
  description?: string;

  @Attribute(() => String, { description: 'Condition of the account, e.g. paid, due.' })
  status?: string;
}

@ValueObject('A logical resource, such as a telephone number. Its value alone is enough: the id is then that value.')
export class LogicalResourceRef extends ReferenceParts {
  @Attribute(() => ID, { field: 'refId', description: 'Id of the logical resource.' })
  id?: string;

  @Attribute(() => String, { description: 'Its value, e.g. the MSISDN.' })
  value?: string;
}

@ValueObject('The channel a request came through; it has an id, an href or a name.')
export class ChannelRef extends ReferenceParts {
  @Attribute(() => ID, { field: 'refId', description: 'Id of the channel.' })
  id?: string;
}

@ValueObject('A party or party role that has to do with the entity.')
export class RelatedParty extends ExtensibleValue {
  @Attribute(() => ID, { field: 'refId', required: true, description: 'Id of the party or party role.' })
  id: string;

  @Attribute(() => String, { description: 'Address of the party.' })
  href?: string;

  @Attribute(() => String, { description: 'Name of the party.' })
  name?: string;

  @Attribute(() => String, { description: 'What the party is to the entity, e.g. customer.' })
  role?: string;

  @Attribute(() => String, {
    required: true,
    description: 'TMF @referredType: e.g. Individual, Organization, Customer.',
  })
  atReferredType: string;
}
