import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../../../src/platform/database/database.js';
import { Decimal } from '../../../src/platform/decimal.js';
import { matches } from '../../../src/platform/filter/memory/evaluate.js';
import { compileFilter } from '../../../src/platform/filter/sql/compile.js';
import type { Filter, FilterValue, ValueOperator } from '../../../src/platform/filter/tree/filter.js';
import { foldCase } from '../../../src/platform/filter/fold-case.js';
import { openThings } from './databases.js';
import { attributes, insertRows, mapping, toValue, type Row } from './things.js';

const compare = (path: string, operator: ValueOperator, value: FilterValue): Filter => ({
  kind: 'compare',
  path: path ? path.split('.') : [],
  operator,
  value,
});
const some = (path: string, filter: Filter): Filter => ({ kind: 'some', path: path ? path.split('.') : [], filter });
const none = (path: string, filter: Filter): Filter => ({ kind: 'none', path: path ? path.split('.') : [], filter });
const isNull = (path: string, value: boolean): Filter => ({
  kind: 'isNull',
  path: path ? path.split('.') : [],
  isNull: value,
});
const all = (...filters: Filter[]): Filter => ({ kind: 'and', filters });
const any = (...filters: Filter[]): Filter => ({ kind: 'or', filters });
const not = (filter: Filter): Filter => ({ kind: 'not', filter });
const oneOf = (path: string, operator: 'in' | 'nin', ...values: FilterValue[]): Filter => ({
  kind: 'compareList',
  path: path.split('.'),
  operator,
  values,
});

const rows: Row[] = [
  { id: 'empty' },
  {
    id: 'full',
    name: 'a%_\\b',
    flag: true,
    count: 5,
    price: '0.100000001',
    at: '2026-01-31T00:00:00.000Z',
    amountAmount: '10',
    amountUnits: 'EUR',
  },
  { id: 'latin', name: 'Straße Über ÇA_%' },
  { id: 'greek', name: 'ΟΔΌΣ' },
  { id: 'turkish', name: 'İI' },
  { id: 'wild', name: 'axxb', flag: false, count: -5, price: '-1', amountUnits: 'USD' },
  {
    id: 'parties',
    party: [
      { id: '5', role: 'customer', score: 1.5 },
      { id: '6', role: 'seller', since: '2026-01-31T00:00:00.000Z' },
    ],
    tags: ['x', 'y'],
  },
  { id: 'nulls', owner: { id: null, role: null }, party: [], tags: [null], anything: null },
  { id: 'odd', owner: ['id'], party: { id: '5' }, tags: 'x', anything: ['x'] },
  { id: 'json', owner: { id: '5', value: 5, since: '9999-99-99T99:99:99.999Z' }, anything: 'x', matrix: [[1, 2], [3]] },
  {
    id: 'deep',
    owner: { address: { city: 'Köln' }, tags: ['x'], contact: [{ type: 'email', value: 'a@b' }] },
    anything: { a: { 'b.c"': 1 } },
  },
];

const cases: [string, Filter, string[]][] = [
  ['nothing demanded is every row', all(), rows.map(({ id }) => id as string)],
  ['no alternative is no row', any(), []],
  ['an absent value equals nothing', compare('name', 'eq', ''), []],
  [
    'an absent value differs from everything',
    compare('name', 'ne', 'axxb'),
    ['empty', 'full', 'latin', 'greek', 'turkish', 'parties', 'nulls', 'odd', 'json', 'deep'],
  ],
  [
    'not is the whole rest',
    not(compare('count', 'gt', 0)),
    ['empty', 'latin', 'greek', 'turkish', 'wild', 'parties', 'nulls', 'odd', 'json', 'deep'],
  ],
  ['not of not is the same again', not(not(compare('count', 'gt', 0))), ['full']],
  ['wildcards of LIKE stand for themselves', compare('name', 'contains', '%_\\'), ['full']],
  ['and in a prefix', compare('name', 'startsWith', 'a%'), ['full']],
  ['an empty prefix is any text', compare('name', 'startsWith', ''), ['full', 'latin', 'greek', 'turkish', 'wild']],
  ['letters of either case are the same to icontains', compare('name', 'icontains', 'sTRAßE üBER ç'), ['latin']],
  ['a sigma at the end of a word is a sigma', compare('name', 'icontains', 'δός'), ['greek']],
  ['one letter stays one letter', compare('name', 'icontains', 'ss'), []],
  ['a capital whose small letter is two characters stays itself', compare('name', 'istartsWith', 'İi'), ['turkish']],
  ['and is no i', compare('name', 'istartsWith', 'i'), []],
  ['wildcards of LIKE stand for themselves there, too', compare('name', 'icontains', 'a_%'), ['latin']],
  ['and in the beginning', compare('name', 'istartsWith', 'A%'), ['full']],
  ['nothing is contained in any text', compare('name', 'icontains', ''), ['full', 'latin', 'greek', 'turkish', 'wild']],
  ['in lists and objects', some('owner.contact', compare('value', 'icontains', '@B')), ['deep']],
  [
    'and its negation is the rest',
    not(compare('owner.address.city', 'istartsWith', 'kÖL')),
    rows.map(({ id }) => id as string).filter((id) => id !== 'deep'),
  ],
  ['regular expressions are searched for', compare('name', 'regex', 'x{2}b$'), ['wild']],
  ['decimals are exact', compare('price', 'eq', new Decimal('0.100000001')), ['full']],
  ['and so are their ranges', compare('price', 'lt', new Decimal('0.1000000011')), ['full', 'wild']],
  ['times are instants', compare('at', 'eq', new Date('2026-01-31T01:00:00.000+01:00')), ['full']],
  ['a part of a pair', compare('amount.units', 'eq', 'USD'), ['wild']],
  ['a pair is null when all parts are', isNull('amount', false), ['full', 'wild']],
  ['in', oneOf('count', 'in', 5, 7), ['full']],
  ['in nothing', oneOf('count', 'in'), []],
  ['not in nothing', oneOf('count', 'nin'), rows.map(({ id }) => id as string)],
  [
    'one and the same element',
    some('party', all(compare('id', 'eq', '5'), compare('role', 'eq', 'customer'))),
    ['parties'],
  ],
  ['not two elements together', some('party', all(compare('id', 'eq', '5'), compare('role', 'eq', 'seller'))), []],
  [
    'unless asked for apart',
    all(some('party', compare('id', 'eq', '5')), some('party', compare('role', 'eq', 'seller'))),
    ['parties'],
  ],
  [
    'equality and a range in one element',
    some('party', all(compare('id', 'eq', '5'), compare('score', 'gte', new Decimal(1)))),
    ['parties'],
  ],
  ['a time within an element', some('party', compare('since', 'eq', new Date('2026-01-31T00:00:00Z'))), ['parties']],
  [
    'a range of times within an element',
    some('party', compare('since', 'lt', new Date('2026-01-31T00:00:00.001Z'))),
    ['parties'],
  ],
  ['any element at all', some('party', all()), ['parties']],
  [
    'no element: an absent or odd list has none',
    none('party', all()),
    rows.map(({ id }) => id as string).filter((id) => id !== 'parties'),
  ],
  ['an element of a list of texts', some('tags', compare('', 'eq', 'x')), ['parties']],
  ['an element that is null', some('tags', isNull('', true)), ['nulls']],
  ['a list in a list', some('matrix', some('', compare('', 'gt', 2))), ['json']],
  [
    'a list in an object',
    some('owner.contact', all(compare('type', 'eq', 'email'), compare('value', 'contains', '@'))),
    ['deep'],
  ],
  ['an attribute of an object in an object', compare('owner.address.city', 'startsWith', 'Kö'), ['deep']],
  [
    'JSON null is null',
    isNull('owner.id', true),
    ['empty', 'full', 'latin', 'greek', 'turkish', 'wild', 'parties', 'nulls', 'odd', 'deep'],
  ],
  ['a value is there though it is none of its type', isNull('owner', false), ['nulls', 'odd', 'json', 'deep']],
  ['a date that none is compares with nothing', compare('owner.since', 'gt', new Date('2020-01-01T00:00:00Z')), []],
  ['json equals text', compare('anything', 'eq', 'x'), ['json']],
  ['json equals numbers', compare('owner.value', 'eq', new Decimal('5.0')), ['json']],
  ['below json any name leads on', compare('anything.a.b.c"', 'eq', 1), []],
  [
    'the names are taken as they are',
    { kind: 'compare', path: ['anything', 'a', 'b.c"'], operator: 'eq', value: 1 },
    ['deep'],
  ],
];

describe('conditions in the database', () => {
  let database: Database;
  beforeAll(async () => {
    database = await openThings();
    await database.query(insertRows(rows));
  });
  afterAll(() => database.close());

  test.each(cases)('%s', async (_what, filter, expected) => {
    const found = await database.query<{ id: string }>(
      Prisma.sql`SELECT "id" FROM "Thing" t WHERE ${compileFilter(filter, mapping, 't')}`,
    );
    expect(found.map(({ id }) => id).sort()).toEqual([...expected].sort());
    expect(rows.filter((row) => matches(filter, toValue(row), attributes)).map(({ id }) => id)).toEqual(
      rows.map(({ id }) => id).filter((id) => expected.includes(id as string)),
    );
  });
});

test('a database folds every letter as memory does', async () => {
  const database = await openThings();
  const letters = Array.from({ length: 0xd7ff }, (_, index) => String.fromCharCode(index + 1));
  const found = await database.query<{ letter: string; folded: string }>(
    Prisma.sql`SELECT l AS "letter", "foldCase"(l) AS "folded" FROM unnest(${letters}::text[]) l WHERE "foldCase"(l) <> l`,
  );
  await database.close();
  expect(found.length).toBeGreaterThan(500);
  expect(found).toEqual(
    letters.map((letter) => ({ letter, folded: foldCase(letter) })).filter(({ letter, folded }) => letter !== folded),
  );
});

describe('a filter is refused, by SQL and in memory, for', () => {
  test.each<[string, Filter, string]>([
    ['an unknown attribute', compare('colour', 'eq', 'x'), "cannot filter by 'colour'"],
    ['an unknown part of a pair', compare('amount.value', 'eq', 'x'), "cannot filter by 'amount.value'"],
    ['an inherited name', compare('constructor', 'eq', 'x'), "cannot filter by 'constructor'"],
    ['a path through a list', compare('party.id', 'eq', '5'), "cannot filter by 'party.id'"],
    ['a path beyond a scalar', compare('name.x', 'eq', '5'), "cannot filter by 'name.x'"],
    ['an object compared', compare('owner', 'eq', '5'), "operator 'eq' does not fit 'owner'"],
    ['a pair compared', compare('amount', 'eq', '5'), "operator 'eq' does not fit 'amount'"],
    ['an operator that does not fit', compare('count', 'contains', '5'), "operator 'contains' does not fit 'count'"],
    ['an ordered boolean', compare('flag', 'gt', true), "operator 'gt' does not fit 'flag'"],
    ['ordered json', compare('anything', 'gt', 1), "operator 'gt' does not fit 'anything'"],
    ['elements of what is no list', some('owner', compare('id', 'eq', '5')), "'owner' is not a list"],
    ['elements of the row', some('', all()), ''],
    ['a number for a text', compare('name', 'eq', 5), "'5' is not a string"],
    ['a text for a number', compare('count', 'eq', '5'), "'5' is not a int"],
    ['a number beyond its column', compare('count', 'eq', 2 ** 31), 'is not a int'],
    ['a fraction for an int', compare('count', 'eq', 1.5), 'is not a int'],
    ['an infinite decimal', compare('price', 'eq', new Decimal(Infinity)), 'is not a decimal'],
    ['a number that would fill a page', compare('price', 'eq', new Decimal('1e1000000')), 'is not a decimal'],
    ['an invalid date', compare('at', 'eq', new Date(Number.NaN)), 'is not a dateTime'],
    ['a year that PostgreSQL has not', compare('at', 'eq', new Date('0000-01-01T00:00:00Z')), 'is not a dateTime'],
    ['a NUL character', compare('name', 'eq', 'a\0'), 'is not a string'],
    ['half a surrogate pair', oneOf('name', 'in', '\uD83D'), 'is not a string'],
    ['a bad regular expression', compare('name', 'regex', '(a'), 'not closed'],
    ['a value in an element', some('party', compare('rank', 'eq', 'x')), 'is not a int'],
  ])('%s', (_what, filter, message) => {
    const refusal = expect.objectContaining({ code: 'INVALID_QUERY', message: expect.stringContaining(message) });
    expect(() => compileFilter(filter, mapping, 't')).toThrow(refusal);
    expect(() => matches(filter, toValue({ id: 'x', party: [{}] }), attributes)).toThrow(refusal);
  });
});

test('values and names from outside become parameters only', () => {
  const evil = `'; DROP TABLE "Thing"; --`;
  const { text, values } = compileFilter(
    any(
      compare('name', 'eq', evil),
      compare('name', 'contains', evil),
      { kind: 'compare', path: ['anything', evil], operator: 'eq', value: evil },
      { kind: 'isNull', path: ['anything', evil], isNull: true },
      some('party', compare('id', 'ne', evil)),
    ),
    mapping,
    't',
  );
  expect(text).not.toContain('DROP');
  expect(values.filter((value) => String(value).includes('DROP'))).toHaveLength(5);
});
