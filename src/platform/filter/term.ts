/** One term of the query string (TMF630 §4.4): attribute name, operator symbol, raw values. */
import { DomainError } from '../errors.js';
import { decode, printable, splitRaw } from './decode.js';

export type Symbol = '=' | '==' | '=~' | '*=' | '>' | '>=' | '<' | '<=';

export interface Term {
  /** Decoded: a dotted path, perhaps with an operator as last segment. */
  name: string;
  symbol: Symbol;
  /** Still encoded, not yet split at commas. */
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
  for (const piece of splitRaw(part, ';', part)) {
    const term = parseTerm(piece);
    const previous = terms.at(-1);
    if (term) terms.push(term);
    else if (previous && piece !== '') previous.values.push(piece);
    else
      throw new DomainError('INVALID_QUERY', `'${printable(part)}' has a term without operator and value`, {
        path: printable(part),
      });
  }
  return terms;
}

function parseTerm(piece: string): Term | undefined {
  // A quoted value that continues `status=a;"b>c"` holds no operator.
  if (/^(?:"|%22)/.test(piece)) return undefined;
  const found = operatorPattern.exec(piece);
  if (found === null) return undefined;
  const name = decode(piece.slice(0, found.index), piece);
  if (name === '')
    throw new DomainError('INVALID_QUERY', `'${printable(piece)}' has no attribute name`, { path: printable(piece) });
  const symbol = decodeURIComponent(found[0]) as Symbol;
  const value = piece.slice(found.index + found[0].length);
  return { name, symbol, values: [/%/.test(found[0]) ? withoutSeparator(value, symbol) : value] };
}

/**
 * A library that builds query strings out of pairs encodes the operator as part of the key and writes
 * its own `=`: behind the operator (`usageDate%3E%3D=2021`) or at the end (`usageDate%3E2021=`).
 */
function withoutSeparator(value: string, symbol: Symbol): string {
  if (symbol.length === 2 && value.startsWith('=')) return value.slice(1);
  return value.length > 1 && value.indexOf('=') === value.length - 1 ? value.slice(0, -1) : value;
}
