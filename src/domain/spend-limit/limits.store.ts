import { Prisma } from '../../../prisma/generated/client.js';
import type { Statements } from '../../platform/database/database.js';
import { settledEnd, type Position } from '../../platform/write/outbox-reader.js';
import type { Named } from './model.js';

/** From now on the events of the tenant are looked through. Whoever takes the cursor away waits, and finds the new limit. */
export async function beginCursor(tx: Statements, tenantId: string): Promise<void> {
  await tx.execute(Prisma.sql`
    INSERT INTO "SpendCursor" ("tenantId", "epoch", "transactionId", "eventId")
    SELECT ${tenantId}::text, coalesce(l."epoch", 0), coalesce(l."transactionId", 0), coalesce(l."id", '')
    FROM (SELECT 1) AS one LEFT JOIN (${settledEnd}) l ON true
    ON CONFLICT ("tenantId") DO UPDATE SET "tenantId" = EXCLUDED."tenantId"`);
}

/** Events of a tenant that are to be looked through. */
export interface CursorClaim {
  readonly tenantId: string;
  readonly from: Position;
  readonly upTo: Position;
  /** Whether the tenant has limits at all. */
  readonly isNeeded: boolean;
}

/** Locks the cursor that is furthest behind, of those that nobody else has; undefined: there is none with events behind it. */
export async function claimCursor(tx: Statements): Promise<CursorClaim | undefined> {
  const [row] = await tx.query<{
    tenantId: string;
    epoch: number;
    transactionId: string;
    eventId: string;
    lastEpoch: number;
    lastTransactionId: string;
    lastId: string;
    isNeeded: boolean;
  }>(Prisma.sql`
    SELECT c."tenantId", c."epoch", c."transactionId"::text AS "transactionId", c."eventId", l."epoch" AS "lastEpoch",
      l."transactionId"::text AS "lastTransactionId", l."id" AS "lastId",
      EXISTS (SELECT 1 FROM "SpendLimit" s WHERE s."tenantId" = c."tenantId") AS "isNeeded"
    FROM "SpendCursor" c, (${settledEnd}) l
    WHERE (c."epoch", c."transactionId", c."eventId") < (l."epoch", l."transactionId", l."id")
    ORDER BY c."epoch", c."transactionId", c."eventId" LIMIT 1 FOR UPDATE OF c SKIP LOCKED`);
  return (
    row && {
      tenantId: row.tenantId,
      from: { epoch: row.epoch, transactionId: row.transactionId, eventId: row.eventId },
      upTo: { epoch: row.lastEpoch, transactionId: row.lastTransactionId, eventId: row.lastId },
      isNeeded: row.isNeeded,
    }
  );
}

export async function dropCursor(tx: Statements, tenantId: string): Promise<void> {
  await tx.execute(Prisma.sql`DELETE FROM "SpendCursor" WHERE "tenantId" = ${tenantId}`);
}

export async function moveCursor(tx: Statements, tenantId: string, to: Position): Promise<void> {
  await tx.execute(Prisma.sql`
    UPDATE "SpendCursor" SET "epoch" = ${to.epoch}::int, "transactionId" = ${to.transactionId}::bigint, "eventId" = ${to.eventId}
    WHERE "tenantId" = ${tenantId}`);
}

/** The limits of these are to be looked at. */
export async function markDue(tx: Statements, tenantId: string, { parties, accounts }: Named): Promise<void> {
  const naming = (ids: readonly string[]): string => JSON.stringify(ids.map((id) => ({ id })));
  await tx.execute(Prisma.sql`
    UPDATE "SpendLimit" SET "dueAt" = LEAST(COALESCE("dueAt", 'infinity'), clock_timestamp())
    WHERE "tenantId" = ${tenantId} AND "id" IN (
      SELECT l."id" FROM jsonb_array_elements(${naming(parties)}::jsonb) n(v)
      JOIN "SpendLimit" l ON l."tenantId" = ${tenantId} AND l."relatedParty" @> n.v
      UNION SELECT l."id" FROM jsonb_array_elements(${naming(accounts)}::jsonb) n(v)
      JOIN "SpendLimit" l ON l."tenantId" = ${tenantId} AND l."billingAccount" @> n.v
    )`);
}

/** Locks a limit that is to be looked at and that nobody looks at; undefined: there is none. */
export async function claimDue(tx: Statements): Promise<{ tenantId: string; id: string } | undefined> {
  const [row] = await tx.query<{ tenantId: string; id: string }>(Prisma.sql`
    SELECT "tenantId", "id" FROM "SpendLimit" WHERE "dueAt" <= clock_timestamp()
    ORDER BY "dueAt" LIMIT 1 FOR UPDATE SKIP LOCKED`);
  return row;
}

/** When a limit is to be looked at again; undefined: when something is spent. */
export function dueAgain(tenantId: string, id: string, inMs: number | undefined): Prisma.Sql {
  const at =
    inMs === undefined
      ? Prisma.sql`NULL`
      : Prisma.sql`clock_timestamp() + make_interval(secs => ${inMs}::float8 / 1000)`;
  return Prisma.sql`UPDATE "SpendLimit" SET "dueAt" = ${at} WHERE "tenantId" = ${tenantId} AND "id" = ${id}`;
}
