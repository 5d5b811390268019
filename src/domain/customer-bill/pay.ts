import { Decimal, zero } from '../../platform/decimal.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import type { JsonObject } from '../../platform/json-object.js';
import { decimalProblem } from '../amount.js';
import { invalid } from '../input.js';
import { requireTransition } from '../transitions.js';
import { appliedBy, paidOf, paymentsOf, remainingOf } from './payments.js';
import { storedMoney } from './tax.js';
import { paymentTransitions } from './transitions.js';

/** Payments and reversals of one bill: the list is read and written whole. */
const paymentsMax = 1_000;

/**
 * What further payments and reversals change of a bill: what remains is exact, and the state follows it. What was
 * applied before, by an equal request, is passed over; when that is everything, nothing changes.
 */
export function pay(bill: JsonObject, entries: readonly JsonObject[]): JsonObject {
  const what = `customerBill '${String(bill['id'])}'`;
  const known = [...paymentsOf(bill)];
  const count = known.length;
  let remaining = zero.plus(remainingOf(bill)?.value ?? 0);
  for (const entry of entries) {
    if (isRepetition(known, entry, what)) continue;
    const unit = requirePayable(bill, what);
    remaining = after(remaining, unit, entry, what);
    known.push(isReversal(entry) ? { ...entry, reversalId: reversalIdOf(entry) } : entry);
  }
  if (known.length === count) return {};
  if (known.length > paymentsMax) throw conflict(`${what} takes no more than ${paymentsMax} payments and reversals`);
  const state = remaining.isZero() ? 'settled' : paidOf({ appliedPayment: known }).isZero() ? 'sent' : 'partiallyPaid';
  requireTransition(paymentTransitions, what, String(bill['state']), state, 'state');
  return {
    appliedPayment: known,
    state,
    remainingAmount: { value: remaining.toNumber(), unit: appliedBy(known.at(-1) as JsonObject).unit },
  };
}

function isReversal(entry: JsonObject): boolean {
  return appliedBy(entry).value < 0;
}

function paymentIdOf(entry: JsonObject): string {
  return String((entry['payment'] as JsonObject)['id']);
}

/** A reversal that has no id of its own goes by that of its payment, so that a repeated request is known. */
function reversalIdOf(entry: JsonObject): string {
  return String(entry['reversalId'] ?? paymentIdOf(entry));
}

/** Whether an equal request was here before. Throws CONFLICT for another one under the same id. */
function isRepetition(known: readonly JsonObject[], entry: JsonObject, what: string): boolean {
  return isReversal(entry) ? isReversalRepeated(known, entry, what) : isPaymentRepeated(known, entry, what);
}

function isPaymentRepeated(known: readonly JsonObject[], entry: JsonObject, what: string): boolean {
  const id = paymentIdOf(entry);
  const payments = known.filter((one) => paymentIdOf(one) === id && !isReversal(one));
  const [first] = payments;
  if (first === undefined) return false;
  if (leftOf(known, id).isZero())
    throw conflict(`payment '${abbreviated(id)}' of ${what} was reversed and is not used again`);
  if (payments.some((one) => isSameAmount(one, entry))) return true;
  throw conflict(
    `payment '${abbreviated(id)}' is applied to ${what} with ${amountText(first)}, not ${amountText(entry)}`,
  );
}

function isReversalRepeated(known: readonly JsonObject[], entry: JsonObject, what: string): boolean {
  const [id, reversalId] = [paymentIdOf(entry), reversalIdOf(entry)];
  const earlier = known.find((one) => isReversal(one) && reversalIdOf(one) === reversalId);
  if (earlier === undefined) {
    requireReversible(known, entry, what);
    return false;
  }
  if (paymentIdOf(earlier) === id && isSameAmount(earlier, entry)) return true;
  throw conflict(
    `reversal '${abbreviated(reversalId)}' of ${what} took back ${amountText(earlier)} of payment '${abbreviated(paymentIdOf(earlier))}': another one needs a reversalId of its own`,
    'reversalId',
  );
}

function requireReversible(known: readonly JsonObject[], entry: JsonObject, what: string): void {
  const id = paymentIdOf(entry);
  const { value } = appliedBy(entry);
  const payment = known.find((one) => paymentIdOf(one) === id && !isReversal(one));
  if (payment === undefined) {
    throw invalid(
      'appliedPayment.appliedAmount.value',
      `must be greater than zero: ${value}. ${what} has no payment '${abbreviated(id)}' that could be reversed`,
    );
  }
  requireUnit(appliedBy(payment).unit, entry, what);
  const left = leftOf(known, id);
  if (left.plus(value).isNegative()) {
    throw conflict(
      `of payment '${abbreviated(id)}' of ${what} ${left.toString()} can be reversed, less than ${new Decimal(value).abs().toString()}`,
      'appliedAmount',
    );
  }
}

/** What is applied of a payment, without what was taken back of it. */
function leftOf(known: readonly JsonObject[], id: string): Decimal {
  return paidOf({ appliedPayment: known.filter((one) => paymentIdOf(one) === id) });
}

function isSameAmount(one: JsonObject, other: JsonObject): boolean {
  const [a, b] = [appliedBy(one), appliedBy(other)];
  return a.unit === b.unit && a.value === b.value;
}

function amountText(entry: JsonObject): string {
  const { value, unit } = appliedBy(entry);
  return `${new Decimal(value).abs().toString()} ${abbreviated(unit)}`;
}

/** Answers the currency it is due in. */
function requirePayable(bill: JsonObject, what: string): string {
  const due = storedMoney(bill['amountDue']);
  if (due === undefined) throw conflict(`${what} has no amountDue that could be paid`);
  const state = String(bill['state']);
  if (!Object.hasOwn(paymentTransitions, state))
    throw conflict(`${what} is ${state}: only a bill that was sent is paid`);
  return due.unit;
}

function requireUnit(unit: string, entry: JsonObject, what: string): void {
  const applied = appliedBy(entry);
  if (applied.unit === unit) return;
  throw new DomainError(
    'CURRENCY_MISMATCH',
    `${what} is due in '${unit}', and cannot be paid in '${abbreviated(applied.unit)}'`,
    { path: 'appliedPayment.appliedAmount.unit' },
  );
}

function after(remaining: Decimal, unit: string, entry: JsonObject, what: string): Decimal {
  requireUnit(unit, entry, what);
  const { value } = appliedBy(entry);
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
