import { DomainError } from '../../platform/errors.js';
import type { RowChanges } from '../changes.js';
import { requireTransition, type Transitions } from '../transitions.js';
import type { BillRow } from './model.js';
import { paidOf, remainingOf } from './payments.js';
import { billTransitions } from './transitions.js';

/** States in which a bill is not numbered yet, because it may still go without a trace. */
const unnumbered: readonly string[] = ['new', 'onHold'];

/** What a client's change of state changes of a bill. */
export function move(bill: BillRow, to: string): RowChanges<BillRow> {
  const from = bill.state;
  if (from === to) return {};
  const what = `customerBill '${bill.id}'`;
  requireTransition(transitionsOf(bill), what, from, to, 'state');
  if (!paidOf(bill.appliedPayment).isZero() && from !== 'onHold' && to !== 'onHold') {
    throw new DomainError('CONFLICT', `${what} is ${from} and cannot become ${to}: its state follows its payments`, {
      path: 'state',
    });
  }
  const moved = {
    state: to,
    ...(to === 'onHold' && { stateBeforeHold: from }),
    ...(from === 'onHold' && { stateBeforeHold: null, holdReason: null }),
  };
  return { ...moved, remainingAmount: remainingOf({ ...bill, ...moved }) ?? null };
}

/** From onHold a bill goes back to where it came from; where nothing is paid, or all of it was reversed, it may also be validated anew. */
function transitionsOf(bill: BillRow): Transitions {
  const { onHold = [] } = billTransitions;
  const anew = paidOf(bill.appliedPayment).isZero() ? onHold : [];
  return {
    ...billTransitions,
    onHold: [...new Set([...(bill.stateBeforeHold ? [bill.stateBeforeHold] : []), ...anew])],
  };
}

/** Whether the bill needs a number now: it has left new, and not only to be looked at. */
export function needsNumber({ state, billNo }: RowChanges<BillRow>): boolean {
  return (billNo ?? null) === null && !unnumbered.includes(state ?? '');
}
