import { Decimal, zero } from '../../platform/decimal.js';
import { canonicalJson, type JsonObject, type JsonValue } from '../../platform/json-object.js';
import { requireAmount } from '../amount.js';
import { invalid, isGiven, requireName } from '../input.js';
import type { Money } from '../money.js';
import { storedMoney, type StoredMoney } from './tax.js';

// The payments of a bill as they are given and kept. A payment that came back is a further entry of the list, below zero.

export interface PaymentInput {
  payment: { id: string };
  appliedAmount: Money;
  reversalId?: string | null;
}

/** Entries of an update: payments, and reversals of payments. */
export function requirePayments(path: string, payments: readonly PaymentInput[] | null | undefined): void {
  for (const [index, payment] of (payments ?? []).entries()) {
    if (payment.appliedAmount.value.isNegative()) requireReversal(`${path}.${index}`, payment);
    else requirePayment(`${path}.${index}`, payment);
  }
}

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

export function paymentsOf(bill: JsonObject): JsonObject[] {
  return (bill['appliedPayment'] ?? []) as JsonObject[];
}

/** What its payments come to together, without what was taken back. */
export function paidOf(bill: JsonObject): Decimal {
  return paymentsOf(bill).reduce((sum, payment) => sum.plus(appliedBy(payment).value), zero);
}

export function appliedBy(payment: JsonObject): StoredMoney {
  const amount = storedMoney(payment['appliedAmount']);
  if (amount === undefined) throw new Error('a payment has an amount');
  return amount;
}

/** The payments that a list has beyond those of the bill: they are added, never changed or taken back. */
export function addedPayments(bill: JsonObject, list: JsonValue): JsonObject[] {
  const known = paymentsOf(bill);
  const wanted = (list ?? []) as JsonObject[];
  const isKept = known.every(
    (payment, index) => canonicalJson(payment) === canonicalJson(withoutInnerNulls(wanted[index] ?? null)),
  );
  if (!isKept)
    throw invalid(
      'appliedPayment',
      'takes further payments at its end; those that are there are neither changed nor removed',
    );
  return wanted.slice(known.length).map((payment) => withoutInnerNulls(payment) as JsonObject);
}

/** What is still to be paid: nothing of a settled bill, else what is due without the payments. */
export function remainingOf(bill: JsonObject): StoredMoney | undefined {
  const due = storedMoney(bill['amountDue']);
  if (due === undefined) return undefined;
  const state = bill['state'] === 'onHold' ? bill['stateBeforeHold'] : bill['state'];
  return { value: state === 'settled' ? 0 : new Decimal(due.value).minus(paidOf(bill)).toNumber(), unit: due.unit };
}

/** Absent and null say the same, also within a payment. */
function withoutInnerNulls(value: JsonValue): JsonValue {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, part]) => (part === null ? [] : [[name, withoutInnerNulls(part)]])),
  );
}
