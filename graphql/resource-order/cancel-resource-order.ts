import { Attribute, Resource } from '../attribute.js';
import { resourceResolvers, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { ExtensibleResource } from '../shared/extensible.js';
import { ResourceOrderItemRef, ResourceOrderRef } from './references.js';
import { TaskStateType } from './enums.js';

@Resource({
  table: 'CancelResourceOrder',
  indexes: { references: ['resourceOrder'] },
  description: 'TMF652 CancelResourceOrder: the request to cancel an order, and what came of it.',
})
export class CancelResourceOrder extends ExtensibleResource {
  @Attribute(() => TaskStateType, {
    required: true,
    create: 'optional',
    description:
      'accepted until its time comes, then inProgress, and done, or terminatedWithError when the order cannot be cancelled: failureMessage says why.',
  })
  state: string;

  @Attribute(() => String, { create: 'optional', description: 'Why the order is to be cancelled.' })
  cancellationReason?: string;

  @Attribute(() => DateTime, { description: 'When it was cancelled; set by the server.' })
  effectiveCancellationDate?: Date;

  @Attribute(() => DateTime, {
    create: 'optional',
    description: 'When it is to be cancelled; absent or past: at once.',
  })
  requestedCancellationDate?: Date;

  @Attribute(() => String, { description: 'Our extension: why it ended with an error.' })
  failureMessage?: string;

  @Attribute(() => ResourceOrderRef, {
    required: true,
    create: 'required',
    description: 'The order to cancel, one of ours.',
  })
  resourceOrder: ResourceOrderRef;

  @Attribute(() => [ResourceOrderItemRef], {
    create: 'optional',
    description:
      'Our extension: the items to cancel, by itemId; the others go on. Absent: the order as a whole, of which then no item may be completed.',
  })
  orderItem?: ResourceOrderItemRef[];
}

export const cancelResourceOrder: ResourceModule = {
  resolvers: resourceResolvers(CancelResourceOrder, {
    create: {
      description:
        'Asks for the cancellation of an order, or of some of its items. What cannot be cancelled ends as terminatedWithError. Errors: INVALID_ATTRIBUTE, MISSING_ATTRIBUTE, RESOURCE_ORDER_UNKNOWN.',
      call: ({ resourceOrder: domain }, write, input) => domain.cancellations.create(write, input),
    },
  }),
};
