import { Decimal, zero } from '../../platform/decimal.js';
import { canonicalJson } from '../../platform/json-object.js';
import { requireAmount } from '../amount.js';
import { invalid, isGiven, requireName, withoutInnerNulls } from '../input.js';
import type { MoneyInput } from '../money.js';
import type { Money } from '../row.js';
import type { AppliedPayment, BillRow } from './model.js';

// The payments of a bill as they are given and kept. A payment that came back is a further entry of the list, below zero.

/** A payment that is applied to a bill, or, with an amount below zero, taken back. */
export interface PaymentInput {
  payment: { id: string };
  appliedAmount: MoneyInput;
  reversalId?: string | null;
}

/** Entries of an update: payments, and reversals of payments. */
export function requirePayments(path: string, payments: readonly PaymentInput[] | null | undefined): void {
  for (const [index, payment] of (payments ?? []).entries()) {
    if (payment.appliedAmount.value.isNegative()) requireReversal(`${path}.${index}`, payment);
    else requirePayment(`${path}.${index}`, payment);
  }
}

/** Refuses a payment that is not above zero, or has a reversalId. Throws INVALID_ATTRIBUTE. */
export function requirePayment(path: string, input: PaymentInput): void {
  requireEntry(path, input, input.appliedAmount.value);
  if (isGiven(input.reversalId))
    throw invalid(`${path}.reversalId`, 'goes with a reversal, whose appliedAmount is negative');
}

/** How much is taken back counts, whatever its sign. */
export function requireReversal(path: string, input: PaymentInput): void {
  requireEntry(path, input, input.appliedAmount.value.abs());
  if (isGiven(input.reversalId)) requireName(`${path}.reversalId`, input.reversalId);
}

function requireEntry(path: string, { payment, appliedAmount }: PaymentInput, amount: Decimal): void {
  requireName(`${path}.payment.id`, payment.id);
  requireName(`${path}.appliedAmount.unit`, appliedAmount.unit);
  requireAmount(amount, `${path}.appliedAmount.value`);
}

/** What payments come to together, without what was taken back. */
export function paidOf(payments: readonly AppliedPayment[]): Decimal {
  return payments.reduce((sum, { appliedAmount }) => sum.plus(appliedAmount.value), zero);
}

/** The payments that a list has beyond those of the bill: they are added, never changed or taken back. */
export function addedPayments(
  { appliedPayment: known }: BillRow,
  list: readonly AppliedPayment[] | null,
): AppliedPayment[] {
  const wanted = list ?? [];
  const isKept = known.every(
    (payment, index) => canonicalJson(payment) === canonicalJson(withoutInnerNulls(wanted[index] ?? null)),
  );
  if (!isKept)
    throw invalid(
      'appliedPayment',
      'takes further payments at its end; those that are there are neither changed nor removed',
    );
  return wanted.slice(known.length).map((payment) => withoutInnerNulls(payment));
}

/** What is still to be paid: nothing of a settled bill, else what is due without the payments. */
export function remainingOf({
  amountDue: due,
  state,
  stateBeforeHold,
  appliedPayment,
}: Pick<BillRow, 'amountDue' | 'state' | 'stateBeforeHold' | 'appliedPayment'>): Money | undefined {
  if (!due) return undefined;
  const isSettled = (state === 'onHold' ? stateBeforeHold : state) === 'settled';
  return { value: isSettled ? 0 : new Decimal(due.value).minus(paidOf(appliedPayment)).toNumber(), unit: due.unit };
}
