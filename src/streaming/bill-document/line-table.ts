import type { LineGroup, RateRow } from '../../domain/customer-bill/index.js';
import { amountText, moneyText, plainText, type Money } from './figures.js';
import { lineOf, Sums, type Line, type TaxBases } from './line.js';
import type { Style } from './paper.js';
import { bodyWidth, mutedColour, leftEdge, rightEdge, smallPrint, type Sheet } from './sheet.js';
import { ellipsize, wrap } from './wrap.js';

const rowHeight = 13;
const indent = 10;
const dateWidth = 64;
const amountWidth = 104;
const taxWidth = 58;
const textLeft = leftEdge + dateWidth;
const taxRight = rightEdge - amountWidth;
const textWidth = taxRight - taxWidth - textLeft - 8;

const bold: Style = { weight: 'bold' };
const productStyle: Style = { weight: 'bold', size: 11 };

export interface LineTableContent {
  readonly groups: readonly LineGroup[];
  linesOf(group: LineGroup): AsyncIterable<readonly RateRow[]>;
  /** Currency of the bill; amounts in another one say so. */
  readonly currency: string | undefined;
  readonly zone: string;
  readonly isOfCredits: boolean;
}

/** The lines: below each product, and in it below each name that has several, with what they come to. */
export class LineTable {
  constructor(
    private readonly sheet: Sheet,
    private readonly content: LineTableContent,
    private readonly bases: TaxBases,
  ) {}

  async draw(): Promise<void> {
    const { sheet } = this;
    sheet.ensure(60);
    this.drawHead();
    sheet.repeated = () => this.drawHead();
    const products = productsOf(this.content.groups);
    for (const groups of products) await this.drawProduct(groups, products.length > 1 || groups[0]?.productId !== null);
    sheet.repeated = undefined;
    sheet.y += 10;
  }

  private drawHead(): void {
    const { sheet } = this;
    const { currency } = this.content;
    const style: Style = { weight: 'bold', size: 8, colour: mutedColour };
    sheet.text('Date', leftEdge, style);
    sheet.text('Description', textLeft, style);
    sheet.textTo('Tax', taxRight, taxWidth, style);
    sheet.textTo(
      `Net amount${currency === undefined ? '' : ` (${plainText(currency)})`}`,
      rightEdge,
      amountWidth - 8,
      style,
    );
    sheet.y += 13;
    sheet.rule({ width: 0.8, colour: '#5d6877' });
    sheet.y += 6;
  }

  private async drawProduct(groups: readonly LineGroup[], isNamed: boolean): Promise<void> {
    const { sheet } = this;
    const [first] = groups;
    const product = plainText(first?.productName) || plainText(first?.productId) || 'Further charges';
    const names = wrap(sheet.paper, product, bodyWidth, productStyle, 3);
    if (isNamed) {
      sheet.ensure(names.length * 16 + 3 * rowHeight);
      for (const name of names) {
        sheet.text(name, leftEdge, productStyle);
        sheet.y += 16;
      }
      sheet.y += 1;
    }
    const sums = new Sums();
    for (const group of groups) await this.drawGroup(group, sums);
    if (isNamed && groups.length > 1) this.drawSums(`Total ${product}`, sums, leftEdge);
    sheet.y += 6;
  }

  private async drawGroup(group: LineGroup, productSums: Sums): Promise<void> {
    const { sheet } = this;
    const isSingle = group.ids.length === 1;
    const name = plainText(group.name) || 'Other';
    const sums = new Sums();
    if (!isSingle) {
      sheet.ensure(3 * rowHeight);
      for (const line of wrap(sheet.paper, name, bodyWidth - indent, bold, 3)) {
        sheet.text(line, leftEdge, bold);
        sheet.y += rowHeight + 1;
      }
    }
    for await (const rates of this.content.linesOf(group)) {
      for (const rate of rates) {
        const line = lineOf(rate, this.content);
        for (const sum of [sums, productSums]) sum.add(line.net);
        this.bases.add(rate, line.net);
        this.drawLine(line, isSingle);
      }
    }
    if (!isSingle) this.drawSums(`Subtotal ${name}, ${group.ids.length} lines`, sums, textLeft);
  }

  private drawLine(line: Line, isAlone: boolean): void {
    const { sheet } = this;
    const main = isAlone ? line.name || line.description : line.description || line.name;
    const texts = wrap(sheet.paper, main, textWidth);
    const more = isAlone && line.name !== '' ? wrap(sheet.paper, line.description, textWidth, smallPrint, 4) : [];
    const height = Math.max(1, texts.length) * rowHeight + more.length * 10;
    sheet.ensure(height);
    // In the order in which one reads: so it is copied, and read aloud.
    sheet.text(line.date, leftEdge);
    for (const [index, text] of texts.entries()) sheet.paper.text(text, textLeft, sheet.y + index * rowHeight);
    if (sheet.paper.isDrawn)
      sheet.textTo(ellipsize(sheet.paper, line.tax, taxWidth), taxRight, taxWidth, { colour: mutedColour });
    if (line.net) this.drawAmount(line.net);
    for (const [index, text] of more.entries())
      sheet.paper.text(text, textLeft, sheet.y + texts.length * rowHeight + index * 10 - 1, smallPrint);
    sheet.y += height + 1;
  }

  /** One row per currency, as a rule one. */
  private drawSums(label: string, sums: Sums, x: number): void {
    const { sheet } = this;
    const texts = wrap(sheet.paper, label, rightEdge - amountWidth - x - 8, bold, 3);
    const rows = Math.max(texts.length, sums.all.length);
    if (rows === 0) return;
    sheet.ensure(rows * rowHeight + 6);
    sheet.paper.rule(x, rightEdge, sheet.y + 1);
    sheet.y += 4;
    for (let row = 0; row < rows; row++) {
      const sum = sums.all[row];
      sheet.text(texts[row] ?? '', x, bold);
      if (sum) this.drawAmount(sum, bold);
      sheet.y += rowHeight;
    }
    sheet.y += 5;
  }

  private drawAmount(money: Money, style: Style = {}): void {
    const text = money.unit === this.content.currency ? amountText(money) : moneyText(money);
    this.sheet.textTo(text, rightEdge, amountWidth - 8, style);
  }
}

/** Groups of one product follow each other. */
function productsOf(groups: readonly LineGroup[]): LineGroup[][] {
  const products: LineGroup[][] = [];
  for (const group of groups) {
    const last = products.at(-1);
    if (last?.[0]?.productId === group.productId && last[0].productName === group.productName) last.push(group);
    else products.push([group]);
  }
  return products;
}
