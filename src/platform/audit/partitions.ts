import { Prisma } from '../../../prisma/generated/client.js';
import type { Database, Transaction } from '../database/database.js';
import { raisingOf } from '../database/tenant-wall.js';

/** Months that have a partition before they begin. */
const monthsAhead = 2;
/** A partition is dropped only if nobody makes that wait: whoever writes would wait behind it. */
const dropLockMs = 200;
/** Any number that nothing else locks by. */
const advisoryLock = 7_402_611;
/** Records that one statement deletes of those that no month has. */
const deletedMax = 1_000;

export interface PartitionLog {
  warn(details: object, message: string): void;
}

/**
 * Sees to it that the month of `now` and the next ones have partitions, and drops those that ended before `keepFrom`. Months are
 * those of UTC. Servers that do it at the same time wait for each other.
 */
export async function keepAuditPartitions(
  database: Database,
  { now, keepFrom }: { now: Date; keepFrom: Date },
  log: PartitionLog,
): Promise<void> {
  const there = new Set(await partitions(database));
  for (let ahead = 0; ahead <= monthsAhead; ahead++) {
    const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead));
    if (there.has(nameOf(month))) continue;
    // Records of this month that came before its partition have to stay where they are.
    await add(database, month).catch((error: unknown) =>
      log.warn({ err: error, partition: nameOf(month) }, 'a month of audit records gets no partition of its own'),
    );
  }
  for (const name of there) {
    const month = monthOf(name);
    if (month && nextMonth(month) <= keepFrom)
      await drop(database, name).catch((error: unknown) =>
        log.warn({ err: error, partition: name }, 'a partition of audit records is dropped later'),
      );
  }
  await deleteOthers(database, keepFrom);
}

async function partitions(database: Pick<Transaction, 'query'>): Promise<string[]> {
  const rows = await database.query<{ name: string }>(Prisma.sql`
    SELECT c.relname::text AS "name" FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'public."AuditRecord"'::regclass`);
  return rows.map(({ name }) => name);
}

/** Attached afterwards: a table that is made as a partition would lock out whoever writes. */
async function add(database: Database, month: Date): Promise<void> {
  const name = nameOf(month);
  await database.transaction(async (tx) => {
    await tx.query(Prisma.sql`SELECT pg_advisory_xact_lock(${advisoryLock}::bigint)::text`);
    if ((await partitions(tx)).includes(name)) return;
    await tx.execute(Prisma.raw(`CREATE TABLE public."${name}" (LIKE public."AuditRecord" INCLUDING DEFAULTS)`));
    if (await isWalled(tx)) for (const statement of raisingOf(name)) await tx.execute(Prisma.raw(statement));
    await tx.execute(
      Prisma.raw(
        `ALTER TABLE public."AuditRecord" ATTACH PARTITION public."${name}" FOR VALUES FROM ('${month.toISOString()}') TO ('${nextMonth(month).toISOString()}')`,
      ),
    );
  });
}

/** Whether the whole has policies: a partition has its own. */
async function isWalled(database: Pick<Transaction, 'query'>): Promise<boolean> {
  const [row] = await database.query<{ isWalled: boolean }>(
    Prisma.sql`SELECT relrowsecurity AS "isWalled" FROM pg_class WHERE oid = 'public."AuditRecord"'::regclass`,
  );
  return row?.isWalled ?? false;
}

async function drop(database: Database, name: string): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.execute(Prisma.raw(`SET LOCAL lock_timeout = '${dropLockMs}ms'`));
    await tx.execute(Prisma.raw(`DROP TABLE IF EXISTS public."${name}"`));
  });
}

async function deleteOthers(database: Database, before: Date): Promise<void> {
  for (let deleted = deletedMax; deleted === deletedMax;) {
    deleted = await database.transaction((tx) =>
      tx.execute(Prisma.sql`
        DELETE FROM "AuditRecord_other" WHERE ("tenantId", "id") IN (
          SELECT "tenantId", "id" FROM "AuditRecord_other" WHERE "at" < ${before.toISOString()}::timestamptz LIMIT ${deletedMax}::int
        )`),
    );
  }
}

function nameOf(month: Date): string {
  return `AuditRecord_${month.toISOString().slice(0, 7).replace('-', '_')}`;
}

function monthOf(name: string): Date | undefined {
  const [, year, month] = /^AuditRecord_(\d{4})_(\d\d)$/.exec(name) ?? [];
  return year && month ? new Date(Date.UTC(Number(year), Number(month) - 1)) : undefined;
}

function nextMonth(month: Date): Date {
  return new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1));
}
