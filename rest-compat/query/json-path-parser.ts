/**
 * JSONPath expressions by recursive descent. What is valid JSONPath but not offered here is NOT_SUPPORTED,
 * what is not valid INVALID_QUERY (TMF630 Part 6), and so are script expressions, which are never run.
 */
import { printable } from './decode.js';
import type { Comparison, JsonPath, Literal, PathStep, Test } from './json-path-ast.js';
import { notSupported, syntaxError, tokenize, type Token } from './json-path-lexer.js';
import { limitExceeded } from '../../src/platform/limits.js';
import { JSON_PATH_DEPTH_MAX } from '../limits.js';

const comparisons: ReadonlySet<string> = new Set(['==', '!=', '>', '>=', '<', '<=', '=~']);
const flipped: Readonly<Record<string, Comparison>> = {
  '==': '==',
  '!=': '!=',
  '>': '<',
  '>=': '<=',
  '<': '>',
  '<=': '>=',
};
/** Operators of other JSONPath dialects. */
const words: ReadonlySet<string> = new Set(['in', 'nin', 'subsetof', 'anyof', 'noneof', 'size', 'empty', 'contains']);

/** One path, or several separated by comma or semicolon: alternatives. */
export function readJsonPaths(text: string): JsonPath[] {
  return new JsonPathParser(text).paths();
}

class JsonPathParser {
  private readonly tokens: readonly Token[];
  private at = 0;
  private depth = 0;

  constructor(text: string) {
    this.tokens = tokenize(text);
  }

  paths(): JsonPath[] {
    const paths = [this.rootPath()];
    while (this.take(',') || this.take(';')) paths.push(this.rootPath());
    if (this.token.kind !== 'end') throw this.unexpected();
    return paths;
  }

  /** `$.note[…]`, `$[…]`, or the same without `$`. */
  private rootPath(): JsonPath {
    const { position, kind, text } = this.token;
    const isRooted = this.take('$');
    const steps: PathStep[] = [];
    if (!isRooted && kind === 'name') {
      this.next();
      this.refuseCall(text, position);
      steps.push({ kind: 'child', name: text, position });
    } else if (!isRooted && !this.isMark('[')) {
      throw this.unexpected();
    }
    return { steps: [...steps, ...this.steps()], position };
  }

  private steps(): PathStep[] {
    const steps: PathStep[] = [];
    for (;;) {
      const { position } = this.token;
      if (this.isMark('..')) throw notSupported("descent '..'", position);
      if (this.take('.')) steps.push(this.member(position));
      else if (this.take('[')) steps.push(this.bracket(position));
      else return steps;
    }
  }

  private member(position: number): PathStep {
    const { kind, text } = this.token;
    if (this.isMark('*')) throw notSupported("wildcard '.*'", position);
    if (kind !== 'name') throw this.unexpected();
    this.next();
    this.refuseCall(text, position);
    return { kind: 'child', name: text, position };
  }

  private bracket(position: number): PathStep {
    const step = this.selector(position);
    if (this.isMark(',')) throw notSupported("union '[…,…]'", position);
    this.expect(']');
    return step;
  }

  private selector(position: number): PathStep {
    const { kind, text } = this.token;
    if (this.take('*')) return { kind: 'all', position };
    if (this.take('?')) return { kind: 'filter', test: this.nested(() => this.disjunction()), position };
    if (kind === 'string') {
      this.next();
      return { kind: 'child', name: text, position };
    }
    if (this.isMark('(')) throw syntaxError("script expressions '[(…)]' are not allowed", position);
    if (this.isMark(':')) throw notSupported("slice '[…:…]'", position);
    if (kind !== 'number') throw this.unexpected();
    this.next();
    if (!/^-?\d+$/.test(text)) throw syntaxError(`'${text}' is no index`, position);
    throw this.isMark(':')
      ? notSupported("slice '[…:…]'", position)
      : this.isMark(',')
        ? notSupported("union '[…,…]'", position)
        : notSupported(`index '[${printable(text)}]'`, position);
  }

  private disjunction(): Test {
    const tests = [this.conjunction()];
    while (this.take('||')) tests.push(this.conjunction());
    return tests.length === 1 ? (tests[0] as Test) : { kind: 'or', tests };
  }

  private conjunction(): Test {
    const tests = [this.unary()];
    while (this.take('&&')) tests.push(this.unary());
    return tests.length === 1 ? (tests[0] as Test) : { kind: 'and', tests };
  }

  private unary(): Test {
    if (this.take('!')) return { kind: 'not', test: this.nested(() => this.unary()) };
    if (this.take('(')) {
      const test = this.nested(() => this.disjunction());
      this.expect(')');
      return test;
    }
    return this.comparison();
  }

  private comparison(): Test {
    const { position } = this.token;
    const left = this.operand();
    const { text, kind } = this.token;
    if (kind === 'name' && words.has(text)) throw notSupported(`operator '${text}'`, this.token.position);
    if (kind !== 'mark' || !comparisons.has(text)) {
      if ('steps' in left) return { kind: 'exists', path: left };
      throw kind === 'end' ? this.unexpected() : syntaxError('a literal is no condition', position);
    }
    this.next();
    const right = this.operand();
    if ('steps' in left && 'steps' in right) throw notSupported('comparison of two paths', position);
    if ('steps' in left) return this.compare(left, text as Comparison, right as Literal, position);
    if ('steps' in right && text !== '=~') return this.compare(right, flipped[text] as Comparison, left, position);
    throw 'steps' in right
      ? syntaxError("the left side of '=~' is not a path", position)
      : notSupported('comparison of two literals', position);
  }

  private compare(path: JsonPath, comparison: Comparison, literal: Literal, position: number): Test {
    const isPattern = literal.kind === 'regex' || literal.kind === 'string';
    if (comparison === '=~' ? !isPattern : literal.kind === 'regex')
      throw syntaxError(`'${comparison}' does not take a ${literal.kind}`, position);
    return { kind: 'compare', path, comparison, literal, position };
  }

  private operand(): JsonPath | Literal {
    const { kind, text, position } = this.token;
    if (this.take('@')) return { steps: this.steps(), position };
    if (this.isMark('$')) throw notSupported("root '$' within a filter", position);
    if (this.isMark('[')) throw notSupported('list literal', position);
    if (kind === 'end' || kind === 'mark') throw this.unexpected();
    this.next();
    if (kind === 'regex') this.refuseFlags();
    if (kind !== 'name') return { kind, text };
    this.refuseCall(text, position);
    if (text === 'true' || text === 'false') return { kind: 'boolean', text };
    if (text === 'null') return { kind: 'null', text };
    throw syntaxError(`'${printable(text)}' is neither a literal nor a path from '@'`, position);
  }

  private refuseFlags(): void {
    const { kind, text, position } = this.token;
    if (kind === 'name') throw notSupported(`flag '${printable(text)}' of a regular expression`, position);
  }

  private refuseCall(name: string, position: number): void {
    if (this.isMark('(')) throw notSupported(`function '${printable(name)}()'`, position);
  }

  private nested<T>(parse: () => T): T {
    this.depth += 1;
    if (this.depth > JSON_PATH_DEPTH_MAX)
      throw limitExceeded('JSON_PATH_DEPTH_MAX', JSON_PATH_DEPTH_MAX, "'filter' nests deeper", 'filter');
    const result = parse();
    this.depth -= 1;
    return result;
  }

  private get token(): Token {
    return this.tokens[Math.min(this.at, this.tokens.length - 1)] as Token;
  }

  private next(): void {
    this.at += 1;
  }

  private isMark(text: string): boolean {
    return this.token.kind === 'mark' && this.token.text === text;
  }

  private take(text: string): boolean {
    const isThere = this.isMark(text);
    if (isThere) this.next();
    return isThere;
  }

  private expect(text: string): void {
    if (!this.take(text)) throw this.unexpected(` where '${text}' should be`);
  }

  private unexpected(where = ''): Error {
    const { kind, text, position } = this.token;
    // A plain & ends the parameter, so the rest of the expression is not here.
    if (kind === 'end') return syntaxError(`the expression ends${where} (within it, & is written %26)`, position);
    return syntaxError(`'${printable(text)}' is not expected${where}`, position);
  }
}
