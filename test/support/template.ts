import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { createServer } from '../../src/app/server.js';
import { tablePlaces } from '../../src/domain/table-places.js';
import type { Clock } from '../../src/platform/clock.js';
import { readConfig } from '../../src/platform/config.js';
import type { Database } from '../../src/platform/database/database.js';
import { distribute } from '../../src/platform/database/distribution.js';
import { openEmbedded } from '../../src/platform/database/embedded.js';
import { applyMigrations } from '../../src/platform/database/migrations.js';
import { openPostgresql } from '../../src/platform/database/postgresql.js';
import { citusUrl } from '../conformance/distributed-database.js';
import { pooling } from './database.js';
import { createDatabase, databasesNamed, dropDatabase, onceNamed, urlOf } from './postgresql.js';

/**
 * Makes the migrated database that every test database is a copy of, and answers its name: a database of the
 * server in TEST_DATABASE_URL, else a file with a dumped PGlite data directory. That of CITUS_URL is no template: its tables are
 * distributed, and tests use it itself.
 */
export async function makeTemplate(): Promise<string> {
  if (citusUrl !== undefined) return layOnNodes(citusUrl);
  return process.env.TEST_DATABASE_URL ? makePostgresqlTemplate() : makeEmbeddedTemplate();
}

export async function dropTemplate(template: string): Promise<void> {
  if (citusUrl !== undefined) return;
  if (!process.env.TEST_DATABASE_URL) return rm(dirname(template), { recursive: true });
  for (const name of await databasesNamed(template)) await dropDatabase(name);
}

/**
 * The name of a copy of the template with the demo data in it, as of a time: made by the test that asks first, on PostgreSQL only.
 * It goes with the template.
 */
export function demoTemplate(template: string, clock: Clock): Promise<string> {
  return onceNamed(`${template}_${clock.now().getTime()}`, async () => {
    const name = await createDatabase(template);
    const database = await openPostgresql(urlOf(name), { poolSize: 4, ...pooling });
    await fill(database, { SEED: 'demo' }, clock);
    await database.close();
    return name;
  });
}

/** With the tables that jobs have in it, too, which every server would make anew. */
async function fill(database: Database, env: Record<string, string> = { SEED: 'none' }, clock?: Clock): Promise<void> {
  await applyMigrations(database);
  const config = readConfig(env, 'sandbox');
  const server = await createServer({ config, database, clock, logger: pino({ level: 'silent' }) });
  await server.seed();
  await server.close();
}

async function makePostgresqlTemplate(): Promise<string> {
  const name = await createDatabase();
  const database = await openPostgresql(urlOf(name), { poolSize: 2, ...pooling });
  await fill(database);
  // PostgreSQL copies a database only while nobody is connected to it.
  await database.close();
  return name;
}

async function layOnNodes(url: string): Promise<string> {
  const database = await openPostgresql(url, { poolSize: 2, ...pooling });
  await applyMigrations(database);
  await distribute(database, tablePlaces, () => undefined);
  await database.close();
  return url;
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
