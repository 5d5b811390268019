import { Decimal, zero } from '../../platform/decimal.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import type { RowChanges } from '../changes.js';
import { decimalProblem } from '../amount.js';
import { invalid } from '../input.js';
import { requireTransition } from '../transitions.js';
import type { AppliedPayment, BillRow } from './model.js';
import { paidOf, remainingOf } from './payments.js';
import { paymentTransitions } from './transitions.js';

/** Payments and reversals of one bill: the list is read and written whole. */
const BILL_PAYMENTS_MAX = 1_000;

/**
 * What further payments and reversals change of a bill: what remains is exact, and the state follows it. What was
 * applied before, by an equal request, is passed over; when that is everything, nothing changes.
 */
export function pay(bill: BillRow, entries: readonly AppliedPayment[]): RowChanges<BillRow> {
  const what = `customerBill '${bill.id}'`;
  const known = [...bill.appliedPayment];
  const count = known.length;
  let remaining = zero.plus(remainingOf(bill)?.value ?? 0);
  for (const entry of entries) {
    if (isRepetition(known, entry, what)) continue;
    const unit = requirePayable(bill, what);
    remaining = after(remaining, unit, entry, what);
    known.push(isReversal(entry) ? { ...entry, reversalId: reversalIdOf(entry) } : entry);
  }
  if (known.length === count) return {};
  if (known.length > BILL_PAYMENTS_MAX)
    throw conflict(`${what} takes no more payments and reversals: the limit BILL_PAYMENTS_MAX is ${BILL_PAYMENTS_MAX}`);
  const state = remaining.isZero() ? 'settled' : paidOf(known).isZero() ? 'sent' : 'partiallyPaid';
  requireTransition(paymentTransitions, what, bill.state, state, 'state');
  return {
    appliedPayment: known,
    state,
    remainingAmount: { value: remaining.toNumber(), unit: known.at(-1)?.appliedAmount.unit ?? '' },
  };
}

function isReversal({ appliedAmount }: AppliedPayment): boolean {
  return appliedAmount.value < 0;
}

/** A reversal that has no id of its own goes by that of its payment, so that a repeated request is known. */
function reversalIdOf({ reversalId, payment }: AppliedPayment): string {
  return reversalId ?? payment.id;
}

/** Whether an equal request was here before. Throws CONFLICT for another one under the same id. */
function isRepetition(known: readonly AppliedPayment[], entry: AppliedPayment, what: string): boolean {
  return isReversal(entry) ? isReversalRepeated(known, entry, what) : isPaymentRepeated(known, entry, what);
}

function isPaymentRepeated(known: readonly AppliedPayment[], entry: AppliedPayment, what: string): boolean {
  const { id } = entry.payment;
  const payments = known.filter((one) => one.payment.id === id && !isReversal(one));
  const [first] = payments;
  if (first === undefined) return false;
  if (leftOf(known, id).isZero())
    throw conflict(`payment '${abbreviated(id)}' of ${what} was reversed and is not used again`);
  if (payments.some((one) => isSameAmount(one, entry))) return true;
  throw conflict(
    `payment '${abbreviated(id)}' is applied to ${what} with ${amountText(first)}, not ${amountText(entry)}`,
  );
}

function isReversalRepeated(known: readonly AppliedPayment[], entry: AppliedPayment, what: string): boolean {
  const [id, reversalId] = [entry.payment.id, reversalIdOf(entry)];
  const earlier = known.find((one) => isReversal(one) && reversalIdOf(one) === reversalId);
  if (earlier === undefined) {
    requireReversible(known, entry, what);
    return false;
  }
  if (earlier.payment.id === id && isSameAmount(earlier, entry)) return true;
  throw conflict(
    `reversal '${abbreviated(reversalId)}' of ${what} took back ${amountText(earlier)} of payment '${abbreviated(earlier.payment.id)}': another one needs a reversalId of its own`,
    'reversalId',
  );
}

function requireReversible(known: readonly AppliedPayment[], entry: AppliedPayment, what: string): void {
  const { id } = entry.payment;
  const { value } = entry.appliedAmount;
  const payment = known.find((one) => one.payment.id === id && !isReversal(one));
  if (payment === undefined) {
    throw invalid(
      'appliedPayment.appliedAmount.value',
      `must be greater than zero: ${value}. ${what} has no payment '${abbreviated(id)}' that could be reversed`,
    );
  }
  requireUnit(payment.appliedAmount.unit, entry, what);
  const left = leftOf(known, id);
  if (left.plus(value).isNegative()) {
    throw conflict(
      `of payment '${abbreviated(id)}' of ${what} ${left.toString()} can be reversed, less than ${new Decimal(value).abs().toString()}`,
      'appliedAmount',
    );
  }
}

/** What is applied of a payment, without what was taken back of it. */
function leftOf(known: readonly AppliedPayment[], id: string): Decimal {
  return paidOf(known.filter(({ payment }) => payment.id === id));
}

function isSameAmount({ appliedAmount: one }: AppliedPayment, { appliedAmount: other }: AppliedPayment): boolean {
  return one.unit === other.unit && one.value === other.value;
}

function amountText({ appliedAmount: { value, unit } }: AppliedPayment): string {
  return `${new Decimal(value).abs().toString()} ${abbreviated(unit)}`;
}

/** Answers the currency it is due in. */
function requirePayable({ amountDue: due, state }: BillRow, what: string): string {
  if (!due) throw conflict(`${what} has no amountDue that could be paid`);
  if (!Object.hasOwn(paymentTransitions, state))
    throw conflict(`${what} is ${state}: only a bill that was sent is paid`);
  return due.unit;
}

function requireUnit(unit: string, { appliedAmount: applied }: AppliedPayment, what: string): void {
  if (applied.unit === unit) return;
  throw new DomainError(
    'CURRENCY_MISMATCH',
    `${what} is due in '${unit}', and cannot be paid in '${abbreviated(applied.unit)}'`,
    { path: 'appliedPayment.appliedAmount.unit' },
  );
}

function after(remaining: Decimal, unit: string, entry: AppliedPayment, what: string): Decimal {
  requireUnit(unit, entry, what);
  const { value } = entry.appliedAmount;
  const path = 'appliedPayment.appliedAmount';
  const left = remaining.minus(value);
  if (left.lt(0)) {
    throw new DomainError(
      'OVERPAYMENT',
      `of ${what} remain ${remaining.toString()} ${unit}, less than the payment of ${new Decimal(value).toString()}`,
      { path },
    );
  }
  const problem = decimalProblem(left);
  if (problem) throw invalid(path, `leaves a remainder that ${problem}: ${left.toString()}`);
  return left;
}

function conflict(message: string, attribute?: string): DomainError {
  return new DomainError('CONFLICT', message, {
    path: ['appliedPayment', ...(attribute === undefined ? [] : [attribute])].join('.'),
  });
}
