import { Decimal, zero } from '../../platform/decimal.js';
import { DomainError } from '../../platform/errors.js';
import { canonicalJson, type Plain, type PlainValue } from '../../platform/plain.js';
import { decimalProblem, requireAmount } from '../amount.js';
import { invalid, requireName } from '../input.js';
import type { Money } from '../money.js';
import { requireTransition } from '../transitions.js';
import { storedMoney, type StoredMoney } from './tax.js';
import { billTransitions } from './transitions.js';

export interface PaymentInput {
  payment: { id: string };
  appliedAmount: Money;
}

export function requirePayments(path: string, payments: readonly PaymentInput[] | null | undefined): void {
  for (const [index, payment] of (payments ?? []).entries()) requirePayment(`${path}.${index}`, payment);
}

export function requirePayment(path: string, { payment, appliedAmount }: PaymentInput): void {
  requireName(`${path}.payment.id`, payment.id);
  requireName(`${path}.appliedAmount.unit`, appliedAmount.unit);
  requireAmount(appliedAmount.value, `${path}.appliedAmount.value`);
}

export function paymentsOf(bill: Plain): Plain[] {
  return (bill['appliedPayment'] ?? []) as Plain[];
}

/** The payments that a list has beyond those of the bill: they are added, never changed or taken back. */
export function addedPayments(bill: Plain, list: PlainValue): Plain[] {
  const known = paymentsOf(bill);
  const wanted = (list ?? []) as Plain[];
  const isKept = known.every((payment, index) => canonicalJson(payment) === canonicalJson(withoutInnerNulls(wanted[index] ?? null)));
  if (!isKept) throw invalid('appliedPayment', 'takes further payments at its end; those that are there are neither changed nor removed');
  return wanted.slice(known.length).map((payment) => withoutInnerNulls(payment) as Plain);
}

/** What further payments change of a bill: what remains is exact, and the state follows it. */
export function pay(bill: Plain, payments: readonly Plain[]): Plain {
  if (payments.length === 0) return {};
  const what = `customerBill '${String(bill['id'])}'`;
  const due = storedMoney(bill['amountDue']);
  if (due === undefined) throw conflict(`${what} has no amountDue that could be paid`);
  const from = String(bill['state']);
  if (!['sent', 'partiallyPaid', 'settled'].includes(from)) throw conflict(`${what} is ${from}: only a bill that was sent is paid`);
  const appliedPayment = [...paymentsOf(bill), ...payments];
  let remaining = zero.plus(remainingOf(bill)?.value ?? 0);
  for (const payment of payments) remaining = after(remaining, due.unit, payment, what);
  const state = remaining.isZero() ? 'settled' : 'partiallyPaid';
  requireTransition(billTransitions, what, from, state, 'state');
  return { appliedPayment, state, remainingAmount: { value: remaining.toNumber(), unit: due.unit } };
}

function after(remaining: Decimal, unit: string, payment: Plain, what: string): Decimal {
  const applied = storedMoney(payment['appliedAmount']);
  const path = 'appliedPayment.appliedAmount';
  if (applied === undefined) throw new Error('a payment has an amount');
  if (applied.unit !== unit) {
    throw new DomainError('CURRENCY_MISMATCH', `${what} is due in '${unit}', and cannot be paid in '${applied.unit}'`, { path: `${path}.unit` });
  }
  const left = remaining.minus(applied.value);
  if (left.lt(0)) {
    throw new DomainError('OVERPAYMENT', `of ${what} remain ${remaining.toString()} ${unit}, less than the payment of ${new Decimal(applied.value).toString()}`, { path });
  }
  const problem = decimalProblem(left);
  if (problem) throw invalid(path, `leaves a remainder that ${problem}: ${left.toString()}`);
  return left;
}

/** What is still to be paid: nothing of a settled bill, else what is due without the payments. */
export function remainingOf(bill: Plain): StoredMoney | undefined {
  const due = storedMoney(bill['amountDue']);
  if (due === undefined) return undefined;
  const state = bill['state'] === 'onHold' ? bill['stateBeforeHold'] : bill['state'];
  const paid = paymentsOf(bill).reduce((sum, payment) => sum.plus(storedMoney(payment['appliedAmount'])?.value ?? 0), zero);
  return { value: state === 'settled' ? 0 : new Decimal(due.value).minus(paid).toNumber(), unit: due.unit };
}

function conflict(message: string): DomainError {
  return new DomainError('CONFLICT', message, { path: 'appliedPayment' });
}

/** Absent and null say the same, also within a payment. */
function withoutInnerNulls(value: PlainValue): PlainValue {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([name, part]) => (part === null ? [] : [[name, withoutInnerNulls(part)]])));
}
