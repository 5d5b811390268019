import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../../../src/platform/database/database.js';
import { openPostgresql, type PostgresqlOptions } from '../../../src/platform/database/postgresql.js';
import { enterTenant } from '../../../src/platform/database/tenant-scope.js';
import { withSnapshot } from '../../../src/platform/read/snapshot.js';
import { concurrently } from '../../support/concurrently.js';
import { eventually } from '../../support/eventually.js';
import { PgBouncer } from '../../support/pgbouncer.js';
import { createDatabase, dropDatabase, urlOf } from '../../support/postgresql.js';

const { sql } = Prisma;
const settings = sql`
  SELECT current_setting('statement_timeout') AS "statement", current_setting('lock_timeout') AS "lock",
    current_setting('TimeZone') AS "zone", current_setting('jit') AS "jit", current_setting('tmf.tenant') AS "tenant"`;
const kept = { isPlanKept: true };

let name: string;
let bouncer: PgBouncer;
let database: Database;
beforeEach(async () => {
  name = await createDatabase();
  // What one piece of work leaves in its session, the next one finds.
  bouncer = await PgBouncer.start(urlOf(name), 1);
  database = await open();
});
afterEach(async () => {
  await database.close();
  await bouncer.remove();
  await dropDatabase(name);
});

function open(options: Partial<PostgresqlOptions> = {}): Promise<Database> {
  return openPostgresql(bouncer.url, { poolSize: 12, isPooled: true, areStatementsNamed: false, ...options });
}

test('every statement has the settings of its class, and leaves none behind', async () => {
  const [read, report, engine, inEngine, inPrisma] = await Promise.all([
    database.read(settings, kept),
    database.read(settings, { ...kept, workClass: 'report' }),
    database.engine.query(settings),
    database.engine.transaction((tx) => tx.query(settings)),
    database.transaction((tx) => tx.query(settings)),
  ]);
  const common = { zone: 'UTC', jit: 'off', tenant: '*' };
  expect(read).toEqual([{ ...common, statement: '5s', lock: '0' }]);
  expect(report).toEqual([{ ...common, statement: '30s', lock: '0' }]);
  expect(engine).toEqual([{ ...common, statement: '5s', lock: '300ms' }]);
  expect(inEngine).toEqual(engine);
  expect(inPrisma).toEqual([{ ...common, statement: '30s', lock: '5s' }]);
  await database.dedicated(async (connection) => {
    const [left] = await connection.query<{ jit: string }>(
      `SELECT boot_val AS "boot", current_setting('jit') AS "jit" FROM pg_settings WHERE name = 'jit'`,
    );
    expect(left).toEqual({ boot: 'on', jit: 'on' });
  });
});

test('statements of many tenants at once each see their own, whose connection it ever is', async () => {
  const walled = await open({ isolatesTenants: true });
  const seen = async (tenant: string): Promise<unknown[]> =>
    enterTenant(tenant, async () => {
      const rows = await Promise.all([
        walled.read<{ tenant: string }>(settings, kept),
        walled.engine.transaction((tx) => tx.query<{ tenant: string }>(settings)),
        walled.transaction((tx) => tx.query<{ tenant: string }>(settings)),
        walled.dedicated((connection) => connection.query<{ tenant: string }>(settings.text)),
      ]);
      return rows.map(([row]) => row?.tenant);
    });
  try {
    const tenants = await concurrently(20, (index) => seen(`tenant ' ${index}`));
    expect(tenants).toEqual(tenants.map((_, index) => Array.from({ length: 4 }, () => `tenant ' ${index}`)));
  } finally {
    await walled.close();
  }
});

test('a statement is committed when it is answered, and a failed one is not', async () => {
  await database.script('CREATE TABLE "a" ("id" integer PRIMARY KEY)');
  await concurrently(10, (id) => database.statement('INSERT INTO "a" VALUES ($1)', [id]));
  await expect(database.statement('INSERT INTO "a" VALUES ($1)', [3])).rejects.toMatchObject({ code: '23505' });
  await expect(database.script('INSERT INTO "a" VALUES (11); INSERT INTO "a" VALUES (3)')).rejects.toThrow();
  await expect(
    database.engine.transaction(async (tx) => {
      await tx.execute(sql`INSERT INTO "a" VALUES (12)`);
      throw new Error('changed its mind');
    }),
  ).rejects.toThrow('changed its mind');
  expect(await database.query(sql`SELECT count(*)::int AS "rows" FROM "a"`)).toEqual([{ rows: 10 }]);
});

test('what takes too long, or nobody waits for any more, is cancelled in PostgreSQL, and nobody else', async () => {
  const quick = await open({ readTimes: { readMs: 300, reportMs: 60_000 } });
  try {
    await expect(quick.read(sql`SELECT pg_sleep(60)::text`, kept)).rejects.toMatchObject({ code: '57014' });
    const leaving = new AbortController();
    const running = quick.read(sql`SELECT pg_sleep(60)::text`, {
      ...kept,
      workClass: 'report',
      signal: leaving.signal,
      onBegin: () => setTimeout(() => leaving.abort(new Error('left')), 100),
    });
    await expect(running).rejects.toThrow('left');
    // The one connection is free again.
    expect(
      await eventually('it is free', () => database.read(sql`SELECT 1 AS "one"`, kept).catch(() => undefined)),
    ).toEqual([{ one: 1 }]);
  } finally {
    await quick.close();
  }
});

test('a snapshot stays the same, and work that only one server may do is done by one', async () => {
  const other = await PgBouncer.start(urlOf(name), 4);
  const several = await openPostgresql(other.url, { poolSize: 6, isPooled: true, areStatementsNamed: false });
  try {
    await several.script('CREATE TABLE "a" ("id" integer)');
    const count = sql`SELECT count(*)::int AS "rows" FROM "a"`;
    await withSnapshot(several, { maxMs: 60_000, signal: new AbortController().signal }, async (reads) => {
      expect(await reads.read(count, kept)).toEqual([{ rows: 0 }]);
      await several.statement('INSERT INTO "a" VALUES (1)');
      expect(await reads.read(count, kept)).toEqual([{ rows: 0 }]);
    });
    await concurrently(6, () =>
      several.exclusively(1, async (connection) => {
        const [before] = await connection.query<{ rows: number }>(count.text);
        await several.query(sql`SELECT pg_sleep(0.02)::text`);
        await connection.query('INSERT INTO "a" SELECT 1 FROM generate_series(1, $1)', [before?.rows]);
      }),
    );
    expect(await several.query(count)).toEqual([{ rows: 64 }]);
  } finally {
    await several.close();
    await other.remove();
  }
});

test('a pooler takes no options, and the start says so', async () => {
  await expect(
    openPostgresql(`${bouncer.url}?options=-c%20jit%3Doff`, { poolSize: 1, isPooled: true }),
  ).rejects.toThrow("the PostgreSQL url has 'options', which a pooler does not pass on");
  await expect(openPostgresql(bouncer.url, { poolSize: 1 })).rejects.toThrow(
    /cannot use PostgreSQL at .*startup parameter/,
  );
});
