import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { collateText, createMigration, type NewMigration } from '../../../src/app/cli/migrate-new.js';
import { rules } from '../../../src/app/cli/migration-check/rules.js';
import { migrationsFolder } from '../../../src/platform/database/migrations.js';

const GENERATOR = 'datasource db {\n  provider = "postgresql"\n}\n';

let folder: string;
let second: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tmf-migrate-'));
  await mkdir(join(folder, 'schema'));
  await writeFile(join(folder, 'schema', 'base.prisma'), GENERATOR);
  second = 0;
});

afterEach(() => rm(folder, { recursive: true }));

async function writeModel(fields: string): Promise<void> {
  await writeFile(join(folder, 'schema', 'thing.prisma'), `model Thing {\n${fields}\n}\n`);
}

function create(name = 'some_change', why = 'because'): Promise<NewMigration> {
  return createMigration({
    name,
    why,
    schemaFolder: join(folder, 'schema'),
    migrationsFolder: join(folder, 'migrations'),
    now: new Date(Date.UTC(2026, 0, 31, 23, 59, second++)),
  });
}

async function makeMigration(name: string, sql: string): Promise<void> {
  await mkdir(join(folder, 'migrations', name), { recursive: true });
  await writeFile(join(folder, 'migrations', name, 'migration.sql'), sql);
}

describe('a new migration', () => {
  // One story, because each step makes a database and applies all that is there.
  test('leads from nothing to the schema, then holds only the difference, and is not written when there is none', async () => {
    await writeModel(
      '  id String @id\n  name String?\n  code String @db.VarChar(3)\n  count Int\n  tags String[]\n  at DateTime @db.Timestamptz(3)\n  @@index([name])',
    );
    const first = await create('first', 'the first table');
    expect(first.leftOut).toEqual([]);
    expect(basename(dirname(first.file!))).toBe('20260131235900_first');
    expect(await readFile(first.file!, 'utf8')).toBe(`-- the first table

-- CreateTable
CREATE TABLE "Thing" (
    "id" TEXT COLLATE "C" NOT NULL,
    "name" TEXT COLLATE "C",
    "code" VARCHAR(3) COLLATE "C" NOT NULL,
    "count" INTEGER NOT NULL,
    "tags" TEXT[] COLLATE "C",
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Thing_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Thing_name_idx" ON "Thing"("name");
`);

    await writeModel(
      '  id String @id\n  name String?\n  code String @db.VarChar(3)\n  count String\n  tags String[]\n  at DateTime @db.Timestamptz(3)\n  title String?',
    );
    const second = await create('second');
    expect((await readFile(second.file!, 'utf8')).split('\n').filter((line) => line && !line.startsWith('--'))).toEqual(
      [
        'DROP INDEX "Thing_name_idx";',
        'ALTER TABLE "Thing" ADD COLUMN     "title" TEXT COLLATE "C",',
        'ALTER COLUMN "count" SET DATA TYPE TEXT COLLATE "C";',
      ],
    );
    expect(await create()).toEqual({ leftOut: [] });
    expect(await readdir(join(folder, 'migrations'))).toEqual(['20260131235900_first', '20260131235901_second']);
  });

  test('does not drop what was made by hand, and says so', async () => {
    await writeModel('  id String @id\n  name String');
    await makeMigration(
      '20260131235900_first',
      '-- by hand\nCREATE TABLE "Thing" ("id" TEXT COLLATE "C" NOT NULL, "name" TEXT COLLATE "C" NOT NULL, CONSTRAINT "Thing_pkey" PRIMARY KEY ("id"));\n',
    );
    await makeMigration(
      '20260131235930_by_hand',
      `-- names are looked up
-- by hand
CREATE INDEX "thing_name" ON "Thing" ("name");
CREATE UNIQUE INDEX "thing_some" ON "Thing" ("name") WHERE "name" <> '';
CREATE INDEX "thing_lower" ON "Thing" (lower("name"));
CREATE FUNCTION "shout"("Thing") RETURNS text LANGUAGE sql AS $$ SELECT upper($1."name") $$;
`,
    );
    second = 31;
    const unchanged = await create();
    expect(unchanged.file).toBeUndefined();
    expect(unchanged.leftOut).toContain('DROP INDEX "thing_name"');
    await writeModel('  id String @id\n  name String\n  title String?');
    const { file } = await create();
    expect(await readFile(file!, 'utf8')).toBe(
      '-- because\n\n-- AlterTable\nALTER TABLE "Thing" ADD COLUMN     "title" TEXT COLLATE "C";\n',
    );
  });

  test.each([
    ['Bad Name', 'because', "cannot name a migration 'Bad Name'"],
    ['../up', 'because', "cannot name a migration '../up'"],
    ['good', ' ', '--why takes one line'],
    ['good', 'two\nlines', '--why takes one line'],
  ])('is refused with the name %j and the reason %j', async (name, why, message) => {
    await writeModel('  id String @id');
    await expect(create(name, why)).rejects.toThrow(message);
  });

  test('says what would lock a table, and what to do instead', async () => {
    await writeModel('  id String @id\n  name String?');
    expect((await create('first')).problems).toBeUndefined();
    second = 1;
    await writeModel('  id String @id\n  name String\n  @@index([name])');
    const { file, problems } = await create('second');
    expect(file).toMatch(/_second/);
    expect(problems?.map(({ rule, instead }) => [rule, instead])).toEqual([
      ['set-not-null', rules['set-not-null']],
      ['index-locks', rules['index-locks']],
    ]);
  });

  test('is refused when it would sort before one there is', async () => {
    await writeModel('  id String @id');
    await makeMigration('20260131235905_some_change', '-- nothing\n');
    await expect(create()).rejects.toThrow("would sort before '20260131235905_some_change'");
  });

  test('is not needed for the schema of this project', async () => {
    const migrations = migrationsFolder();
    const copy = join(folder, 'copy');
    await mkdir(copy);
    for (const name of await readdir(migrations)) {
      if (name.endsWith('.toml')) continue;
      await mkdir(join(copy, name));
      await writeFile(join(copy, name, 'migration.sql'), await readFile(join(migrations, name, 'migration.sql')));
    }
    const { file } = await createMigration({
      name: 'forgotten',
      why: 'the schema was changed without a migration',
      schemaFolder: resolve(migrations, '..', 'schema'),
      migrationsFolder: copy,
      now: new Date(Date.UTC(2100, 0)),
    });
    expect(file && (await readFile(file, 'utf8'))).toBeUndefined();
  });
});

describe('the collation of text columns', () => {
  test.each([
    ['    "a" TEXT NOT NULL,', '    "a" TEXT COLLATE "C" NOT NULL,'],
    [`    "a" TEXT NOT NULL DEFAULT 'x TEXT y',`, `    "a" TEXT COLLATE "C" NOT NULL DEFAULT 'x TEXT y',`],
    [
      'ALTER TABLE "T" ALTER COLUMN "a" SET DATA TYPE TEXT;',
      'ALTER TABLE "T" ALTER COLUMN "a" SET DATA TYPE TEXT COLLATE "C";',
    ],
    ['    "TEXT" INTEGER,', '    "TEXT" INTEGER,'],
    ['CREATE INDEX "i" ON "TEXT"("TEXT");', 'CREATE INDEX "i" ON "TEXT"("TEXT");'],
  ])('of %s', (before, after) => {
    expect(collateText(before)).toBe(after);
  });
});
