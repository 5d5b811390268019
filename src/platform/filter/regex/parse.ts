/** Reads the restricted syntax of regex.ts by recursive descent. */
import { DomainError } from '../../errors.js';
import { limitExceeded, REGEX_DEPTH_MAX, REGEX_LENGTH_MAX, REGEX_REPEAT_MAX, REGEX_STATES_MAX } from '../../limits.js';
import { complement, countStates, hasNode, isUnbounded, type CodeRange, type RegexNode } from './node.js';

/** The ASCII meaning, which both engines are given: their own differ in what Unicode adds. */
const shorthands: Readonly<Record<string, readonly CodeRange[]>> = {
  d: [[0x30, 0x39]],
  w: [
    [0x30, 0x39],
    [0x41, 0x5a],
    [0x5f, 0x5f],
    [0x61, 0x7a],
  ],
  s: [
    [0x09, 0x0d],
    [0x20, 0x20],
  ],
};
const controls: Readonly<Record<string, number>> = { t: 0x09, n: 0x0a, r: 0x0d, f: 0x0c, v: 0x0b };

export function parseRegexNode(text: string, name: string): RegexNode {
  if (text.length > REGEX_LENGTH_MAX) {
    throw limitExceeded(
      'REGEX_LENGTH_MAX',
      REGEX_LENGTH_MAX,
      `the regular expression for '${name}' has ${text.length} characters`,
      name,
    );
  }
  const node = new RegexParser(text, name).parse();
  const states = countStates(node);
  if (states > REGEX_STATES_MAX) {
    throw limitExceeded(
      'REGEX_STATES_MAX',
      REGEX_STATES_MAX,
      `the regular expression for '${name}' comes to ${states} states`,
      name,
    );
  }
  return node;
}

class RegexParser {
  private at = 0;
  private readonly characters: readonly string[];

  constructor(
    private readonly text: string,
    private readonly name: string,
  ) {
    this.characters = Array.from(text);
  }

  parse(): RegexNode {
    const node = this.choice(0);
    if (this.at < this.characters.length) throw this.refusal(`unmatched '${this.peek()}'`);
    return node;
  }

  private choice(depth: number): RegexNode {
    if (depth > REGEX_DEPTH_MAX)
      throw limitExceeded(
        'REGEX_DEPTH_MAX',
        REGEX_DEPTH_MAX,
        `the regular expression for '${this.name}' nests deeper`,
        this.name,
      );
    const branches = [this.sequence(depth)];
    while (this.take('|')) branches.push(this.sequence(depth));
    return branches.length === 1 ? (branches[0] as RegexNode) : { kind: 'choice', branches };
  }

  private sequence(depth: number): RegexNode {
    const parts: RegexNode[] = [];
    while (this.at < this.characters.length && this.peek() !== '|' && this.peek() !== ')')
      parts.push(this.quantified(depth));
    return { kind: 'sequence', parts };
  }

  private quantified(depth: number): RegexNode {
    const body = this.atom(depth);
    const bounds = this.quantifier();
    if (bounds === undefined) return body;
    if (hasNode(body, ({ kind }) => kind === 'start' || kind === 'end')) throw this.refusal('a quantified anchor');
    if (bounds.max === undefined && hasNode(body, isUnbounded))
      throw this.refusal('an unbounded quantifier within another');
    if (['*', '+', '?', '{'].includes(this.peek())) throw this.refusal('a quantifier after a quantifier');
    return { kind: 'repeat', body, ...bounds };
  }

  private quantifier(): { min: number; max: number | undefined } | undefined {
    if (this.take('*')) return { min: 0, max: undefined };
    if (this.take('+')) return { min: 1, max: undefined };
    if (this.take('?')) return { min: 0, max: 1 };
    if (!this.take('{')) return undefined;
    const min = this.count();
    const max = this.take(',') ? (this.peek() === '}' ? undefined : this.count()) : min;
    if (!this.take('}')) throw this.refusal("a '{' that is no quantifier (write \\{)");
    if (max !== undefined && max < min) throw this.refusal(`the quantifier {${min},${max}}`);
    return { min, max };
  }

  private count(): number {
    let digits = '';
    while (/^[0-9]$/.test(this.peek())) digits += this.next();
    if (digits === '') throw this.refusal("a '{' that is no quantifier (write \\{)");
    const count = Number(digits);
    if (count > REGEX_REPEAT_MAX)
      throw limitExceeded(
        'REGEX_REPEAT_MAX',
        REGEX_REPEAT_MAX,
        `the regular expression for '${this.name}' repeats ${digits} times`,
        this.name,
      );
    return count;
  }

  private atom(depth: number): RegexNode {
    const character = this.next();
    switch (character) {
      case '(':
        return this.group(depth);
      case '[':
        return this.bracket();
      case '.':
        return { kind: 'set', negated: true, ranges: [] };
      case '^':
        return { kind: 'start' };
      case '$':
        return { kind: 'end' };
      case '\\':
        return { kind: 'set', negated: false, ranges: this.escape() };
      case '*':
      case '+':
      case '?':
        throw this.refusal(`'${character}' with nothing to repeat`);
      case '{':
      case '}':
      case ']':
        throw this.refusal(`an unescaped '${character}'`);
      default:
        return { kind: 'set', negated: false, ranges: [single(character)] };
    }
  }

  private group(depth: number): RegexNode {
    if (this.take('?') && !this.take(':'))
      throw this.refusal(`the group '(?${this.peek()}' (lookaround, names and options)`);
    const node = this.choice(depth + 1);
    if (!this.take(')')) throw this.refusal("a '(' that is not closed");
    return node;
  }

  private bracket(): RegexNode {
    const negated = this.take('^');
    const ranges: CodeRange[] = [];
    while (!this.take(']')) {
      const first = this.bracketItem();
      // A hyphen between two characters makes a range; first or last it stands for itself.
      const isRange =
        this.peek() === '-' && this.characters[this.at + 1] !== undefined && this.characters[this.at + 1] !== ']';
      if (!isRange) {
        ranges.push(...first);
        continue;
      }
      this.next();
      ranges.push(this.range(first, this.bracketItem()));
    }
    if (ranges.length === 0) throw this.refusal('an empty bracket expression');
    return { kind: 'set', negated, ranges };
  }

  private range(first: readonly CodeRange[], last: readonly CodeRange[]): CodeRange {
    const [from, to] = [onlyPoint(first), onlyPoint(last)];
    if (from === undefined || to === undefined || from > to)
      throw this.refusal('a range that is not from a character up to a higher one');
    return [from, to];
  }

  private bracketItem(): readonly CodeRange[] {
    const character = this.next();
    if (character === '') throw this.refusal("a '[' that is not closed");
    // POSIX classes such as [:alpha:] mean something to PostgreSQL only.
    if (character === '[') throw this.refusal("an unescaped '[' within brackets");
    return character === '\\' ? this.escape() : [single(character)];
  }

  private escape(): readonly CodeRange[] {
    const character = this.next();
    const shorthand = Object.hasOwn(shorthands, character.toLowerCase())
      ? shorthands[character.toLowerCase()]
      : undefined;
    if (shorthand) return character === character.toLowerCase() ? shorthand : complement(shorthand);
    const control = Object.hasOwn(controls, character) ? controls[character] : undefined;
    if (control !== undefined) return [[control, control]];
    if (/^[!-/:-@[-`{-~ ]$/.test(character)) return [single(character)];
    throw this.refusal(`the escape '\\${character}'`);
  }

  private peek(): string {
    return this.characters[this.at] ?? '';
  }

  private next(): string {
    const character = this.peek();
    this.at += 1;
    return character;
  }

  private take(character: string): boolean {
    if (this.peek() !== character) return false;
    this.at += 1;
    return true;
  }

  private refusal(what: string): DomainError {
    const position = Math.min(this.at, this.characters.length);
    const message = `the regular expression '${this.text}' for '${this.name}' has ${what} at position ${position}`;
    return new DomainError('INVALID_QUERY', message, { path: this.name });
  }
}

function single(character: string): CodeRange {
  const point = character.codePointAt(0) as number;
  return [point, point];
}

function onlyPoint(ranges: readonly CodeRange[]): number | undefined {
  const [range] = ranges;
  return ranges.length === 1 && range && range[0] === range[1] ? range[0] : undefined;
}
