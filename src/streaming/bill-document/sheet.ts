import { page, type Paper, type Style } from './paper.js';
import { ellipsize, fitted } from './wrap.js';

export const leftEdge = 56;
export const rightEdge = page.width - 56;
export const bodyWidth = rightEdge - leftEdge;
const top = 52;
const bottom = page.height - 76;
const footerY = page.height - 56;
const runningHeight = 30;

export const mutedColour = '#5d6877';
export const smallPrint: Style & { size: number } = { size: 7.5, colour: mutedColour };

/** What every page says that follows the first, and every foot. */
export interface Running {
  readonly issuer: string;
  readonly title: string;
}

/** A place on the paper that moves down, and to the next page where something does not fit any more. */
export class Sheet {
  y = 0;
  /** Drawn at the top of every page that begins meanwhile, e.g. the head of a table. */
  repeated: (() => void) | undefined;

  constructor(
    readonly paper: Paper,
    private readonly running: Running,
  ) {
    this.beginPage();
  }

  /** Makes sure that so much fits on this page; else the next one begins. */
  ensure(height: number): void {
    if (this.y + height <= bottom) return;
    this.beginPage();
    this.repeated?.();
  }

  /** Text that begins at x. */
  text(text: string, x: number, style?: Style): void {
    this.paper.text(text, x, this.y, style);
  }

  /** Text that ends at x; where it is wider than the room it has, it is set smaller. */
  textTo(text: string, x: number, room: number, style: Style = {}): void {
    if (!this.paper.isDrawn) return;
    const { style: fitting, width } = fitted(this.paper, text, room, { size: 9, ...style });
    this.paper.text(text, x - width, this.y, fitting);
  }

  rule(options?: { width?: number; colour?: string }): void {
    this.paper.rule(leftEdge, rightEdge, this.y, options);
  }

  private beginPage(): void {
    const { paper } = this;
    paper.newPage();
    const issuer = ellipsize(paper, this.running.issuer, bodyWidth / 2 - 10, smallPrint);
    const title = ellipsize(paper, this.running.title, bodyWidth / 2 - 10, smallPrint);
    if (paper.pages > 1) {
      this.y = top - 16;
      this.text(issuer, leftEdge, smallPrint);
      this.textTo(title, rightEdge, bodyWidth / 2, smallPrint);
      this.y += 14;
      this.rule();
      this.y = top - 16 + runningHeight;
    } else this.y = top;
    paper.rule(leftEdge, rightEdge, footerY - 8);
    paper.text(`${issuer} · ${title}`, leftEdge, footerY, smallPrint);
    const place = `Page ${paper.pages} of ${paper.pagesInAll ?? ''}`;
    paper.text(place, rightEdge - paper.widthOf(place, smallPrint), footerY, smallPrint);
  }
}
