import { isFinal } from './transitions.js';

/** States in which a client may keep an order, whatever its open items do. */
const requestedStates = ['held', 'pending'] as const;
export type RequestedState = (typeof requestedStates)[number];

export function isRequestedState(state: string): state is RequestedState {
  return requestedStates.some((requested) => requested === state);
}

/**
 * The state of an order, from those of its items and where a client keeps it: the first row of the table that fits
 * (README). Pure, and the only place that says it.
 */
export function orderStateOf(items: readonly string[], requested?: RequestedState): string {
  const open = items.filter((state) => !isFinal(state));
  if (open.length === 0) return finalStateOf(items);
  for (const step of ['assessingCancellation', 'pendingCancellation']) {
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
  // What is not begun yet goes on from what is done.
  return items.includes('completed') || items.includes('failed') ? 'inProgress' : 'acknowledged';
}
