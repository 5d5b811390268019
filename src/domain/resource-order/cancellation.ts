import { abbreviated } from '../../platform/errors.js';
import type { JsonObject } from '../../platform/json-object.js';
import { dependenciesOf, idOf, isOpen, itemsOf, withState } from './items.js';
import { withDerivedState } from './derived-state.js';
import { cancellationStates, isFinal } from './transitions.js';

/** What is to be cancelled: chosen items, or the order as a whole. */
export interface CancellationRequest {
  itemIds?: readonly string[];
  reason?: string;
}

/** What has changed of the order after each step; a problem is why it ended where it began. */
export interface Cancellation {
  steps: readonly JsonObject[];
  problem?: string;
}

/**
 * Assesses a cancellation and carries it out. Refused as a whole, an order that is not at its end was assessed, and
 * is then where it was. Pure.
 */
export function cancelled(order: JsonObject, { itemIds, reason }: CancellationRequest, now: Date): Cancellation {
  const problem = isFinal(order['state'])
    ? `resourceOrder '${idOf(order)}' is ${String(order['state'])} and cannot be cancelled`
    : problemOf(order, itemIds);
  if (problem && (itemIds || isFinal(order['state']))) return { steps: [], problem };
  const chosen = new Set(itemIds ?? itemsOf(order).filter(isOpen).map(idOf));
  const isChosen = (item: JsonObject): boolean => chosen.has(idOf(item));
  const steps: JsonObject[] = [];
  let changes: JsonObject = {};
  for (const state of problem ? cancellationStates.slice(0, 1) : [...cancellationStates, 'cancelled']) {
    const present = { ...order, ...changes };
    changes = {
      ...changes,
      ...withDerivedState(present, { orderItem: withState(itemsOf(present), state, isChosen) }, now),
    };
    // Of an order that goes on beside only the end is told.
    if (state === 'cancelled' || changes['state'] === state) steps.push(changes);
  }
  if (problem) return { steps: [...steps, { orderItem: itemsOf(order), state: order['state'] ?? null }], problem };
  const last = steps.at(-1) as JsonObject;
  const told: JsonObject = last['state'] === 'cancelled' && reason !== undefined ? { cancellationReason: reason } : {};
  return { steps: [...steps.slice(0, -1), { ...last, ...told }] };
}

/** Why an order that is not at its end, or these items of it, cannot be cancelled. */
function problemOf(order: JsonObject, itemIds: readonly string[] | undefined): string | undefined {
  const items = itemsOf(order);
  const of = `of resourceOrder '${idOf(order)}'`;
  if (itemIds === undefined) {
    const done = items.find(({ state }) => state === 'completed');
    return done && `item '${idOf(done)}' ${of} is completed: only the other items can be cancelled, by their ids`;
  }
  for (const id of itemIds) {
    const item = items.find((candidate) => idOf(candidate) === id);
    if (item === undefined) return `there is no item '${abbreviated(id)}' ${of}`;
    if (!isOpen(item)) return `item '${id}' ${of} is ${String(item['state'])} and cannot be cancelled`;
  }
  const left = items.filter((item) => isOpen(item) && !itemIds.includes(idOf(item)));
  const stranded = left.find((item) => dependenciesOf(item, idOf(order)).some((id) => itemIds.includes(id)));
  return stranded && `item '${idOf(stranded)}' ${of} depends on what is to be cancelled: cancel it, too`;
}
