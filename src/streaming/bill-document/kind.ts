import { zero } from '../../platform/decimal.js';
import type { BillRow } from '../../domain/customer-bill/index.js';
import { dayText, moneyOf, moneyText, plainText, type Money } from './figures.js';

/** What sort of document it is, named at its head. */
export interface Kind {
  readonly title: string;
  /** Set off where it is no ordinary bill. */
  readonly marks: readonly string[];
  readonly payment: Payment | undefined;
  readonly isCredit: boolean;
  /** Its amounts are what is credited: its credits count as they are, and its charges negatively. */
  readonly isOfCredits: boolean;
  /** Everything was taken from a balance when it was used. */
  readonly isPrepaid: boolean;
}

/** What the customer is to do about it. */
export interface Payment {
  readonly label: string;
  readonly amount: Money;
  readonly note: string;
}

const creditNote = 'credit note';
const prepaidStatement = 'prepaid statement';
const titles: Readonly<Record<string, string>> = {
  [creditNote]: 'Credit note',
  [prepaidStatement]: 'Prepaid statement',
};
const ordinary = ['', 'normal'];

/** The sort of document that a bill makes, by its category and state. */
export function kindOf(bill: BillRow, zone: string): Kind {
  const { state } = bill;
  const category = plainText(bill.category);
  const title = Object.hasOwn(titles, category) ? titles[category] : undefined;
  const marks = [
    ...(title === undefined && !ordinary.includes(category) ? [category] : []),
    ...(state === 'onHold' ? ['held'] : []),
    ...(state === 'new' ? ['preliminary'] : []),
  ];
  const isCredit = category === creditNote;
  return {
    title: title ?? 'Bill',
    marks,
    payment: paymentOf(bill, category, zone),
    isCredit,
    isOfCredits: isCredit && !isNegative(bill),
    isPrepaid: category === prepaidStatement,
  };
}

/** A credit note that a run of bills made is a bill whose credits are more than its charges. */
function isNegative(bill: BillRow): boolean {
  const { taxExcludedAmount, taxIncludedAmount, amountDue } = bill;
  return [taxExcludedAmount, taxIncludedAmount, amountDue].some((amount) => moneyOf(amount)?.value.isNegative());
}

/** The number, as far as the bill has one. */
export function numberOf(bill: BillRow): string {
  return plainText(bill.billNo) || 'not yet numbered';
}

function paymentOf(bill: BillRow, category: string, zone: string): Payment | undefined {
  const { state } = bill;
  const due = moneyOf(bill.amountDue);
  const included = moneyOf(bill.taxIncludedAmount);
  if (category === prepaidStatement)
    return { label: 'Paid from balance', amount: included ?? nothing(due), note: 'Nothing is to be paid.' };
  if (due === undefined) return undefined;
  const remaining = moneyOf(bill.remainingAmount) ?? due;
  if (state === 'onHold')
    return {
      label: 'On hold',
      amount: remaining,
      note: 'Please do not pay: this bill is held until it has been looked into.',
    };
  if (category === creditNote)
    return { label: 'Credited to you', amount: { ...due, value: due.value.abs() }, note: 'Nothing is to be paid.' };
  if (state === 'new')
    return {
      label: 'Amount, preliminary',
      amount: remaining,
      note: 'Please do not pay yet: this bill may still change.',
    };
  if (remaining.value.isZero())
    return {
      label: due.value.isZero() ? 'Nothing to pay' : 'Paid',
      amount: remaining,
      note: due.value.isZero() ? '' : 'Thank you: nothing remains to be paid.',
    };
  const day = dayText(bill.paymentDueDate, zone);
  const notes = [
    remaining.value.lt(due.value)
      ? `Of ${moneyText(due)}, ${moneyText({ ...due, value: due.value.minus(remaining.value) })} is paid.`
      : '',
    `Please state ${numberOf(bill)} with your payment.`,
  ];
  return {
    label: day === undefined ? 'To be paid' : `To be paid by ${day}`,
    amount: remaining,
    note: notes.filter((note) => note !== '').join(' '),
  };
}

function nothing(due: Money | undefined): Money {
  return { value: zero, unit: due?.unit ?? '' };
}
