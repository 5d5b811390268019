import { GraphQLError, GraphQLScalarType, Kind, valueFromASTUntyped, type ValueNode } from 'graphql';
import { LosslessNumber } from 'lossless-json';
import { parseDateTime } from '../src/platform/date-time.js';
import { Decimal as DecimalValue } from '../src/platform/decimal.js';
import { refuseDeep } from '../src/platform/json.js';
import { DOCUMENT_DEPTH_MAX } from '../src/platform/limits.js';
import { decimalProblem } from '../src/domain/amount.js';

const shownLengthMax = 40;

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length > shownLengthMax ? `${text.slice(0, shownLengthMax)}...` : text;
}

function fromNumberText(text: string): DecimalValue {
  if (!/^-?\d+(\.\d+)?([eE][+-]?\d{1,5})?$/.test(text))
    throw new GraphQLError(`'${shown(text)}' is not a decimal number`);
  const value = new DecimalValue(text);
  const problem = decimalProblem(value);
  if (problem) throw new GraphQLError(`${shown(text)} ${problem}`);
  return value;
}

/** A number that a JavaScript number cannot hold, as the body parser hands it on. */
function isExactNumber(value: unknown): value is LosslessNumber {
  return value instanceof LosslessNumber;
}

export const Decimal = new GraphQLScalarType<DecimalValue, number>({
  name: 'Decimal',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259#section-6',
  description:
    'An exact decimal: a JSON number in answers; in input a number, or a string such as "10.50". At most 15 significant digits, more are refused, never rounded.',
  serialize: (value) => (typeof value === 'number' ? value : Number(String(value))),
  parseValue(value) {
    if (typeof value === 'number') {
      if (!Number.isFinite(value))
        throw new GraphQLError('the number is not finite: it exceeds what a number can hold');
      return fromNumberText(String(value));
    }
    if (isExactNumber(value)) return fromNumberText(value.value);
    if (typeof value === 'string') return fromNumberText(value);
    throw new GraphQLError(`'${shown(value)}' is not a decimal number`);
  },
  parseLiteral(node: ValueNode) {
    if (node.kind === Kind.INT || node.kind === Kind.FLOAT || node.kind === Kind.STRING)
      return fromNumberText(node.value);
    throw new GraphQLError('a decimal is a number or a string', { nodes: node });
  },
});

function fromDateTimeText(value: unknown): Date {
  const date = typeof value === 'string' ? parseDateTime(value) : undefined;
  if (date === undefined) throw new GraphQLError(`'${shown(value)}' is not an ISO 8601 date and time`);
  return date;
}

/** 2026-01-01T08:00:00.5+00:00, as PostgreSQL writes JSON in UTC, needs no Date in between. */
function fromDatabase(value: unknown): string | undefined {
  if (typeof value !== 'string' || !value.endsWith('+00:00') || value[10] !== 'T') return undefined;
  if (value.length === 25) return `${value.slice(0, 19)}.000Z`;
  return value.length <= 29 ? `${value.slice(0, -6).padEnd(23, '0')}Z` : undefined;
}

export const DateTime = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339',
  description:
    'An instant in ISO 8601, e.g. 2026-01-31T08:00:00.000Z. Answers are in UTC with milliseconds; input may carry any offset, or be a date alone (midnight UTC).',
  serialize: (value) => fromDatabase(value) ?? (value instanceof Date ? value : new Date(String(value))).toISOString(),
  parseValue: fromDateTimeText,
  parseLiteral(node: ValueNode) {
    if (node.kind === Kind.STRING) return fromDateTimeText(node.value);
    throw new GraphQLError('a date and time is a string', { nodes: node });
  },
});

export const JsonScalar = new GraphQLScalarType<FilterScalar, FilterScalar>({
  name: 'JsonScalar',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259#section-3',
  description: 'A single JSON value: text, number or boolean.',
  serialize: (value) => value as FilterScalar,
  parseValue(value) {
    if (typeof value === 'string' || typeof value === 'boolean') return value;
    return Decimal.parseValue(value);
  },
  parseLiteral(node: ValueNode) {
    if (node.kind === Kind.STRING || node.kind === Kind.BOOLEAN) return node.value;
    return Decimal.parseLiteral(node);
  },
});

type FilterScalar = string | boolean | DecimalValue;

/** JSON as it came, if it is exact: a number that JavaScript would round is refused, and so is what nests too deep. */
function fromJson(value: unknown, depthMax: number = DOCUMENT_DEPTH_MAX): unknown {
  if (isExactNumber(value)) return fromExactNumber(value.value);
  if (typeof value === 'number' && !Number.isFinite(value)) throw new GraphQLError('a number is not finite');
  if (typeof value !== 'object' || value === null) return value;
  if (depthMax === 0) throw new GraphQLError(refuseDeep().message);
  if (Array.isArray(value)) return value.map((inner) => fromJson(inner, depthMax - 1));
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fromJson(inner, depthMax - 1)]));
}

/** A number of many digits may still be one that JavaScript prints as it was. */
function fromExactNumber(text: string): number {
  const number = Number(text);
  if (Number.isFinite(number) && new DecimalValue(text).eq(number)) return number;
  throw new GraphQLError(`${shown(text)} has more digits than a JSON number keeps exactly`);
}

function fromJsonObject(value: unknown): object {
  const json = fromJson(value);
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json;
  throw new GraphQLError(`'${shown(value)}' is not a JSON object`);
}

export const JSONObject = new GraphQLScalarType<object, object>({
  name: 'JSONObject',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259#section-4',
  description: 'A JSON object of any content, kept and given back as it came.',
  serialize: (value) => value as object,
  parseValue: fromJsonObject,
  parseLiteral: (node: ValueNode, variables) => fromJsonObject(valueFromASTUntyped(node, variables)),
});

export const AnyJson = new GraphQLScalarType<unknown, unknown>({
  name: 'AnyJson',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
  description: 'Any JSON value, kept and given back as it came.',
  serialize: (value) => value,
  parseValue: (value) => fromJson(value),
  parseLiteral: (node: ValueNode, variables) => fromJson(valueFromASTUntyped(node, variables)),
});
