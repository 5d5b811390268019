import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../../../src/platform/database/database.js';
import { parseQuery } from '../../../rest-compat/query/query-string.js';
import { compileBeyond, compileFilter, compileOrder } from '../../../src/platform/filter/sql/compile.js';
import type { Filter, OrderKey } from '../../../src/platform/filter/tree/filter.js';
import { openThings } from './databases.js';
import { attributes, mapping } from './things.js';

describe('plans in the database', () => {
  let database: Database;
  beforeAll(async () => {
    database = await openThings();
    await database.query(Prisma.sql`INSERT INTO "Thing" ("id", "name", "owner", "party", "tags")
      SELECT i::text, 'name ' || i, jsonb_build_object('id', i::text), jsonb_build_array(jsonb_build_object('id', i::text, 'role', 'customer')), jsonb_build_array(i::text) FROM generate_series(1, 2000) i`);
    await database.query(Prisma.sql`ANALYZE "Thing"`);
  });
  afterAll(() => database.close());

  /** Plans must not depend on seeing the values, as in generic plans of prepared statements. */
  async function plan(condition: Prisma.Sql, order = Prisma.empty): Promise<string> {
    return database.transaction(async (tx) => {
      await tx.execute(Prisma.sql`SET LOCAL enable_seqscan = off`);
      await tx.execute(Prisma.sql`SET LOCAL plan_cache_mode = force_generic_plan`);
      const rows = await tx.query<{ 'QUERY PLAN': string }>(
        Prisma.sql`EXPLAIN SELECT 1 FROM "Thing" t WHERE ${condition} ${order}`,
      );
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    });
  }

  test.each([
    ['owner.id=5', 'Thing_owner'],
    ['owner.id=5,6', 'Thing_owner'],
    ['party.id=5', 'Thing_party'],
    ['party.id.in=5,6', 'Thing_party'],
    ["filter=party[?(@.id=='5' %26%26 @.role=='customer')]", 'Thing_party'],
    ["filter=party[?(@.id=='5' %26%26 @.rank>3)]", 'Thing_party'],
    ["filter=party[?((@.id=='5' || @.id=='6') %26%26 !@.rank)]", 'Thing_party'],
    ["filter=party[?(@.contact[?(@.type=='email' %26%26 @.value=='a@b')])]", 'Thing_party'],
    ['tags=5', 'Thing_tags'],
  ])('%s uses a GIN index', async (query, index) => {
    const { filter } = parseQuery(query, { attributes, toAttribute: (wire) => wire });
    expect(await plan(compileFilter(filter as Filter, mapping, 't'))).toMatch(
      new RegExp(`Bitmap Index Scan on "${index}"[^>]*Index Cond: \\(+${index.slice(6)} @>`),
    );
  });

  test.each(['name.icontains=AME%201', 'name.istartswith=NAME%2019'])(
    '%s uses the index of parts of texts',
    async (query) => {
      const { filter } = parseQuery(query, { attributes, toAttribute: (wire) => wire });
      expect(await plan(compileFilter(filter as Filter, mapping, 't'))).toMatch(
        /Bitmap Index Scan on "Thing_search"[^>]*Index Cond: \("searchGrams"\(name\) @>/,
      );
    },
  );

  test.each([
    ['name=x', /Index Cond: \(name = /],
    ['name=x,y', /Index Cond: \(name = ANY/],
    ['name.startswith=name%201', /Index Cond: \(\(name >= .*\) AND \(name < /],
    ['name%3Ex', /Index Cond: \(name > /],
  ])('%s uses a btree index', async (query, condition) => {
    const { filter } = parseQuery(query, { attributes, toAttribute: (wire) => wire });
    expect(await plan(compileFilter(filter as Filter, mapping, 't'))).toMatch(condition);
  });

  test('the next page by the key reads the key only from its place, unsorted', async () => {
    const found = await plan(
      compileBeyond([], ['5'], mapping, 't'),
      Prisma.sql`ORDER BY ${compileOrder([], mapping, 't')} LIMIT 20`,
    );
    expect(found).toMatch(/Index Cond: \(id > /);
    expect(found).not.toContain('Sort');
  });

  test.each([false, true])('what is never null is read in order from an index, descending: %s', async (descending) => {
    const order = [{ path: ['born'], descending }];
    const found = await plan(
      compileBeyond(order, ['2026-01-31T00:00:00.000Z', '5'], mapping, 't'),
      Prisma.sql`ORDER BY ${compileOrder(order, mapping, 't')} LIMIT 20`,
    );
    // Within a descending order those of one instant are sorted, by their key.
    expect(found).toMatch(descending ? /born <= / : /Index Cond: \(ROW\(born, id\) > ROW\(/);
    if (!descending) expect(found).not.toContain('Sort');
  });

  test('the page before is read backward from the same index, unsorted, also where values may be absent', async () => {
    const place = (values: string[], order: OrderKey[]): Promise<string> =>
      plan(
        compileBeyond(order, values, mapping, 't', true),
        Prisma.sql`ORDER BY ${compileOrder(order, mapping, 't', true)} LIMIT 20`,
      );
    const never = await place(['2026-01-31T00:00:00.000Z', '5'], [{ path: ['born'], descending: false }]);
    expect(never).toMatch(/Index (Only )?Scan Backward[^]*Index Cond: \(ROW\(born, id\) < ROW\(/);
    expect(never).not.toContain('Sort');
    const nullable = await place(['name', '5'], [{ path: ['name'], descending: false }]);
    expect(nullable).toMatch(/Index (Only )?Scan Backward[^]*Index Cond: \(name <= /);
  });

  test('a place in an order of several directions is a bound of the first', async () => {
    const order = [
      { path: ['born'], descending: true },
      { path: ['name'], descending: false },
    ];
    const found = await plan(compileBeyond(order, ['2026-01-31T00:00:00.000Z', 'name', '5'], mapping, 't'));
    expect(found).toMatch(/Index Cond: \(born <= /);
  });
});
