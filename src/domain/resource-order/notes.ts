import type { NestedResource, Note, OrderedResource } from './model.js';

/** The attributes of an order, or of a change of one, that have notes. */
interface Noted {
  note?: Note[] | null;
  orderItem?: readonly { resource?: OrderedResource | null }[] | null;
}

/** The notes of an order and of its resources, each with an id: those that have none get the next one. */
export function withNoteIds<Order extends Noted>(order: Order, nextId: () => string): Order {
  const noted = <Holder extends { note?: Note[] | null }>(holder: Holder): Holder =>
    holder.note ? { ...holder, note: holder.note.map((one) => ({ ...one, id: one.id ?? nextId() })) } : holder;
  const notedInner = <Holder extends { resource?: NestedResource | null }>(holder: Holder): Holder =>
    holder.resource ? { ...holder, resource: noted(holder.resource) } : holder;
  const notedResource = (resource: OrderedResource): OrderedResource => {
    const { resourceRelationship } = resource;
    if (!resourceRelationship) return noted(resource);
    return { ...noted(resource), resourceRelationship: resourceRelationship.map(notedInner) };
  };
  return {
    ...noted(order),
    ...(order.orderItem && {
      orderItem: order.orderItem.map((item) =>
        item.resource ? { ...item, resource: notedResource(item.resource) } : item,
      ),
    }),
  };
}
