/** The embedded database, and one on the server of TEST_DATABASE_URL when it is given: filters must mean the same on both. */
import type { Database } from '../../../src/platform/database/database.js';
import { openEmbedded } from '../../../src/platform/database/embedded.js';
import { openPostgresql } from '../../../src/platform/database/postgresql.js';
import { createDatabase, dropDatabase, urlOf } from '../../support/postgresql.js';
import { createTable } from './things.js';

export const databaseNames = process.env.TEST_DATABASE_URL ? ['embedded', 'server'] : ['embedded'];

/** With the empty table of things. */
export async function openDatabase(name: string): Promise<Database> {
  const database = name === 'server' ? await openServer() : await openEmbedded(undefined);
  await database.dedicated(({ script }) => script(createTable));
  return database;
}

async function openServer(): Promise<Database> {
  const name = await createDatabase();
  const database = await openPostgresql(urlOf(name), { poolSize: 1 });
  const close = async (): Promise<void> => {
    await database.close();
    await dropDatabase(name);
  };
  return { ...database, close };
}
