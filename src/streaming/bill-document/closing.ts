import type { AppliedPayment, BillRow } from '../../domain/customer-bill/index.js';
import { amountText, moneyOf, moneyText, percentText, plainText, type Money } from './figures.js';
import type { Kind } from './kind.js';
import { Sums, taxesOf, type Tax, type TaxBases } from './line.js';
import type { Style } from './paper.js';
import { bodyWidth, mutedColour, leftEdge, rightEdge, type Sheet } from './sheet.js';
import { wrap } from './wrap.js';

const rowHeight = 14;
const amountWidth = 112;
const rateRight = leftEdge + bodyWidth * 0.48;
const baseRight = rightEdge - amountWidth - 8;
const totalsLeft = leftEdge + bodyWidth * 0.42;

/** A third of a page. */
const togetherMax = 260;

const headStyle: Style = { weight: 'bold', size: 8, colour: mutedColour };

/** Taxes, totals and payments. */
export function drawClosing(sheet: Sheet, bill: BillRow, kind: Kind, bases: TaxBases): void {
  const taxes = taxesOf(bill.taxItem);
  const totals = totalsOf(bill, kind);
  // A short closing stays together.
  const height = (taxes.length + 3 + totals.length) * (rowHeight + 4);
  if (height <= togetherMax) sheet.ensure(height);
  drawTaxes(sheet, taxes, bill, bases);
  drawTotals(sheet, totals);
}

function drawTaxes(sheet: Sheet, taxes: readonly Tax[], bill: BillRow, bases: TaxBases): void {
  if (taxes.length === 0) return;
  const drawHead = (): void => {
    sheet.text('Tax', leftEdge, headStyle);
    sheet.textTo('Rate', rateRight, 60, headStyle);
    sheet.textTo('Taxed amount', baseRight, 90, headStyle);
    sheet.textTo('Tax amount', rightEdge, amountWidth, headStyle);
    sheet.y += 13;
    sheet.rule({ width: 0.8, colour: '#5d6877' });
    sheet.y += 6;
  };
  sheet.ensure(20 + 2 * rowHeight);
  drawHead();
  sheet.repeated = drawHead;
  for (const tax of taxes) {
    const names = wrap(sheet.paper, tax.category || 'Tax', rateRight - 64 - leftEdge, {}, 3);
    sheet.ensure(names.length * rowHeight);
    const base = bases.of(tax, bill.taxExcludedAmount);
    for (const [index, name] of names.entries()) sheet.paper.text(name, leftEdge, sheet.y + index * rowHeight);
    if (tax.rate !== undefined) sheet.textTo(percentText(tax.rate), rateRight, 60);
    if (base) sheet.textTo(amountText(base), baseRight, amountWidth);
    if (tax.amount) sheet.textTo(amountText(tax.amount), rightEdge, amountWidth - 8);
    sheet.y += names.length * rowHeight;
  }
  sheet.repeated = undefined;
  sheet.y += 14;
}

interface Total {
  readonly label: string;
  readonly money: Money;
  readonly isStrong?: boolean;
}

function drawTotals(sheet: Sheet, totals: readonly Total[]): void {
  for (const { label, money, isStrong = false } of totals) {
    const style: Style = isStrong ? { weight: 'bold', size: 10.5 } : {};
    const texts = wrap(sheet.paper, label, rightEdge - amountWidth - 12 - totalsLeft, style, 2);
    sheet.ensure(texts.length * rowHeight + 8);
    if (isStrong) {
      sheet.paper.rule(totalsLeft, rightEdge, sheet.y + 1, { width: 0.8, colour: '#5d6877' });
      sheet.y += 5;
    }
    for (const [index, text] of texts.entries()) sheet.paper.text(text, totalsLeft, sheet.y + index * rowHeight, style);
    sheet.textTo(moneyText(money), rightEdge, amountWidth + 8, style);
    sheet.y += texts.length * rowHeight;
    if (isStrong) sheet.y += 4;
  }
}

function totalsOf(bill: BillRow, { isCredit, isPrepaid }: Kind): Total[] {
  const net = moneyOf(bill.taxExcludedAmount);
  const included = moneyOf(bill.taxIncludedAmount);
  const due = moneyOf(bill.amountDue);
  const remaining = moneyOf(bill.remainingAmount);
  const tax = taxOf(bill, net, included);
  const isDueElse =
    due !== undefined && included !== undefined && !(due.unit === included.unit && due.value.eq(included.value));
  const payments = bill.appliedPayment.flatMap(paid);
  return [
    ...(net ? [{ label: 'Net amount', money: net }] : []),
    ...(tax ? [{ label: 'Tax', money: tax }] : []),
    ...(included ? [{ label: 'Total including tax', money: included, isStrong: true }] : []),
    ...(included && isPrepaid ? [{ label: 'Paid from balance', money: negated(included) }] : []),
    ...(due && (isDueElse || !included) ? [{ label: 'Amount due', money: due, isStrong: true }] : []),
    ...payments,
    ...(remaining
      ? [{ label: isCredit ? 'Remaining credit' : 'Remaining to be paid', money: remaining, isStrong: true }]
      : []),
  ];
}

function taxOf(bill: BillRow, net: Money | undefined, included: Money | undefined): Money | undefined {
  const sums = new Sums();
  for (const { amount } of taxesOf(bill.taxItem)) sums.add(amount);
  const [sum] = sums.all;
  if (sum) return sum;
  return net && included && net.unit === included.unit
    ? { ...included, value: included.value.minus(net.value) }
    : undefined;
}

function paid({ payment, appliedAmount }: AppliedPayment): Total[] {
  const money = moneyOf(appliedAmount);
  if (money === undefined) return [];
  const title = [plainText(payment.name), plainText(payment.id)].filter((text) => text !== '').join(' ');
  return [{ label: `${money.value.isNegative() ? 'Returned' : 'Paid'}: ${title}`, money: negated(money) }];
}

function negated(money: Money): Money {
  return { ...money, value: money.value.negated() };
}
