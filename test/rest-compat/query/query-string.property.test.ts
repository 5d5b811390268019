import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../../../src/platform/database/database.js';
import { Decimal } from '../../../src/platform/decimal.js';
import { DomainError } from '../../../src/platform/errors.js';
import type { AttributeType, ScalarType } from '../../../src/platform/filter/tree/attribute-type.js';
import { matches } from '../../../src/platform/filter/memory/evaluate.js';
import { parseQuery } from '../../../rest-compat/query/query-string.js';
import { compileFilter, compileOrder } from '../../../src/platform/filter/sql/compile.js';
import type { Filter, FilterValue } from '../../../src/platform/filter/tree/filter.js';
import { seed } from '../../support/seed.js';
import { openThings } from '../../platform/filter/databases.js';
import {
  attributes,
  insertRows,
  pathsThroughLists,
  rowsArbitrary,
  mapping,
  toValue,
  valueArbitrary,
  type Row,
} from '../../platform/filter/things.js';
import { proofSize } from '../../support/proof.js';

const runs = proofSize('RUNS', { short: 150, long: 2_000 });
const options = { attributes, toAttribute: (wire: string): string => wire };
const root: AttributeType = { kind: 'object', attributes: () => attributes };

/** A term as a person means it, apart from how it is written. */
interface Meant {
  path: readonly string[];
  type: ScalarType;
  operator: 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte' | 'in' | 'nin' | 'contains' | 'startswith';
  values: readonly FilterValue[];
}

const spellings: Readonly<Record<string, readonly string[]>> = {
  eq: ['=', '.eq=', '==', '%3D%3D', '.EQ='],
  ne: ['.ne='],
  gt: ['>', '%3E', '.gt='],
  gte: ['>=', '%3E%3D', '%3E=', '.gte=', '%3E%3D='],
  lt: ['<', '%3C', '.lt='],
  lte: ['<=', '%3C%3D', '.lte='],
  in: ['.in='],
  nin: ['.nin='],
  contains: ['.contains='],
  startswith: ['.startsWith=', '.startswith='],
};

const meantArbitrary: fc.Arbitrary<Meant> = fc.constantFrom(...pathsThroughLists(root)).chain(({ path, type }) => {
  const operators: Meant['operator'][] = ['eq', 'eq', 'ne', 'in', 'nin'];
  if (type !== 'boolean') operators.push('gt', 'gte', 'lt', 'lte');
  if (type === 'string') operators.push('contains', 'startswith');
  return fc.record({
    path: fc.constant(path),
    type: fc.constant(type),
    operator: fc.constantFrom(...operators),
    values: fc.array(valueArbitrary(type), { minLength: 1, maxLength: 3 }),
  });
});

/** A query of terms: joined by & the groups, by ; the terms of a group. */
const queryArbitrary = fc.array(
  fc.array(fc.tuple(meantArbitrary, fc.nat(), fc.boolean()), { minLength: 1, maxLength: 2 }),
  { minLength: 1, maxLength: 3 },
);

function write({ path, operator, values }: Meant, choice: number, quotes: boolean): string {
  const spelling = spellings[operator] as readonly string[];
  const takesSeveral = ['eq', 'ne', 'in', 'nin'].includes(operator);
  const written = values.map((value) => writeValue(value, quotes, takesSeveral));
  return `${path.join('.')}${spelling[choice % spelling.length]}${written.join(takesSeveral ? (separators[choice % separators.length] as string) : ';')}`;
}

const separators = [',', ';', '%2C'];

function writeValue(value: FilterValue, quotes: boolean, takesSeveral: boolean): string {
  const text = value instanceof Date ? value.toISOString() : Decimal.isDecimal(value) ? value.toFixed() : String(value);
  // A value that begins with a quote must be quoted itself, and so must an empty one between semicolons and one with a separator.
  const mustBeQuoted = text === '' || text.startsWith('"') || (takesSeveral && text.includes(','));
  if (!quotes && !mustBeQuoted) return encodeURIComponent(text);
  return encodeURIComponent(
    `"${text.replaceAll(/(\\*)("|$)/g, (_, backslashes: string, quote: string) => backslashes + backslashes + (quote && `\\${quote}`))}"`,
  );
}

/** What the term means for a row, told without the filter tree: all values that the path leads to. */
function holds({ path, type, operator, values }: Meant, row: unknown): boolean {
  const nodes = path
    .reduce<unknown[]>(
      (found, name) => found.flatMap((node) => elements(node).map((each) => member(each, name))),
      [row],
    )
    .flatMap(elements);
  const any = (test: (sign: number) => boolean): boolean =>
    nodes.some((node) => values.some((value) => sign(node, value, type).some(test)));
  switch (operator) {
    case 'eq':
    case 'in':
      return any((each) => each === 0);
    case 'ne':
    case 'nin':
      return !any((each) => each === 0);
    case 'gt':
      return any((each) => each > 0);
    case 'gte':
      return any((each) => each >= 0);
    case 'lt':
      return any((each) => each < 0);
    case 'lte':
      return any((each) => each <= 0);
    default:
      return nodes.some(
        (node) =>
          typeof node === 'string' &&
          values.some((value) =>
            operator === 'contains' ? node.includes(value as string) : node.startsWith(value as string),
          ),
      );
  }
}

function member(node: unknown, name: string): unknown {
  return node !== null && typeof node === 'object' && Object.hasOwn(node, name) ? (node as Row)[name] : undefined;
}

function elements(node: unknown): unknown[] {
  return Array.isArray(node) ? node.flatMap(elements) : [node];
}

/** No sign when the stored value is not of the type. */
function sign(node: unknown, value: FilterValue, type: ScalarType): number[] {
  if (type === 'boolean') return typeof node === 'boolean' ? [Number(node) - Number(value)] : [];
  if (type === 'int' || type === 'decimal') {
    const isNumber =
      typeof node === 'number' || (type === 'decimal' && typeof node === 'string' && /^-?\d+(\.\d+)?$/.test(node));
    return isNumber ? [new Decimal(node as string | number).comparedTo(value as Decimal)] : [];
  }
  const text = value instanceof Date ? value.toISOString() : (value as string);
  if (
    typeof node !== 'string' ||
    (type === 'dateTime' && !/^\d{4}-[01]\d-[0-3]\dT[0-2]\d:\d\d:\d\d\.\d{3}Z$/.test(node))
  )
    return [];
  return [Buffer.compare(Buffer.from(node), Buffer.from(text))];
}

describe('query strings in the database', () => {
  let database: Database;
  // Where the schema has no list, an array is odd and matches nothing; the plain reading above cannot know.
  const rows = (fc.sample(rowsArbitrary, { seed, numRuns: 1 })[0] as Row[]).map((row) => prune(row));
  beforeAll(async () => {
    database = await openThings();
    await database.query(insertRows(rows));
  });
  afterAll(() => database.close());

  test('select the rows that are meant', async () => {
    await fc.assert(
      fc.asyncProperty(queryArbitrary, async (groups) => {
        // A repeated attribute and operator would be joined with its repetition: once is enough here.
        const keys = groups.flat().map(([{ path, operator }]) => `${path.join('.')} ${operator.replace('in', 'eq')}`);
        fc.pre(new Set(keys).size === keys.length);
        const raw = groups
          .map((group) => group.map(([meant, choice, quotes]) => write(meant, choice, quotes)).join(';'))
          .join('&');
        const expected = rows
          .filter((row) => groups.every((group) => group.some(([meant]) => holds(meant, toValue(row)))))
          .map(({ id }) => id as string);
        const filter = parseQuery(raw, options).filter as Filter;
        const found = await database.query<{ id: string }>(
          Prisma.sql`SELECT "id" FROM "Thing" t WHERE ${compileFilter(filter, mapping, 't')}`,
        );
        expect({ raw, ids: found.map(({ id }) => id).sort() }).toEqual({ raw, ids: [...expected].sort() });
        expect(rows.filter((row) => matches(filter, toValue(row), attributes))).toHaveLength(expected.length);
      }),
      { seed, numRuns: runs },
    );
  });

  test('that are garbage are refused, or mean something that the database takes', async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(garbageArbitrary, async (raw) => {
        let query;
        try {
          query = parseQuery(raw, options);
        } catch (error) {
          expect(error).toBeInstanceOf(DomainError);
          expect(['INVALID_QUERY', 'NOT_SUPPORTED']).toContain((error as DomainError).code);
          return;
        }
        accepted += 1;
        // Nothing was dropped: what is not empty left its trace.
        if (/[^&]/.test(raw)) expect(query).not.toEqual({ order: [] });
        const where = query.filter ? compileFilter(query.filter, mapping, 't') : Prisma.sql`TRUE`;
        await database.query(
          Prisma.sql`SELECT "id" FROM "Thing" t WHERE ${where} ORDER BY ${compileOrder(query.order, mapping, 't')} LIMIT 1`,
        );
        if (query.filter) matches(query.filter, toValue(rows[0] as Row), attributes);
      }),
      { seed, numRuns: runs * 10 },
    );
    expect(accepted).toBeGreaterThan(0);
  });
});

/** Pieces of queries in any order, and anything at all. */
const pieces = [
  'name',
  'count',
  'party',
  'id',
  'owner',
  'anything',
  'tags',
  'at',
  '.',
  '..',
  '=',
  '==',
  '>',
  '<',
  '=~',
  '*=',
  '%3E',
  '%3D',
  '&',
  ';',
  ',',
  '"',
  '%22',
  '%',
  '%00',
  '%ff',
  '+',
  ' ',
  'a',
  '5',
  '-1',
  'true',
  '2021',
  '2026-01-31T00:00:00 02:00',
  '.gt',
  '.ne',
  '.isnull',
  '.regex',
  '.in',
  'fields=',
  'sort=',
  'limit=',
  'offset=',
  'after=',
  'depth=',
  'expand=',
  'explain=',
  'none',
  'filter=',
  '$',
  '[?(',
  ')]',
  '@.',
  '[*]',
  '[0]',
  "'a'",
  '/a/',
  '!',
  '||',
  '%26%26',
  '(',
  ')',
  '{2}',
  '\u{1F600}',
  '\uD83D',
  '\\',
  '__proto__',
  'constructor',
  'null',
  '1e999',
];
const garbageArbitrary = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { maxLength: 14 }).map((parts) => parts.join('')),
  fc
    .tuple(
      fc.constantFrom('name=', 'name.regex=', 'filter=', 'filter=$[?(@.', 'party[?(', 'sort=', 'fields=', 'at='),
      fc.array(fc.constantFrom(...pieces), { maxLength: 10 }),
    )
    .map(([start, parts]) => start + parts.join('')),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .tuple(fc.constantFrom('name.regex=', 'filter=', 'name=', 'price='), fc.string({ unit: 'grapheme', maxLength: 30 }))
    .map(([start, text]) => start + encodeURIComponent(text.replaceAll(/[\uD800-\uDFFF]/gu, ''))),
);

function prune(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      column in attributes ? pruneValue(value, attributes[column] as AttributeType) : value,
    ]),
  );
}

function pruneValue(value: unknown, type: AttributeType): unknown {
  if (type.kind === 'list')
    return Array.isArray(value) ? value.map((each: unknown) => pruneValue(each, type.element)) : null;
  if (Array.isArray(value)) return null;
  if (type.kind !== 'object' || value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [
      name,
      name in type.attributes() ? pruneValue(part, type.attributes()[name] as AttributeType) : part,
    ]),
  );
}
