import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { StartError } from '../start-error.js';
import type { Database, DedicatedConnection } from './database.js';
import { defaultLockTimes, lettingPass, LockError, soonOrNot, type LockTimes } from './letting-pass.js';
import { indexPartitions } from './partitioned-index.js';
import { describeMissing } from './schema-check.js';

/** The key `prisma migrate deploy` locks too, so that it and we cannot run at once. */
const ADVISORY_LOCK_KEY = 72_707_369;

/** A migration that has this line is one statement that PostgreSQL runs in no transaction, and that may be repeated. */
const WITHOUT_TRANSACTION = '-- without transaction';

/** How long migrations wait. */
export interface MigrationTimes extends LockTimes {
  /** For another server that migrates. */
  readonly serversMaxMs: number;
}

const defaultTimes: MigrationTimes = { ...defaultLockTimes, serversMaxMs: 4 * 3_600_000 };

/** The table as Prisma 7 creates it, so that its command line reads what we record and the other way round. */
const CREATE_RECORDS = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY NOT NULL,
  "checksum" VARCHAR(64) NOT NULL,
  "finished_at" TIMESTAMPTZ,
  "migration_name" VARCHAR(255) NOT NULL,
  "logs" TEXT,
  "rolled_back_at" TIMESTAMPTZ,
  "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
  "applied_steps_count" INTEGER NOT NULL DEFAULT 0
)`;

/** A migration failed, or the database's history is not the one of this program. */
export class MigrationError extends StartError {
  override readonly name = 'MigrationError';
}

export interface Migration {
  name: string;
  sql: string;
}

interface MigrationRecord {
  migration_name: string;
  checksum: string;
  isFinished: boolean;
}

/** @returns the folder of the migrations, for the sources and for dist/, which has no copy of it */
export function migrationsFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, 'prisma', 'migrations');
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) throw new MigrationError('cannot find the folder prisma/migrations');
  }
}

/** Reads the migrations in their order, which is the order of their names. */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  return Promise.all(
    names.map(async (name) => ({ name, sql: await readFile(join(folder, name, 'migration.sql'), 'utf8') })),
  );
}

/**
 * Applies the missing migrations, each with its record in one transaction. Several servers may start at the same time.
 * @returns the names of those that were applied
 * @throws MigrationError when one fails, which leaves the database as after the one before it, or when the database lacks
 *   something that an applied migration created
 */
export async function applyMigrations(
  database: Database,
  folder = migrationsFolder(),
  times = defaultTimes,
): Promise<string[]> {
  const migrations = await readMigrations(folder);
  const applyMissing = (): Promise<string[]> =>
    database.dedicated(async (connection) => {
      await connection.script(CREATE_RECORDS);
      const missing = findMissing(migrations, await readRecords(connection));
      await requireParts(
        connection,
        migrations.filter((migration) => !missing.includes(migration)),
      );
      for (const migration of missing) await apply(connection, migration, times);
      return missing.map(({ name }) => name);
    });
  // It has one connection, and no other process.
  if (database.kind === 'pglite') return applyMissing();
  return database.dedicated((connection) => lockingOut(connection, times, applyMissing));
}

/** How the schema of a database stands to this program; nothing is changed. */
export interface SchemaState {
  /** Migrations that are not applied. */
  readonly pending: readonly string[];
  /** Why the database cannot be used as it is; undefined: it can, when what is pending is applied. */
  readonly problem: string | undefined;
}

export async function readSchemaState(database: Database, folder = migrationsFolder()): Promise<SchemaState> {
  const migrations = await readMigrations(folder);
  return database.dedicated(async (connection) => {
    const [table] = await connection.query<{ isThere: boolean }>(
      `SELECT to_regclass('"_prisma_migrations"') IS NOT NULL AS "isThere"`,
    );
    if (!table?.isThere) return { pending: migrations.map(({ name }) => name), problem: undefined };
    try {
      const missing = findMissing(migrations, await readRecords(connection));
      await requireParts(
        connection,
        migrations.filter((migration) => !missing.includes(migration)),
      );
      return { pending: missing.map(({ name }) => name), problem: undefined };
    } catch (error) {
      if (!(error instanceof MigrationError)) throw error;
      return { pending: [], problem: error.message };
    }
  });
}

async function requireParts(connection: DedicatedConnection, applied: readonly Migration[]): Promise<void> {
  const missing = await describeMissing(
    connection,
    applied.map(({ sql }) => sql),
  );
  if (missing)
    throw new MigrationError(
      `the database lacks ${missing}, which its migrations made: restore it from a backup that is whole`,
    );
}

function readRecords(connection: DedicatedConnection): Promise<MigrationRecord[]> {
  // A rolled back row is history only: Prisma writes another one when the migration is tried again.
  return connection.query<MigrationRecord>(
    `SELECT migration_name, checksum, finished_at IS NOT NULL AS "isFinished"
     FROM "_prisma_migrations" WHERE rolled_back_at IS NULL ORDER BY started_at, migration_name`,
  );
}

function findMissing(migrations: Migration[], records: MigrationRecord[]): Migration[] {
  const byName = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const record of records) {
    const migration = byName.get(record.migration_name);
    if (!migration) {
      throw new MigrationError(
        `the database has migration '${record.migration_name}', which this version of the server does not know`,
      );
    }
    if (!record.isFinished) {
      throw new MigrationError(`migration '${migration.name}' was started on this database and did not finish`);
    }
    if (!matches(migration.sql, record.checksum)) {
      throw new MigrationError(`migration '${migration.name}' was changed after it was applied to this database`);
    }
    byName.delete(migration.name);
  }
  return [...byName.values()];
}

/** A checkout with other line ends is the same migration; Prisma sees it so too. */
function matches(sql: string, recorded: string): boolean {
  const unix = sql.replaceAll('\r\n', '\n');
  return [sql, unix, unix.replaceAll('\n', '\r\n')].some((text) => checksum(text) === recorded);
}

function checksum(sql: string): string {
  return createHash('sha256').update(sql).digest('hex');
}

/**
 * Only one server at a time. The lock is that of a transaction, on a connection of its own, as behind a pooler no session keeps one. Asked for
 * again and again: a statement that waits has a snapshot, and an index that is made concurrently waits for all of these.
 */
async function lockingOut<T>(
  connection: DedicatedConnection,
  { pauseMs, serversMaxMs }: MigrationTimes,
  work: () => Promise<T>,
): Promise<T> {
  for (const begin = performance.now(); ; await sleep(pauseMs / 10)) {
    await connection.script('BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0');
    const [row] = await connection.query<{ isMine: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS "isMine"', [
      ADVISORY_LOCK_KEY,
    ]);
    if (row?.isMine) break;
    await connection.script('ROLLBACK');
    if (performance.now() > begin + serversMaxMs)
      throw new MigrationError('another server has been migrating this database for hours: see what it waits for');
  }
  try {
    // The result of the question would keep its snapshot until the next one, and an index that is made concurrently wait for it.
    await connection.script('SELECT 1');
    return await work();
  } finally {
    // A connection that is lost has given it back.
    await connection.script('ROLLBACK').catch(() => undefined);
  }
}

/** @returns whether a migration is run outside a transaction */
export function runsAlone(sql: string): boolean {
  return sql.split(/\r?\n/).includes(WITHOUT_TRANSACTION);
}

async function apply(connection: DedicatedConnection, migration: Migration, times: MigrationTimes): Promise<void> {
  const { name } = migration;
  try {
    await lettingPass(times, () => (runsAlone(migration.sql) ? applyAlone : applyAtOnce)(connection, migration, times));
  } catch (error) {
    const why = error instanceof LockError ? error.message : `failed: ${(error as Error).message}`;
    throw new MigrationError(`migration '${name}' ${why}`, { cause: error });
  }
}

async function applyAtOnce(
  connection: DedicatedConnection,
  migration: Migration,
  { lockMs }: MigrationTimes,
): Promise<void> {
  const startedAt = new Date();
  await soonOrNot(connection, lockMs, async () => {
    await connection.script(migration.sql);
    await record(connection, migration, startedAt);
  });
}

/** Recorded when it is done: what was broken off is repeated. An index that is made concurrently lets everybody pass, and waits for them. */
async function applyAlone(
  connection: DedicatedConnection,
  migration: Migration,
  { lockMs }: MigrationTimes,
): Promise<void> {
  const startedAt = new Date();
  const [, index] = /\bINDEX\s+CONCURRENTLY\s+IF\s+NOT\s+EXISTS\s+"([^"]+)"/.exec(migration.sql) ?? [];
  if (index !== undefined) await dropBroken(connection, index);
  // Behind a pooler there is no session that would keep it, and none that has another.
  const set = (sql: string): Promise<void> => (connection.isLent ? Promise.resolve() : connection.script(sql));
  await set(`SET lock_timeout = ${/\bCONCURRENTLY\b/.test(migration.sql) ? 0 : lockMs}`);
  if (!(await indexPartitions(connection, migration.sql, lockMs))) await connection.script(migration.sql);
  await set('RESET lock_timeout');
  await record(connection, migration, startedAt);
}

/** What was broken off has left an index that nobody reads, and that IF NOT EXISTS takes for the whole. */
async function dropBroken(connection: DedicatedConnection, index: string): Promise<void> {
  const broken = await connection.query(
    `SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'i' AND c.relname = $1 AND NOT i.indisvalid`,
    [index],
  );
  if (broken.length > 0) await connection.script(`DROP INDEX CONCURRENTLY IF EXISTS "public"."${index}"`);
}

async function record(connection: DedicatedConnection, { name, sql }: Migration, startedAt: Date): Promise<void> {
  await connection.query(
    `INSERT INTO "_prisma_migrations" (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
     VALUES ($1, $2, $3, $4, clock_timestamp(), 1)`,
    [randomUUID(), checksum(sql), name, startedAt.toISOString()],
  );
}
