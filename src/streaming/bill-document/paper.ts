import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import PDFDocument from 'pdfkit';

/** A4, in points. */
export const page = { width: 595.28, height: 841.89 } as const;

/** Lines of text after which the layouts of words are forgotten. */
const layoutsKeptMax = 5_000;

export interface Style {
  readonly weight?: 'regular' | 'bold';
  /** In points; 9 when not given. */
  readonly size?: number;
  readonly colour?: string;
}

const sizeDefault = 9;
const ink = '#1c2430';

const folder = createRequire(import.meta.url)
  .resolve('dejavu-fonts-ttf/package.json')
  .replace(/package\.json$/, 'ttf/');
/** Condensed: names are long. It has Latin, Greek, Cyrillic, and much else. */
const fontFiles = { regular: `${folder}DejaVuSansCondensed.ttf`, bold: `${folder}DejaVuSansCondensed-Bold.ttf` };

/** Of the widest letter of ASCII, which is bold, in parts of the size. */
const asciiWidthMax = 1;

export interface DocumentFacts {
  readonly title: string;
  readonly author: string;
  /** When its figures were made: the clock of the server that renders it must not show. */
  readonly date: Date;
}

/** A PDF that is written while it is read: equal facts and drawings give equal bytes. */
export async function openPdf({ title, author, date }: DocumentFacts): Promise<PDFKit.PDFDocument> {
  const [regular, bold] = await Promise.all([readFile(fontFiles.regular), readFile(fontFiles.bold)]);
  const info = { Title: title, Author: author, CreationDate: date, ModDate: date };
  const document = new PDFDocument({
    size: [page.width, page.height],
    margin: 0,
    autoFirstPage: false,
    pdfVersion: '1.7',
    lang: 'en',
    displayTitle: true,
    info,
  });
  return document.registerFont('regular', regular).registerFont('bold', bold);
}

/** What is drawn on, page after page. The first time round, nothing is: the pages are counted. */
export class Paper {
  /** Pages so far. */
  pages = 0;
  private textsDrawn = 0;

  constructor(
    private readonly document: PDFKit.PDFDocument,
    /** Undefined while pages are counted. */
    readonly pagesInAll: number | undefined,
  ) {}

  get isDrawn(): boolean {
    return this.pagesInAll !== undefined;
  }

  widthOf(text: string, style: Style = {}): number {
    return this.set(style).widthOfString(text);
  }

  /** Whether it fits for sure, by its length alone: measuring takes most of the time. */
  isShort(text: string, width: number, { size = sizeDefault }: Style = {}): boolean {
    return text.length * size * asciiWidthMax <= width && /^[ -~]*$/.test(text);
  }

  /** On one line, whose upper end is y. */
  text(text: string, x: number, y: number, style: Style = {}): void {
    if (!this.isDrawn || text === '') return;
    this.set(style)
      .fillColor(style.colour ?? ink)
      .text(text, x, y, { lineBreak: false });
  }

  rule(left: number, right: number, y: number, { width = 0.5, colour = '#b4bcc8' } = {}): void {
    if (this.isDrawn) this.document.moveTo(left, y).lineTo(right, y).lineWidth(width).strokeColor(colour).stroke();
  }

  box(x: number, y: number, width: number, height: number, colour: string): void {
    if (this.isDrawn) this.document.roundedRect(x, y, width, height, 4).fill(colour);
  }

  newPage(): void {
    this.pages++;
    if (this.isDrawn) this.document.addPage();
  }

  private set({ weight = 'regular', size = sizeDefault }: Style): PDFKit.PDFDocument {
    this.document.font(weight).fontSize(size);
    if (++this.textsDrawn % layoutsKeptMax === 0) forgetLayouts(this.document);
    return this.document;
  }
}

/**
 * pdfkit keeps the layout of every word it has met, 150 MB of them for 50,000 lines; without that memory it would take
 * four times as long. So the font in use forgets from time to time.
 */
function forgetLayouts(document: PDFKit.PDFDocument): void {
  // Private to pdfkit, so no type has it; where a version lacks it, nothing is forgotten.
  const font: unknown = Reflect.get(document, '_font');
  if (typeof font === 'object' && font !== null && 'layoutCache' in font && font.layoutCache)
    font.layoutCache = Object.create(null);
}
