import { DomainError } from '../../platform/errors.js';
import { withChanges, type RowChanges } from '../changes.js';
import { requireTransition } from '../transitions.js';
import { cancelled, type Cancellation } from './cancellation.js';
import { changedItems, isOpen, started, statesOf, withState } from './items.js';
import type { GivenItem, OrderItem, OrderRow } from './model.js';
import { isRequestedState, orderStateOf, withDerivedState } from './order-state.js';
import { isFinal, requestableTransitions } from './transitions.js';

/**
 * What a change of an order comes to: its items first, then the state that is asked for, then what follows from both.
 * A request for cancelled is answered with the cancellation, too. Pure.
 */
export function changeOrder(
  before: OrderRow,
  changes: RowChanges<OrderRow>,
  now: Date,
): { changes: RowChanges<OrderRow>; cancellation?: Cancellation } {
  const { state: to, orderItem, ...others } = changes;
  requireSameEnd(before, others);
  const rest = withChanges(before, others);
  const edited = orderItem ? withDerivedState(rest, { orderItem: editedItems(rest, orderItem) }, now) : {};
  const next = withChanges(rest, edited);
  if (typeof to !== 'string' || isMet(next, to)) return { changes: { ...others, ...edited } };
  requireTransition(requestableTransitions, `resourceOrder '${before.id}'`, next.state, to, 'state');
  if (to === 'cancelled') {
    const cancellation = cancelled(next, {}, now);
    if (cancellation.problem) throw new DomainError('CONFLICT', cancellation.problem, { path: 'state' });
    return { changes: { ...others, ...edited, ...cancellation.steps.at(-1) }, cancellation };
  }
  const requested = withDerivedState(next, requestState(next, to), now);
  if ((requested.state ?? next.state) !== to) {
    throw new DomainError('CONFLICT', `resourceOrder '${before.id}' cannot become ${to}: ${whyNot(next, to)}`, {
      path: 'state',
    });
  }
  return { changes: { ...others, ...edited, ...requested } };
}

/** The cancellationDate of an order that is at its end stays as it is. Throws CONFLICT. */
function requireSameEnd(before: OrderRow, { cancellationDate: date }: RowChanges<OrderRow>): void {
  if (date === undefined || (date ?? null) === (before.cancellationDate ?? null) || !isFinal(before.state)) return;
  throw new DomainError(
    'CONFLICT',
    `cancellationDate cannot be changed: resourceOrder '${before.id}' is ${before.state}`,
    { path: 'cancellationDate' },
  );
}

/** What is finished stays as it is; an order that is at its end gets no further items, either. */
function editedItems(order: OrderRow, wanted: readonly GivenItem[]): OrderItem[] {
  const items = changedItems(order, wanted);
  if (isFinal(order.state) && items.length > order.orderItem.length) {
    throw new DomainError('CONFLICT', `resourceOrder '${order.id}' is ${order.state} and gets no further items`, {
      path: 'orderItem',
    });
  }
  return items;
}

/** An order that is held or pending by its items alone is not kept there yet. */
function isMet({ state, requestedState }: OrderRow, to: string): boolean {
  return state === to && (!isRequestedState(to) || requestedState === to);
}

/** What a client's wish for a state means for the items and for where the order is kept. */
function requestState(order: OrderRow, to: string): RowChanges<OrderRow> {
  const items = order.orderItem;
  if (isRequestedState(to)) return { requestedState: to };
  if (to === 'rejected') return { orderItem: withState(items, 'rejected', isOpen) };
  // The request is lifted first; then waiting items resume, and only when none does, items that were not begun begin.
  let orderItem = items;
  for (const states of [['pending', 'held'], ['acknowledged']]) {
    if (orderStateOf(statesOf(orderItem)) === to) break;
    orderItem = started(order, orderItem, states);
  }
  return { requestedState: null, orderItem };
}

function whyNot(order: OrderRow, to: string): string {
  if (to === 'inProgress') return 'none of its items can start before those it depends on are completed';
  return `its items are ${statesOf(order.orderItem).join(', ')}`;
}
