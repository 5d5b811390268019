import type { Plain } from '../../platform/plain.js';
import { itemsOf } from './items.js';

/** The notes of an order and of its resources, each with an id (DIGEST §4e). */
export function withNoteIds(order: Plain, nextId: () => string): Plain {
  const noted = (holder: Plain): Plain => {
    const { note } = holder;
    if (!Array.isArray(note)) return holder;
    return { ...holder, note: (note as Plain[]).map((one) => ({ ...one, id: one['id'] ?? nextId() })) };
  };
  const notedResource = (resource: Plain): Plain => {
    const { resourceRelationship } = resource;
    if (!Array.isArray(resourceRelationship)) return noted(resource);
    return {
      ...noted(resource),
      resourceRelationship: (resourceRelationship as Plain[]).map((one) =>
        one['resource'] ? { ...one, resource: noted(one['resource'] as Plain) } : one,
      ),
    };
  };
  const notedItem = (item: Plain): Plain =>
    item['resource'] ? { ...item, resource: notedResource(item['resource'] as Plain) } : item;
  return { ...noted(order), ...(order['orderItem'] && { orderItem: itemsOf(order).map(notedItem) }) };
}
