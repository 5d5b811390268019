import { withChanges, type RowChanges } from '../changes.js';
import { assertTransition } from '../transitions.js';
import { statesOf } from './items.js';
import type { OrderRow } from './model.js';
import { cancellationStates, isFinal, orderTransitions } from './transitions.js';

/** States in which a client may keep an order, whatever its open items do. */
const requestedStates = ['held', 'pending'] as const;
export type RequestedState = (typeof requestedStates)[number];

/** Whether a client may keep an order in this state. */
export function isRequestedState(state: string | null | undefined): state is RequestedState {
  return requestedStates.some((requested) => requested === state);
}

/**
 * The state of an order, from those of its items and where a client keeps it: the first row of the table in README.md that
 * fits. Pure, and the only place that says it.
 */
export function orderStateOf(items: readonly string[], requested?: RequestedState): string {
  const open = items.filter((state) => !isFinal(state));
  if (open.length === 0) return finalStateOf(items);
  for (const step of cancellationStates) {
    if (open.every((state) => state === step)) return step;
  }
  return requested ?? openStateOf(items);
}

function finalStateOf(items: readonly string[]): string {
  if (items.includes('completed')) return items.every((state) => state === 'completed') ? 'completed' : 'partial';
  if (items.includes('cancelled')) return 'cancelled';
  return items.includes('failed') ? 'failed' : 'rejected';
}

function openStateOf(items: readonly string[]): string {
  const active = ['inProgress', 'pending', 'held'].find((state) => items.includes(state));
  if (active) return active;
  // Items that are not begun yet follow those that are done.
  return items.includes('completed') || items.includes('failed') ? 'inProgress' : 'acknowledged';
}

/** The changes, with the state and the dates that follow from them. Pure. */
export function withDerivedState(order: OrderRow, changes: RowChanges<OrderRow>, now: Date): RowChanges<OrderRow> {
  const next = withChanges(order, changes);
  const requested = isRequestedState(next.requestedState) ? next.requestedState : undefined;
  const to = orderStateOf(statesOf(next.orderItem), requested);
  if (to === order.state) return changes;
  assertTransition(orderTransitions, 'an order', order.state, to);
  return {
    ...changes,
    state: to,
    ...(isFinal(to) && { requestedState: null }),
    ...(to === 'inProgress' && { startDate: order.startDate ?? now.toISOString() }),
    ...((to === 'completed' || to === 'partial') && { completionDate: now.toISOString() }),
    ...(to === 'cancelled' && { cancellationDate: next.cancellationDate ?? now.toISOString() }),
  };
}

/** The state of an order, and what changes with it and is no change of an attribute by itself. */
export const orderStateAttributes = {
  state: 'state',
  followsState: ['requestedState', 'startDate', 'completionDate', 'cancellationDate'],
} as const;

/** TMF652: what is missing is asked for when an order becomes pending. */
export function eventsOfStateChange(before: OrderRow, after: OrderRow): readonly 'InformationRequired'[] {
  return after.state === 'pending' && before.state !== 'pending' ? ['InformationRequired'] : [];
}
