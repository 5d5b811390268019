import type { Database } from '../../../src/platform/database/database.js';
import { openEmptyDatabase } from '../../support/database.js';
import { createTable } from './things.js';

/** With the empty table of things. */
export async function openThings(): Promise<Database> {
  const database = await openEmptyDatabase();
  await database.dedicated(({ script }) => script(createTable));
  return database;
}
