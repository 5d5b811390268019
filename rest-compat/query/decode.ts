/** The raw query string's characters: percent encoding, quotes and what they keep together. */
import { DomainError } from '../../src/platform/errors.js';
import { isStorable } from '../../src/platform/storable-text.js';

/** `+` is a space, %XX is UTF-8. Malformed encoding and characters that no column can store are refused. */
export function decode(raw: string, name: string): string {
  let text: string;
  try {
    text = decodeURIComponent(raw.replaceAll('+', ' '));
  } catch {
    throw new DomainError('INVALID_QUERY', `malformed percent encoding in '${printable(raw)}'`, {
      path: printable(name),
    });
  }
  if (!isStorable(text)) {
    throw new DomainError('INVALID_QUERY', `'${printable(raw)}' has a NUL character or half of a surrogate pair`, {
      path: printable(name),
    });
  }
  return text;
}

/** What was refused goes into an answer, which must itself be well-formed and of bounded length. */
export function printable(text: string): string {
  const shown = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  return shown.replaceAll(/\0|[\uD800-\uDFFF]/gu, '\uFFFD');
}

/** How the characters that matter are written: each answers the length of its character at a place, 0 when there is none. */
interface Spelling {
  quote(text: string, at: number): number;
  backslash(text: string, at: number): number;
  comma(text: string, at: number): number;
  /** Whether alternatives are still separated by `;` as well. */
  hasSemicolons: boolean;
}

function decodedAs(character: string): (text: string, at: number) => number {
  return (text, at) => (text[at] === character ? 1 : 0);
}

function rawAs(character: string, code: string): (text: string, at: number) => number {
  return (text, at) => {
    if (text[at] === character) return 1;
    return text[at] === '%' && text.slice(at, at + 3).toUpperCase() === code ? 3 : 0;
  };
}

const decodedSpelling: Spelling = {
  quote: decodedAs('"'),
  backslash: decodedAs('\\'),
  comma: decodedAs(','),
  hasSemicolons: false,
};
const rawSpelling: Spelling = {
  quote: rawAs('"', '%22'),
  backslash: rawAs('\\', '%5C'),
  comma: rawAs(',', '%2C'),
  hasSemicolons: true,
};

/**
 * Index just after the closing quote of the value that begins at `from`: unescaped (of two backslashes one stands for the
 * other), and followed by a separator or the end. Undefined when the quote is never closed.
 */
function closingQuote(text: string, from: number, spelling: Spelling): number | undefined {
  let backslashes = 0;
  for (let at = from; at < text.length;) {
    const quote = spelling.quote(text, at);
    const end = at + quote;
    if (quote > 0 && backslashes % 2 === 0 && isValueEnd(text, end, spelling)) return end;
    const backslash = spelling.backslash(text, at);
    backslashes = backslash > 0 ? backslashes + 1 : 0;
    at += quote || backslash || 1;
  }
  return undefined;
}

function isValueEnd(text: string, at: number, { comma, hasSemicolons }: Spelling): boolean {
  return at === text.length || (hasSemicolons && text[at] === ';') || comma(text, at) > 0;
}

/** Where the raw values end that begin at this place: at a `;` that no pair of quotes encloses. */
export function endOfValues(raw: string, from: number): number {
  let isStart = true;
  // When one quote is never closed, none behind it is.
  let mayClose = true;
  for (let at = from; at < raw.length;) {
    const quote = isStart && mayClose ? rawSpelling.quote(raw, at) : 0;
    const closing = quote > 0 ? closingQuote(raw, at + quote, rawSpelling) : undefined;
    if (closing !== undefined) {
      at = closing;
      isStart = false;
      continue;
    }
    if (quote > 0) mayClose = false;
    if (raw[at] === ';') return at;
    const comma = rawSpelling.comma(raw, at);
    isStart = comma > 0;
    at += comma || 1;
  }
  return raw.length;
}

/** Whether the raw text begins with a double quote. */
export function isQuoteFirst(raw: string): boolean {
  return rawSpelling.quote(raw, 0) > 0;
}

/** A decoded value. */
export interface WrittenValue {
  text: string;
  /** It stood in double quotes, which are gone. */
  isQuoted: boolean;
}

/** Decoded alternatives, separated by the commas outside double quotes. */
export function splitValues(text: string, name: string): WrittenValue[] {
  const values: WrittenValue[] = [];
  for (let at = 0; at <= text.length;) {
    const isQuoted = text[at] === '"';
    const end = isQuoted ? closingQuote(text, at + 1, decodedSpelling) : commaFrom(text, at);
    if (end === undefined) {
      throw new DomainError('INVALID_QUERY', `a double quote is not closed in '${printable(text)}'`, {
        path: printable(name),
      });
    }
    values.push(isQuoted ? unquote(text.slice(at, end)) : { text: text.slice(at, end), isQuoted });
    at = end + 1;
  }
  return values;
}

function commaFrom(text: string, at: number): number {
  const comma = text.indexOf(',', at);
  return comma < 0 ? text.length : comma;
}

/**
 * The value without the one pair of double quotes around it, if there is one (the TMF652 conformance kit sends
 * such). Within them `\"` is a quote; a backslash before anything else is itself.
 */
export function unquote(text: string): WrittenValue {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return { text, isQuoted: false };
  const inner = text.slice(1, -1);
  return {
    text: inner.replaceAll(
      /(?<!\\)(\\+)("|$)/g,
      (_, backslashes: string, quote: string) => '\\'.repeat(backslashes.length / 2) + quote,
    ),
    isQuoted: true,
  };
}
