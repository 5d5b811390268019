import { Kind, type ValueNode } from 'graphql';
import { countRegexStates } from '../../src/platform/filter/regex/regex.js';
import { Decimal } from '../../src/platform/decimal.js';
import { ParsedFilter, ParsedOrder, type FilterMeasure } from '../parsed-arguments.js';
import { weights } from './weights.js';

export type Variables = Readonly<Record<string, unknown>>;

/** Levels counted; deeper filters are refused anyway (FILTER_DEPTH_MAX). */
const depthMax = 64;

/** What a filter costs: its conditions, whatever holds them, and its regular expressions. Stops counting above the maximum. */
export function filterPoints(filter: ValueNode, variables: Variables, max: number): number {
  const counter = new FilterCounter(variables, max);
  counter.node(filter, '', 0);
  return counter.points;
}

class FilterCounter {
  points = 0;

  constructor(
    private readonly variables: Variables,
    private readonly max: number,
  ) {}

  node(node: ValueNode, name: string, depth: number): void {
    if (this.points > this.max || depth > depthMax) return;
    switch (node.kind) {
      case Kind.VARIABLE:
        this.value(this.variables[node.name.value], name, depth);
        break;
      case Kind.OBJECT:
        this.points += weights.condition;
        for (const field of node.fields) this.node(field.value, field.name.value, depth + 1);
        break;
      case Kind.LIST:
        this.points += weights.condition;
        for (const element of node.values) this.node(element, '', depth + 1);
        break;
      default:
        this.scalar('value' in node ? node.value : null, name);
    }
  }

  private value(value: unknown, name: string, depth: number): void {
    if (this.points > this.max || depth > depthMax || value === undefined) return;
    if (value instanceof ParsedFilter) this.points += measuredPoints(value.measure);
    else if (Array.isArray(value)) {
      this.points += weights.condition;
      for (const element of value) this.value(element, '', depth + 1);
    } else if (typeof value === 'object' && value !== null) {
      this.points += weights.condition;
      for (const [inner, part] of Object.entries(value)) this.value(part, inner, depth + 1);
    } else this.scalar(value, name);
  }

  private scalar(value: unknown, name: string): void {
    if (name === 'regex' && typeof value === 'string') this.points += weights.regexState * countRegexStates(value);
    this.points += name === '' ? weights.value : weights.condition;
  }
}

function measuredPoints({ containers, operands, listed, expressions }: FilterMeasure): number {
  const states = expressions.reduce((sum, expression) => sum + countRegexStates(expression), 0);
  return weights.condition * (containers + operands) + weights.value * listed + weights.regexState * states;
}

/** What it costs to read values that are no filter. Stops counting above the maximum. */
export function inputPoints(value: unknown, max: number): number {
  let points = 0;
  const pending = [value];
  while (pending.length > 0 && points <= max) {
    const next = pending.pop();
    points += weights.input * (next instanceof ParsedOrder ? next.values : 1);
    if (typeof next !== 'object' || next === null || isLeaf(next)) continue;
    // One by one: a list may have more elements than a call may have arguments.
    for (const part of Object.values(next)) pending.push(part);
  }
  return points;
}

/** Values that a transport has coerced, and which have parts of their own. */
function isLeaf(value: object): boolean {
  return value instanceof ParsedOrder || Decimal.isDecimal(value);
}

/** The whole number that an argument has; undefined when it is not given, or is something else. */
export function integerOf(node: ValueNode | undefined, variables: Variables): number | undefined {
  if (node?.kind === Kind.INT) return Number(node.value);
  const value = node?.kind === Kind.VARIABLE ? variables[node.name.value] : undefined;
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
}

/** How many elements a list has; a single value stands for a list of one. */
export function lengthOf(node: ValueNode | undefined, variables: Variables): number {
  if (node === undefined) return 0;
  if (node.kind === Kind.LIST) return node.values.length;
  const value = node.kind === Kind.VARIABLE ? variables[node.name.value] : node;
  if (value === undefined || value === null) return 0;
  if (value instanceof ParsedOrder) return value.keys.length;
  return Array.isArray(value) ? value.length : 1;
}
