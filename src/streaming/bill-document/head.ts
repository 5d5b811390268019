import type { BillRow } from '../../domain/customer-bill/index.js';
import type { Reference } from '../../domain/row.js';
import { dayText, moneyText, periodText, plainText } from './figures.js';
import { numberOf, type Kind, type Payment } from './kind.js';
import type { Style } from './paper.js';
import { bodyWidth, mutedColour, leftEdge, rightEdge, smallPrint, type Sheet } from './sheet.js';
import { ellipsize, fitted, wrap } from './wrap.js';

const titleStyle: Style & { size: number } = { weight: 'bold', size: 22 };
const issuerStyle: Style = { weight: 'bold', size: 13 };
const boxColour = '#eef2f7';
const markColour = '#a4262c';

const columnGap = 24;
const columnWidth = (bodyWidth - columnGap) / 2;
const factsLeft = leftEdge + columnWidth + columnGap;
const factWidth = 84;
const rowHeight = 14;

/** The head of the first page: who bills whom, what for, and what is to be paid. */
export function drawHead(
  sheet: Sheet,
  bill: BillRow,
  kind: Kind,
  { issuer, zone }: { issuer: string; zone: string },
): void {
  drawTitle(sheet, issuer, kind);
  const y = sheet.y;
  const below = drawCustomer(sheet, bill);
  sheet.y = y;
  drawFacts(sheet, bill, zone);
  sheet.y = Math.max(below, sheet.y) + 14;
  if (kind.payment) drawPayment(sheet, kind.payment);
}

function drawTitle(sheet: Sheet, issuer: string, { title, marks }: Kind): void {
  const { paper } = sheet;
  const room = bodyWidth - paper.widthOf(title, titleStyle) - columnGap;
  const lines = wrap(paper, issuer, room, issuerStyle, 3);
  const y = sheet.y;
  for (const [index, line] of lines.entries()) paper.text(line, leftEdge, y + 5 + index * 17, issuerStyle);
  sheet.textTo(title, rightEdge, bodyWidth, titleStyle);
  sheet.y = y + Math.max(34, 8 + lines.length * 17);
  if (marks.length > 0) {
    sheet.textTo(ellipsize(paper, marks.join(' · ').toLocaleUpperCase('en'), bodyWidth), rightEdge, bodyWidth, {
      weight: 'bold',
      size: 10,
      colour: markColour,
    });
    sheet.y += 18;
  }
  sheet.rule({ width: 1.2, colour: '#1c2430' });
  sheet.y += 18;
}

/** Answers where it ends. */
function drawCustomer(sheet: Sheet, bill: BillRow): number {
  const account: Partial<Reference> = bill.billingAccount ?? bill.financialAccount ?? {};
  const names = [...new Set([...customersOf(bill), plainText(account.name)])].filter((name) => name !== '');
  sheet.text('Billed to', leftEdge, smallPrint);
  sheet.y += rowHeight;
  for (const [index, name] of names.slice(0, 3).entries()) {
    const style: Style = { weight: index === 0 ? 'bold' : 'regular', size: index === 0 ? 11 : 9 };
    for (const line of wrap(sheet.paper, name, columnWidth, style, 3)) {
      sheet.text(line, leftEdge, style);
      sheet.y += index === 0 ? 16 : rowHeight;
    }
  }
  const id = plainText(account.id);
  for (const line of wrap(sheet.paper, `Account ${id}`, columnWidth, {}, 2)) {
    sheet.text(line, leftEdge);
    sheet.y += rowHeight;
  }
  return sheet.y;
}

/** Names of the parties that are billed: those that are its customers, else the only one there is. */
function customersOf(bill: BillRow): string[] {
  const parties = bill.relatedParty ?? [];
  const customers = parties.filter(({ role }) => role?.toLowerCase() === 'customer');
  return (customers.length > 0 || parties.length > 1 ? customers : parties).map(({ name }) => plainText(name));
}

function drawFacts(sheet: Sheet, bill: BillRow, zone: string): void {
  const facts: [string, string | undefined][] = [
    ['Number', numberOf(bill)],
    ['Date', dayText(bill.billDate, zone)],
    ['Billing period', periodText(bill.billingPeriod, zone)],
    ['Payment due', dayText(bill.paymentDueDate, zone)],
    ['Billing cycle', nameOf(bill.billCycle)],
    ['Payment method', nameOf(bill.paymentMethod)],
    ['Next bill', dayText(bill.nextBillDate, zone)],
  ];
  const { paper } = sheet;
  for (const [label, text] of facts) {
    if (text === undefined || text === '') continue;
    sheet.text(label, factsLeft, { colour: mutedColour });
    for (const line of wrap(paper, text, columnWidth - factWidth, {}, 2)) {
      sheet.text(line, factsLeft + factWidth);
      sheet.y += rowHeight;
    }
  }
}

function nameOf(reference: Reference | null | undefined): string {
  return plainText(reference?.name) || plainText(reference?.id);
}

const boxInset = 14;
const amountStyle: Style & { size: number } = { weight: 'bold', size: 17 };

function drawPayment(sheet: Sheet, { label, amount, note }: Payment): void {
  const { paper } = sheet;
  const text = moneyText(amount);
  const amountRoom = bodyWidth * 0.5;
  const { style, width } = fitted(paper, text, amountRoom, amountStyle);
  const room = bodyWidth - 3 * boxInset - width;
  const labels = wrap(paper, label, room, { weight: 'bold', size: 11 }, 2);
  const notes = wrap(paper, note, room, smallPrint, 3);
  const height = Math.max(44, 2 * boxInset - 4 + labels.length * 15 + notes.length * 11);
  paper.box(leftEdge, sheet.y, bodyWidth, height, boxColour);
  const contentHeight = labels.length * 15 + notes.length * 11;
  let y = sheet.y + (height - contentHeight) / 2;
  for (const line of labels) {
    paper.text(line, leftEdge + boxInset, y, { weight: 'bold', size: 11 });
    y += 15;
  }
  for (const line of notes) {
    paper.text(line, leftEdge + boxInset, y + 1, smallPrint);
    y += 11;
  }
  paper.text(text, rightEdge - boxInset - width, sheet.y + (height - style.size * 1.16) / 2, style);
  sheet.y += height + 20;
}
