/** The raw query string's characters: separators, quotes and percent encoding. */
import { DomainError } from '../errors.js';
import { isStorable } from './values.js';

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

/** Length of a double quote at this place of a raw string, 0 when there is none. */
function quoteAt(raw: string, at: number): number {
  if (raw[at] === '"') return 1;
  return raw.startsWith('%22', at) ? 3 : 0;
}

/** A quote opens a value where a value begins: at the start, behind an operator or a separator. */
function isValueStart(raw: string, at: number): boolean {
  return at === 0 || /(?:[=<>~,;]|%3[CDE]|%7E)$/i.test(raw.slice(Math.max(0, at - 3), at));
}

function isValueEnd(raw: string, at: number): boolean {
  return at === raw.length || raw[at] === ',' || raw[at] === ';';
}

/**
 * The pieces between separators that stand as such: a percent-encoded one (%2C, %3B) is a plain character
 * of its value (as in RFC 6570), and so is one within a value in double quotes.
 */
export function splitRaw(raw: string, separator: ',' | ';', name: string): string[] {
  const pieces: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < raw.length;) {
    const quote = quoteAt(raw, at);
    if (quote > 0) {
      if (!isQuoted) isQuoted = isValueStart(raw, at);
      else if (isValueEnd(raw, at + quote)) isQuoted = false;
    } else if (!isQuoted && raw[at] === separator) {
      pieces.push(raw.slice(start, at));
      start = at + 1;
    }
    at += quote || 1;
  }
  if (isQuoted)
    throw new DomainError('INVALID_QUERY', `a double quote is not closed in '${printable(raw)}'`, {
      path: printable(name),
    });
  pieces.push(raw.slice(start));
  return pieces;
}

/** The value without one pair of double quotes around it (the TMF652 conformance kit sends such). */
export function unquote(raw: string): { raw: string; isQuoted: boolean } {
  const quote = quoteAt(raw, 0);
  if (quote === 0) return { raw, isQuoted: false };
  const last = raw.endsWith('%22') ? 3 : raw.endsWith('"') ? 1 : 0;
  if (last === 0 || raw.length < quote + last) return { raw, isQuoted: false };
  return { raw: raw.slice(quote, raw.length - last), isQuoted: true };
}
