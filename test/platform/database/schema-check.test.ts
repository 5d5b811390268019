import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  applyMigrations,
  MigrationError,
  migrationsFolder,
  readMigrations,
} from '../../../src/platform/database/migrations.js';
import { catalogOf } from '../../../src/platform/database/schema-check.js';
import { partsOf } from '../../../src/platform/database/schema-parts.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';

let database: TestDatabase;

beforeEach(async () => {
  database = await openTestDatabase();
});

afterEach(() => database.close());

/** What Prisma keeps its own records in is made by no migration. */
const isOurs = (part: string): boolean => !/^(table|column|index) _prisma_migrations/.test(part);

describe('what migrations made', () => {
  test('is told from their SQL as it is in the database: teach src/platform/database/schema-parts.ts a form that it does not know', async () => {
    const expected = partsOf((await readMigrations(migrationsFolder())).map(({ sql }) => sql));
    const found = await database.dedicated(catalogOf);
    expect([...found].filter(isOurs).sort()).toEqual(expected);
    for (const kind of ['table', 'column', 'index', 'function', 'trigger', 'type'])
      expect(expected.filter((part) => part.startsWith(`${kind} `))).not.toEqual([]);
  });

  test.each([
    ['a table', 'DROP TABLE "BillCycle"', `the database lacks table 'BillCycle'`],
    ['a column', 'ALTER TABLE "Bucket" DROP COLUMN "amountScale"', `the database lacks column 'Bucket.amountScale'`],
    ['an index', 'DROP INDEX "Usage_summaries"', `the database lacks index 'Usage_summaries'`],
    ['a key', 'ALTER TABLE "Bucket" DROP CONSTRAINT "Bucket_pkey"', `the database lacks index 'Bucket_pkey'`],
    ['a function', 'DROP FUNCTION "billPreviewsAt"(timestamptz)', `the database lacks function 'billPreviewsAt'`],
    ['a trigger', 'DROP TRIGGER "Bucket_grouped" ON "Bucket"', `the database lacks trigger 'Bucket.Bucket_grouped'`],
    [
      'a trigger that is on',
      'ALTER TABLE "Bucket" DISABLE TRIGGER "Bucket_grouped"',
      `the database lacks trigger 'Bucket.Bucket_grouped'`,
    ],
    [
      'a type',
      'DROP TYPE "LedgerEntryAt" CASCADE',
      `the database lacks function 'ledgerEntriesAt', type 'LedgerEntryAt'`,
    ],
  ])('is missed at the start when %s is not there', async (_name, loss, message) => {
    await database.script(loss);
    const start = applyMigrations(database);
    await expect(start).rejects.toThrow(MigrationError);
    // One line.
    await expect(start).rejects.toThrow(
      new RegExp(`^${message}[^\\n]*, which its migrations made: restore it from a backup that is whole$`),
    );
  });

  test('is followed through what later migrations change', () => {
    const scripts = [
      `-- why; and "more"\nCREATE TABLE "a" (\n "id" TEXT COLLATE "C" NOT NULL DEFAULT ';',\n "n" DECIMAL(25,9),\n "gone" INTEGER,\n CONSTRAINT "a_pkey" PRIMARY KEY ("id")\n);\nCREATE INDEX "a_n" ON "a"("n");`,
      `ALTER TABLE "a" DROP COLUMN "gone", ADD COLUMN "new" TEXT DEFAULT 'x,y', ADD CONSTRAINT "a_new" UNIQUE ("new");\nALTER TABLE "a" RENAME COLUMN "n" TO "m";`,
      'CREATE FUNCTION "f"() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE "not"("x" INT); RETURN NULL; END $$; CREATE TRIGGER "t" AFTER INSERT ON "a" FOR EACH ROW EXECUTE FUNCTION "f"();',
      'CREATE OR REPLACE FUNCTION "public"."g"() RETURNS INTEGER LANGUAGE sql\nBEGIN ATOMIC\n  SELECT CASE WHEN true THEN 1 END;\nEND;\nCREATE TABLE "b" ("id" INTEGER); CREATE INDEX "b_id" ON "b"("id"); DROP TABLE "b"; ALTER INDEX "a_n" RENAME TO "a_m"; /* CREATE TABLE "c" ("id" INTEGER); */',
    ];
    expect(partsOf(scripts)).toEqual([
      'column a.id',
      'column a.m',
      'column a.new',
      'function f',
      'function g',
      'index a_m',
      'index a_new',
      'index a_pkey',
      'table a',
      'trigger a.t',
    ]);
  });
});

describe('functions of the database', () => {
  test('find what they call though the search path is empty', async () => {
    await database.dedicated(async (connection) => {
      await connection.script(`SET search_path = ''`);
      const functions = await connection.query<{ definition: string }>(
        `SELECT pg_get_functiondef(p.oid) AS "definition" FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace ORDER BY p.proname`,
      );
      expect(functions.length).toBeGreaterThan(20);
      // PostgreSQL checks the body of each SQL function when it is made.
      for (const { definition } of functions) await connection.script(definition);
      // Bodies in other languages are looked at when they run.
      const bucket = {
        tenantId: 't',
        id: 'b',
        revision: 1,
        status: 'active',
        usageType: 'data',
        remainingValueUnits: 'MB',
        relatedParty: [{ id: 'p' }],
        requestedDate: 'now',
        confirmationDate: 'now',
        updatedAt: 'now',
        entrySequence: 0,
        amountScale: 0,
      };
      const action = {
        tenantId: 't',
        id: 'a',
        kind: 'topupBalance',
        revision: 1,
        status: 'created',
        amountAmount: 1,
        amountUnits: 'MB',
        requestedDate: 'now',
        updatedAt: 'now',
        bucket: { id: 'b' },
      };
      const insert = (table: string, row: object): Promise<unknown> =>
        connection.query(
          `INSERT INTO public."${table}" SELECT * FROM jsonb_populate_record(NULL::public."${table}", (SELECT (to_jsonb(d) || $1::jsonb) FROM (SELECT * FROM jsonb_populate_record(NULL::public."${table}", '{}')) d))`,
          [JSON.stringify(row)],
        );
      await insert('Bucket', bucket);
      await insert('BalanceAction', action);
      await connection.script(
        `UPDATE public."Bucket" SET "remainingValueUnits" = 'GB'; UPDATE public."BalanceAction" SET "bucket" = '{"id":"c"}'`,
      );
      const [links] = await connection.query(
        `SELECT (SELECT string_agg("bucketId", ',') FROM public."BucketAction") AS "actions", (SELECT string_agg("groupId", ',') FROM public."BalanceGroupBucket") AS "groups"`,
      );
      expect(links).toEqual({ actions: 'c', groups: 'relatedParty~p~data~GB' });
      await connection.script('RESET search_path');
    });
  });
});
