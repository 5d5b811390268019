import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { checkMigrations } from '../../../src/app/cli/migration-check/check.js';
import { rules } from '../../../src/app/cli/migration-check/rules.js';
import { migrationsFolder, readMigrations } from '../../../src/platform/database/migrations.js';

const released = `
CREATE TABLE "Usage" ("id" TEXT NOT NULL, "note" TEXT, CONSTRAINT "Usage_pkey" PRIMARY KEY ("id"));
CREATE INDEX "Usage_note_idx" ON "Usage" ("note");
CREATE TABLE "Tenant" ("id" TEXT NOT NULL, "note" TEXT);
CREATE FUNCTION "public"."one"() RETURNS INTEGER LANGUAGE sql AS $$ SELECT 1 $$;
CREATE TRIGGER "told" AFTER INSERT ON "Usage" FOR EACH ROW EXECUTE FUNCTION "public"."one"();
`;
const alone = '-- without transaction\n';

/** The rules that the last of these migrations breaks. */
async function broken(...scripts: string[]): Promise<string[]> {
  const migrations = [released, ...scripts].map((sql, index) => ({ name: `${index}`, sql }));
  const problems = await checkMigrations({ migrations, released: '0', after: `${scripts.length - 1}` });
  for (const { rule, instead } of problems) expect(instead).toBe(rules[rule]);
  return problems.map(({ rule }) => rule);
}

describe('a migration is refused', () => {
  it.each([
    ['add-column-rewrites', 'ALTER TABLE "Usage" ADD COLUMN "a" TEXT DEFAULT gen_random_uuid()'],
    ['add-column-rewrites', 'ALTER TABLE "Usage" ADD COLUMN "a" NUMERIC NOT NULL DEFAULT 2 * random()'],
    ['add-column-rewrites', 'ALTER TABLE "Usage" ADD COLUMN "a" TIMESTAMPTZ DEFAULT clock_timestamp()'],
    ['add-column-rewrites', 'ALTER TABLE "Usage" ADD COLUMN "a" TEXT GENERATED ALWAYS AS (upper("id")) STORED'],
    ['add-column-rewrites', 'ALTER TABLE "Usage" ADD COLUMN "a" BIGINT GENERATED ALWAYS AS IDENTITY'],
    ['add-column-rewrites', 'ALTER TABLE "Usage" ADD COLUMN "a" BIGSERIAL NOT NULL'],
    ['add-column-required', 'ALTER TABLE "Usage" ADD COLUMN "a" TEXT NOT NULL'],
    ['add-column-required', 'ALTER TABLE "Tenant" ADD COLUMN "a" TEXT NOT NULL'],
    ['constraint-locks', 'ALTER TABLE "Usage" ADD COLUMN "a" TEXT UNIQUE'],
    ['constraint-locks', 'ALTER TABLE "Usage" ADD COLUMN "a" TEXT REFERENCES "Tenant" ("id")'],
    ['constraint-locks', 'ALTER TABLE "Usage" ADD CONSTRAINT "c" CHECK ("note" <> \'\')'],
    ['constraint-locks', 'ALTER TABLE "Usage" ADD CONSTRAINT "c" FOREIGN KEY ("note") REFERENCES "Tenant" ("id")'],
    ['constraint-locks', 'ALTER TABLE "Usage" ADD CONSTRAINT "c" UNIQUE ("note")'],
    ['set-not-null', 'ALTER TABLE "Usage" ALTER COLUMN "note" SET NOT NULL'],
    ['change-type', 'ALTER TABLE "Usage" ALTER COLUMN "note" SET DATA TYPE JSONB USING "note"::jsonb'],
    ['index-locks', 'CREATE INDEX "i" ON "Usage" ("note")'],
    ['index-locks', 'CREATE UNIQUE INDEX IF NOT EXISTS "i" ON ONLY "public"."Usage" ("note")'],
    ['index-locks', 'DROP INDEX "Usage_note_idx"'],
    ['index-locks', 'REINDEX TABLE "Usage"'],
    ['drop-or-rename', 'DROP TABLE "Usage"'],
    ['drop-or-rename', 'DROP FUNCTION "public"."one"()'],
    ['drop-or-rename', 'DROP TRIGGER "told" ON "Usage"'],
    ['drop-or-rename', 'DROP VIEW "reporting"."usages"'],
    ['drop-or-rename', 'ALTER TABLE "Usage" DROP COLUMN "note"'],
    ['drop-or-rename', 'ALTER TABLE "Tenant" DROP COLUMN "note"'],
    ['drop-or-rename', 'ALTER TABLE "Usage" DROP CONSTRAINT "Usage_pkey"'],
    ['drop-or-rename', 'ALTER TABLE "Usage" RENAME COLUMN "note" TO "remark"'],
    ['drop-or-rename', 'ALTER TABLE "Usage" RENAME TO "Use"'],
    ['drop-or-rename', 'ALTER FUNCTION "public"."one"() RENAME TO "two"'],
    ['rewrite', 'VACUUM FULL "Usage"'],
    ['rewrite', 'CLUSTER "Usage" USING "Usage_pkey"'],
    ['rewrite', 'ALTER TABLE "Usage" SET UNLOGGED'],
    ['partition', 'ALTER TABLE "Usage" ATTACH PARTITION "u" FOR VALUES FROM (1) TO (2)'],
    ['partition', 'CREATE TABLE "u" PARTITION OF "Usage" FOR VALUES FROM (1) TO (2)'],
    ['lock-table', 'LOCK TABLE "Usage" IN EXCLUSIVE MODE'],
    ['change-rows', 'UPDATE "Usage" SET "note" = \'\' WHERE "note" IS NULL'],
    ['change-rows', 'DELETE FROM "Usage"'],
    ['change-rows', 'TRUNCATE "Usage"'],
    ['change-rows', 'WITH g AS (DELETE FROM "Usage" RETURNING 1) SELECT * FROM g'],
    ['change-rows', 'INSERT INTO "Tenant" SELECT "id" FROM "Usage"'],
    ['hidden-code', 'DO $$ BEGIN PERFORM 1; END $$'],
    ['hidden-code', 'CALL "something"()'],
    ['timeouts', 'SET lock_timeout = 0'],
    ['timeouts', "SET LOCAL statement_timeout = '1h'"],
    ['without-transaction', 'CREATE INDEX CONCURRENTLY IF NOT EXISTS "i" ON "Usage" ("note")'],
    ['without-transaction', `${alone}CREATE INDEX CONCURRENTLY "i" ON "Usage" ("note")`],
    ['without-transaction', `${alone}ALTER TABLE "Usage" ADD COLUMN "a" TEXT`],
    ['without-transaction', 'ALTER TABLE "Usage" VALIDATE CONSTRAINT "c"'],
    ['exception', '-- allow index-locks: no index is made here at all\nSELECT 1'],
    ['exception', '-- allow everything: because it is so much easier\nSELECT 1'],
  ])('by %s: %s', async (rule, sql) => {
    expect(await broken(sql)).toEqual([rule]);
  });

  it('when one without a transaction has several statements', async () => {
    const one = 'DROP INDEX CONCURRENTLY IF EXISTS "Usage_note_idx";';
    expect(await broken(`${alone}${one}\n${one}`)).toEqual(['without-transaction']);
  });

  it('when its exception has no reason', async () => {
    const sql = '\nCREATE INDEX "i" ON "Usage" ("note")';
    expect(await broken(`-- allow index-locks${sql}`)).toEqual(['index-locks', 'exception']);
    expect(await broken(`-- allow index-locks: so${sql}`)).toEqual(['index-locks', 'exception']);
  });

  it('when it takes a column for proved that nobody has validated', async () => {
    const check = 'ALTER TABLE "Usage" ADD CONSTRAINT "c" CHECK ("note" IS NOT NULL) NOT VALID';
    expect(await broken(check, 'ALTER TABLE "Usage" ALTER COLUMN "note" SET NOT NULL')).toEqual(['set-not-null']);
  });

  it('and is told by its name and its statement', async () => {
    const migrations = [
      { name: '1_released', sql: released },
      { name: '2_index', sql: '-- why\n\n-- CreateIndex\nCREATE INDEX "ä" ON "Usage"\n  ("note");\nSELECT 1;' },
    ];
    expect(await checkMigrations({ migrations, released: '1_released', after: '1_released' })).toEqual([
      {
        migration: '2_index',
        rule: 'index-locks',
        statement: 'CREATE INDEX "ä" ON "Usage" ("note")',
        instead: rules['index-locks'],
      },
    ]);
  });
});

describe('a migration is taken', () => {
  it.each([
    'ALTER TABLE "Usage" ADD COLUMN "a" TEXT',
    'DROP TRIGGER "told" ON "Usage"; CREATE TRIGGER "told" AFTER INSERT ON "Usage" FOR EACH ROW EXECUTE FUNCTION "public"."one"()',
    'DROP FUNCTION "public"."one"(); CREATE FUNCTION "public"."one"() RETURNS BIGINT LANGUAGE sql AS $$ SELECT 1 $$',
    'DROP VIEW "reporting"."usages"; CREATE VIEW "reporting"."usages" AS SELECT "id" FROM "Usage"',
    `ALTER TABLE "Usage" ADD COLUMN "a" TEXT NOT NULL DEFAULT '', ADD COLUMN "b" TIMESTAMPTZ DEFAULT now()`,
    'ALTER TABLE "Usage" ADD CONSTRAINT "c" CHECK ("note" <> \'\') NOT VALID',
    'ALTER TABLE "Usage" ADD CONSTRAINT "c" UNIQUE USING INDEX "i"',
    'ALTER TABLE "Usage" DROP CONSTRAINT "some_check"',
    'CREATE INDEX "i" ON "Tenant" ("note")',
    'UPDATE "Tenant" SET "note" = NULL',
    'CREATE TABLE "New" ("id" TEXT); CREATE INDEX "i" ON "New" ("id"); ALTER TABLE "New" ALTER COLUMN "id" SET NOT NULL; ALTER TABLE "New" RENAME COLUMN "id" TO "name"',
    'CREATE OR REPLACE FUNCTION "public"."one"() RETURNS INTEGER LANGUAGE sql AS $$ SELECT 2 $$',
    'CREATE FUNCTION "f"() RETURNS VOID LANGUAGE sql AS $$ UPDATE "Usage" SET "note" = NULL $$',
    `${alone}CREATE INDEX CONCURRENTLY IF NOT EXISTS "i" ON "Usage" ("note")`,
    `${alone}DROP INDEX CONCURRENTLY IF EXISTS "Usage_note_idx"`,
    `${alone}ALTER TABLE "Usage" VALIDATE CONSTRAINT "c"`,
    '-- allow index-locks: the table is new in all installations\nCREATE INDEX "i" ON "Usage" ("note")',
  ])('%s', async (sql) => {
    expect(await broken(sql)).toEqual([]);
  });

  it('that sets NOT NULL behind a check that was validated', async () => {
    const check = 'ALTER TABLE "Usage" ADD CONSTRAINT "c" CHECK ("note" IS NOT NULL) NOT VALID';
    const validate = `${alone}ALTER TABLE "Usage" VALIDATE CONSTRAINT "c"`;
    expect(await broken(check, validate, 'ALTER TABLE "Usage" ALTER COLUMN "note" SET NOT NULL')).toEqual([]);
  });

  it('that drops what the released version has not', async () => {
    const make =
      'ALTER TABLE "Usage" ADD COLUMN "new" TEXT; CREATE FUNCTION "two"() RETURNS INTEGER LANGUAGE sql AS $$ SELECT 2 $$';
    expect(await broken(make, 'ALTER TABLE "Usage" DROP COLUMN "new"; DROP FUNCTION "two"()')).toEqual([]);
  });
});

it('the migrations of this project lock no big table, and leave the released server what it uses', async () => {
  const { lastMigration, checkedAfter } = JSON.parse(readFileSync('contract/released.json', 'utf8')) as {
    lastMigration: string;
    checkedAfter: string;
  };
  const migrations = await readMigrations(migrationsFolder());
  const names = migrations.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining([lastMigration, checkedAfter]));
  expect(await checkMigrations({ migrations, released: lastMigration, after: checkedAfter })).toEqual([]);
});
