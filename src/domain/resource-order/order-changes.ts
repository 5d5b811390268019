import { DomainError } from '../../platform/errors.js';
import type { JsonObject } from '../../platform/json-object.js';
import { requireTransition } from '../transitions.js';
import { cancelled, type Cancellation } from './cancellation.js';
import { changedItems, idOf, isOpen, itemsOf, started, statesOf, withState } from './items.js';
import { isRequestedState, orderStateOf } from './order-state.js';
import { withDerivedState } from './derived-state.js';
import { isFinal, requestableTransitions } from './transitions.js';

/**
 * What a change of an order comes to: its items first, then the state that is asked for, then what follows from both.
 * A request for cancelled is answered with the cancellation, too. Pure.
 */
export function changeOrder(
  before: JsonObject,
  changes: JsonObject,
  now: Date,
): { changes: JsonObject; cancellation?: Cancellation } {
  const { state: to, orderItem, ...others } = changes;
  requireSameEnd(before, others);
  const rest = { ...before, ...others };
  const edited =
    orderItem === undefined
      ? {}
      : withDerivedState(rest, { orderItem: editedItems(rest, orderItem as JsonObject[]) }, now);
  const next: JsonObject = { ...rest, ...edited };
  if (typeof to !== 'string' || isMet(next, to)) return { changes: { ...others, ...edited } };
  requireTransition(requestableTransitions, `resourceOrder '${idOf(before)}'`, String(next['state']), to, 'state');
  if (to === 'cancelled') {
    const cancellation = cancelled(next, {}, now);
    if (cancellation.problem) throw new DomainError('CONFLICT', cancellation.problem, { path: 'state' });
    return { changes: { ...others, ...edited, ...cancellation.steps.at(-1) }, cancellation };
  }
  const requested = withDerivedState(next, requestState(next, to), now);
  if ((requested['state'] ?? next['state']) !== to) {
    throw new DomainError('CONFLICT', `resourceOrder '${idOf(before)}' cannot become ${to}: ${whyNot(next, to)}`, {
      path: 'state',
    });
  }
  return { changes: { ...others, ...edited, ...requested } };
}

/** When it was cancelled may be said until it is at its end. */
function requireSameEnd(before: JsonObject, { cancellationDate: date }: JsonObject): void {
  if (date === undefined || (date ?? null) === (before['cancellationDate'] ?? null) || !isFinal(before['state']))
    return;
  throw new DomainError(
    'CONFLICT',
    `cancellationDate cannot be changed: resourceOrder '${idOf(before)}' is ${String(before['state'])}`,
    { path: 'cancellationDate' },
  );
}

/** What is finished stays as it is; an order that is at its end gets no further items, either. */
function editedItems(order: JsonObject, wanted: readonly JsonObject[]): JsonObject[] {
  const items = changedItems(order, wanted);
  if (isFinal(order['state']) && items.length > itemsOf(order).length) {
    throw new DomainError(
      'CONFLICT',
      `resourceOrder '${idOf(order)}' is ${String(order['state'])} and gets no further items`,
      { path: 'orderItem' },
    );
  }
  return items;
}

/** An order that is held or pending by its items alone is not kept there yet. */
function isMet({ state, requestedState }: JsonObject, to: string): boolean {
  return state === to && (!isRequestedState(to) || requestedState === to);
}

/** What a client's wish for a state means for the items and for where the order is kept. */
function requestState(order: JsonObject, to: string): JsonObject {
  const items = itemsOf(order);
  if (isRequestedState(to)) return { requestedState: to };
  if (to === 'rejected') return { orderItem: withState(items, 'rejected', isOpen) };
  // Lifted first; then what waits goes on, and only when nothing does, what was not begun begins.
  let orderItem = items;
  for (const states of [['pending', 'held'], ['acknowledged']]) {
    if (orderStateOf(statesOf(orderItem)) === to) break;
    orderItem = started(order, orderItem, states);
  }
  return { requestedState: null, orderItem };
}

function whyNot(order: JsonObject, to: string): string {
  if (to === 'inProgress') return 'none of its items can start before those it depends on are completed';
  return `its items are ${statesOf(itemsOf(order)).join(', ')}`;
}
