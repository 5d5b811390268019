import { Prisma } from '../../../prisma/generated/client.js';
import type { Database, Transaction } from '../database/database.js';

/** The row of ServerState that holds the current epoch. */
const STATE_KEY = 'outbox epoch';
/** Serializes servers that start at the same time. */
const ADVISORY_LOCK_KEY = 72_707_370;

interface Epoch {
  /** Identity of the cluster that wrote it; null where we may not ask for it. */
  readonly system: string | null;
  /** The timeline on which it was written: recovery to a point in time, and a replica that takes over, begin another. Absent: nobody asked yet. */
  readonly timeline?: string | null;
  readonly number: number;
}

/**
 * Ensures that new events sort after all existing ones. Events are ordered by transaction id, which only grows within one
 * cluster; after a restore into another cluster, ids may start lower. A new epoch, by which events are ordered first, is
 * then begun: when the identity of the cluster has changed, when it has gone back to an earlier point in time and given ids of lost
 * transactions to others since, or when events have transaction ids that are still to come.
 * Call it at start, before anything is written.
 */
export async function keepOutboxEpoch(database: Database): Promise<void> {
  const timeline = await timelineOf(database);
  await database.transaction(async (tx) => {
    await tx.query(Prisma.sql`SELECT pg_advisory_xact_lock(${ADVISORY_LOCK_KEY}::bigint)::text`);
    const [row] = await tx.query<{ value: Epoch }>(
      Prisma.sql`SELECT "value" FROM "ServerState" WHERE "key" = ${STATE_KEY}`,
    );
    const system = await systemOf(tx);
    const known = row?.value;
    const isSame = known?.system === system && (timeline ?? known.timeline) === (known.timeline ?? timeline);
    if (known && isSame && !(await isAhead(tx, known.number))) {
      if (timeline !== null && known.timeline !== timeline) await remember(tx, { ...known, timeline });
      return;
    }
    const [last] = await tx.query<{ epoch: number | null }>(Prisma.sql`SELECT max("epoch") AS "epoch" FROM "Outbox"`);
    await begin(tx, { system, timeline, number: Math.max(known?.number ?? 0, last?.epoch ?? 0) + 1 });
  });
}

/** The identity that a cluster gets when it is created. Some PostgreSQL hosts do not let every user read it. */
async function systemOf(tx: Transaction): Promise<string | null> {
  const [may] = await tx.query<{ may: boolean }>(
    Prisma.sql`SELECT has_function_privilege('pg_control_system()', 'EXECUTE') AS "may"`,
  );
  if (!may?.may) return null;
  const [row] = await tx.query<{ system: string }>(
    Prisma.sql`SELECT system_identifier::text AS "system" FROM pg_control_system()`,
  );
  return row?.system ?? null;
}

/** Part of the name of the log that is written. Some PostgreSQL hosts have no such names. */
async function timelineOf(database: Database): Promise<string | null> {
  const asked = database.query<{ timeline: string }>(
    Prisma.sql`SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS "timeline"`,
  );
  return asked.then(
    ([row]) => row?.timeline ?? null,
    () => null,
  );
}

/** Whether events have transaction ids that this cluster has not reached yet. */
async function isAhead(tx: Transaction, epoch: number): Promise<boolean> {
  const [row] = await tx.query<{ isAhead: boolean }>(Prisma.sql`
    SELECT EXISTS (
      SELECT 1 FROM "Outbox" WHERE "epoch" = ${epoch}::int AND "transactionId" >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
    ) AS "isAhead"`);
  return row?.isAhead ?? false;
}

/** Sets the epoch as the default of the column, so that inserts need not look it up. Rows of a dump keep theirs. */
async function begin(tx: Transaction, epoch: Epoch): Promise<void> {
  await tx.execute(Prisma.raw(`ALTER TABLE "Outbox" ALTER COLUMN "epoch" SET DEFAULT ${Math.trunc(epoch.number)}`));
  await remember(tx, epoch);
}

async function remember(tx: Transaction, epoch: Epoch): Promise<void> {
  await tx.execute(Prisma.sql`
    INSERT INTO "ServerState" ("key", "value", "updatedAt") VALUES (${STATE_KEY}, ${JSON.stringify(epoch)}::jsonb, clock_timestamp())
    ON CONFLICT ("key") DO UPDATE SET "value" = EXCLUDED."value", "updatedAt" = EXCLUDED."updatedAt"`);
}
