/** A resource of every kind of attribute and storage, its table, and arbitrary rows and filters of it. */
import fc from 'fast-check';
import { Prisma } from '../../../prisma/generated/client.js';
import type { Attributes, AttributeType, ScalarType } from '../../../src/platform/filter/tree/attribute-type.js';
import type { Filter, FilterValue, Operator } from '../../../src/platform/filter/tree/filter.js';
import { isListOperator, operatorNames } from '../../../src/platform/filter/operators.js';
import { operatorsOf } from '../../../src/platform/filter/tree/resolve.js';
import { Decimal } from '../../../src/platform/decimal.js';
import type { ResourceMapping } from '../../../src/platform/read/resource-mapping.js';

const scalar = (type: ScalarType): AttributeType => ({ kind: 'scalar', type });
const object = (attributes: Attributes): AttributeType => ({ kind: 'object', attributes: () => attributes });
const list = (element: AttributeType): AttributeType => ({ kind: 'list', element });

const party: Attributes = {
  id: scalar('string'),
  role: scalar('string'),
  rank: scalar('int'),
  score: scalar('decimal'),
  active: scalar('boolean'),
  since: scalar('dateTime'),
  value: scalar('json'),
  tags: list(scalar('string')),
  address: object({ city: scalar('string'), zip: scalar('string') }),
  contact: list(object({ type: scalar('string'), value: scalar('string') })),
};

export const attributes: Attributes = {
  id: scalar('string'),
  name: scalar('string'),
  atType: scalar('string'),
  flag: scalar('boolean'),
  count: scalar('int'),
  price: scalar('decimal'),
  at: scalar('dateTime'),
  grade: scalar('int'),
  born: scalar('dateTime'),
  amount: object({ amount: scalar('decimal'), units: scalar('string') }),
  period: object({ startDateTime: scalar('dateTime'), endDateTime: scalar('dateTime') }),
  owner: object(party),
  party: list(object(party)),
  tags: list(scalar('string')),
  numbers: list(scalar('decimal')),
  matrix: list(list(scalar('int'))),
  anything: scalar('json'),
};

const columns: Record<string, string> = {
  id: 'text COLLATE "C"',
  name: 'text COLLATE "C"',
  atType: 'text COLLATE "C"',
  flag: 'boolean',
  count: 'integer',
  price: 'numeric(24,9)',
  at: 'timestamptz(3)',
  grade: `integer NOT NULL DEFAULT 0`,
  born: `timestamptz(3) NOT NULL DEFAULT '2026-01-31T00:00:00.000Z'`,
  amountAmount: 'numeric(24,9)',
  amountUnits: 'text COLLATE "C"',
  periodStart: 'timestamptz(3)',
  periodEnd: 'timestamptz(3)',
  owner: 'jsonb',
  party: 'jsonb',
  tags: 'jsonb',
  numbers: 'jsonb',
  matrix: 'jsonb',
  anything: 'jsonb',
};

const parts: Record<string, Record<string, string>> = {
  amount: { amount: 'amountAmount', units: 'amountUnits' },
  period: { startDateTime: 'periodStart', endDateTime: 'periodEnd' },
};

/** Attributes that are never null, and what a row has that is not given one. */
const defaults: Row = { grade: 0, born: '2026-01-31T00:00:00.000Z' };

export const mapping: ResourceMapping = {
  name: 'Thing',
  table: 'Thing',
  discriminator: {},
  key: 'id',
  computed: [],
  indexes: { searches: ['name'] },
  attributes: Object.fromEntries(
    Object.entries(attributes).map(([name, type]) => {
      const pair = parts[name];
      const isNeverNull = Object.hasOwn(defaults, name);
      if (pair) return [name, { type, storage: { kind: 'parts', columns: pair }, isNeverNull }];
      return [name, { type, storage: { kind: 'column', column: name }, isNeverNull }];
    }),
  ),
};

export const createTable = `DROP TABLE IF EXISTS "Thing"; CREATE TABLE "Thing" (${Object.entries(columns)
  .map(([name, type]) => `"${name}" ${type}`)
  .join(', ')}, PRIMARY KEY ("id"));
  CREATE INDEX "Thing_name" ON "Thing" ("name");
  CREATE INDEX "Thing_search" ON "Thing" USING gin ("searchGrams"("name"));
  CREATE INDEX "Thing_born" ON "Thing" ("born", "id");
  CREATE INDEX "Thing_owner" ON "Thing" USING gin ("owner" jsonb_path_ops);
  CREATE INDEX "Thing_party" ON "Thing" USING gin ("party" jsonb_path_ops);
  CREATE INDEX "Thing_tags" ON "Thing" USING gin ("tags" jsonb_path_ops);`;

/** Few values, so that they meet; among them what LIKE, JSON, UTF-16 and SQL treat specially. */
const texts = [
  'a',
  'ab',
  'b',
  'A',
  '',
  'a%',
  'a_b',
  'a\\',
  "o'b",
  '"',
  ...['ä', 'ÄB', 'Ζεύς', 'ΖΕΎΣ', 'İi'],
  'a\n',
  '\u{1F600}',
  '\uFFFD',
  '1',
  'true',
  'null',
  '2026-01-31T00:00:00.000Z',
  '\uD7FF',
  'a\u{10FFFF}',
];
const numbers = ['0', '1', '-1', '1.5', '0.1', '0.100000001', '10', '999999999.123456'];
const times = [
  '2026-01-31T00:00:00.000Z',
  '2026-01-31T00:00:00.001Z',
  '2021-12-31T23:59:59.999Z',
  '0099-01-01T00:00:00.000Z',
  '9999-12-31T23:59:59.999Z',
];

export function valueArbitrary(type: ScalarType): fc.Arbitrary<FilterValue> {
  switch (type) {
    case 'string':
      return fc.constantFrom(...texts);
    case 'int':
      return fc.constantFrom(0, 1, -1, 10, 2147483647);
    case 'decimal':
      return fc.constantFrom(...numbers).map((text) => new Decimal(text));
    case 'boolean':
      return fc.boolean();
    case 'dateTime':
      return fc.constantFrom(...times).map((text) => new Date(text));
    case 'json':
      return fc.oneof(
        fc.constantFrom<FilterValue>(...texts),
        fc.boolean(),
        fc.constantFrom(1, 1.5),
        fc.constantFrom(...numbers).map((text) => new Decimal(text)),
      );
  }
}

/** A value as a stored document has it: mostly of the type, sometimes null, sometimes something else. */
function jsonArbitrary(type: AttributeType): fc.Arbitrary<unknown> {
  const odd = fc.constantFrom<unknown>(
    null,
    null,
    1,
    '1',
    'a',
    true,
    [],
    {},
    ['a'],
    [1],
    [['a']],
    { id: 'a' },
    [{ id: 'a' }],
    '2026-02-31T00:00:00Z',
    '9999-99-99T99:99:99.999Z',
  );
  // In memory a numeric string is a decimal, as drivers give them; we never write one into JSON.
  const isDecimal = type.kind === 'scalar' && type.type === 'decimal';
  return fc.oneof(
    { weight: 8, arbitrary: typedJson(type) },
    { weight: 1, arbitrary: isDecimal ? odd.filter((value) => value !== '1') : odd },
  );
}

function typedJson(type: AttributeType): fc.Arbitrary<unknown> {
  if (type.kind === 'list') return fc.array(jsonArbitrary(type.element), { maxLength: 3 });
  if (type.kind === 'object') {
    const members = Object.fromEntries(
      Object.entries(type.attributes()).map(([name, member]) => [name, jsonArbitrary(member)]),
    );
    return fc.record(members, { requiredKeys: [] });
  }
  if (type.type === 'json') {
    return fc.oneof(
      valueArbitrary('json').map(plain),
      fc.record(
        { a: valueArbitrary('json').map(plain), b: fc.record({ c: valueArbitrary('string') }) },
        { requiredKeys: [] },
      ),
      fc.constant(['a', 1]),
    );
  }
  return valueArbitrary(type.type).map(plain);
}

function plain(value: FilterValue): unknown {
  if (value instanceof Date) return value.toISOString();
  return Decimal.isDecimal(value) ? value.toNumber() : value;
}

export type Row = Record<string, unknown>;

/** Rows as columns have them: decimals as text, times as ISO text, jsonb as JSON. */
export const rowsArbitrary: fc.Arbitrary<Row[]> = fc
  .array(
    fc.record(
      Object.fromEntries(
        Object.entries(columns)
          .filter(([name]) => name !== 'id')
          .map(([name, sqlType]): [string, fc.Arbitrary<unknown>] => {
            if (sqlType === 'jsonb')
              return [name, fc.option(jsonArbitrary(attributes[name] as AttributeType), { freq: 8 })];
            const column = columnArbitrary(sqlType);
            return [name, Object.hasOwn(defaults, name) ? column : fc.option(column, { freq: 4 })];
          }),
      ),
    ),
    { minLength: 300, maxLength: 300 },
  )
  .map((rows) =>
    rows.map((row, index) => ({ id: `${texts[index % texts.length]}${String(index).padStart(4, '0')}`, ...row })),
  );

function columnArbitrary(sqlType: string): fc.Arbitrary<unknown> {
  if (sqlType.startsWith('text')) return fc.constantFrom(...texts);
  if (sqlType.startsWith('numeric')) return fc.constantFrom(...numbers);
  if (sqlType.startsWith('timestamptz')) return fc.constantFrom(...times);
  return sqlType.startsWith('integer') ? fc.constantFrom(0, 1, -1, 10) : fc.boolean();
}

/** The row as readers give it: pairs as objects, null when all parts are. */
export function toValue(row: Row, variant = 0): Row {
  const read = (column: string): unknown => {
    const value = row[column] ?? defaults[column] ?? null;
    if (value === null || columns[column] === 'jsonb') return value;
    if (columns[column]?.startsWith('timestamptz')) return variant % 2 ? new Date(value as string) : value;
    if (columns[column]?.startsWith('numeric'))
      return [value, Number(value), new Decimal(value as string)][variant % 3];
    return value;
  };
  return Object.fromEntries(
    Object.keys(attributes).map((name) => {
      const pair = parts[name];
      if (!pair) return [name, read(name)];
      const entries = Object.entries(pair).map(([part, column]): [string, unknown] => [part, read(column)]);
      return [name, entries.every(([, value]) => value === null) ? null : Object.fromEntries(entries)];
    }),
  );
}

/** One statement for all rows; null columns become SQL null, JSON null within documents stays. */
export function insertRows(rows: readonly Row[]): Prisma.Sql {
  const names = Object.keys(columns);
  const json = rows.map((row) =>
    Object.fromEntries(
      names.map((name) => [name, row[name] ?? defaults[name]]).filter(([, value]) => (value ?? null) !== null),
    ),
  );
  const select = names.map((name) => {
    const type = (columns[name] as string).split(' ')[0] as string;
    return type === 'jsonb' ? `r->'${name}'` : `(r->>'${name}')::${type}`;
  });
  const into = names.map((name) => `"${name}"`).join(', ');
  return Prisma.sql`INSERT INTO "Thing" (${Prisma.raw(into)}) SELECT ${Prisma.raw(select.join(', '))} FROM jsonb_array_elements(${JSON.stringify(json)}::jsonb) AS r`;
}

const regexes = ['a', '^a', 'b$', '^a.$', '[ab]+', 'a|b', '^(?:a|ä).*', '\\d', '^$', '[^a]', '\\\\', '%', '\\s', '\\W'];
/** A valid filter on values of the type; with a root it is an object. */
export function filterArbitrary(type: AttributeType, depth: number): fc.Arbitrary<Filter> {
  const leaf = fc.constantFrom(...pathsOf(type, [])).chain(({ path, reached }) => leafArbitrary(path, reached, depth));
  if (depth === 0) return leaf;
  const several = fc.array(
    fc.constant(null).chain(() => filterArbitrary(type, depth - 1)),
    { maxLength: 3 },
  );
  return fc.oneof(
    { weight: 5, arbitrary: leaf },
    { weight: 2, arbitrary: several.map((filters): Filter => ({ kind: 'and', filters })) },
    { weight: 2, arbitrary: several.map((filters): Filter => ({ kind: 'or', filters })) },
    {
      weight: 1,
      arbitrary: fc
        .constant(null)
        .chain(() => filterArbitrary(type, depth - 1))
        .map((filter): Filter => ({ kind: 'not', filter })),
    },
  );
}

function leafArbitrary(path: readonly string[], type: AttributeType, depth: number): fc.Arbitrary<Filter> {
  if (type.kind === 'list' && depth > 0) {
    return fc.oneof(
      {
        weight: 8,
        arbitrary: fc
          .tuple(
            fc.constantFrom('some' as const, 'some' as const, 'none' as const),
            filterArbitrary(type.element, depth - 1),
          )
          .map(([kind, filter]): Filter => ({ kind, path, filter })),
      },
      { weight: 1, arbitrary: fc.boolean().map((isNull): Filter => ({ kind: 'isNull', path, isNull })) },
    );
  }
  if (type.kind !== 'scalar') return fc.boolean().map((isNull): Filter => ({ kind: 'isNull', path, isNull }));
  const fitting = operatorNames.filter((operator) => operatorsOf(type).has(operator));
  // Equality more often: it is what containment is made of.
  return fc.constantFrom<Operator>('eq', 'eq', 'in', ...fitting).chain((operator): fc.Arbitrary<Filter> => {
    if (operator === 'isNull') return fc.boolean().map((isNull) => ({ kind: 'isNull', path, isNull }));
    if (isListOperator(operator))
      return fc
        .array(valueArbitrary(type.type), { maxLength: 3 })
        .map((values) => ({ kind: 'compareList', path, operator, values }));
    if (operator === 'regex')
      return fc.constantFrom(...regexes).map((value) => ({ kind: 'compare', path, operator, value }));
    return valueArbitrary(type.type).map((value) => ({ kind: 'compare', path, operator, value }));
  });
}

function pathsOf(type: AttributeType, path: readonly string[]): { path: readonly string[]; reached: AttributeType }[] {
  const own = path.length > 0 || type.kind !== 'object' ? [{ path, reached: type }] : [];
  if (type.kind === 'scalar' && type.type === 'json' && path.length > 0) {
    return [...own, { path: [...path, 'a'], reached: type }, { path: [...path, 'b', 'c'], reached: type }];
  }
  if (type.kind !== 'object') return own;
  return [...own, ...Object.entries(type.attributes()).flatMap(([name, member]) => pathsOf(member, [...path, name]))];
}

/** The scalars that dotted names reach, through lists as query strings go; json is left out. */
export function pathsThroughLists(
  type: AttributeType,
  path: readonly string[] = [],
): { path: readonly string[]; type: ScalarType }[] {
  if (type.kind === 'list') return pathsThroughLists(type.element, path);
  if (type.kind === 'scalar') return type.type === 'json' ? [] : [{ path, type: type.type }];
  return Object.entries(type.attributes()).flatMap(([name, member]) => pathsThroughLists(member, [...path, name]));
}
