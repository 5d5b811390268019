import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openEmbedded } from '../../src/platform/database/embedded.js';
import { applyMigrations } from '../../src/platform/database/migrations.js';
import { openPostgresql } from '../../src/platform/database/postgresql.js';
import { createDatabase, dropDatabase, urlOf } from './postgresql.js';

/**
 * Makes the migrated database that every test database is a copy of, and answers its name: a database of the
 * server in TEST_DATABASE_URL, else a file with a dumped PGlite data directory.
 */
export async function makeTemplate(): Promise<string> {
  return process.env.TEST_DATABASE_URL ? makePostgresqlTemplate() : makeEmbeddedTemplate();
}

export async function dropTemplate(template: string): Promise<void> {
  await (process.env.TEST_DATABASE_URL ? dropDatabase(template) : rm(dirname(template), { recursive: true }));
}

async function makePostgresqlTemplate(): Promise<string> {
  const name = await createDatabase();
  const database = await openPostgresql(urlOf(name), { poolSize: 1 });
  await applyMigrations(database);
  // PostgreSQL copies a database only while nobody is connected to it.
  await database.close();
  return name;
}

async function makeEmbeddedTemplate(): Promise<string> {
  const database = await openEmbedded(undefined);
  await applyMigrations(database);
  const dump = await database.pglite.dumpDataDir('none');
  await database.close();
  const file = join(await mkdtemp(join(tmpdir(), 'tmf-test-')), 'template.tar');
  await writeFile(file, new Uint8Array(await dump.arrayBuffer()));
  return file;
}
