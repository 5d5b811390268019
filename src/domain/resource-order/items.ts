import { DomainError, abbreviated } from '../../platform/errors.js';
import { canonicalJson, type JsonObject, type JsonValue } from '../../platform/json-object.js';
import { invalid } from '../input.js';
import { requireTransition } from '../transitions.js';
import { isFinal, workTransitions } from './transitions.js';

/** The state in which an item begins. */
export const firstState = 'acknowledged';
/** The relationship that makes an item wait for another one. */
export const dependencyRelationship = 'dependsOn';

export function itemsOf(order: JsonObject): JsonObject[] {
  return (order['orderItem'] ?? []) as JsonObject[];
}

export function idOf({ id }: JsonObject): string {
  return String(id);
}

export function statesOf(items: readonly JsonObject[]): string[] {
  return items.map(({ state }) => String(state));
}

/** The ids of the items of the same order that an item waits for. */
export function dependenciesOf(item: JsonObject, orderId: string): string[] {
  return ((item['orderItemRelationship'] ?? []) as JsonObject[]).flatMap(({ relationshipType, orderItem }) => {
    const { itemId, resourceOrderId = orderId } = (orderItem ?? {}) as JsonObject;
    return relationshipType === dependencyRelationship && resourceOrderId === orderId && typeof itemId === 'string'
      ? [itemId]
      : [];
  });
}

/** Refuses items of one order that have an id in common, wait for one that is not there, or for each other. */
export function requireItems(items: readonly JsonObject[], orderId: string): void {
  const byId = new Map(items.map((item) => [idOf(item), item]));
  for (const [index, item] of items.entries()) {
    const id = idOf(item);
    if (byId.get(id) !== item)
      throw invalid(`orderItem.${index}.id`, `is that of another item, too: '${abbreviated(id)}'`);
    const unknown = dependenciesOf(item, orderId).find((other) => !byId.has(other));
    if (unknown !== undefined)
      throw invalid(
        `orderItem.${index}.orderItemRelationship`,
        `depends on the item '${abbreviated(unknown)}', which the order has not`,
      );
  }
  const cycle = cycleIn(byId, orderId);
  if (cycle)
    throw invalid('orderItem', `depends on itself: ${cycle.map((id) => `'${abbreviated(id)}'`).join(' waits for ')}`);
}

/** The ids along a cycle, the first one again at its end; undefined when there is none. */
function cycleIn(byId: ReadonlyMap<string, JsonObject>, orderId: string): string[] | undefined {
  // Items that wait for nothing that is left go, again and again; those that stay are a cycle, or wait for one.
  const left = new Map([...byId].map(([id, item]) => [id, dependenciesOf(item, orderId)]));
  for (let before = -1; before !== left.size;) {
    before = left.size;
    for (const [id, others] of left) if (!others.some((other) => left.has(other))) left.delete(id);
  }
  const path: string[] = [];
  for (let [next] = left.keys(); next !== undefined; next = left.get(next)?.find((other) => left.has(other))) {
    if (path.includes(next)) return [...path.slice(path.indexOf(next)), next];
    path.push(next);
  }
  return undefined;
}

/** The items as a change wants them, by those there are: what is finished stays, states move along their table. */
export function changedItems(order: JsonObject, wanted: readonly JsonObject[]): JsonObject[] {
  const before = new Map(itemsOf(order).map((item) => [idOf(item), item]));
  const after = wanted.map((item, index) => changedItem(order, before.get(idOf(item)), item, index));
  requireItems(after, idOf(order));
  const kept = new Set(after.map(idOf));
  for (const [id, { state }] of before) {
    if (!kept.has(id) && state !== firstState)
      throw conflict(order, id, `is ${String(state)} and cannot be removed: only what is ${firstState} can`);
  }
  requireStarts(order, before, after);
  return after;
}

function changedItem(order: JsonObject, before: JsonObject | undefined, wanted: JsonObject, index: number): JsonObject {
  const state = wanted['state'] ?? before?.['state'] ?? firstState;
  if (before === undefined) {
    if (state !== firstState)
      throw invalid(`orderItem.${index}.state`, `of a new item must be ${firstState}: '${abbreviated(String(state))}'`);
  } else if (isFinal(before['state']) && !isSame({ ...wanted, state }, before)) {
    throw conflict(order, idOf(before), `is ${String(before['state'])} and cannot change any more`);
  } else {
    requireTransition(
      workTransitions,
      nameOf(order, idOf(before)),
      String(before['state']),
      String(state),
      `orderItem.${index}.state`,
    );
  }
  return { ...wanted, state };
}

/** What is under way must not wait for anything, and what begins or goes on now not be kept from it by the order. */
function requireStarts(order: JsonObject, before: ReadonlyMap<string, JsonObject>, after: readonly JsonObject[]): void {
  const byId = new Map(after.map((item) => [idOf(item), item]));
  for (const item of after) {
    const id = idOf(item);
    if (item['state'] !== 'inProgress') continue;
    const isStart = before.get(id)?.['state'] !== 'inProgress';
    if (isStart && order['requestedState'])
      throw conflict(
        order,
        id,
        `cannot start while the order is ${String(order['requestedState'])}: lead the order to inProgress first`,
      );
    const open = missingFor(item, byId, idOf(order));
    if (open.length > 0)
      throw conflict(order, id, `cannot be inProgress before those it depends on are completed: ${open.join(', ')}`);
  }
}

/** What an item waits for, as people read it. */
function missingFor(item: JsonObject, byId: ReadonlyMap<string, JsonObject>, orderId: string): string[] {
  return dependenciesOf(item, orderId).flatMap((id) => {
    const state = byId.get(id)?.['state'];
    return state === 'completed' ? [] : [`'${id}' is ${String(state)}`];
  });
}

/** The items, with those begun that are in one of the states and wait for nothing. */
export function started(order: JsonObject, items: readonly JsonObject[], states: readonly string[]): JsonObject[] {
  const byId = new Map(items.map((item) => [idOf(item), item]));
  return items.map((item) =>
    states.includes(String(item['state'])) && missingFor(item, byId, idOf(order)).length === 0
      ? { ...item, state: 'inProgress' }
      : item,
  );
}

/** The items, with those in the state for which it holds. */
export function withState(
  items: readonly JsonObject[],
  state: string,
  holds: (item: JsonObject) => boolean,
): JsonObject[] {
  return items.map((item) => (holds(item) ? { ...item, state } : item));
}

export function isOpen({ state }: JsonObject): boolean {
  return !isFinal(state);
}

function nameOf(order: JsonObject, itemId: string): string {
  return `item '${abbreviated(itemId)}' of resourceOrder '${idOf(order)}'`;
}

function conflict(order: JsonObject, itemId: string, problem: string): DomainError {
  return new DomainError('CONFLICT', `${nameOf(order, itemId)} ${problem}`, { path: 'orderItem' });
}

/** An attribute that is absent and one that is null are the same. */
function isSame(one: JsonObject, other: JsonObject): boolean {
  return canonicalJson(withoutAbsent(one)) === canonicalJson(withoutAbsent(other));
}

function withoutAbsent(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutAbsent);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, part]) => (part === null ? [] : [[name, withoutAbsent(part)]])),
  );
}
