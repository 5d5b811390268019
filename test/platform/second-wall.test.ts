import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.js';
import { openTestDatabase, type TestDatabase } from '../support/database.js';
import { tenantProblem, watchTenants } from '../support/second-wall.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

const { sql } = Prisma;
const forgotten = sql`SELECT "id" FROM "Bucket" WHERE "id" = ${'1'}`;

describe('a statement of the server that touches a table of tenants', () => {
  it.each<[string, (database: TestDatabase) => Promise<unknown>]>([
    ['a query', (watched) => watched.query(forgotten)],
    ['a read', (watched) => watched.read(forgotten, { isPlanKept: false })],
    ['a transaction', (watched) => watched.transaction((tx) => tx.query(forgotten))],
    ['a statement with its commit', (watched) => watched.transaction(async (tx) => tx.executeAtEnd(forgotten))],
    ['a query of the engine', (watched) => watched.engine.query(forgotten)],
    ['a transaction of the engine', (watched) => watched.engine.transaction((tx) => tx.query(forgotten))],
    ['a statement of a library', (watched) => watched.statement('SELECT "id" FROM "Bucket"')],
  ])('is found when it names no tenant: %s', async (_what, run) => {
    const watched = watchTenants(database);
    await run(watched.database);
    expect(() => watched.check()).toThrow('of "Bucket", without its tenant: SELECT "id" FROM "Bucket"');
  });

  it('may compare it, or insert it', async () => {
    const watched = watchTenants(database);
    await watched.database.query(sql`SELECT b."id" FROM "Bucket" b WHERE b."tenantId" = ${'default'}`);
    await watched.database.query(sql`SELECT 1 FROM "ServerState"`);
    watched.check();
  });

  it.each([
    'SELECT "tenantId" FROM "Bucket"',
    'UPDATE "Bucket" SET "name" = $1 WHERE "id" = $2',
    'DELETE FROM "LedgerEntry" WHERE "tenantId" = "bucketId"',
    'WITH x AS (SELECT 1) SELECT * FROM x JOIN "Usage" ON true',
  ])('is found however it is written: %s', (text) => {
    expect(tenantProblem(text)).toBeDefined();
  });
});
