/** One term of the query string (TMF630 §4.4): attribute name, operator symbol, values. */
import { DomainError } from '../../src/platform/errors.js';
import { decode, endOfValues, isQuoteFirst, printable } from './decode.js';

export type Symbol = '=' | '==' | '=~' | '*=' | '>' | '>=' | '<' | '<=';

export interface Term {
  /** Decoded: a dotted path, perhaps with an operator as last segment. */
  name: string;
  symbol: Symbol;
  /** Decoded, not yet split at commas: whether they are separators depends on the operator. */
  values: string[];
}

/**
 * The operator after the name. Its characters may be percent-encoded, wholly or in part; but behind a
 * plain `=` an encoded character belongs to the value (`name=%3Dx` is equality with `=x`).
 */
const operatorPattern = /(?:(?:%3D(?:%3D|=|%7E|~)|(?:>|%3E|<|%3C|\*|%2A)(?:=|%3D)|>|%3E|<|%3C)|==|=~|=)/i;

/** Alternatives of one part between ampersands; `status=a;b` gives its values to one term. */
export function parseTerms(part: string): Term[] {
  const terms: Term[] = [];
  for (let at = 0; at <= part.length;) {
    const head = headAt(part, at);
    const start = head?.valueAt ?? at;
    const end = endOfValues(part, start);
    const previous = terms.at(-1);
    if (head) terms.push(toTerm(head, part.slice(start, end), part.slice(at, end)));
    else if (previous && end > start) previous.values.push(decode(part.slice(start, end), previous.name));
    else
      throw new DomainError('INVALID_QUERY', `'${printable(part)}' has a term without operator and value`, {
        path: printable(part),
      });
    at = end + 1;
  }
  return terms;
}

interface Head {
  rawName: string;
  rawSymbol: string;
  valueAt: number;
}

/** Name and operator of the alternative that begins at this place; undefined when it is only another value of the previous term. */
function headAt(part: string, at: number): Head | undefined {
  const semicolon = part.indexOf(';', at);
  const piece = part.slice(at, semicolon < 0 ? part.length : semicolon);
  // A quoted value that continues `status=a;"b>c"` holds no operator.
  const found = isQuoteFirst(piece) ? null : operatorPattern.exec(piece);
  if (found === null) return undefined;
  const [rawSymbol] = found;
  const valueAt = at + found.index + rawSymbol.length;
  // Behind an encoded operator of two characters a library's own `=` may follow (`usageDate%3E%3D=2021`).
  const hasSeparator = isEncoded(rawSymbol) && decodeURIComponent(rawSymbol).length === 2 && part[valueAt] === '=';
  return { rawName: piece.slice(0, found.index), rawSymbol, valueAt: hasSeparator ? valueAt + 1 : valueAt };
}

function toTerm({ rawName, rawSymbol }: Head, rawValue: string, piece: string): Term {
  const name = decode(rawName, piece);
  if (name === '')
    throw new DomainError('INVALID_QUERY', `'${printable(piece)}' has no attribute name`, { path: printable(piece) });
  const value = isEncoded(rawSymbol) ? withoutSeparator(rawValue) : rawValue;
  return { name, symbol: decodeURIComponent(rawSymbol) as Symbol, values: [decode(value, name)] };
}

function isEncoded(rawSymbol: string): boolean {
  return rawSymbol.includes('%');
}

/** A library that builds query strings out of pairs may also write its own `=` at the end (`usageDate%3E2021=`). */
function withoutSeparator(value: string): string {
  return value.length > 1 && value.indexOf('=') === value.length - 1 ? value.slice(0, -1) : value;
}
