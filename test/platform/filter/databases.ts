import type { Database } from '../../../src/platform/database/database.js';
import { openTestDatabase } from '../../support/database.js';
import { createTable } from './things.js';

/** With the empty table of things, beside what the migrations make. */
export async function openThings(): Promise<Database> {
  const database = await openTestDatabase();
  await database.dedicated(({ script }) => script(createTable));
  return database;
}
