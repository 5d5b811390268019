import type { JsonObject } from '../../platform/json-object.js';
import { itemsOf } from './items.js';

/** The notes of an order and of its resources, each with an id (DIGEST §4e). */
export function withNoteIds(order: JsonObject, nextId: () => string): JsonObject {
  const noted = (holder: JsonObject): JsonObject => {
    const { note } = holder;
    if (!Array.isArray(note)) return holder;
    return { ...holder, note: (note as JsonObject[]).map((one) => ({ ...one, id: one['id'] ?? nextId() })) };
  };
  const notedResource = (resource: JsonObject): JsonObject => {
    const { resourceRelationship } = resource;
    if (!Array.isArray(resourceRelationship)) return noted(resource);
    return {
      ...noted(resource),
      resourceRelationship: (resourceRelationship as JsonObject[]).map((one) =>
        one['resource'] ? { ...one, resource: noted(one['resource'] as JsonObject) } : one,
      ),
    };
  };
  const notedItem = (item: JsonObject): JsonObject =>
    item['resource'] ? { ...item, resource: notedResource(item['resource'] as JsonObject) } : item;
  return { ...noted(order), ...(order['orderItem'] && { orderItem: itemsOf(order).map(notedItem) }) };
}
