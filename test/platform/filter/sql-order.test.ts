import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../../../src/platform/database/database.js';
import { Decimal } from '../../../src/platform/decimal.js';
import { compileBeyond, compileCursor, compileOrder, fullOrder } from '../../../src/platform/filter/sql/compile.js';
import type { OrderKey } from '../../../src/platform/filter/tree/filter.js';
import { isNormalTime } from '../../../src/platform/filter/tree/values.js';
import { seed } from '../../support/seed.js';
import { openThings } from './databases.js';
import { insertRows, rowsArbitrary, mapping, toValue, type Row } from './things.js';

const paths = [
  'id',
  'name',
  'flag',
  'count',
  'price',
  'at',
  'grade',
  'born',
  'amount.amount',
  'amount.units',
  'period.endDateTime',
  'owner.id',
  'owner.rank',
  'owner.score',
  'owner.active',
  'owner.since',
  'owner.address.city',
];
const keyArbitrary = fc.record({
  path: fc.constantFrom(...paths).map((path) => path.split('.')),
  descending: fc.boolean(),
});
const orderArbitrary = fc.array(keyArbitrary, { maxLength: 3 });

describe('orders in the database', () => {
  let database: Database;
  const rows = fc.sample(rowsArbitrary, { seed, numRuns: 1 })[0] as Row[];
  const byId = new Map(rows.map((row) => [row.id as string, toValue(row)]));

  beforeAll(async () => {
    database = await openThings();
    await database.query(insertRows(rows));
  });
  afterAll(() => database.close());

  async function ids(
    order: readonly OrderKey[],
    where = Prisma.sql`TRUE`,
    limit = rows.length,
    isBackward = false,
  ): Promise<{ id: string; cursor: (string | null)[] }[]> {
    return database.query(
      Prisma.sql`SELECT t."id", ${compileCursor(order, mapping, 't')} AS cursor FROM "Thing" t WHERE ${where} ORDER BY ${compileOrder(order, mapping, 't', isBackward)} LIMIT ${limit}::int`,
    );
  }

  test('are what sorting in memory gives, nulls last both ways', async () => {
    await fc.assert(
      fc.asyncProperty(orderArbitrary, async (order) => {
        const expected = [...byId.values()].sort((a, b) => compareRows(a, b, fullOrder(order, mapping)));
        expect((await ids(order)).map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
      }),
      { seed, numRuns: 60 },
    );
  });

  test.each([false, true])(
    'are walked completely and once by the keyset condition, backward: %s',
    async (isBackward) => {
      await fc.assert(
        fc.asyncProperty(orderArbitrary, async (order) => {
          const all = await ids(order);
          if (isBackward) all.reverse();
          const walked: string[] = [];
          for (let where = Prisma.sql`TRUE`; ;) {
            const page = await ids(order, where, 67, isBackward);
            walked.push(...page.map(({ id }) => id));
            const last = page.at(-1);
            if (last === undefined) break;
            where = compileBeyond(order, last.cursor, mapping, 't', isBackward);
          }
          expect(walked).toEqual(all.map(({ id }) => id));
        }),
        { seed, numRuns: 25 },
      );
    },
  );

  test('by the key alone are one range of the key', () => {
    expect(compileBeyond([], ['x'], mapping, 'b').text).toBe('(("b"."id") > ($1::text))');
    expect(compileOrder([], mapping, 'b').text).toBe('"b"."id" ASC');
  });

  test.each<[string, string[], (string | number | boolean | null)[], string]>([
    ['an object', ['owner'], ['x', 'id'], "cannot order Thing by 'owner'"],
    ['a pair', ['amount'], ['x', 'id'], "cannot order Thing by 'amount'"],
    ['a list', ['tags'], ['x', 'id'], "cannot order Thing by 'tags'"],
    ['json', ['anything'], ['x', 'id'], "cannot order Thing by 'anything'"],
    ['an unknown attribute', ['colour'], ['x', 'id'], "cannot filter by 'colour'"],
    ['an inherited name', ['constructor'], ['x', 'id'], "cannot filter by 'constructor'"],
    ['a cursor of another length', ['name'], ['id'], 'the cursor has 1 values, the order has 2 keys'],
    ['a cursor value of another type', ['count'], ['x', 'id'], "the cursor value 'x' does not fit 'count'"],
    ['a number too large for its column', ['count'], [3e9, 'id'], "'3000000000' is not a int"],
    ['a text where a number is', ['name'], [5, 'id'], "'5' is not a string"],
    ['a date that is none', ['at'], ['yesterday', 'id'], "does not fit 'at'"],
    ['an endless number', ['price'], ['1e999', 'id'], 'is not a decimal'],
    ['null as key', ['name'], ['x', null], "the cursor value 'null' does not fit 'id'"],
  ])('refuse %s', (_what, path, values, message) => {
    expect(() => compileBeyond([{ path, descending: false }], values, mapping, 'b')).toThrow(
      expect.objectContaining({ code: 'INVALID_QUERY', message: expect.stringContaining(message) }),
    );
  });
});

function compareRows(a: Row, b: Row, order: readonly OrderKey[]): number {
  for (const { path, descending } of order) {
    const [left, right] = [typed(a, path), typed(b, path)];
    if (left === null && right === null) continue;
    if (left === null || right === null) return left === null ? 1 : -1;
    const sign = Decimal.isDecimal(left)
      ? left.comparedTo(right as Decimal)
      : Buffer.compare(Buffer.from(left as string), Buffer.from(right as string));
    if (sign !== 0) return descending ? -sign : sign;
  }
  return 0;
}

/** The value as its type compares: booleans and numbers as decimals, the rest as text. */
function typed(row: Row, path: readonly string[]): Decimal | string | null {
  let value: unknown = row;
  for (const part of path)
    value =
      value !== null && typeof value === 'object' && !Array.isArray(value) ? ((value as Row)[part] ?? null) : null;
  const last = path.at(-1) as string;
  if (['flag', 'active'].includes(last)) return typeof value === 'boolean' ? new Decimal(Number(value)) : null;
  if (['count', 'grade', 'rank', 'score', 'price', 'amount'].includes(last)) {
    const isColumn = ['count', 'grade', 'price', 'amount'].includes(last);
    return typeof value === 'number' || (isColumn && typeof value === 'string') ? new Decimal(value) : null;
  }
  if (typeof value !== 'string') return null;
  return last === 'since' && !isNormalTime(value) ? null : value;
}
