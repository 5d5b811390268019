import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';
import { storedMappings } from '../../support/mappings.js';

/** Rows that a function makes have no columns to look at. */
const mappings = (await storedMappings()).filter(({ asOfFunction }) => asOfFunction === undefined);

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

it('knows resources', () => expect(mappings.length).toBeGreaterThan(10));

it.each(mappings.map((mapping) => [mapping.name, mapping] as const))(
  'the attributes of %s that are never null are those whose columns are not',
  async (_name, { table, attributes, computed }) => {
    const columns = await database.query<{ name: string; isNullable: string }>(Prisma.sql`
      SELECT column_name AS "name", is_nullable AS "isNullable" FROM information_schema.columns WHERE table_schema = 'public' AND table_name = ${table}`);
    const required = new Set(columns.filter(({ isNullable }) => isNullable === 'NO').map(({ name }) => name));
    const stored = Object.entries(attributes).filter(([name]) => !computed.includes(name));
    const told = stored.filter(([, { isNeverNull }]) => isNeverNull).map(([name]) => name);
    const found = stored
      .filter(([, { storage }]) =>
        (storage.kind === 'column' ? [storage.column] : Object.values(storage.columns)).every((one) =>
          required.has(one),
        ),
      )
      .map(([name]) => name);
    expect(told.sort()).toEqual(found.sort());
  },
);
