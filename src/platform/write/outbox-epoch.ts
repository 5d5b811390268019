import { Prisma } from '../../../prisma/generated/client.js';
import type { Database, Transaction } from '../database/database.js';

/** The row of ServerState that tells it. */
const STATE_KEY = 'outbox epoch';
/** One server after the other, when several start at once. */
const ADVISORY_LOCK_KEY = 72_707_370;

interface Epoch {
  /** Which cluster wrote it; null where nobody tells us. */
  readonly system: string | null;
  readonly number: number;
}

/**
 * Sees to it that events which are written from now on come behind all that are there. Within a cluster the ids of
 * transactions do that. In another one, into which the database was restored, they begin anew, often lower: then an
 * epoch begins. It is noticed by the identity of the cluster, and by events of transactions that have not been yet.
 * To be called before anything is written.
 */
export async function keepOutboxEpoch(database: Database): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.query(Prisma.sql`SELECT pg_advisory_xact_lock(${ADVISORY_LOCK_KEY}::bigint)::text`);
    const [row] = await tx.query<{ value: Epoch }>(
      Prisma.sql`SELECT "value" FROM "ServerState" WHERE "key" = ${STATE_KEY}`,
    );
    const system = await systemOf(tx);
    const known = row?.value;
    if (known && known.system === system && !(await isAhead(tx, known.number))) return;
    const [last] = await tx.query<{ epoch: number | null }>(Prisma.sql`SELECT max("epoch") AS "epoch" FROM "Outbox"`);
    await begin(tx, { system, number: Math.max(known?.number ?? 0, last?.epoch ?? 0) + 1 });
  });
}

/** The identity that a cluster gets when it is made. Some hosts of PostgreSQL do not let everybody ask for it. */
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

/** Whether there are events of transactions that are still to come. */
async function isAhead(tx: Transaction, epoch: number): Promise<boolean> {
  const [row] = await tx.query<{ isAhead: boolean }>(Prisma.sql`
    SELECT EXISTS (
      SELECT 1 FROM "Outbox" WHERE "epoch" = ${epoch}::int AND "transactionId" >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
    ) AS "isAhead"`);
  return row?.isAhead ?? false;
}

/** As the default of the column, so that no insert has to ask. Rows of a dump keep theirs. */
async function begin(tx: Transaction, epoch: Epoch): Promise<void> {
  await tx.execute(Prisma.raw(`ALTER TABLE "Outbox" ALTER COLUMN "epoch" SET DEFAULT ${Math.trunc(epoch.number)}`));
  await tx.execute(Prisma.sql`
    INSERT INTO "ServerState" ("key", "value", "updatedAt") VALUES (${STATE_KEY}, ${JSON.stringify(epoch)}::jsonb, clock_timestamp())
    ON CONFLICT ("key") DO UPDATE SET "value" = EXCLUDED."value", "updatedAt" = EXCLUDED."updatedAt"`);
}
