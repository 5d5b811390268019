import { ID, InputType, ObjectType } from 'type-graphql';
import { Attribute, ValueObject } from '../attribute.js';
import { ExtensibleValue } from '../shared/extensible.js';
import { Reference } from '../shared/references.js';

/** What the references share that have no name in TMF652. */
@ObjectType()
@InputType()
abstract class NamelessReference extends ExtensibleValue {
  @Attribute(() => ID, { field: 'refId', required: true, description: 'Id of the referenced entity.' })
  id: string;

  @Attribute(() => String, { description: 'Address of the referenced entity.' })
  href?: string;

  @Attribute(() => String, { description: 'TMF @referredType: class of the referenced entity.' })
  atReferredType?: string;
}

@ValueObject('An appointment, such as a visit to the site.')
export class AppointmentRef extends NamelessReference {
  @Attribute(() => String, { description: 'What is to happen at the appointment.' })
  description?: string;
}

@ValueObject('An order for resources of ours.')
export class ResourceOrderRef extends NamelessReference {
  @Attribute(() => String, { resolved: true, description: 'Address of the order; set by the server.' })
  override href?: string;
}

@ValueObject('A specification of resources in a catalogue.')
export class ResourceSpecificationRef extends Reference {
  @Attribute(() => String, { description: 'Version of the specification.' })
  version?: string;
}

@ValueObject('An item of an order; without an order, of the one that it stands in.')
export class ResourceOrderItemRef extends ExtensibleValue {
  @Attribute(() => ID, { description: 'Id of the item within its order.' })
  itemId?: string;

  @Attribute(() => String, { description: 'Address of the order.' })
  resourceOrderHref?: string;

  @Attribute(() => ID, { description: 'Id of the order.' })
  resourceOrderId?: string;

  @Attribute(() => String, { description: 'TMF @referredType: class of the referenced entity.' })
  atReferredType?: string;
}
