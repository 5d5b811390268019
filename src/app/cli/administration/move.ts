import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { operatorTenant } from '../../../domain/tenancy/index.js';
import type { Database, DedicatedConnection } from '../../../platform/database/database.js';
import { DATABASE_FOLDER, openEmbedded } from '../../../platform/database/embedded.js';
import { readSchemaState } from '../../../platform/database/migrations.js';
import {
  CopyError,
  copyTable,
  digestOf,
  firstWithRows,
  requireAlike,
  tablesToCopy,
} from '../../../platform/database/row-copy.js';
import { StartError } from '../../../platform/start-error.js';
import { checkBalances } from '../doctor/checks.js';
import { counted, withProgress } from '../progress.js';
import { databaseConfig, openDatabase } from './open.js';
import { withServer } from './server.js';

/** What migrations and the making of a server write, before anybody uses it. */
const always = { ServerState: 'true', Tenant: `"id" = '${operatorTenant}'` };

/**
 * Moves what an embedded database has into the PostgreSQL of DATABASE_URL, which nobody has used yet, in one transaction: killed
 * in the middle, it is as if it had not begun. Throws StartError when it may not, or when they are not alike.
 */
export async function moveInto(env: NodeJS.ProcessEnv, folder: string, tell: (line: string) => void): Promise<void> {
  // Opening it would make one.
  await access(join(folder, DATABASE_FOLDER, 'PG_VERSION')).catch(() => {
    throw new StartError(`directory '${folder}' has no embedded database`);
  });
  const source = await openEmbedded(folder);
  try {
    await requireCurrent(source, folder);
    const books = await checkBalances(source, () => undefined);
    if (books.grade !== 'ok') throw new StartError(`the books of '${folder}' are wrong: ${books.found}`);
    const target = await openDatabase(databaseConfig(env));
    try {
      await requireUnused(target);
      // Makes the tables, those of the jobs among them.
      await withServer(env, {}, () => Promise.resolve());
      await source.dedicated((from) => target.dedicated((to) => copy(from, to, tell)));
      tell('verified: every table has the same rows');
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
  // Events go on in a new epoch: transactions of this database have other numbers.
  await withServer(env, {}, (server) => server.backfill());
}

async function requireCurrent(source: Database, folder: string): Promise<void> {
  const { pending, problem } = await readSchemaState(source);
  if (problem !== undefined) throw new StartError(`'${folder}': ${problem}`);
  if (pending.length > 0)
    throw new StartError(
      `the data in '${folder}' are of an earlier version (${pending.length} migrations are missing): start the sandbox of this version on them once`,
    );
}

async function requireUnused(target: Database): Promise<void> {
  const { problem } = await readSchemaState(target);
  if (problem !== undefined) throw new StartError(problem);
  const used = await target.dedicated(async (connection) => {
    return firstWithRows(connection, await tablesToCopy(connection), always);
  });
  if (used !== undefined) throw new StartError(`the database is in use already: table "${used}" has rows`);
}

async function copy(from: DedicatedConnection, to: DedicatedConnection, tell: (line: string) => void): Promise<void> {
  const tables = await tablesToCopy(from);
  requireAlike(tables, await tablesToCopy(to));
  await from.script('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await to.script('BEGIN');
  try {
    // Somebody else may have begun to use it since it was looked at.
    await to.script(`LOCK TABLE ${tables.map(({ schema, name }) => `"${schema}"."${name}"`).join(', ')}`);
    const used = await firstWithRows(to, tables, always);
    if (used !== undefined) throw new CopyError(`the database is in use already: table "${used}" has rows`);
    const condition = await knownJobs(to);
    for (const table of tables) {
      const options = table.schema === 'pgboss' ? { condition } : {};
      let copied = 0;
      const rows = await withProgress(
        () => `${table.name}: ${counted(copied)} rows`,
        () => copyTable(from, to, table, { ...options, progress: (count) => (copied = count) }),
      );
      const [before, after] = [await digestOf(from, table, options.condition), await digestOf(to, table)];
      if (before.count !== after.count || before.sum !== after.sum)
        throw new CopyError(`table "${table.name}" differs: ${before.count} rows, ${after.count} there`);
      if (rows > 0) tell(`copied ${table.name}: ${rows}`);
    }
    await to.script('COMMIT');
    await to.script('ANALYZE');
  } finally {
    await from.script('ROLLBACK');
  }
}

/** Jobs of kinds that this version knows; others would never run. */
async function knownJobs(target: DedicatedConnection): Promise<string> {
  const queues = await target.query<{ name: string }>('SELECT name FROM pgboss.queue');
  return `name IN (${['', ...queues.map(({ name }) => name)].map((name) => `'${name.replaceAll("'", "''")}'`).join(', ')})`;
}
