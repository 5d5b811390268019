import type { Paper, Style } from './paper.js';

/** Lines of one text; what does not fit ends in an ellipsis. All of it is in the other documents. */
const linesMax = 8;
/** Characters that are looked at; eight lines hold fewer. */
const charactersMax = 2_000;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Breaks a text into lines of that width, between words, and within a word that is wider than a line. */
export function wrap(paper: Paper, text: string, width: number, style: Style = {}, max = linesMax): string[] {
  if (text === '') return [];
  if (paper.isShort(text, width, style) || (text.length <= charactersMax && paper.widthOf(text, style) <= width))
    return [text];
  const space = paper.widthOf(' ', style);
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const word of piecesOf(paper, text.slice(0, charactersMax), width, style)) {
    const wide = paper.widthOf(word, style);
    if (line !== '' && used + space + wide > width) {
      lines.push(line);
      line = '';
      used = 0;
    }
    used += wide + (line === '' ? 0 : space);
    line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '') lines.push(line);
  if (lines.length <= max && text.length <= charactersMax) return lines;
  const kept = lines.slice(0, max);
  return [...kept.slice(0, -1), ellipsize(paper, `${kept.at(-1) ?? ''} ${lines[max] ?? ''}`, width, style, true)];
}

/** The text, or as much of its beginning as fits, with an ellipsis. */
export function ellipsize(paper: Paper, text: string, width: number, style: Style = {}, isMore = false): string {
  if (!isMore && paper.widthOf(text, style) <= width) return text;
  const room = width - paper.widthOf('…', style);
  let kept = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text.slice(0, charactersMax))) {
    used += paper.widthOf(segment, style);
    if (used > room) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

export interface FitOptions {
  readonly style: Style & { size: number };
  readonly width: number;
}

/** The style in which the text fits, smaller than the given one if need be: the digits of an amount are never cut. */
export function fitted(paper: Paper, text: string, room: number, style: Style & { size: number }): FitOptions {
  const width = paper.widthOf(text, style);
  return width <= room ? { style, width } : { style: { ...style, size: (style.size * room) / width }, width: room };
}

function* piecesOf(paper: Paper, text: string, width: number, style: Style): Generator<string> {
  for (const word of text.split(' ')) {
    if (word === '') continue;
    if (paper.widthOf(word, style) <= width) yield word;
    else yield* brokenWord(paper, word, width, style);
  }
}

function* brokenWord(paper: Paper, word: string, width: number, style: Style): Generator<string> {
  let piece = '';
  let used = 0;
  for (const { segment } of graphemes.segment(word)) {
    const wide = paper.widthOf(segment, style);
    if (piece !== '' && used + wide > width) {
      yield piece;
      piece = '';
      used = 0;
    }
    piece += segment;
    used += wide;
  }
  yield piece;
}
