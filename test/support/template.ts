import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { createServer } from '../../src/app/server.js';
import { readConfig } from '../../src/platform/config.js';
import type { Database } from '../../src/platform/database/database.js';
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

/** With the tables that jobs have in it, too, which every server would make anew. */
async function fill(database: Database): Promise<void> {
  await applyMigrations(database);
  const server = await createServer({ config: readConfig({}, 'sandbox'), database, logger: pino({ level: 'silent' }) });
  await server.close();
}

async function makePostgresqlTemplate(): Promise<string> {
  const name = await createDatabase();
  const database = await openPostgresql(urlOf(name), { poolSize: 2 });
  await fill(database);
  // PostgreSQL copies a database only while nobody is connected to it.
  await database.close();
  return name;
}

async function makeEmbeddedTemplate(): Promise<string> {
  const database = await openEmbedded(undefined);
  await fill(database);
  const dump = await database.pglite.dumpDataDir('none');
  await database.close();
  const file = join(await mkdtemp(join(tmpdir(), 'tmf-test-')), 'template.tar');
  await writeFile(file, new Uint8Array(await dump.arrayBuffer()));
  return file;
}
