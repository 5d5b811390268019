import { Prisma } from '../../../prisma/generated/client.js';
import type { Database, Statements } from '../../platform/database/database.js';
import { settledEnd, type OutboxEvent, type Position } from '../../platform/write/outbox-reader.js';
import { saveHeld, untilAndSince, type HeldChanges } from './held.store.js';
import type { Registration } from './model.js';

/** The key of the lock under which registrations of a tenant are made one after the other. */
const ADVISORY_LOCK_KEY = 727_073;

/** Waits for other registrations of the tenant. How many there are, and the id of that which is the same. */
export async function lockHubs(
  tx: Statements,
  tenantId: string,
  fingerprint: string,
): Promise<{ count: number; same: string | null }> {
  await tx.query(Prisma.sql`SELECT pg_advisory_xact_lock(${ADVISORY_LOCK_KEY}::int, hashtext(${tenantId}))::text`);
  const [row] = await tx.query<{ count: number; same: string | null }>(Prisma.sql`
    SELECT count(*)::int AS "count", max("id") FILTER (WHERE "fingerprint" = ${fingerprint}) AS "same"
    FROM "Hub" WHERE "tenantId" = ${tenantId}`);
  return row ?? { count: 0, same: null };
}

/** A new registration is told of what is committed after it. */
export function beginCursor(tenantId: string, hubId: string): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO "HubCursor" ("tenantId", "hubId", "epoch", "transactionId", "eventId", "delivered", "nextAt")
    SELECT ${tenantId}::text, ${hubId}::text, coalesce(l."epoch", 0), coalesce(l."transactionId", 0), coalesce(l."id", ''),
      '[]'::jsonb, clock_timestamp()
    FROM (SELECT 1) AS one LEFT JOIN (${settledEnd}) l ON true`;
}

/** Gives a registration that is locked another secret; until then it keeps the one before, too. */
export async function replaceSecret(
  tx: Statements,
  tenantId: string,
  hubId: string,
  { secret, bothUntil }: { readonly secret: string; readonly bothUntil: Date },
): Promise<void> {
  await tx.execute(Prisma.sql`
    UPDATE "Hub" SET "signingSecret" = ${secret}, "previousSecret" = "signingSecret", "previousSecretUntil" = ${bothUntil.toISOString()}::timestamptz
    WHERE "tenantId" = ${tenantId} AND "id" = ${hubId}`);
}

/**
 * Sets the cursor back: what comes behind the position is told again, also what is under way, whose progress is not saved. A
 * registration that has not come that far stays where it is.
 */
export function setBack(tenantId: string, hubId: string, { epoch, transactionId, eventId }: Position): Prisma.Sql {
  return Prisma.sql`
    UPDATE "HubCursor" c SET ("epoch", "transactionId", "eventId") = (
        SELECT p.* FROM (VALUES (c."epoch", c."transactionId", c."eventId"), (${epoch}::int, ${transactionId}::bigint, ${eventId}::text)) AS p(e, t, i)
        ORDER BY p.e, p.t, p.i LIMIT 1
      ), "delivered" = '[]'::jsonb, "openSince" = NULL, "attempts" = 0, "nextAt" = clock_timestamp(),
      "lease" = ${revoked} || replace("lease", ${revoked}, '')
    WHERE "tenantId" = ${tenantId} AND "hubId" = ${hubId}`;
}

/** What a lease begins with that is only kept until its holder has ended. */
const revoked = 'revoked ';

/** Gives a lease back that was revoked meanwhile. */
function releaseRevoked({ tenantId, hubId, lease }: Claim): Prisma.Sql {
  return Prisma.sql`
    UPDATE "HubCursor" SET "lease" = NULL, "leasedUntil" = NULL
    WHERE "tenantId" = ${tenantId} AND "hubId" = ${hubId} AND "lease" = ${revoked + lease}`;
}

/** Waits until nobody notes what a delivery came to: what that holds or gives up is seen by what follows. */
export async function lockCursor(tx: Statements, tenantId: string, hubId: string): Promise<void> {
  await tx.query(
    Prisma.sql`SELECT "hubId" FROM "HubCursor" WHERE "tenantId" = ${tenantId} AND "hubId" = ${hubId} FOR UPDATE`,
  );
}

/** What is deleted with a registration. */
export function forgetDelivery(tenantId: string, hubId: string): Prisma.Sql[] {
  return [
    Prisma.sql`DELETE FROM "HubCursor" WHERE "tenantId" = ${tenantId} AND "hubId" = ${hubId}`,
    Prisma.sql`DELETE FROM "HubHeldEvent" WHERE "tenantId" = ${tenantId} AND "hubId" = ${hubId}`,
    Prisma.sql`DELETE FROM "HubDeadLetter" WHERE "tenantId" = ${tenantId} AND "hubId" = ${hubId}`,
  ];
}

/** A registration that this process delivers to until the lease ends. */
export interface Claim {
  readonly tenantId: string;
  readonly hubId: string;
  readonly lease: string;
  readonly from: Position;
  /** How far may be read. */
  readonly upTo: Position;
  /** Ids of events behind `from` that are delivered already. */
  readonly delivered: readonly string[];
  /** How often in a row nothing was taken of what was tried. */
  readonly attempts: number;
  /** Whether events are held that the cursor has passed. */
  readonly hasHeld: boolean;
}

interface ClaimColumns {
  tenantId: string;
  hubId: string;
  epoch: number;
  transactionId: string;
  eventId: string;
  delivered: string;
  attempts: number;
  hasHeld: boolean;
  lastEpoch: number;
  lastTransactionId: string;
  lastId: string;
}

/** Takes registrations that have something to be told and that nobody else delivers to, those that wait longest first. */
export async function claimHubs(database: Database, lease: string, limit: number, leaseMs: number): Promise<Claim[]> {
  const rows = await database.query<ClaimColumns>(Prisma.sql`
    WITH l AS MATERIALIZED (${settledEnd}), d AS MATERIALIZED (
      SELECT c."tenantId", c."hubId", l."epoch", l."transactionId", l."id" FROM "HubCursor" c, l
      WHERE c."nextAt" <= clock_timestamp() AND (c."leasedUntil" IS NULL OR c."leasedUntil" < clock_timestamp())
        AND ((c."epoch", c."transactionId", c."eventId") < (l."epoch", l."transactionId", l."id")
          OR c."heldUntil" <= clock_timestamp() OR EXISTS (
          SELECT 1 FROM "HubDeadLetter" w WHERE w."tenantId" = c."tenantId" AND w."state" = 'waiting' AND w."hubId" = c."hubId"))
      ORDER BY c."nextAt" LIMIT ${limit}::int FOR UPDATE OF c SKIP LOCKED
    )
    UPDATE "HubCursor" c SET "lease" = ${lease}, "leasedUntil" = clock_timestamp() + make_interval(secs => ${leaseMs}::float8 / 1000)
    FROM d WHERE c."tenantId" = d."tenantId" AND c."hubId" = d."hubId"
    RETURNING c."tenantId", c."hubId", c."epoch", c."transactionId"::text AS "transactionId", c."eventId",
      c."delivered"::text AS "delivered", c."attempts", c."heldUntil" IS NOT NULL AS "hasHeld", d."epoch" AS "lastEpoch",
      d."transactionId"::text AS "lastTransactionId", d."id" AS "lastId"`);
  return rows.map((row) => ({
    tenantId: row.tenantId,
    hubId: row.hubId,
    lease,
    from: { epoch: row.epoch, transactionId: row.transactionId, eventId: row.eventId },
    upTo: { epoch: row.lastEpoch, transactionId: row.lastTransactionId, eventId: row.lastId },
    delivered: JSON.parse(row.delivered) as string[],
    attempts: row.attempts,
    hasHeld: row.hasHeld,
  }));
}

/** A registration, with what signs its deliveries; undefined: it was deleted. */
export async function readRegistration(
  database: Database,
  tenantId: string,
  hubId: string,
  now: Date,
): Promise<Registration | undefined> {
  const [row] = await database.query<Omit<Registration, 'subscriber'> & { subscriber: string }>(Prisma.sql`
    SELECT "tenantId", "id", "api", "callback", "query", "signingSecret",
      CASE WHEN "previousSecretUntil" > ${now.toISOString()}::timestamptz THEN "previousSecret" END AS "previousSecret",
      "subscriber"::text AS "subscriber"
    FROM "Hub" WHERE "tenantId" = ${tenantId} AND "id" = ${hubId}`);
  return row && { ...row, subscriber: JSON.parse(row.subscriber) as Registration['subscriber'] };
}

/** An event that is to be sent once more, and how often it was tried. */
export interface WaitingLetter {
  readonly id: string;
  readonly attempts: number;
  readonly eventId: string;
}

/** Dead letters that wait to be sent again, the oldest first. */
export function readWaiting(
  database: Database,
  { tenantId, hubId }: Pick<Claim, 'tenantId' | 'hubId'>,
  limit: number,
): Promise<WaitingLetter[]> {
  return database.query<WaitingLetter>(Prisma.sql`
    SELECT "id", "attempts", "eventId" FROM "HubDeadLetter"
    WHERE "tenantId" = ${tenantId} AND "state" = 'waiting' AND "hubId" = ${hubId}
    ORDER BY "id" LIMIT ${limit}::int`);
}

/** An event that is given up. */
export interface DeadEvent {
  readonly id: string;
  readonly event: OutboxEvent;
  readonly attempts: number;
  readonly error: string;
}

/** What became of a letter that waited. */
export interface SentLetter {
  readonly id: string;
  /** Undefined: it was taken. */
  readonly error: string | undefined;
}

/** What a claim came to. */
export interface Progress {
  readonly position: Position;
  readonly delivered: readonly string[];
  /** When the first event happened that was read and is not done. */
  readonly openSince: string | undefined;
  /** How many were taken, letters among them. */
  readonly taken: number;
  readonly attempts: number;
  /** Of what is to be tried again, the last; undefined: that of earlier claims, while events are held. */
  readonly error: string | undefined;
  readonly waitMs: number;
  readonly held: HeldChanges;
  readonly dead: readonly DeadEvent[];
  readonly letters: readonly SentLetter[];
  readonly now: Date;
}

/** Gives a claim back with nothing done, for a while. */
export async function giveBack(
  database: Database,
  claim: Claim,
  { error, waitMs }: Pick<Progress, 'error' | 'waitMs'>,
): Promise<void> {
  const { tenantId, hubId, lease } = claim;
  await database.transaction(
    async (tx) => {
      await tx.execute(Prisma.sql`
        UPDATE "HubCursor" SET "error" = ${error ?? null}, "nextAt" = clock_timestamp() + make_interval(secs => ${waitMs}::float8 / 1000),
          "lease" = NULL, "leasedUntil" = NULL
        WHERE "tenantId" = ${tenantId} AND "hubId" = ${hubId} AND "lease" = ${lease}`);
      await tx.execute(releaseRevoked(claim));
    },
    { workClass: 'job' },
  );
}

/** Notes what a claim came to and gives it back, unless its lease had ended and somebody else has it. */
export async function saveProgress(database: Database, claim: Claim, progress: Progress): Promise<void> {
  const { tenantId, hubId, lease } = claim;
  const { position, delivered, openSince, taken, attempts, error, waitMs, held, dead, letters, now } = progress;
  const isHolding = claim.hasHeld || held.added.length > 0;
  await database.transaction(
    async (tx) => {
      const changed = await tx.execute(Prisma.sql`
        UPDATE "HubCursor" SET "epoch" = ${position.epoch}::int, "transactionId" = ${position.transactionId}::bigint,
          "eventId" = ${position.eventId}, "delivered" = ${JSON.stringify(delivered)}::jsonb, "attempts" = ${attempts}::int,
          "error" = ${isHolding && error === undefined ? Prisma.sql`"error"` : (error ?? null)}, "openSince" = ${openSince ?? null}::timestamptz,
          "deliveredCount" = "deliveredCount" + ${taken}::int,
          "lastDeliveredAt" = CASE WHEN ${taken}::int > 0 THEN ${now.toISOString()}::timestamptz ELSE "lastDeliveredAt" END,
          "nextAt" = clock_timestamp() + make_interval(secs => ${waitMs}::float8 / 1000),
          "lease" = NULL, "leasedUntil" = NULL
        WHERE "tenantId" = ${tenantId} AND "hubId" = ${hubId} AND "lease" = ${lease}`);
      if (changed === 0) return void (await tx.execute(releaseRevoked(claim)));
      if (isHolding) {
        await saveHeld(tx, claim, held);
        await tx.execute(Prisma.sql`
          UPDATE "HubCursor" SET "heldUntil" = h."until", "openSince" = least("openSince", h."since"),
            "error" = CASE WHEN h."until" IS NULL THEN ${error ?? null} ELSE "error" END
          FROM (${untilAndSince(claim)}) h WHERE "tenantId" = ${tenantId} AND "hubId" = ${hubId}`);
      }
      if (dead.length > 0) await tx.execute(insertDead(claim, dead, now));
      const gone = letters.filter((one) => one.error === undefined).map(({ id }) => id);
      if (gone.length > 0)
        await tx.execute(
          Prisma.sql`DELETE FROM "HubDeadLetter" WHERE "tenantId" = ${tenantId} AND "id" = ANY(${gone}::text[])`,
        );
      for (const { id, error: why } of letters.filter((one) => one.error !== undefined))
        await tx.execute(Prisma.sql`
          UPDATE "HubDeadLetter" SET "state" = 'dead', "revision" = "revision" + 1, "attempts" = "attempts" + 1, "error" = ${why},
            "failedAt" = ${now.toISOString()}::timestamptz, "updatedAt" = ${now.toISOString()}::timestamptz
          WHERE "tenantId" = ${tenantId} AND "id" = ${id}`);
    },
    { workClass: 'job' },
  );
}

function insertDead({ tenantId, hubId }: Claim, dead: readonly DeadEvent[], now: Date): Prisma.Sql {
  const rows = dead.map(({ id, event, attempts, error }) => ({
    ...{ id, eventId: event.id, eventType: event.eventType, resourceId: event.resourceId },
    ...{ attempts, error },
  }));
  const at = now.toISOString();
  return Prisma.sql`
    INSERT INTO "HubDeadLetter" ("tenantId", "id", "hubId", "eventId", "eventType", "resourceId", "state", "attempts", "error", "failedAt", "updatedAt")
    SELECT ${tenantId}::text, r."id", ${hubId}::text, r."eventId", r."eventType", r."resourceId", 'dead', r."attempts", r."error",
      ${at}::timestamptz, ${at}::timestamptz
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      AS r("id" text, "eventId" text, "eventType" text, "resourceId" text, "attempts" int, "error" text)`;
}
