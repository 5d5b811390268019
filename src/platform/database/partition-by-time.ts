import { StartError } from '../start-error.js';
import { firstIdAt } from '../ids.js';
import { identifier, literal } from '../read/columns.js';
import { calendarPartitions, nameUntil, widthOf, type Width } from './calendar-partitions.js';
import type { Database, DedicatedConnection } from './database.js';
import { distributedTables } from './distribution.js';
import { isLockTimeout } from './failures.js';
import { defaultLockTimes, lettingPass, LockError, soonOrNot, type LockTimes } from './letting-pass.js';
import { RangePartitions, type PartitionedTable, type PartitionLog } from './range-partitions.js';
import { optionsOfColumns, readParts } from './table-parts.js';
import { raisingOf } from './tenant-wall.js';

// Tables that an operator may have partitioned by the time that their ids begin with (docs/decisions/0066-partitions.md).

/** Serializes whoever changes such tables, and adds partitions to them. */
const ADVISORY_LOCK_KEY = 72_707_374;
/** Partitions that are there before their time begins. */
const periodsAhead = 1;
/** How long before the end of a period what is proved of it may still take. */
const leastMs = 2 * 24 * 3_600_000;
const checkViolation = '23514';

/** A table cannot be partitioned here, or not as it is. */
export class PartitionError extends StartError {
  override readonly name = 'PartitionError';
}

function tableOf(table: string, width: Width): PartitionedTable {
  return { ...calendarPartitions(table, width), column: 'id', advisoryLock: ADVISORY_LOCK_KEY, valueAt: firstIdAt };
}

/** How wide the partitions of a table are; undefined: it has none. */
export async function widthOfPartitions(
  queries: Pick<Database, 'statement'>,
  table: string,
): Promise<Width | undefined> {
  const rows = await queries.statement<{ name: string }>(
    `SELECT c.relname::text AS "name" FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = $1::regclass ORDER BY c.oid DESC`,
    [`public.${identifier(table)}`],
  );
  return rows.map(({ name }) => widthOf(table, name)).find((width) => width !== undefined);
}

/** The partitions of a table; undefined: it has none. */
export async function partitionsByTime(
  database: Database,
  table: string,
  log: PartitionLog,
): Promise<RangePartitions | undefined> {
  const width = await widthOfPartitions(database, table);
  return width && new RangePartitions(database, tableOf(table, width), log);
}

/** Makes the partitions that the next rows go to, where a table has partitions. What a command left that was broken off must not refuse rows one day. */
export async function keepPartitionsByTime(
  database: Database,
  table: string,
  now: Date,
  log: PartitionLog,
): Promise<void> {
  if (database.kind === 'pglite') return;
  const partitions = await partitionsByTime(database, table, log);
  if (partitions === undefined) return database.dedicated((connection) => dropOldProof(connection, table, now));
  // What is known of the whole is known of no partition, and nobody else asks for it.
  if (await partitions.makeAhead(now, periodsAhead))
    await database.dedicated((connection) => connection.script(`ANALYZE public.${identifier(table)}`));
}

/**
 * Partitions a table, which becomes the first partition as it is: it is read through once and not written, and whoever uses it goes on.
 * Again after an interruption. Throws PartitionError.
 * @returns false: it has such partitions already
 */
export async function partitionByTime(
  database: Database,
  table: string,
  { width, now, times = defaultLockTimes }: { width: Width; now: Date; times?: LockTimes },
): Promise<boolean> {
  if (database.kind === 'pglite')
    throw new PartitionError('the embedded database has plain tables: only PostgreSQL is worth partitions');
  return database.exclusively(ADVISORY_LOCK_KEY, () =>
    database.dedicated(async (connection) => {
      if ((await distributedTables(connection)).size > 0)
        throw new PartitionError('the tables lie on several machines: partitions come before that');
      const there = await widthOfPartitions({ statement: (sql, values) => connection.query(sql, values) }, table);
      if (there === width) return false;
      if (there !== undefined) throw new PartitionError(`table '${table}' has a partition for each ${there} already`);
      const end = endOfFirst(table, width, now);
      try {
        await prove(connection, table, end, times);
        await lettingPass(times, () => soonOrNot(connection, times.lockMs, () => swap(connection, table, width, end)));
      } catch (error) {
        if (error instanceof LockError) throw new PartitionError(`'${table}' ${error.message}`, { cause: error });
        throw error;
      }
      await connection.script(`ANALYZE public.${identifier(table)}`);
      return true;
    }),
  );
}

/** The first end of a period that is far enough. */
function endOfFirst(table: string, width: Width, now: Date): Date {
  return calendarPartitions(table, width).periodAt(new Date(now.getTime() + leastMs)).end;
}

/** A constraint that says that all of a table is from before a time is named like the partition that it becomes. */
async function proofsOf(connection: DedicatedConnection, table: string): Promise<string[]> {
  const rows = await connection.query<{ name: string }>(
    `SELECT conname::text AS "name" FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'c' AND starts_with(conname, $2)`,
    [`public.${identifier(table)}`, `${table}_until_`],
  );
  return rows.map(({ name }) => name);
}

/** Proves, while others read and write, that nothing of the table is of a time behind `end`. */
async function prove(connection: DedicatedConnection, table: string, end: Date, times: LockTimes): Promise<void> {
  const whole = `public.${identifier(table)}`;
  const proof = nameUntil(table, end);
  const alone = (sql: string): Promise<void> => lettingPass(times, () => soonOrNot(connection, times.lockMs, sql));
  const there = await proofsOf(connection, table);
  for (const other of there.filter((name) => name !== proof))
    await alone(`ALTER TABLE ${whole} DROP CONSTRAINT ${identifier(other)}`);
  if (!there.includes(proof))
    await alone(
      `ALTER TABLE ${whole} ADD CONSTRAINT ${identifier(proof)} CHECK ("id" < ${literal(firstIdAt(end))}) NOT VALID`,
    );
  try {
    await alone(`ALTER TABLE ${whole} VALIDATE CONSTRAINT ${identifier(proof)}`);
  } catch (error) {
    if (!(error instanceof LockError)) await alone(`ALTER TABLE ${whole} DROP CONSTRAINT ${identifier(proof)}`);
    if ((error as { code?: string }).code !== checkViolation) throw error;
    throw new PartitionError(`table '${table}' has ids that are none of ours, or of a time to come`, { cause: error });
  }
}

/** Drops the proofs of commands that were broken off before rows come that they refuse. */
async function dropOldProof(connection: DedicatedConnection, table: string, now: Date): Promise<void> {
  for (const proof of await proofsOf(connection, table)) {
    const end = calendarPartitions(table, 'month').periodOf(proof)?.end;
    if (!end || end.getTime() - now.getTime() >= leastMs / 2) continue;
    const drop = `ALTER TABLE public.${identifier(table)} DROP CONSTRAINT ${identifier(proof)}`;
    await soonOrNot(connection, defaultLockTimes.lockMs, drop).catch((error: unknown) => {
      // Who wants the table next is not made to wait: there is another try in an hour.
      if (!isLockTimeout(error)) throw error;
    });
  }
}

/** Puts, within a transaction, a whole with partitions into the place of the table. Nothing is read or written, so it takes a moment. */
async function swap(connection: DedicatedConnection, table: string, width: Width, end: Date): Promise<void> {
  const whole = `public.${identifier(table)}`;
  const old = nameUntil(table, end);
  const oldWhole = `public.${identifier(old)}`;
  const { nameOf, periodAt } = calendarPartitions(table, width);
  const next = periodAt(end);
  const added = [nameOf(next), `${table}_other`];
  const run = async (statements: readonly string[]): Promise<void> => {
    for (const statement of statements) await connection.script(statement);
  };
  await connection.script(`LOCK TABLE ${whole} IN ACCESS EXCLUSIVE MODE`);
  const [facts] = await connection.query<{ owner: string; isWalled: boolean }>(
    `SELECT quote_ident(pg_get_userbyid(relowner)) AS "owner", relrowsecurity AS "isWalled" FROM pg_class WHERE oid = $1::regclass`,
    [whole],
  );
  // What is made is to belong to the same role.
  await connection.script(`SET LOCAL ROLE ${facts!.owner}`);
  const parts = await readParts(connection, table);
  await run([
    ...parts.triggers.map(({ name }) => `DROP TRIGGER ${identifier(name)} ON ${whole}`),
    `ALTER TABLE ${whole} RENAME TO ${identifier(old)}`,
    ...parts.indexes.map(
      ({ name }) => `ALTER INDEX public.${identifier(name)} RENAME TO ${identifier(nameWithin(old, table, name))}`,
    ),
    `CREATE TABLE ${whole} (LIKE ${oldWhole} INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING COMMENTS) PARTITION BY RANGE ("id")`,
    ...parts.indexes.map(({ make }) => make),
    `ALTER TABLE ${whole} ATTACH PARTITION ${oldWhole} FOR VALUES FROM (MINVALUE) TO (${literal(firstIdAt(end))})`,
    `ALTER TABLE ${oldWhole} DROP CONSTRAINT ${identifier(old)}`,
    `CREATE TABLE public.${identifier(added[0]!)} PARTITION OF ${whole} FOR VALUES FROM (${literal(firstIdAt(next.begin))}) TO (${literal(firstIdAt(next.end))})`,
    `CREATE TABLE public.${identifier(added[1]!)} PARTITION OF ${whole} DEFAULT`,
    ...parts.others,
    ...parts.triggers.map(({ make }) => make),
    ...parts.dependents,
  ]);
  for (const partition of added) await run(await optionsOfColumns(connection, table, partition));
  const functions = await connection.query<{ name: string }>(
    `SELECT oid::regprocedure::text AS "name" FROM pg_proc WHERE oid = ANY($1::oid[])`,
    [parts.functionsOfRow],
  );
  await run(functions.map(({ name }) => `DROP FUNCTION ${name}`));
  if (facts!.isWalled) await run([table, ...added].flatMap(raisingOf));
  const [indexes] = await connection.query<{ count: number }>(
    `SELECT count(*)::int AS "count" FROM pg_index WHERE indrelid = $1::regclass AND indisvalid`,
    [oldWhole],
  );
  if (indexes?.count !== parts.indexes.length)
    throw new PartitionError(`an index of table '${table}' is none that partitions can share`);
}

/** `Usage_pkey` is `Usage_until_2027_01_01_pkey` there. */
function nameWithin(partition: string, table: string, name: string): string {
  const rest = name.startsWith(table) ? name.slice(table.length) : `_${name}`;
  return `${partition}${rest}`.slice(0, 63);
}
