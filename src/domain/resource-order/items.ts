import { DomainError, abbreviated } from '../../platform/errors.js';
import { canonicalJson } from '../../platform/json-object.js';
import { invalid, withoutInnerNulls } from '../input.js';
import { requireTransition } from '../transitions.js';
import type { GivenItem, OrderItem, OrderRow } from './model.js';
import { firstState, isFinal, workTransitions } from './transitions.js';

/** The relationship that makes an item wait for another one. */
export const dependencyRelationship = 'dependsOn';

/** The states of items, in their order. */
export function statesOf(items: readonly OrderItem[]): string[] {
  return items.map(({ state }) => state);
}

/** The ids of the items of the same order that an item waits for. */
export function dependenciesOf({ orderItemRelationship }: GivenItem, orderId: string): string[] {
  return (orderItemRelationship ?? []).flatMap(({ relationshipType, orderItem }) => {
    const { itemId, resourceOrderId = orderId } = orderItem ?? {};
    return relationshipType === dependencyRelationship && resourceOrderId === orderId && typeof itemId === 'string'
      ? [itemId]
      : [];
  });
}

/** Refuses items of one order that have an id in common, wait for one that is not there, or for each other. */
export function requireItems(items: readonly OrderItem[], orderId: string): void {
  const byId = itemsById(items);
  for (const [index, item] of items.entries()) {
    const { id } = item;
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

function itemsById(items: readonly OrderItem[]): Map<string, OrderItem> {
  return new Map(items.map((item) => [item.id, item]));
}

/** The ids along a cycle, the first one again at its end; undefined when there is none. */
function cycleIn(byId: ReadonlyMap<string, OrderItem>, orderId: string): string[] | undefined {
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
export function changedItems(order: OrderRow, wanted: readonly GivenItem[]): OrderItem[] {
  const before = itemsById(order.orderItem);
  const after = wanted.map((item, index) => changedItem(order, before.get(item.id), item, index));
  requireItems(after, order.id);
  const kept = new Set(after.map(({ id }) => id));
  for (const [id, { state }] of before) {
    if (!kept.has(id) && state !== firstState)
      throw conflict(order, id, `is ${state} and cannot be removed: only what is ${firstState} can`);
  }
  requireStarts(order, before, after);
  return after;
}

function changedItem(order: OrderRow, before: OrderItem | undefined, wanted: GivenItem, index: number): OrderItem {
  const state = wanted.state ?? before?.state ?? firstState;
  if (before === undefined) {
    if (state !== firstState)
      throw invalid(`orderItem.${index}.state`, `of a new item must be ${firstState}: '${abbreviated(state)}'`);
  } else if (isFinal(before.state) && !isSame({ ...wanted, state }, before)) {
    throw conflict(order, before.id, `is ${before.state} and cannot change any more`);
  } else {
    requireTransition(workTransitions, nameOf(order, before.id), before.state, state, `orderItem.${index}.state`);
  }
  return { ...wanted, state };
}

/** An item in progress must not wait for another one, and none may start while the order is kept back. Throws CONFLICT. */
function requireStarts(order: OrderRow, before: ReadonlyMap<string, OrderItem>, after: readonly OrderItem[]): void {
  const byId = itemsById(after);
  for (const item of after) {
    const { id } = item;
    if (item.state !== 'inProgress') continue;
    const isStart = before.get(id)?.state !== 'inProgress';
    if (isStart && order.requestedState)
      throw conflict(
        order,
        id,
        `cannot start while the order is ${order.requestedState}: lead the order to inProgress first`,
      );
    const open = missingFor(item, byId, order.id);
    if (open.length > 0)
      throw conflict(order, id, `cannot be inProgress before those it depends on are completed: ${open.join(', ')}`);
  }
}

/** What an item waits for, as people read it. */
function missingFor(item: OrderItem, byId: ReadonlyMap<string, OrderItem>, orderId: string): string[] {
  return dependenciesOf(item, orderId).flatMap((id) => {
    const state = byId.get(id)?.state;
    return state === 'completed' ? [] : [`'${id}' is ${String(state)}`];
  });
}

/** The items, with those begun that are in one of the states and wait for nothing. */
export function started(order: OrderRow, items: readonly OrderItem[], states: readonly string[]): OrderItem[] {
  const byId = itemsById(items);
  return items.map((item) =>
    states.includes(item.state) && missingFor(item, byId, order.id).length === 0
      ? { ...item, state: 'inProgress' }
      : item,
  );
}

/** The items, with those in the state for which it holds. */
export function withState(
  items: readonly OrderItem[],
  state: string,
  holds: (item: OrderItem) => boolean,
): OrderItem[] {
  return items.map((item) => (holds(item) ? { ...item, state } : item));
}

/** Whether an item is not at its end yet. */
export function isOpen({ state }: OrderItem): boolean {
  return !isFinal(state);
}

function nameOf({ id }: OrderRow, itemId: string): string {
  return `item '${abbreviated(itemId)}' of resourceOrder '${id}'`;
}

function conflict(order: OrderRow, itemId: string, problem: string): DomainError {
  return new DomainError('CONFLICT', `${nameOf(order, itemId)} ${problem}`, { path: 'orderItem' });
}

/** An attribute that is absent and one that is null are the same. */
function isSame(one: OrderItem, other: OrderItem): boolean {
  return canonicalJson(withoutInnerNulls(one)) === canonicalJson(withoutInnerNulls(other));
}
