import { ownProperty } from '../../platform/json.js';
import type { Transitions } from '../transitions.js';

/** The state in which orders and their items begin. */
export const firstState = 'acknowledged';

/** The two published diagrams taken together (docs/standard/resource-order.md). */
const publishedOrderTransitions: Transitions = {
  acknowledged: ['rejected', 'inProgress', 'assessingCancellation'],
  inProgress: ['pending', 'held', 'completed', 'failed', 'partial', 'assessingCancellation'],
  pending: ['inProgress', 'cancelled', 'assessingCancellation'],
  held: ['inProgress', 'cancelled', 'assessingCancellation'],
  assessingCancellation: ['acknowledged', 'inProgress', 'pending', 'held', 'pendingCancellation'],
  pendingCancellation: ['cancelled'],
  rejected: [],
  completed: [],
  failed: [],
  partial: [],
  cancelled: [],
};

/** Edges that are ours: what items do leads an order along them, and the diagrams have them not. */
const ownOrderTransitions: Transitions = {
  // It is held, asked about, failed or given up before any of it was begun.
  acknowledged: ['pending', 'held', 'failed', 'cancelled'],
  // The items under way were cancelled, and no other was begun; the last one ended beside cancelled ones.
  inProgress: ['acknowledged', 'cancelled'],
  // What held it up is cancelled or lifted, and other items resume, wait, or are all at their end.
  pending: ['acknowledged', 'held', 'completed', 'failed', 'partial', 'rejected'],
  held: ['acknowledged', 'pending', 'completed', 'failed', 'partial', 'rejected'],
  // What was still open was cancelled beside items that are completed.
  pendingCancellation: ['partial'],
};

/** What an order may become. */
export const orderTransitions: Transitions = together(publishedOrderTransitions, ownOrderTransitions);

/** What a client may make of an order; everything else follows from its items (docs/decisions/0026-orders.md). */
export const requestableTransitions: Transitions = {
  ...Object.fromEntries(Object.keys(publishedOrderTransitions).map((state) => [state, []])),
  acknowledged: ['inProgress', 'pending', 'held', 'rejected', 'cancelled'],
  inProgress: ['pending', 'held', 'cancelled'],
  pending: ['inProgress', 'held', 'cancelled'],
  held: ['inProgress', 'pending', 'cancelled'],
};

/** The same diagrams, as far as items go along them: an item is never partial. */
const publishedItemTransitions: Transitions = without('partial', publishedOrderTransitions);

/** Edges that are ours: an item is held or asked about before it starts, or fails at once. */
const ownItemTransitions: Transitions = { acknowledged: ['pending', 'held', 'failed'] };

/** What an item may become. */
export const itemTransitions: Transitions = together(publishedItemTransitions, ownItemTransitions);

/** States that only a cancellation leads to, and out of. */
export const cancellationStates: readonly string[] = ['assessingCancellation', 'pendingCancellation'];

/** The changes of an item that the system that does the work may make: all but those of a cancellation. */
export const workTransitions: Transitions = Object.fromEntries(
  Object.entries(itemTransitions).map(([from, to]) => [
    from,
    cancellationStates.includes(from) ? [] : to.filter((state) => !cancellationStates.includes(state)),
  ]),
);

/** The states of a cancellation: the way is the server's. */
export const cancellationTransitions: Transitions = {
  accepted: ['inProgress'],
  inProgress: ['done', 'terminatedWithError'],
  done: [],
  terminatedWithError: [],
};

/** Whether nothing leads out of a state of an order or an item. */
export function isFinal(state: string): boolean {
  return ownProperty(orderTransitions, state)?.length === 0;
}

/** The states of orders that are not at their end. */
export const openStates: readonly string[] = Object.keys(orderTransitions).filter((state) => !isFinal(state));

function without(state: string, table: Transitions): Transitions {
  return Object.fromEntries(
    Object.entries(table).flatMap(([from, to]) => (from === state ? [] : [[from, to.filter((one) => one !== state)]])),
  );
}

function together(published: Transitions, ours: Transitions): Transitions {
  return Object.fromEntries(Object.entries(published).map(([from, to]) => [from, [...to, ...(ours[from] ?? [])]]));
}
