import { Arg, Args, Ctx, FieldResolver, ID, Int, Mutation, Resolver } from 'type-graphql';
import { Attribute, Resource, ValueObject } from '../attribute.js';
import { relayAnswer, writeContext, type Context } from '../context.js';
import { pageArgumentsOf, pageOf } from '../page.js';
import { byPlan, Read } from '../plan/field-read.js';
import { resourceResolvers, texts, type ResourceModule } from '../resource.js';
import { DateTime } from '../scalars.js';
import { ExtensibleResource, ExtensibleValue } from '../shared/extensible.js';
import { Note } from '../shared/note.js';
import { RelatedParty } from '../shared/references.js';
import { CancelResourceOrder } from './cancel-resource-order.js';
import { ResourceOrderRef } from './references.js';
import { ResourceOrderItem } from './resource-order-item.js';
import { ResourceOrderItemStateType, ResourceOrderStateType } from './enums.js';

@ValueObject('A reference to the order in another system.')
export class ExternalReference extends ExtensibleValue {
  @Attribute(() => ID, { field: 'refId', description: 'Id of the reference.' })
  id?: string;

  @Attribute(() => String, { description: 'Address of the reference.' })
  href?: string;

  @Attribute(() => String, { description: 'What kind of reference it is, e.g. Acme Ordering Number.' })
  externalReferenceType?: string;

  @Attribute(() => String, { required: true, description: 'The reference itself, or the name of the system it is of.' })
  name: string;
}

@Resource({
  table: 'ResourceOrder',
  indexes: {
    orders: ['state', 'orderDate', 'name'],
    searches: ['id', 'name'],
    references: ['externalReference', 'orderItem', 'relatedParty'],
  },
  description: 'TMF652 ResourceOrder: an order for resources, item by item. Its state follows those of its items.',
})
export class ResourceOrder extends ExtensibleResource {
  @Attribute(() => ResourceOrderStateType, {
    required: true,
    create: 'optional',
    update: true,
    description:
      'acknowledged at first (no other value can be given on creation), then inProgress, pending or held, and in the end completed, failed, partial, cancelled or rejected; assessingCancellation and pendingCancellation, on the way to cancelled, are told by its events only. It follows from the items. A client may lead an order to inProgress (what can start starts), held, pending (it is kept there until it is led to inProgress), cancelled, or from acknowledged to rejected.',
  })
  state: string;

  @Attribute(() => ResourceOrderStateType, {
    description: 'Our extension: held or pending, while a client keeps the order there, whatever its items do.',
  })
  requestedState?: string;

  @Attribute(() => DateTime, {
    update: true,
    description: 'When it was cancelled; set by the server then, unless a client has said it.',
  })
  cancellationDate?: Date;

  @Attribute(() => String, { update: true, description: 'Why it was cancelled.' })
  cancellationReason?: string;

  @Attribute(() => String, { create: 'optional', update: true, description: 'Category of the order, e.g. Premium.' })
  category?: string;

  @Attribute(() => DateTime, { description: 'When it was completed, wholly or in part; set by the server.' })
  completionDate?: Date;

  @Attribute(() => String, { create: 'optional', update: true, description: 'Description for people.' })
  description?: string;

  @Attribute(() => DateTime, { update: true, description: 'When the provider expects to have completed it.' })
  expectedCompletionDate?: Date;

  @Attribute(() => String, {
    create: 'optional',
    update: true,
    description: 'Id of the order in the system of who ordered; externalReference says more.',
  })
  externalId?: string;

  @Attribute(() => String, { create: 'optional', update: true, description: 'Name of the order.' })
  name?: string;

  @Attribute(() => DateTime, { required: true, description: 'When it was ordered; set by the server.' })
  orderDate: Date;

  @Attribute(() => String, { create: 'optional', update: true, description: 'Type of the order.' })
  orderType?: string;

  @Attribute(() => Int, {
    create: 'optional',
    update: true,
    description: 'From 0, the highest priority, to 4, the lowest.',
  })
  priority?: number;

  @Attribute(() => DateTime, { create: 'optional', update: true, description: 'When it is wished to be completed.' })
  requestedCompletionDate?: Date;

  @Attribute(() => DateTime, { create: 'optional', update: true, description: 'When it is wished to start.' })
  requestedStartDate?: Date;

  @Attribute(() => DateTime, {
    create: 'optional',
    update: true,
    description: 'When it started; set by the server when it first becomes inProgress, unless a client has said it.',
  })
  startDate?: Date;

  @Attribute(() => [ExternalReference], {
    create: 'optional',
    update: true,
    description: 'What it is called in other systems.',
  })
  externalReference?: ExternalReference[];

  @Attribute(() => [Note], { create: 'optional', update: true, description: 'What was written down about it.' })
  note?: Note[];

  @Attribute(() => [ResourceOrderItem], {
    required: true,
    create: 'required',
    update: true,
    description:
      'What is ordered, at least one item. An update may add items, change those that are not finished, move their states, and remove those that are acknowledged.',
  })
  orderItem: ResourceOrderItem[];

  @Attribute(() => [RelatedParty], {
    create: 'optional',
    update: true,
    description: 'Parties that have to do with it.',
  })
  relatedParty?: RelatedParty[];
}

@Resolver(() => ResourceOrder)
class ItemProgress {
  @Mutation(() => ResourceOrder, {
    nullable: true,
    description:
      'For the system that does the work: moves one item of an order along; the order follows. Errors: NOT_FOUND, INVALID_ATTRIBUTE, MISSING_ATTRIBUTE, CONFLICT, REVISION_MISMATCH.',
  })
  updateResourceOrderItem(
    @Arg('orderId', () => ID, { description: 'The id of the ResourceOrder.' }) id: string,
    @Arg('itemId', () => ID, { description: 'The id of the item within the order.' }) itemId: string,
    @Arg('state', () => ResourceOrderItemStateType, {
      nullable: true,
      description: 'inProgress, pending, held, completed, failed, rejected or cancelled, as the state it is in allows.',
    })
    state: string,
    @Arg('note', () => String, { nullable: true, description: 'Is added to the notes of the order.' }) note: string,
    @Arg('expectedCompletionDate', () => DateTime, {
      nullable: true,
      description: 'When the order is expected to be completed.',
    })
    expectedCompletionDate: Date,
    @Arg('ifRevision', () => Int, { nullable: true, description: texts.ifRevision }) ifRevision: number,
    @Arg('idempotencyKey', () => String, { nullable: true, description: texts.idempotencyKey }) key: string,
    @Ctx() context: Context,
  ): Promise<object> {
    const progress = { state, note, expectedCompletionDate };
    return relayAnswer(
      context,
      context.resourceOrder.orders.updateItem(writeContext(context, key), { id, ifRevision }, itemId, progress),
    );
  }
}

const cancellationPage = pageOf(CancelResourceOrder);
const cancellationArguments = pageArgumentsOf(CancelResourceOrder);

@Resolver(() => ResourceOrder)
class ResourceOrderEdges {
  @Read({ kind: 'page', target: CancelResourceOrder, edge: { parent: 'resourceOrderId' } })
  @FieldResolver(() => cancellationPage, {
    description: 'The requests to cancel it, wholly or in part, also those that wait for their time.',
  })
  cancelResourceOrders(@Args(() => cancellationArguments) _request: object): object {
    return byPlan();
  }
}

export const resourceOrder: ResourceModule = {
  resolvers: [
    ItemProgress,
    ResourceOrderEdges,
    ...resourceResolvers(ResourceOrder, {
      create: {
        description: 'Orders resources. Errors: INVALID_ATTRIBUTE, MISSING_ATTRIBUTE.',
        call: ({ resourceOrder: domain }, write, input) => domain.orders.create(write, input),
      },
      createMany: {
        description: 'Makes several orders in one transaction.',
        call: ({ resourceOrder: domain }, write, inputs) => domain.orders.createMany(write, inputs),
      },
      update: {
        description:
          'Changes an order, its items or its state. Errors: NOT_FOUND, INVALID_ATTRIBUTE, CONFLICT, REVISION_MISMATCH.',
        call: ({ resourceOrder: domain }, write, change) => domain.orders.update(write, change),
      },
      delete: {
        description: 'Deletes an order that was not begun or is at its end. Errors: NOT_FOUND, CONFLICT.',
        call: ({ resourceOrder: domain }, write, id, ifRevision) => domain.orders.delete(write, id, ifRevision),
      },
    }),
  ],
  joins: [{ reference: ResourceOrderRef, target: ResourceOrder }],
};
