import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../../../src/platform/database/database.js';
import { matches } from '../../../src/platform/filter/memory/evaluate.js';
import { compileFilter } from '../../../src/platform/filter/sql/compile.js';
import type { Filter } from '../../../src/platform/filter/tree/filter.js';
import { seed } from '../../support/seed.js';
import { openThings } from './databases.js';
import { attributes, filterArbitrary, insertRows, rowsArbitrary, mapping, toValue, type Row } from './things.js';
import { proofSize } from '../../support/proof.js';

const runs = proofSize('RUNS', { short: 100, long: 2_000 });
const rootFilter = filterArbitrary({ kind: 'object', attributes: () => attributes }, 4);

describe('filters in the database', () => {
  let database: Database;
  const rows = fc.sample(rowsArbitrary, { seed, numRuns: 1 })[0] as Row[];

  beforeAll(async () => {
    database = await openThings();
    await database.query(insertRows(rows));
  });
  afterAll(() => database.close());

  async function selected(filter: Filter): Promise<string[]> {
    const found = await database.query<{ id: string }>(
      Prisma.sql`SELECT t."id" FROM "Thing" t WHERE ${compileFilter(filter, mapping, 't')} ORDER BY t."id"`,
    );
    return found.map(({ id }) => id).sort();
  }

  test('select exactly the rows that match in memory', async () => {
    let some = 0;
    await fc.assert(
      fc.asyncProperty(rootFilter, async (filter) => {
        const expected = rows
          .filter((row, index) => matches(filter, toValue(row, index), attributes))
          .map((row) => row.id as string)
          .sort();
        if (expected.length > 0 && expected.length < rows.length) some += 1;
        expect(await selected(filter)).toEqual(expected);
      }),
      { seed, numRuns: runs },
    );
    // Filters that select nothing or everything would prove little.
    expect(some).toBeGreaterThan(runs / 3);
  });
});
