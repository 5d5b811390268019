import type { JsonObject } from '../../platform/json-object.js';
import { itemsOf, statesOf } from './items.js';
import { orderStateOf, type RequestedState } from './order-state.js';
import { assertTransition, isFinal, orderTransitions } from './transitions.js';

/** The changes, with the state and the dates that follow from them. */
export function withDerivedState(order: JsonObject, changes: JsonObject, now: Date): JsonObject {
  const next: JsonObject = { ...order, ...changes };
  const from = String(order['state']);
  const to = orderStateOf(statesOf(itemsOf(next)), (next['requestedState'] ?? undefined) as RequestedState | undefined);
  if (to === from) return changes;
  assertTransition(orderTransitions, 'an order', from, to);
  return {
    ...changes,
    state: to,
    ...(isFinal(to) && { requestedState: null }),
    ...(to === 'inProgress' && { startDate: order['startDate'] ?? now.toISOString() }),
    ...((to === 'completed' || to === 'partial') && { completionDate: now.toISOString() }),
    ...(to === 'cancelled' && { cancellationDate: next['cancellationDate'] ?? now.toISOString() }),
  };
}

/** What changes with the state and is no change of an attribute by itself. */
export const derivedAttributes: readonly string[] = [
  'requestedState',
  'startDate',
  'completionDate',
  'cancellationDate',
];

/** TMF652: what is missing is asked for when an order becomes pending. */
export function eventsOfStateChange(before: JsonObject, after: JsonObject): readonly string[] {
  return after['state'] === 'pending' && before['state'] !== 'pending' ? ['InformationRequired'] : [];
}
