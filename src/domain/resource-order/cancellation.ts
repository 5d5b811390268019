import { abbreviated } from '../../platform/errors.js';
import { withChanges, type RowChanges } from '../changes.js';
import { dependenciesOf, isOpen, withState } from './items.js';
import type { OrderItem, OrderRow } from './model.js';
import { withDerivedState } from './order-state.js';
import { cancellationStates, isFinal } from './transitions.js';

/** What is to be cancelled: chosen items, or the order as a whole. */
export interface CancellationRequest {
  itemIds?: readonly string[];
  reason?: string;
}

/** What has changed of the order after each step; a problem is why it ended where it began. */
export interface Cancellation {
  steps: readonly RowChanges<OrderRow>[];
  problem?: string;
}

/**
 * Assesses a cancellation and carries it out. Refused as a whole, an order that is not at its end was assessed, and
 * is then where it was. Pure.
 */
export function cancelled(order: OrderRow, { itemIds, reason }: CancellationRequest, now: Date): Cancellation {
  const problem = isFinal(order.state)
    ? `resourceOrder '${order.id}' is ${order.state} and cannot be cancelled`
    : problemOf(order, itemIds);
  if (problem && (itemIds || isFinal(order.state))) return { steps: [], problem };
  const chosen = new Set(itemIds ?? order.orderItem.filter(isOpen).map(({ id }) => id));
  const isChosen = ({ id }: OrderItem): boolean => chosen.has(id);
  const steps: RowChanges<OrderRow>[] = [];
  let changes: RowChanges<OrderRow> = {};
  for (const state of problem ? cancellationStates.slice(0, 1) : [...cancellationStates, 'cancelled']) {
    const present = withChanges(order, changes);
    changes = {
      ...changes,
      ...withDerivedState(present, { orderItem: withState(present.orderItem, state, isChosen) }, now),
    };
    // Of an order that continues otherwise only the end is announced.
    if (state === 'cancelled' || changes.state === state) steps.push(changes);
  }
  if (problem) return { steps: [...steps, { orderItem: order.orderItem, state: order.state }], problem };
  const last = steps.at(-1) ?? {};
  const reasoned = last.state === 'cancelled' && reason !== undefined ? { cancellationReason: reason } : {};
  return { steps: [...steps.slice(0, -1), { ...last, ...reasoned }] };
}

/** Why an order that is not at its end, or these items of it, cannot be cancelled. */
function problemOf(order: OrderRow, itemIds: readonly string[] | undefined): string | undefined {
  const items = order.orderItem;
  const of = `of resourceOrder '${order.id}'`;
  if (itemIds === undefined) {
    const done = items.find(({ state }) => state === 'completed');
    return done && `item '${done.id}' ${of} is completed: only the other items can be cancelled, by their ids`;
  }
  for (const id of itemIds) {
    const item = items.find((candidate) => candidate.id === id);
    if (item === undefined) return `there is no item '${abbreviated(id)}' ${of}`;
    if (!isOpen(item)) return `item '${id}' ${of} is ${item.state} and cannot be cancelled`;
  }
  const left = items.filter((item) => isOpen(item) && !itemIds.includes(item.id));
  const stranded = left.find((item) => dependenciesOf(item, order.id).some((id) => itemIds.includes(id)));
  return stranded && `item '${stranded.id}' ${of} depends on what is to be cancelled: cancel it, too`;
}
