import { requireAttachments, type AttachmentInput } from '../attachments.js';
import type { RowChanges } from '../changes.js';
import {
  invalid,
  isGiven,
  missing,
  requireIndexable,
  requireName,
  requireOneOf,
  toChanges,
  toGiven,
} from '../input.js';
import { requireItems, dependencyRelationship } from './items.js';
import type { OrderRow } from './model.js';
import { firstState } from './transitions.js';

/** Items of one order: it is read and written as a whole. */
const ORDER_ITEMS_MAX = 1_000;
/** 0 is the highest and 4 the lowest priority (TMF652). */
const priorityMax = 4;

interface NestedResource {
  attachment?: AttachmentInput[] | null;
}

export interface ResourceInput extends NestedResource {
  resourceRelationship?: { resource?: NestedResource | null }[] | null;
}

export interface ItemInput {
  id: string;
  state?: string | null;
  quantity?: number | null;
  orderItemRelationship?: { relationshipType?: string | null; orderItem?: { itemId?: string | null } | null }[] | null;
  resource?: ResourceInput | null;
}

/** The attributes that the rules read; all others are stored as they arrive. */
export interface OrderInput {
  name?: string | null;
  state?: string | null;
  priority?: number | null;
  orderItem?: ItemInput[] | null;
}

/** What a new order is made of; ids, dates and states come later. */
export function fromOrderInput(input: OrderInput): Partial<OrderRow> & Pick<OrderRow, 'state' | 'orderItem'> {
  if (!isGiven(input.orderItem)) throw missing('orderItem', 'an order has at least one');
  checkOrder(input);
  for (const [index, { state }] of input.orderItem.entries())
    if (isGiven(state)) requireOneOf(`orderItem.${index}.state`, [firstState], state);
  const given = toGiven<OrderRow, 'orderItem'>(input);
  const orderItem = given.orderItem.map((item) => ({ ...item, state: firstState }));
  requireItems(orderItem, '');
  return { ...given, state: firstState, orderItem };
}

/** The changes of a PATCH: null removes. */
export function fromOrderChange(input: OrderInput): RowChanges<OrderRow> {
  for (const name of ['state', 'orderItem'] as const) {
    if (input[name] === null) throw invalid(name, 'cannot be removed');
  }
  checkOrder(input);
  return toChanges(input);
}

function checkOrder({ name, priority, orderItem }: OrderInput): void {
  if (isGiven(name)) requireIndexable('name', name);
  if (isGiven(priority) && (priority < 0 || priority > priorityMax))
    throw invalid('priority', `must be from 0 (highest) to ${priorityMax} (lowest): ${priority}`);
  if (!isGiven(orderItem)) return;
  if (orderItem.length === 0) throw invalid('orderItem', 'must have at least one element');
  if (orderItem.length > ORDER_ITEMS_MAX)
    throw invalid('orderItem', `has ${orderItem.length} elements: the limit ORDER_ITEMS_MAX is ${ORDER_ITEMS_MAX}`);
  for (const [index, item] of orderItem.entries()) checkItem(item, `orderItem.${index}`);
}

function checkItem(item: ItemInput, path: string): void {
  requireName(`${path}.id`, item.id);
  if (isGiven(item.quantity) && item.quantity <= 0)
    throw invalid(`${path}.quantity`, `must be greater than zero: ${item.quantity}`);
  for (const [index, { relationshipType, orderItem }] of (item.orderItemRelationship ?? []).entries()) {
    if (relationshipType === dependencyRelationship && !isGiven(orderItem?.itemId))
      throw missing(
        `${path}.orderItemRelationship.${index}.orderItem.itemId`,
        `${dependencyRelationship} says which item to wait for`,
      );
  }
  if (!isGiven(item.resource)) return;
  requireAttachments(`${path}.resource.attachment`, item.resource.attachment);
  for (const [index, { resource }] of (item.resource.resourceRelationship ?? []).entries()) {
    if (isGiven(resource))
      requireAttachments(`${path}.resource.resourceRelationship.${index}.resource.attachment`, resource.attachment);
  }
}
