import type { Prisma } from '../../../prisma/generated/client.js';
import { parseRegex } from './regex/regex.js';
import { foldCase, gramsAtStart, gramsWithin } from './fold-case.js';
import { contains, containsFolded, matchesPattern, startsWith, startsWithFolded } from './sql/text.js';
import type { ScalarType } from './tree/attribute-type.js';

interface Facts {
  /** Types of attributes that it fits. */
  types: readonly ScalarType[];
  /** Of its field in GraphQL filters. */
  description: string;
  /** What is compared with, in the overview of the OpenAPI documents. */
  example: string;
  /** How TMF630 query strings and JSONPath write it, besides by its name. */
  symbols?: readonly string[];
  /** It holds exactly where this other one does not. */
  negates?: 'eq' | 'in';
  /** Refuses an operand that is of the type and cannot be used all the same; `name` is the attribute, for the message. */
  check?: (operand: string, name: string) => void;
}

/** Equality; jsonb is compared by containment, for its indexes. */
interface EqualityOperator extends Facts {
  family: 'equality';
  operand: 'value';
}

/** An order of values. */
interface RangeOperator extends Facts {
  family: 'range';
  operand: 'value';
  sql: '>' | '>=' | '<' | '<=';
  /** @param sign of the stored value against the operand */
  holds: (sign: number) => boolean;
}

/** A condition on a text. */
export interface TextOperator extends Facts {
  family: 'text';
  operand: 'value';
  /** The condition on a text expression of collation "C"; null where there is no text. */
  sql: (text: Prisma.Sql, operand: string, name: string) => Prisma.Sql;
  /** The same in memory. What is costly in the operand is done once. */
  matcher: (operand: string, name: string) => (text: string) => boolean;
  /** Runs of characters that each text has that fulfils it, by which an index finds these; none: it finds nothing. */
  grams?: (operand: string) => string[];
}

/** Equality with any of several. */
interface ListOperatorDeclaration extends Facts {
  family: 'list';
  operand: 'list';
}

/** Whether there is a value. */
interface PresenceOperator extends Facts {
  family: 'presence';
  operand: 'boolean';
}

export type OperatorDeclaration =
  EqualityOperator | RangeOperator | TextOperator | ListOperatorDeclaration | PresenceOperator;

const everyType = ['string', 'int', 'decimal', 'dateTime', 'boolean', 'json'] as const;
const orderedTypes = ['string', 'int', 'decimal', 'dateTime'] as const;

/**
 * Every operator of filters, in the order of the GraphQL inputs. From here follow the types of the filter tree, which
 * operator fits which attribute, SQL, the evaluation in memory, the fields of the GraphQL filter inputs, the suffixes
 * of query strings (the name in lower case) and the texts of the OpenAPI documents.
 *
 * To add one:
 * 1. add its entry here. One of family `range` or `text` has its SQL and its evaluation in the entry;
 * 2. for another family only: SQL in sql/compile.ts, evaluation in memory/evaluate.ts, where the compiler asks for it;
 * 3. add a row to test/fixtures/expected.ts (`fulfils`), by which every suite of filters tries it on every resource.
 */
const table = {
  eq: {
    family: 'equality',
    operand: 'value',
    types: everyType,
    description: 'Equal to.',
    example: 'active',
    symbols: ['=', '=='],
  },
  ne: {
    family: 'equality',
    operand: 'value',
    types: everyType,
    negates: 'eq',
    description: 'Not equal to; an absent value is not equal to anything.',
    example: 'active',
  },
  gt: {
    family: 'range',
    operand: 'value',
    types: orderedTypes,
    sql: '>',
    holds: (sign) => sign > 0,
    description: 'Greater than.',
    example: '1',
    symbols: ['>'],
  },
  gte: {
    family: 'range',
    operand: 'value',
    types: orderedTypes,
    sql: '>=',
    holds: (sign) => sign >= 0,
    description: 'Greater than or equal to.',
    example: '1',
    symbols: ['>='],
  },
  lt: {
    family: 'range',
    operand: 'value',
    types: orderedTypes,
    sql: '<',
    holds: (sign) => sign < 0,
    description: 'Less than.',
    example: '1',
    symbols: ['<'],
  },
  lte: {
    family: 'range',
    operand: 'value',
    types: orderedTypes,
    sql: '<=',
    holds: (sign) => sign <= 0,
    description: 'Less than or equal to.',
    example: '1',
    symbols: ['<='],
  },
  in: {
    family: 'list',
    operand: 'list',
    types: everyType,
    description: 'Equal to one of these.',
    example: 'a,b',
  },
  nin: {
    family: 'list',
    operand: 'list',
    types: everyType,
    negates: 'in',
    description: 'Equal to none of these.',
    example: 'a,b',
  },
  contains: {
    family: 'text',
    operand: 'value',
    types: ['string'],
    sql: contains,
    matcher: (operand) => (text) => text.includes(operand),
    description: 'Contains this text, case-sensitive.',
    example: 'a',
  },
  startsWith: {
    family: 'text',
    operand: 'value',
    types: ['string'],
    sql: startsWith,
    matcher: (operand) => (text) => text.startsWith(operand),
    description: 'Starts with this text, case-sensitive.',
    example: 'a',
  },
  icontains: {
    family: 'text',
    operand: 'value',
    types: ['string'],
    sql: containsFolded,
    matcher: (operand) => {
      const part = foldCase(operand);
      return (text) => foldCase(text).includes(part);
    },
    grams: gramsWithin,
    description: 'Contains this text, whatever the case of its letters.',
    example: 'A',
  },
  istartsWith: {
    family: 'text',
    operand: 'value',
    types: ['string'],
    sql: startsWithFolded,
    matcher: (operand) => {
      const prefix = foldCase(operand);
      return (text) => foldCase(text).startsWith(prefix);
    },
    grams: gramsAtStart,
    description: 'Starts with this text, whatever the case of its letters.',
    example: 'A',
  },
  regex: {
    family: 'text',
    operand: 'value',
    types: ['string'],
    sql: matchesPattern,
    matcher: (operand, name) => {
      const regex = parseRegex(operand, name);
      return (text) => regex.test(text);
    },
    check: (operand, name) => void parseRegex(operand, name),
    description: 'Matches this regular expression somewhere (a restricted syntax: no look-around, no back-references).',
    example: '^a.*',
    symbols: ['=~', '*='],
  },
  isNull: {
    family: 'presence',
    operand: 'boolean',
    types: everyType,
    description: 'True: the value is absent. False: it is present.',
    example: 'true',
  },
} as const satisfies Readonly<Record<string, OperatorDeclaration>>;

export type Operator = keyof typeof table;

type Taking<Operand extends OperatorDeclaration['operand']> = {
  [O in Operator]: (typeof table)[O]['operand'] extends Operand ? O : never;
}[Operator];

/** Those that compare with one value, and those that compare with several. */
export type ValueOperator = Taking<'value'>;
export type ListOperator = Taking<'list'>;

export const operators: Readonly<Record<Operator, OperatorDeclaration>> = table;

export const operatorNames = Object.keys(table) as readonly Operator[];

export function isListOperator(name: string): name is ListOperator {
  return Object.hasOwn(operators, name) && operators[name as Operator].operand === 'list';
}

/** Operators by the symbols of query strings and JSONPath. */
export const operatorsBySymbol: ReadonlyMap<string, Operator> = new Map(
  operatorNames.flatMap((name) => (operators[name].symbols ?? []).map((symbol) => [symbol, name] as const)),
);
