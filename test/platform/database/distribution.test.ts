import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tablePlaces } from '../../../src/domain/table-places.js';
import { distribute, readDistribution } from '../../../src/platform/database/distribution.js';
import {
  readFunctions,
  withFunctionsInline,
  withoutLockOfAll,
  withTenantNamed,
} from '../../../src/platform/database/inline-functions.js';
import { withInlineFunctions } from '../../../src/platform/database/inlined-database.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';
import { startTestServer, type TestServer } from '../../support/server.js';

// What holds of distributed tables without nodes: which they are, and that their statements mean the same.

const distributed = new Set(Object.keys(tablePlaces).filter((table) => tablePlaces[table] === 'distributed'));

let database: TestDatabase;
let server: TestServer;
beforeAll(async () => {
  database = await openTestDatabase();
  const functions = await database.dedicated(readFunctions);
  const { url, close } = database;
  const inlined = withInlineFunctions(database, functions, distributed);
  server = await startTestServer({}, { database: { ...inlined, url, close } });
});
afterAll(() => server.close());

it('says of each table of the models where it lies', () => {
  const models = readdirSync('prisma/schema').flatMap((file) =>
    [...readFileSync(join('prisma/schema', file), 'utf8').matchAll(/^model (\w+)/gm)].map(([, name = '']) => name),
  );
  expect(Object.keys(tablePlaces).sort()).toEqual(models.sort());
});

it('distributes only tables whose keys and unique indexes have the tenant', async () => {
  const indexes = await database.statement<{ table: string; name: string; hasTenant: boolean }>(`
    SELECT c.relname::text AS "table", x.relname::text AS "name", EXISTS (
      SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenantId' AND a.attnum = ANY(i.indkey::int2[])
    ) AS "hasTenant" FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
    WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace`);
  const unique = indexes.filter(({ table }) => distributed.has(table));
  expect(new Set(unique.map(({ table }) => table))).toEqual(distributed);
  expect(unique.filter(({ hasTenant }) => !hasTenant)).toEqual([]);
});

it('refuses to distribute where there are no nodes', async () => {
  await expect(distribute(database, tablePlaces, () => undefined)).rejects.toThrow(
    database.kind === 'pglite' ? 'the embedded database is one process' : 'Citus is not installed in this database',
  );
  await expect(database.dedicated((connection) => readDistribution(connection, tablePlaces))).rejects.toThrow(
    'Citus is not installed in this database',
  );
});

it('answers the same with the bodies of functions in the place of their calls', async () => {
  const bucket = {
    usageType: 'monetary',
    relatedParty: [{ id: 'p', '@referredType': 'Individual' }],
    partyAccount: { id: 'a' },
  };
  const { body } = await server.rest('POST', '/bucket', {
    body: { ...bucket, remainingValue: { amount: 10, units: 'EUR' } },
  });
  const { id } = body;
  const amount = { amount: 2, units: 'EUR' };
  expect((await server.rest('POST', '/topupBalance', { body: { bucket: { id }, amount } })).status).toBe(201);
  const held = (
    await server.rest('POST', '/reserveBalance', { body: { bucket: { id }, amount, usageType: 'monetary' } })
  ).body;
  expect((await server.rest('GET', `/bucket?reserveBalance.id=${held.id}`)).body).toMatchObject([
    { id, remainingValue: { amount: 10 }, reserveBalance: [{ id: held.id }] },
  ]);
  expect((await server.rest('GET', '/accumulatedBalance?partyAccount.id=a')).body).toMatchObject([
    { id: 'partyAccount~a~monetary~EUR', totalBalance: { amount: 10 } },
  ]);
  const { data, errors } = await server.graphql(
    `query ($id: ID!) { bucket(id: $id) { balanceAsOf(at: "2026-03-01T12:00:00.000Z") { remainingValue { amount } } }
      party(id: "p") { balances { totalBalance { amount } } balanceActions { totalCount } unbilled { unit } } hubs { totalCount items { delivery { delivered } } }
      customerBills(filter: { billingAccount: { refId: { eq: "a" } } }) { totalCount } aggregatedUsages { totalCount } }`,
    { id },
  );
  expect(errors).toBeUndefined();
  expect(data).toMatchObject({
    bucket: { balanceAsOf: { remainingValue: { amount: 10 } } },
    party: { balances: [{ totalBalance: { amount: 10 } }], balanceActions: { totalCount: 2 }, unbilled: [] },
  });
});

it('leaves no call of a function that reads tables, and knows columns of the same name', async () => {
  const functions = await database.dedicated(readFunctions);
  const inline = (text: string): string => withFunctionsInline(text, functions);
  for (const name of ['accumulatedBalancesAt', 'ledgerEntriesAt', 'billPreviewsAt'])
    expect(inline(`SELECT * FROM "${name}"($1) b WHERE b."tenantId" = $2`)).not.toMatch(/"(\w+At|isSpendable)"\(/);
  expect(inline('SELECT b."reserveBalance" FROM "Bucket" b')).toContain('"ReservationHold"');
  const actions = 'SELECT b."reserveBalance" FROM "BalanceAction" b';
  expect(inline(actions)).toBe(actions);
  expect(
    inline('(SELECT count(b."billingAccountId") FROM "Usage" b) UNION (SELECT 1 FROM "CustomerBill" b)'),
  ).toContain('BillingAccount")');
  expect(
    withTenantNamed('SELECT 1 FROM "a" l JOIN "b" b ON l."tenantId" = b."tenantId" WHERE b."tenantId" = $3'),
  ).toContain('l."tenantId" = $3 AND l."tenantId" = b."tenantId"');
});

it('locks no rows of all tenants in tables that are distributed', () => {
  const of = (table: string, condition: string): string =>
    `SELECT b."id" FROM "${table}" b WHERE ${condition} LIMIT $2 FOR UPDATE OF b SKIP LOCKED`;
  const unlocked = (text: string): string => withoutLockOfAll(text, distributed);
  expect(unlocked(of('CustomerBill', 'b."id" > $1'))).toBe(
    'SELECT b."id" FROM "CustomerBill" b WHERE b."id" > $1 LIMIT $2',
  );
  for (const kept of [of('CustomerBill', 'b."tenantId" = $1'), of('HubCursor', 'b."id" > $1')])
    expect(unlocked(kept)).toBe(kept);
});
