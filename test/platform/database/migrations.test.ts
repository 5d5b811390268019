import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { Prisma } from '../../../prisma/generated/client.js';
import {
  applyMigrations,
  migrationsFolder,
  MigrationError,
  readMigrations,
} from '../../../src/platform/database/migrations.js';
import { openPostgresql } from '../../../src/platform/database/postgresql.js';
import { openEmptyDatabase, type TestDatabase } from '../../support/database.js';

const { sql } = Prisma;

let database: TestDatabase;
let folder: string;

beforeEach(async () => {
  database = await openEmptyDatabase();
  folder = await mkdtemp(join(tmpdir(), 'tmf-migrations-'));
  await write('1_first', 'CREATE TABLE "a" ("id" integer);\nINSERT INTO "a" VALUES (1);\n');
});

afterEach(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

async function write(name: string, text: string): Promise<void> {
  await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, name, 'migration.sql'), text);
}

async function tables(): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    sql`SELECT tablename AS "name" FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

describe('migrations', () => {
  test('are applied in order, once', async () => {
    await write('2_second', 'INSERT INTO "a" VALUES (2);');
    await writeFile(join(folder, 'migration_lock.toml'), 'provider = "postgresql"\n');
    expect(await applyMigrations(database, folder)).toEqual(['1_first', '2_second']);
    expect(await applyMigrations(database, folder)).toEqual([]);
    await write('3_third', 'CREATE FUNCTION "one"() RETURNS integer LANGUAGE sql AS $$ SELECT 1; $$; SELECT "one"();');
    expect(await applyMigrations(database, folder)).toEqual(['3_third']);
    expect(await database.query(sql`SELECT "id", "one"() AS "one" FROM "a" ORDER BY "id"`)).toEqual([
      { id: 1, one: 1 },
      { id: 2, one: 1 },
    ]);
  });

  test('are recorded as Prisma records them', async () => {
    await applyMigrations(database, folder);
    const [record] = await database.query(sql`SELECT * FROM "_prisma_migrations"`);
    expect(record).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      checksum: createHash('sha256')
        .update(await readFile(join(folder, '1_first', 'migration.sql')))
        .digest('hex'),
      finished_at: expect.any(Date),
      migration_name: '1_first',
      logs: null,
      rolled_back_at: null,
      started_at: expect.any(Date),
      applied_steps_count: 1,
    });
  });

  test('leave the database as it was when one fails, and go on when it is mended', async () => {
    await write('2_bad', 'CREATE TABLE "b" ("id" integer);\nINSERT INTO "nowhere" VALUES (1);');
    await write('3_third', 'CREATE TABLE "c" ("id" integer);');
    const attempt = applyMigrations(database, folder);
    await expect(attempt).rejects.toThrow(MigrationError);
    await expect(attempt).rejects.toThrow(`migration '2_bad' failed: relation "nowhere" does not exist`);
    expect(await tables()).toEqual(['_prisma_migrations', 'a']);
    expect(await database.query(sql`SELECT migration_name FROM "_prisma_migrations"`)).toHaveLength(1);
    await write('2_bad', 'CREATE TABLE "b" ("id" integer);');
    expect(await applyMigrations(database, folder)).toEqual(['2_bad', '3_third']);
  });

  test('are refused when one was changed after it was applied', async () => {
    await applyMigrations(database, folder);
    await write('1_first', 'CREATE TABLE "a" ("id" bigint);');
    await write('2_second', 'CREATE TABLE "b" ("id" integer);');
    await expect(applyMigrations(database, folder)).rejects.toThrow(
      "migration '1_first' was changed after it was applied to this database",
    );
    expect(await tables()).toEqual(['_prisma_migrations', 'a']);
  });

  test('are the same with other line ends', async () => {
    await applyMigrations(database, folder);
    await write('1_first', 'CREATE TABLE "a" ("id" integer);\r\nINSERT INTO "a" VALUES (1);\r\n');
    expect(await applyMigrations(database, folder)).toEqual([]);
  });

  test('are refused when the database has one that is not there', async () => {
    await write('2_second', 'CREATE TABLE "b" ("id" integer);');
    await applyMigrations(database, folder);
    await rm(join(folder, '2_second'), { recursive: true });
    await expect(applyMigrations(database, folder)).rejects.toThrow(
      "the database has migration '2_second', which this version of the server does not know",
    );
  });

  test('are refused when one did not finish, unless it was marked as rolled back', async () => {
    await applyMigrations(database, folder);
    await database.query(sql`UPDATE "_prisma_migrations" SET finished_at = NULL`);
    await expect(applyMigrations(database, folder)).rejects.toThrow(
      "migration '1_first' was started on this database and did not finish",
    );
    await database.query(sql`UPDATE "_prisma_migrations" SET rolled_back_at = now()`);
    await database.query(sql`DROP TABLE "a"`);
    expect(await applyMigrations(database, folder)).toEqual(['1_first']);
  });

  test('without a transaction are one statement, and are repeated when they were broken off', async () => {
    await write(
      '2_index',
      '-- because\n-- without transaction\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "a_id" ON "a" ("id");',
    );
    await applyMigrations(database, folder).catch(() => undefined);
    await database.query(sql`DELETE FROM "_prisma_migrations" WHERE migration_name = '2_index'`);
    await database.query(sql`DROP INDEX IF EXISTS "a_id"`);
    await database.query(sql`INSERT INTO "a" VALUES (1)`);
    // Two rows are alike: it fails, and leaves an index that nobody reads.
    await expect(applyMigrations(database, folder)).rejects.toThrow(
      "migration '2_index' failed: could not create unique",
    );
    await database.query(sql`DELETE FROM "a"`);
    expect(await applyMigrations(database, folder)).toEqual(['2_index']);
    expect(
      await database.query(sql`SELECT indisvalid AS "isValid" FROM pg_index WHERE indexrelid = '"a_id"'::regclass`),
    ).toEqual([{ isValid: true }]);
    expect(await applyMigrations(database, folder)).toEqual([]);
  });

  test('of this project say in their first line why they exist, and sort by their time', async () => {
    for (const { name, sql: text } of await readMigrations(migrationsFolder())) {
      expect(name).toMatch(/^\d{14}_[a-z0-9_]+$/);
      expect(text).toMatch(/^-- \S/);
    }
  });
});

if (process.env.TEST_DATABASE_URL) {
  describe('migrations of a PostgreSQL server', () => {
    test('are applied once by several servers that start at once', async () => {
      for (let number = 2; number < 10; number++)
        await write(`${number}_more`, `CREATE TABLE "t${number}" ("id" integer);`);
      const servers = await Promise.all([1, 2, 3, 4].map(() => openPostgresql(database.url!, { poolSize: 1 })));
      const applied = await Promise.all(servers.map((server) => applyMigrations(server, folder)));
      expect(applied.map(({ length }) => length).sort()).toEqual([0, 0, 0, 9]);
      await Promise.all(servers.map((server) => server.close()));
    });

    test('without a transaction do not wait for servers that wait for them', async () => {
      await write(
        '2_index',
        '-- because\n-- without transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS "a_id" ON "a" ("id");',
      );
      const servers = await Promise.all([1, 2, 3, 4].map(() => openPostgresql(database.url!, { poolSize: 1 })));
      const applied = await Promise.all(servers.map((server) => applyMigrations(server, folder)));
      expect(applied.flat().sort()).toEqual(['1_first', '2_index']);
      await Promise.all(servers.map((server) => server.close()));
    });

    const times = { lockMs: 50, pauseMs: 50, locksMaxMs: 60_000, serversMaxMs: 60_000 };

    /** Whoever reads the table meanwhile, and does not end. */
    async function holding<T>(work: (letGo: () => Promise<void>) => Promise<T>): Promise<T> {
      const holder = new pg.Client(database.url);
      await holder.connect();
      await holder.query('BEGIN; SELECT * FROM "a"');
      try {
        return await work(async () => void (await holder.query('COMMIT')));
      } finally {
        await holder.end();
      }
    }

    test('wait for a table again and again, and hold up nobody who comes behind', async () => {
      await applyMigrations(database, folder);
      await write('2_alter', 'ALTER TABLE "a" ADD COLUMN "b" INTEGER;');
      await holding(async (letGo) => {
        let isDone = false;
        const applying = applyMigrations(database, folder, times).finally(() => (isDone = true));
        for (let read = 0; read < 20; read++) {
          // As long as it waits for its lock, and less than the holder: which never ends by itself.
          await database.query(sql`SELECT count(*) FROM "a"`);
          await new Promise((done) => setTimeout(done, 20));
        }
        expect(isDone).toBe(false);
        await letGo();
        expect(await applying).toEqual(['2_alter']);
      });
    });

    test('give up when a table is never let go, and say so', async () => {
      await applyMigrations(database, folder);
      await write('2_alter', 'ALTER TABLE "a" ADD COLUMN "b" INTEGER;');
      await holding(async () => {
        const attempt = applyMigrations(database, folder, { ...times, locksMaxMs: 200 });
        await expect(attempt).rejects.toThrow(
          "migration '2_alter' got no lock for 0.2 s (canceling statement due to lock timeout): end what uses its tables for so long (pg_stat_activity), and start again",
        );
      });
      expect(await applyMigrations(database, folder)).toEqual(['2_alter']);
    });

    test('give up when another server migrates for too long', async () => {
      const other = new pg.Client(database.url);
      await other.connect();
      await other.query('SELECT pg_advisory_lock(72707369)');
      await expect(applyMigrations(database, folder, { ...times, serversMaxMs: 100 })).rejects.toThrow(
        'another server has been migrating this database for hours',
      );
      await other.end();
    });

    test('may run longer than a statement of a request', async () => {
      await write('2_slow', `CREATE TABLE "b" AS SELECT current_setting('statement_timeout') AS "timeout";`);
      await applyMigrations(database, folder);
      expect(await database.query(sql`SELECT * FROM "b"`)).toEqual([{ timeout: '0' }]);
    });
  });
}
