/** Cuts a JSONPath expression into tokens. Positions count characters from 0. */
import { DomainError } from '../../src/platform/errors.js';
import { printable } from './decode.js';

export interface Token {
  kind: 'name' | 'number' | 'string' | 'regex' | 'mark' | 'end';
  /** Of strings and regular expressions what is between the delimiters, unescaped. */
  text: string;
  position: number;
}

const space = /\s+/y;
const mark = /\.\.|&&|\|\||==|!=|>=|<=|=~|[$@.[\]()?*,;:!<>]/y;
const number = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** A name may begin with the `@` of `@type`, but only behind a dot: elsewhere it is the current node. */
const name = /[A-Za-z_][\w-]*/y;
const atName = /@[A-Za-z_][\w-]*/y;
const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const read = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  while (at < text.length) {
    const previous = tokens.at(-1);
    const character = text[at] as string;
    const blank = read(space);
    if (blank !== undefined) {
      at += blank.length;
      continue;
    }
    if (character === "'" || character === '"' || (character === '/' && previous?.text === '=~')) {
      const quoted = readQuoted(text, at);
      const kind = character === '/' ? 'regex' : 'string';
      tokens.push({ kind, text: kind === 'regex' ? quoted.raw : unescape(quoted.raw, at), position: at });
      at = quoted.end;
      continue;
    }
    const isMember = previous?.kind === 'mark' && previous.text === '.';
    const word = (isMember ? read(atName) : undefined) ?? read(name);
    const digits = word === undefined ? read(number) : undefined;
    const found = word ?? digits ?? read(mark);
    if (found === undefined) throw syntaxError(`'${printable(character)}' is not expected`, at);
    tokens.push({
      kind: word !== undefined ? 'name' : digits !== undefined ? 'number' : 'mark',
      text: found,
      position: at,
    });
    at += found.length;
  }
  tokens.push({ kind: 'end', text: '', position: text.length });
  return tokens;
}

/** Up to the delimiter it began with; a backslash keeps the next character from ending it. */
function readQuoted(text: string, start: number): { raw: string; end: number } {
  const delimiter = text[start];
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === delimiter) return { raw: text.slice(start + 1, at), end: at + 1 };
  }
  throw syntaxError(`the ${delimiter === '/' ? 'regular expression' : 'string'} is not closed`, start);
}

function unescape(raw: string, position: number): string {
  const text = raw.replace(
    /\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g,
    (_all, code: string | undefined, character: string | undefined) => {
      if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
      const other = character ?? '';
      if (Object.hasOwn(escapes, other)) return escapes[other] as string;
      if (/[\\'"/]/.test(other)) return other;
      throw syntaxError(`the escape '\\${printable(other)}' is not known`, position);
    },
  );
  if (/\0|[\uD800-\uDFFF]/u.test(text))
    throw syntaxError('a string has a NUL character or half of a surrogate pair', position);
  return text;
}

export function syntaxError(what: string, position: number): DomainError {
  return new DomainError('INVALID_QUERY', `Invalid filter parameter: ${what} at position ${position}`, {
    path: 'filter',
  });
}

export function notSupported(piece: string, position: number): DomainError {
  return new DomainError('NOT_SUPPORTED', `JSONPath ${piece} at position ${position} of 'filter' is not supported`, {
    path: 'filter',
  });
}
