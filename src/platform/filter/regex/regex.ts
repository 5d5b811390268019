/**
 * The regular expressions that are accepted from outside, found anywhere in the text and case-sensitive:
 *
 *   literal characters, `.` (any character, line ends too), `^` and `$` (start and end of the whole text),
 *   `( )` and `(?: )` groups, `|`, classes `[a-z_]` `[^…]`, `*` `+` `?` `{m}` `{m,}` `{m,n}`,
 *   `\d` `\w` `\s` `\D` `\W` `\S` in their ASCII meaning, `\t` `\n` `\r` `\f` `\v`, and `\` before any
 *   ASCII punctuation, which then stands for itself. `{` `}` `]` must be escaped when meant literally.
 *
 * No lookaround, back-references, lazy quantifiers, word boundaries, options, POSIX classes or quantified
 * anchors; no unbounded quantifier within another; lengths and repeats bounded by limits.ts. Everything is
 * by code point. Without back-references PostgreSQL matches with an automaton, and so do we in memory.
 */
import { DomainError } from '../../errors.js';
import { parseRegexNode } from './parse.js';
import { RegexProgram } from './match.js';
import { countStates, type CodeRange, type RegexNode } from './node.js';

export interface SafeRegex {
  /** For PostgreSQL's `~`: written anew from the parsed tree, so nothing unread gets through. */
  readonly pattern: string;
  /** With its repeats written out; looking for it takes so many steps for each character at most. */
  readonly states: number;
  /** The same in memory. */
  test(text: string): boolean;
}

/** @param name attribute, for the refusal (INVALID_QUERY) */
export function parseRegex(text: string, name: string): SafeRegex {
  const node = parseRegexNode(text, name);
  let program: RegexProgram | undefined;
  return {
    pattern: toPattern(node),
    states: countStates(node),
    test: (value) => (program ??= new RegexProgram(node)).test(value),
  };
}

/** How many states it comes to; none when it is refused anyway. */
export function countRegexStates(text: string): number {
  try {
    return countStates(parseRegexNode(text, 'regex'));
  } catch (error) {
    if (error instanceof DomainError) return 0;
    throw error;
  }
}

function toPattern(node: RegexNode): string {
  switch (node.kind) {
    case 'set':
      return setPattern(node.negated, node.ranges);
    case 'start':
      return '^';
    case 'end':
      return '$';
    case 'sequence':
      return node.parts.map((part) => (part.kind === 'choice' ? `(?:${toPattern(part)})` : toPattern(part))).join('');
    case 'choice':
      return node.branches.map(toPattern).join('|');
    case 'repeat':
      return `(?:${toPattern(node.body)}){${node.min},${node.max ?? ''}}`;
  }
}

function setPattern(negated: boolean, ranges: readonly CodeRange[]): string {
  const [range] = ranges;
  if (range === undefined) return '.';
  if (ranges.length === 1 && !negated && range[0] === range[1]) return characterPattern(range[0]);
  const items = ranges.map(([first, last]) =>
    first === last ? characterPattern(first) : `${characterPattern(first)}-${characterPattern(last)}`,
  );
  return `[${negated ? '^' : ''}${items.join('')}]`;
}

/** Letters and digits as they are, all else by code point, which means the same everywhere in an ARE. */
function characterPattern(point: number): string {
  const character = String.fromCodePoint(point);
  if (/^[A-Za-z0-9]$/.test(character)) return character;
  return point > 0xffff ? `\\U${point.toString(16).padStart(8, '0')}` : `\\u${point.toString(16).padStart(4, '0')}`;
}
