import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../../../src/platform/database/database.js';
import { openPostgresql } from '../../../src/platform/database/postgresql.js';
import { enterTenant, runForAllTenants, runForTenant } from '../../../src/platform/database/tenant-scope.js';
import { keepTenantWall } from '../../../src/platform/database/tenant-wall.js';
import { KeyDirectory } from '../../../src/domain/tenancy/key-directory.js';
import { TenantDirectory } from '../../../src/domain/tenancy/tenant-directory.js';
import { readConfig } from '../../../src/platform/config.js';
import type { Principal } from '../../../src/platform/principal.js';
import { Program } from '../../app/program.js';
import { asInput } from '../../fixtures/schema.js';
import { schemaOf } from '../../fixtures/transports.js';
import { concurrently } from '../../support/concurrently.js';
import { eventually } from '../../support/eventually.js';
import { bearer, TestIssuer } from '../../support/issuer.js';
import { startTestServer, TestClock, type GraphqlAnswer, type TestServer } from '../../support/server.js';
import { makeTenant } from '../../support/tenants.js';
import { applyMigrations } from '../../../src/platform/database/migrations.js';

jest.setTimeout(180_000);

const { sql } = Prisma;

test('row level security is refused without a PostgreSQL server', () => {
  expect(() => readConfig({ ROW_LEVEL_SECURITY: 'on' }, 'sandbox')).toThrow(
    /^cannot use ROW_LEVEL_SECURITY 'on': .* it needs DATABASE_URL$/,
  );
});

const tenants = ['north', 'south'] as const;
type Tenant = (typeof tenants)[number];

const tenantOf = ({ headers }: { headers: NodeJS.Dict<string | string[]> }): Principal => ({
  tenantId: String(headers['x-tenant']),
  id: 'clerk',
  kind: 'person',
  roles: ['admin'],
  parties: [],
  accounts: [],
  logicalResources: [],
});

/** A connection as of psql. */
async function plainly<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const tablesWithTenant = `SELECT table_name::text AS "name" FROM information_schema.columns
  WHERE table_schema = 'public' AND column_name = 'tenantId' ORDER BY 1`;

/** How many rows each table with a tenant has for this connection. */
async function rowsOf(client: pg.Client): Promise<Map<string, number>> {
  const { rows } = await client.query<{ name: string }>(tablesWithTenant);
  const counts = new Map<string, number>();
  for (const { name } of rows) {
    const found = await client.query<{ count: number }>(`SELECT count(*)::int AS "count" FROM "${name}"`);
    counts.set(name, found.rows[0]!.count);
  }
  return counts;
}

if (process.env.TEST_DATABASE_URL) {
  describe('row level security', () => {
    const role = `tmf_wall_${process.pid}_${randomBytes(4).toString('hex')}`;
    const password = randomBytes(16).toString('hex');
    // Roles that policies bind, and those that they do not, are made by a superuser (test/README.md).
    const superuser = String(process.env.TEST_SUPERUSER_DATABASE_URL ?? process.env.TEST_DATABASE_URL);
    const administered = (statement: string): Promise<unknown> =>
      plainly(superuser, (client) => client.query(statement));
    let name: string;
    let url: string;
    let database: Database;
    let server: TestServer;

    beforeAll(async () => {
      name = `tmf_wall_${randomBytes(6).toString('hex')}`;
      await administered(`CREATE DATABASE "${name}" TEMPLATE template0 ENCODING 'UTF8'`);
      await administered(`CREATE ROLE ${role} LOGIN PASSWORD '${password}' NOSUPERUSER NOBYPASSRLS`);
      await administered(`ALTER DATABASE "${name}" OWNER TO ${role}`);
      const address = new URL(superuser);
      address.pathname = `/${name}`;
      [address.username, address.password] = [role, password];
      url = address.href;
      database = await openPostgresql(url, { poolSize: 12, isolatesTenants: true });
      await applyMigrations(database);
      await keepTenantWall(database, true);
      server = await startTestServer(
        { ROW_LEVEL_SECURITY: 'on', DATABASE_URL: url, AUDIT: 'on' },
        { database, principalOf: tenantOf },
      );
    });

    afterAll(async () => {
      await server.close();
      await administered(`DROP DATABASE "${name}" WITH (FORCE)`);
      await administered(`DROP ROLE ${role}`);
    });

    const rest = (tenant: Tenant, method: string, path: string, body?: object): ReturnType<TestServer['rest']> =>
      server.rest(method, path, { headers: { 'x-tenant': tenant }, ...(body && { body }) });
    const graphql = async (tenant: Tenant, text: string, variables: object = {}): Promise<any> => {
      const { data, errors } = await server.graphql(text, variables, { 'x-tenant': tenant });
      expect(errors).toBeUndefined();
      return data;
    };
    const eur = (amount: number): object => ({ amount, units: 'EUR' });

    async function newBucket(tenant: Tenant): Promise<string> {
      const { status, body } = await rest(tenant, 'POST', '/bucket', {
        name: `money of ${tenant}`,
        usageType: 'monetary',
        remainingValue: eur(0),
        product: [{ id: 'p-1' }],
        relatedParty: [{ id: 'ann', name: 'Ann', role: 'customer', '@referredType': 'Individual' }],
      });
      expect([status, body]).toEqual([201, expect.anything()]);
      return body.id as string;
    }

    const topupText = 'mutation ($input: TopupBalanceCreate!) { createTopupBalance(input: $input) { status } }';
    async function topup(tenant: Tenant, place: object, isRest: boolean): Promise<string> {
      const input = { ...place, amount: eur(1) };
      if (isRest) return (await rest(tenant, 'POST', '/topupBalance', input)).body.status as string;
      return (await graphql(tenant, topupText, { input: asInput(await schemaOf(server), 'TopupBalanceCreate', input) }))
        .createTopupBalance.status as string;
    }

    /** While it runs, every table but that of the tenants hides all rows from connections that see all tenants. */
    async function withoutSystemWork(work: () => Promise<void>): Promise<void> {
      const isFree = (table: string): boolean => table === 'Tenant';
      const names = (await database.statement<{ name: string }>(tablesWithTenant))
        .map((row) => row.name)
        .filter((table) => !isFree(table));
      for (const table of names)
        await database.script(
          `CREATE POLICY one_tenant ON "${table}" AS RESTRICTIVE USING (current_setting('tmf.tenant', true) <> '*')`,
        );
      try {
        await work();
      } finally {
        for (const table of names) await database.script(`DROP POLICY one_tenant ON "${table}"`);
      }
    }

    test('lets both transports read and write for two tenants at the same time, in the scope of each', async () => {
      await withoutSystemWork(async () => {
        const buckets = { north: await newBucket('north'), south: await newBucket('south') };
        const statuses = await concurrently(80, (index) => {
          const tenant = tenants[index % 2] as Tenant;
          // By its product the bucket has to be looked for.
          const place = index % 8 < 2 ? { product: { id: 'p-1' } } : { bucket: { id: buckets[tenant] } };
          return topup(tenant, place, index % 4 < 2);
        });
        expect(new Set(statuses)).toEqual(new Set(['completed']));
        const seen = await concurrently(40, async (index) => {
          const tenant = tenants[index % 2] as Tenant;
          const data = await graphql(
            tenant,
            '{ buckets { totalCount items { id name remainingValue { amount } } } topupBalances { totalCount } }',
          );
          const { body } = await rest(tenant, 'GET', '/bucket');
          return [tenant, data.buckets, data.topupBalances.totalCount, body.map(({ id }: { id: string }) => id)];
        });
        for (const [tenant, list, count, ids] of seen as [Tenant, any, number, string[]][]) {
          expect([list, count, ids]).toEqual([
            {
              totalCount: 1,
              items: [
                { id: buckets[tenant], name: `money of ${tenant}`, remainingValue: { amount: expect.anything() } },
              ],
            },
            40,
            [buckets[tenant]],
          ]);
          expect(Number(list.items[0].remainingValue.amount)).toBe(40);
        }
        const foreign = await rest('north', 'GET', `/bucket/${buckets.south}`);
        expect(foreign.status).toBe(404);
      });
    });

    test('leaves jobs and due work of all tenants to do', async () => {
      const ids = { north: await newBucket('north'), south: await newBucket('south') };
      for (const tenant of tenants) await topup(tenant, { bucket: { id: ids[tenant] } }, true);
      await server.startJobs();
      const forget = 'mutation { forgetParty(id: "ann") { id } }';
      const task = 'query ($id: ID!) { partyErasure(id: $id) { state } }';
      await Promise.all(
        tenants.map(async (tenant) => {
          const { id } = (await graphql(tenant, forget)).forgetParty;
          await eventually('the party is forgotten', async () =>
            (await graphql(tenant, task, { id })).partyErasure.state === 'done' ? true : undefined,
          );
          const { body } = await rest(tenant, 'GET', `/bucket/${ids[tenant]}`);
          expect(body.relatedParty[0].name).toBeUndefined();
        }),
      );
      for (const tenant of tenants) {
        const { status } = await rest(tenant, 'POST', '/reserveBalance', {
          bucket: { id: ids[tenant] },
          amount: eur(1),
          expirationDate: new Date(server.clock.now().getTime() + 1_000).toISOString(),
        });
        expect(status).toBe(201);
      }
      server.clock.advance(60_000);
      await eventually('reservations of both tenants have lapsed, which nobody reads', async () => {
        const rows = await database.statement<{ count: number }>(
          `SELECT count(*)::int AS "count" FROM "Bucket" WHERE "reservedValueAmount" > 0`,
        );
        return rows[0]?.count === 0 || undefined;
      });
    });

    test('shows a connection that names no tenant not one row of any table', async () => {
      const all = await plainly(`${url}?options=-c%20tmf.tenant%3D*`, rowsOf);
      for (const table of ['Bucket', 'Outbox', 'AuditRecord'])
        expect([table, all.get(table)]).toEqual([table, expect.any(Number)]);
      expect([...all.values()].filter((count) => count > 0).length).toBeGreaterThan(5);
      // A month of audit records that was made after the policies is a table as well.
      expect([...all].filter(([table, count]) => /^AuditRecord_\d/.test(table) && count > 0)).not.toEqual([]);
      const none = await plainly(url, rowsOf);
      expect([...none].filter(([, count]) => count > 0)).toEqual([]);
      await plainly(url, async (client) => {
        await expect(client.query(`UPDATE "Bucket" SET "name" = 'mine'`)).resolves.toMatchObject({ rowCount: 0 });
        await client.query(`SET tmf.tenant = 'north'`);
        await expect(client.query(`UPDATE "Bucket" SET "tenantId" = 'south'`)).rejects.toThrow('row-level security');
      });
    });

    test('holds for every way in which a statement runs, whoever had the connection before', async () => {
      const text = `SELECT DISTINCT "tenantId" FROM "Bucket" ORDER BY 1`;
      const statement = sql`SELECT DISTINCT "tenantId" FROM "Bucket" ORDER BY 1`;
      const ways: (() => Promise<{ tenantId: string }[]>)[] = [
        () => database.query(statement),
        () => database.read(statement, { isPlanKept: true }),
        () => database.read(statement, { isPlanKept: false, signal: new AbortController().signal }),
        () => database.statement(text),
        () => database.engine.query(statement),
        () => database.engine.transaction((tx) => tx.query(statement)),
        () => database.transaction((tx) => tx.query(statement)),
        () => database.client.bucket.findMany({ distinct: ['tenantId'], orderBy: { tenantId: 'asc' } }),
        () => database.dedicated((connection) => connection.query(text)),
      ];
      const seenBy = async (way: (typeof ways)[number]): Promise<string[]> =>
        (await way()).map(({ tenantId }) => tenantId);
      // Many more than there are connections: most of them wait, and get one from somebody else.
      await concurrently(90, async (index) => {
        const way = ways[index % ways.length]!;
        const scope = [...tenants, '*'][Math.floor(index / ways.length) % 3]!;
        const seen = scope === '*' ? await seenBy(way) : await enterTenant(scope, () => seenBy(way));
        expect([index, seen]).toEqual([index, scope === '*' ? [...tenants] : [scope]]);
      });
      await enterTenant('north', async () => {
        expect(await runForTenant('south', () => seenBy(ways[0]!))).toEqual(['south']);
        expect(await runForAllTenants(() => seenBy(ways[0]!))).toEqual([...tenants]);
        await expect(
          database.transaction((tx) => tx.execute(sql`UPDATE "Bucket" SET "tenantId" = 'south'`)),
        ).rejects.toThrow('row-level security');
      });
    });

    test('hides keys and tenants from no look-up, whoever was the first to need it', async () => {
      const made = await graphql(
        'north',
        'mutation { createApiKey(input: {name: "k", roles: ["reader"]}) { key apiKey { id } } }',
      );
      const { key, apiKey } = made.createApiKey;
      const fail = (error: unknown): never => {
        throw error;
      };
      await enterTenant('south', async () => {
        const keys = new KeyDirectory(database, server.clock, fail);
        const found = await keys.find(key as string);
        expect(found?.principal).toMatchObject({ tenantId: 'north', id: apiKey.id });
        expect(await keys.findById('north', apiKey.id as string)).toEqual(found);
        keys.used(found!);
        await keys.writeUses();
        const directory = new TenantDirectory(database, fail);
        await directory.begin();
        directory.stop();
        expect(await directory.isActive('default')).toBe(true);
      });
      const [row] = await database.statement<{ at: Date | null }>(`SELECT "lastUsedAt" AS "at" FROM "ApiKey"`);
      expect(row?.at).not.toBeNull();
    });

    test('compares the id of a tenant, whatever it is called', async () => {
      const clock = new TestClock();
      const issuer = await TestIssuer.start(() => clock.now());
      const named = await startTestServer(
        { ...issuer.env, ROW_LEVEL_SECURITY: 'on', DATABASE_URL: url },
        { clock, database: await openPostgresql(url, { poolSize: 6, isolatesTenants: true }) },
      );
      try {
        const as = async (tenant: string): Promise<Record<string, string>> =>
          bearer(await issuer.token({ claims: { tenant } }));
        const operator = await as('default');
        const ask = (text: string, variables: object): Promise<GraphqlAnswer> =>
          named.graphql(text, variables, operator);
        const id = await makeTenant(ask, 'acme');
        const path = '/billCycleSpecification';
        const made = await named.rest('POST', path, { body: { billingPeriod: 'month' }, headers: await as('acme') });
        expect(made.status).toBe(201);
        const text = 'mutation ($id: ID!) { renameTenant(id: $id, handle: "newco", release: true) { handle } }';
        expect((await ask(text, { id })).errors).toBeUndefined();
        const { body } = await named.rest('GET', path, { headers: await as('newco') });
        expect(body).toMatchObject([{ id: made.body.id }]);
        for (const [scope, count] of [
          [id, 1],
          ['acme', 0],
          ['newco', 0],
        ] as const)
          expect(
            (await plainly(`${url}?options=-c%20tmf.tenant%3D${scope}`, rowsOf)).get('BillCycleSpecification'),
          ).toBe(count);
      } finally {
        await named.close();
        await issuer.close();
      }
    });

    test('is refused for a role that no policy binds, and says why', async () => {
      const unbound = new URL(superuser);
      unbound.pathname = `/${name}`;
      const program = new Program('serve', { DATABASE_URL: unbound.href, ROW_LEVEL_SECURITY: 'on' });
      expect(await program.exitCode()).not.toBe(0);
      expect(program.errors).toMatch(
        /cannot use ROW_LEVEL_SECURITY 'on': the role "\w+" of DATABASE_URL is a superuser/,
      );
      await administered(`ALTER ROLE ${role} BYPASSRLS`);
      try {
        await expect(keepTenantWall(database, true)).rejects.toThrow('has BYPASSRLS');
      } finally {
        await administered(`ALTER ROLE ${role} NOBYPASSRLS`);
      }
    });

    test('is kept by a further start, and goes when it is turned off', async () => {
      expect(await keepTenantWall(database, true)).toEqual([]);
      const off = await openPostgresql(url, { poolSize: 6 });
      try {
        // Policies that another server has made hide nothing from one that knows none.
        const seen = await off.query(sql`SELECT DISTINCT "tenantId" FROM "Bucket" ORDER BY 1`);
        expect(seen).toEqual(tenants.map((tenantId) => ({ tenantId })));
        expect((await keepTenantWall(off, false)).length).toBeGreaterThan(30);
        expect(await keepTenantWall(off, false)).toEqual([]);
        const policies = await off.statement(`SELECT FROM pg_policies WHERE schemaname = 'public'`);
        expect(policies).toEqual([]);
      } finally {
        await off.close();
      }
      expect((await plainly(url, rowsOf)).get('Bucket')).toBeGreaterThan(0);
      expect((await rest('north', 'GET', '/bucket')).body).toHaveLength(2);
    });
  });
}
