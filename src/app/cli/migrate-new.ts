import { readdir, readFile, mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { PGlite } from '@electric-sql/pglite';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type { SchemaContainer, SchemaEngine } from '@prisma/schema-engine-wasm';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import { openEmbedded } from '../../platform/database/embedded.js';
import {
  applyMigrations,
  migrationsFolder,
  readMigrations,
  type Migration,
} from '../../platform/database/migrations.js';
import { checkMigrations, type Problem } from './migration-check/check.js';

/** Marks a migration that was written by hand, and with it the indexes it creates. */
export const BY_HAND = '-- by hand';

const NAME_PATTERN = /^[a-z][a-z0-9_]{0,99}$/;

export interface MigrationRequest {
  name: string;
  /** Becomes the first line of the file. */
  why: string;
  schemaFolder: string;
  migrationsFolder: string;
  now: Date;
  /** The last migration of the released version, whose server runs beside; absent: the last one there is. */
  released?: string;
}

export interface NewMigration {
  /** The file that was written, or undefined when the migrations already give the schema. */
  file?: string;
  /** Statements that Prisma wanted and that were left out, because they drop an index made by hand. */
  leftOut: string[];
  /** What it must not do as it is. */
  problems?: Problem[];
}

/** Writes the migration that leads from the migrations there are to the Prisma schema. */
export async function createMigration(request: MigrationRequest): Promise<NewMigration> {
  const { name, why, schemaFolder, migrationsFolder: folder, now } = request;
  if (!NAME_PATTERN.test(name)) throw new Error(`cannot name a migration '${name}': it takes a-z, 0-9 and _`);
  if (why.trim() === '' || why.includes('\n'))
    throw new Error('--why takes one line saying why the migration is needed');

  await mkdir(folder, { recursive: true });
  const migrations = await readMigrations(folder);
  const fullName = `${timestamp(now)}_${name}`;
  const latest = migrations.at(-1);
  if (latest && latest.name >= fullName) {
    throw new Error(`the migration would sort before '${latest.name}': the clock is behind`);
  }
  const { sql, leftOut } = keepByHand(await diff(folder, schemaFolder), indexesByHand(migrations));
  if (sql.trim() === '') return { leftOut };
  const file = join(folder, fullName, 'migration.sql');
  await mkdir(dirname(file));
  await writeFile(file, `-- ${why.trim()}\n\n${collateText(sql.trim())}\n`);
  const after = latest?.name ?? '';
  const problems = await checkMigrations({
    migrations: await readMigrations(folder),
    released: request.released ?? after,
    after,
  });
  return { file, leftOut, ...(problems.length > 0 && { problems }) };
}

/** 20260131235959: what Prisma names its migrations by. */
function timestamp(now: Date): string {
  return now.toISOString().slice(0, 19).replaceAll(/\D/g, '');
}

/** The SQL from a database with all migrations to the schema; empty when there is no difference. */
async function diff(folder: string, schemaFolder: string): Promise<string> {
  const files = await readSchema(schemaFolder);
  const database = await openEmbedded(undefined);
  try {
    await applyMigrations(database, folder);
    const engine = await openSchemaEngine(files, database.pglite);
    const { stdout } = await engine.diff({
      from: { tag: 'schemaDatasource', files, configDir: schemaFolder },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: null,
      filters: { externalTables: [], externalEnums: [] },
    });
    return !stdout || stdout.startsWith('-- This is an empty migration') ? '' : stdout;
  } finally {
    await database.close();
  }
}

async function readSchema(folder: string): Promise<SchemaContainer[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.prisma')).sort();
  return Promise.all(
    names.map(async (name) => ({ path: join(folder, name), content: await readFile(join(folder, name), 'utf8') })),
  );
}

/** Prisma's migration engine; it talks to the database through the driver adapter. */
async function openSchemaEngine(files: SchemaContainer[], pglite: PGlite): Promise<SchemaEngine> {
  engineGlue ??= loadEngine();
  const glue = await engineGlue;
  const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPGlite(pglite));
  const datamodels = files.map(({ path, content }): [string, string] => [path, content]);
  return glue.SchemaEngine.new({ datamodels }, () => undefined, adapter);
}

/** Once per process: the glue keeps views of the memory of the module it was first given. */
let engineGlue: Promise<EngineGlue> | undefined;

/** The engine is WebAssembly, and its own entry file imports it as an ES module, which Node 20 cannot do. */
async function loadEngine(): Promise<EngineGlue> {
  const glueFile = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const glue = (await import('@prisma/schema-engine-wasm/schema_engine_bg')) as unknown as EngineGlue;
  const { instance } = await WebAssembly.instantiate(await readFile(join(dirname(glueFile), 'schema_engine_bg.wasm')), {
    './schema_engine_bg.js': glue,
  });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return glue;
}

interface EngineGlue {
  __wbg_set_wasm(exports: EngineExports): void;
  SchemaEngine: typeof SchemaEngine;
}

interface EngineExports {
  __wbindgen_start(): void;
}

/** Only the browser's type library, which we do not load, declares it. */
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: Record<string, object>): Promise<{ instance: { exports: EngineExports } }>;
};

/** Text is ordered and ranged by its bytes, on every server: the collation goes with the column. */
export function collateText(sql: string): string {
  return sql.replaceAll(
    /^(.*?"[^"]+"\s+(?:SET DATA TYPE\s+)?(?:TEXT|(?:VAR)?CHAR\(\d+\))(?:\[\])?)(?=[\s,;]|$)/gm,
    '$1 COLLATE "C"',
  );
}

/** The indexes Prisma does not know: those of the migrations that are marked as written by hand. */
function indexesByHand(migrations: Migration[]): Set<string> {
  const scripts = migrations.map(({ sql }) => sql).filter((sql) => sql.split(/\r?\n/).includes(BY_HAND));
  const pattern = /CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?"([^"]+)"/gi;
  return new Set(scripts.flatMap((sql) => [...sql.matchAll(pattern)].map(([, name]) => name!)));
}

/** Prisma wants to drop every index that the schema does not name. Takes those out that we made by hand. */
function keepByHand(sql: string, kept: Set<string>): { sql: string; leftOut: string[] } {
  const leftOut: string[] = [];
  const rest = sql.replaceAll(/(?:^-- DropIndex\n)?^DROP INDEX "([^"]+)";\n*/gm, (statement, name: string) => {
    if (!kept.has(name)) return statement;
    leftOut.push(`DROP INDEX "${name}"`);
    return '';
  });
  return { sql: rest, leftOut };
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: { why: { type: 'string' } }, allowPositionals: true });
  const [name] = positionals;
  if (!name || positionals.length > 1 || !values.why) {
    throw new Error('usage: npm run migrate:new -- <name> --why "one line"');
  }
  const folder = migrationsFolder();
  const releasedFile = resolve(folder, '..', '..', 'contract', 'released.json');
  const { lastMigration } = JSON.parse(await readFile(releasedFile, 'utf8')) as { lastMigration: string };
  const {
    file,
    leftOut,
    problems = [],
  } = await createMigration({
    name,
    why: values.why,
    schemaFolder: resolve(folder, '..', 'schema'),
    migrationsFolder: folder,
    now: new Date(),
    released: lastMigration,
  });
  for (const statement of leftOut) console.log(`left out, because the index was made by hand: ${statement}`);
  console.log(file ? `written: ${file}` : 'nothing to migrate: the migrations already give the schema');
  for (const { rule, statement, instead } of problems)
    console.error(`must be changed (${rule}): ${statement}\n  ${instead}`);
  if (problems.length > 0) process.exitCode = 1;
}

if (argv[1] && resolve(argv[1]) === fileURLToPath(import.meta.url)) {
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
