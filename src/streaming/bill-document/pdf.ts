import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import type { BillRow, LineGroup, RateRow } from '../../domain/customer-bill/index.js';
import { PDF_LINES_MAX } from '../limits.js';
import { drawClosing } from './closing.js';
import { plainText } from './figures.js';
import { drawHead } from './head.js';
import { kindOf, numberOf } from './kind.js';
import { LineTable } from './line-table.js';
import { TaxBases } from './line.js';
import { openPdf, Paper } from './paper.js';
import { leftEdge, Sheet } from './sheet.js';
import { requireReader, waitForDrain } from '../write.js';

/** Lines that are set in one go: others get their turn in between. */
const turnLines = 20;

/** What is written: the bill, and its lines when they are asked for. */
export interface PdfContent {
  readonly bill: BillRow;
  readonly lineCount: number;
  groups(): Promise<readonly LineGroup[]>;
  linesOf(ids: readonly string[]): AsyncIterable<readonly RateRow[]>;
  readonly issuer: string;
  /** Of the operator, who dates by its calendar. */
  readonly zone: string;
}

/** Writes the bill as PDF, page by page: first its pages are counted, then they are drawn. */
export async function writePdf(content: PdfContent, out: Writable): Promise<void> {
  const { bill, issuer, zone } = content;
  const title = `${kindOf(bill, zone).title} ${numberOf(bill)}`;
  const pdf = await openPdf({ title, author: issuer, date: new Date(bill.lastUpdate) });
  const groups = content.lineCount > PDF_LINES_MAX ? [] : await content.groups();
  const counted = new Paper(pdf, undefined);
  await drawBill(counted, content, groups, () => setImmediate());
  const piped = pipeline(pdf, out, { end: false });
  // It may fail while we draw; then we see that there, too.
  piped.catch(() => undefined);
  try {
    await drawBill(new Paper(pdf, counted.pages), content, groups, () => turn(out));
    pdf.end();
  } catch (error) {
    pdf.destroy();
    await piped.catch(() => undefined);
    throw error;
  }
  await piped;
}

/** Lets other requests have their turn, and waits for a reader that is slower than we are. */
async function turn(out: Writable): Promise<void> {
  await setImmediate();
  await waitForDrain(out);
  requireReader(out);
}

async function drawBill(
  paper: Paper,
  content: PdfContent,
  groups: readonly LineGroup[],
  pause: () => Promise<unknown>,
): Promise<void> {
  const { bill, issuer, zone, lineCount } = content;
  const kind = kindOf(bill, zone);
  const sheet = new Sheet(paper, { issuer: plainText(issuer), title: `${kind.title} ${numberOf(bill)}` });
  drawHead(sheet, bill, kind, { issuer: plainText(issuer), zone });
  const bases = new TaxBases(kind.isOfCredits);
  const linesOf = async function* ({ ids }: LineGroup): AsyncGenerator<RateRow[]> {
    for await (const page of content.linesOf(ids)) {
      for (let at = 0; at < page.length; at += turnLines) {
        await pause();
        yield page.slice(at, at + turnLines);
      }
    }
  };
  if (groups.length > 0)
    await new LineTable(
      sheet,
      { groups, linesOf, currency: currencyOf(bill), zone, isOfCredits: kind.isOfCredits },
      bases,
    ).draw();
  else {
    const reason =
      lineCount > PDF_LINES_MAX
        ? `Its ${lineCount} lines are more than are printed here: they stand in the CSV and JSON of this bill.`
        : 'This bill has no single lines.';
    sheet.text(reason, leftEdge);
    sheet.y += 30;
  }
  drawClosing(sheet, bill, kind, bases);
}

/** The currency the figures of the bill are in. */
function currencyOf({ taxExcludedAmount, taxIncludedAmount, amountDue }: BillRow): string | undefined {
  return (taxExcludedAmount ?? taxIncludedAmount ?? amountDue)?.unit;
}
