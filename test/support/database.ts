import { readFile } from 'node:fs/promises';
import type { Clock } from '../../src/platform/clock.js';
import type { Database } from '../../src/platform/database/database.js';
import { openEmbedded } from '../../src/platform/database/embedded.js';
import { openPostgresql } from '../../src/platform/database/postgresql.js';
import { keepTenantWall } from '../../src/platform/database/tenant-wall.js';
import type { ReadTimes } from '../../src/platform/database/work-class.js';
import { citusUrl, emptyDatabase } from '../conformance/distributed-database.js';
import { createDatabase, dropDatabase, urlOf } from './postgresql.js';

/** Two or more for whatever is done at once. */
const POOL_SIZE = 12;

/**
 * With ROW_LEVEL_SECURITY=on every database has its policies. TEST_DATABASE_URL then names a role that is no superuser, with
 * CREATEDB.
 */
export const isWalled = process.env.ROW_LEVEL_SECURITY === 'on' && process.env.TEST_DATABASE_URL !== undefined;

/**
 * With DATABASE_POOLER=on TEST_DATABASE_URL leads to a pooler in transaction mode, which knows every database of the server and
 * keeps no connection to one (server_lifetime = 0), as PostgreSQL copies a database only while nobody is connected to it.
 */
export const pooling = {
  isPooled: process.env.DATABASE_POOLER === 'on' && process.env.TEST_DATABASE_URL !== undefined,
  areStatementsNamed: process.env.STATEMENT_NAMES !== 'off',
};

export type TestDatabase = Database & {
  /** Address for further connections, on PostgreSQL only. */
  url?: string;
};

/**
 * Opens a migrated, empty database of its own: PostgreSQL when TEST_DATABASE_URL names a server, else PGlite in
 * memory. Close it; on PostgreSQL that also drops it. With CITUS_URL there is one, which is emptied.
 */
export async function openTestDatabase(readTimes?: ReadTimes): Promise<TestDatabase> {
  if (citusUrl !== undefined) return emptiedCitus(citusUrl, readTimes);
  const template = templateName();
  return process.env.TEST_DATABASE_URL ? copyPostgresql(template, readTimes) : copyEmbedded(template);
}

/** The same with the demo data as of a time, where that is a copy; else the server has to write them. */
export async function openDemoDatabase(clock: Clock): Promise<TestDatabase> {
  if (!process.env.TEST_DATABASE_URL || isWalled || citusUrl !== undefined) return openTestDatabase();
  const { demoTemplate } = await import('./template.js');
  return copyPostgresql(await demoTemplate(templateName(), clock));
}

function templateName(): string {
  const template = process.env.TEST_DATABASE_TEMPLATE;
  if (!template) throw new Error('the template is made by the global set-up of jest: run the test with jest');
  return template;
}

/** The same without any migration. */
export async function openEmptyDatabase(): Promise<TestDatabase> {
  return process.env.TEST_DATABASE_URL ? copyPostgresql() : openEmbedded(undefined);
}

async function copyEmbedded(template: string): Promise<TestDatabase> {
  return openEmbedded(undefined, { loadDataDir: new Blob([await readFile(template)]) });
}

async function emptiedCitus(url: string, readTimes?: ReadTimes): Promise<TestDatabase> {
  await emptyDatabase(url);
  return { ...(await openPostgresql(url, { poolSize: POOL_SIZE, readTimes, ...pooling })), url };
}

async function copyPostgresql(template?: string, readTimes?: ReadTimes): Promise<TestDatabase> {
  const name = await createDatabase(template);
  const url = urlOf(name);
  const database = await openPostgresql(url, { poolSize: POOL_SIZE, readTimes, isolatesTenants: isWalled, ...pooling });
  if (isWalled && template !== undefined) await keepTenantWall(database, true);
  const close = async (): Promise<void> => {
    await database.close();
    await dropDatabase(name);
  };
  return { ...database, url, close };
}
