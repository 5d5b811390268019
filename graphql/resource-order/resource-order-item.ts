import { ID, Int } from 'type-graphql';
import { Attribute, ValueObject } from '../attribute.js';
import { ExtensibleValue } from '../shared/extensible.js';
import { AppointmentRef, ResourceOrderItemRef, ResourceSpecificationRef } from './references.js';
import { ResourceRefOrValue } from './resource-ref-or-value.js';
import { OrderItemActionType, ResourceOrderItemStateType } from './enums.js';

@ValueObject('How one item relates to another.')
export class ResourceOrderItemRelationship extends ExtensibleValue {
  @Attribute(() => ID, { field: 'itemId', description: 'Id of the relationship.' })
  id?: string;

  @Attribute(() => String, { description: 'Address of the relationship.' })
  href?: string;

  @Attribute(() => String, {
    description:
      'Kind of the relationship. dependsOn: the item does not start before the other one of this order is completed. Other kinds, e.g. bundles, are kept as they come.',
  })
  relationshipType?: string;

  @Attribute(() => ResourceOrderItemRef, { description: 'The other item.' })
  orderItem?: ResourceOrderItemRef;
}

@ValueObject('One thing of an order: what is to be done with which resource.')
export class ResourceOrderItem extends ExtensibleValue {
  @Attribute(() => ID, {
    field: 'itemId',
    required: true,
    description: 'Id of the item, chosen by the client: it is the only one of its order that has it.',
  })
  id: string;

  @Attribute(() => String, { description: 'Address of the item, kept as it comes.' })
  href?: string;

  @Attribute(() => Int, { description: 'How many are ordered.' })
  quantity?: number;

  @Attribute(() => OrderItemActionType, { description: 'add, modify, delete or noChange.' })
  action?: string;

  @Attribute(() => AppointmentRef, { description: 'The appointment that was made for it.' })
  appointment?: AppointmentRef;

  @Attribute(() => [ResourceOrderItemRelationship], { description: 'How it relates to other items.' })
  orderItemRelationship?: ResourceOrderItemRelationship[];

  @Attribute(() => ResourceRefOrValue, { description: 'The resource.' })
  resource?: ResourceRefOrValue;

  @Attribute(() => ResourceSpecificationRef, { description: 'The specification of the resource.' })
  resourceSpecification?: ResourceSpecificationRef;

  @Attribute(() => ResourceOrderItemStateType, {
    description:
      'Always there in answers: acknowledged at first (no other value can be given on creation); then inProgress, pending, held, and completed, failed, cancelled or rejected in the end. assessingCancellation and pendingCancellation, on the way to cancelled, are told by events only.',
  })
  state?: string;
}
