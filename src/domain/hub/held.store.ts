import { Prisma } from '../../../prisma/generated/client.js';
import type { Database, Transaction } from '../../platform/database/database.js';
import type { OutboxEvent } from '../../platform/write/outbox-reader.js';
import { revisionOf } from '../../platform/write/event-order.js';

/** The registration whose events are held. */
interface Holder {
  readonly tenantId: string;
  readonly hubId: string;
}

/** An event that the cursor has passed and that is still to be delivered. */
export interface HeldEvent {
  readonly eventId: string;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly attempts: number;
  /** Since when it may be tried again; negative: not yet. */
  readonly dueMs: number;
}

/** Those of a registration, of a resource in the order of its revisions. */
export function readHeld(database: Database, { tenantId, hubId }: Holder): Promise<HeldEvent[]> {
  return database.query<HeldEvent>(Prisma.sql`
    SELECT "eventId", "resourceType", "resourceId", "attempts",
      (extract(epoch FROM clock_timestamp() - "nextAt") * 1000)::float8 AS "dueMs"
    FROM "HubHeldEvent" WHERE "tenantId" = ${tenantId} AND "hubId" = ${hubId} ORDER BY "resourceRevision", "eventId"`);
}

/** What becomes of events that are held. */
export interface HeldChanges {
  readonly added: readonly { readonly event: OutboxEvent; readonly attempts: number; readonly waitMs: number }[];
  readonly retried: readonly { readonly eventId: string; readonly attempts: number; readonly waitMs: number }[];
  /** Ids of those that need not be held any more. */
  readonly released: readonly string[];
  /** The receiver takes events again: whatever is held is tried now. */
  readonly areAllDue: boolean;
}

export async function saveHeld(tx: Transaction, holder: Holder, changes: HeldChanges): Promise<void> {
  const { tenantId, hubId } = holder;
  const { added, retried, released, areAllDue } = changes;
  if (released.length > 0)
    await tx.execute(Prisma.sql`
      DELETE FROM "HubHeldEvent" WHERE "tenantId" = ${tenantId} AND "hubId" = ${hubId} AND "eventId" = ANY(${[...released]}::text[])`);
  if (retried.length > 0)
    await tx.execute(Prisma.sql`
      UPDATE "HubHeldEvent" h SET "attempts" = r."attempts", "nextAt" = clock_timestamp() + make_interval(secs => r."waitMs" / 1000)
      FROM jsonb_to_recordset(${JSON.stringify(retried)}::jsonb) AS r("eventId" text, "attempts" int, "waitMs" float8)
      WHERE h."tenantId" = ${tenantId} AND h."hubId" = ${hubId} AND h."eventId" = r."eventId"`);
  if (added.length > 0) await tx.execute(insertHeld(holder, added));
  if (areAllDue)
    await tx.execute(Prisma.sql`
      UPDATE "HubHeldEvent" SET "nextAt" = clock_timestamp()
      WHERE "tenantId" = ${tenantId} AND "hubId" = ${hubId} AND "nextAt" > clock_timestamp()`);
}

function insertHeld({ tenantId, hubId }: Holder, added: HeldChanges['added']): Prisma.Sql {
  const rows = added.map(({ event, attempts, waitMs }) => ({
    ...{ eventId: event.id, resourceType: event.resourceType, resourceId: event.resourceId },
    ...{ resourceRevision: revisionOf(event), occurredAt: event.occurredAt, attempts, waitMs },
  }));
  return Prisma.sql`
    INSERT INTO "HubHeldEvent" ("tenantId", "hubId", "eventId", "resourceType", "resourceId", "resourceRevision", "occurredAt", "attempts",
      "nextAt")
    SELECT ${tenantId}::text, ${hubId}::text, r."eventId", r."resourceType", r."resourceId", r."resourceRevision", r."occurredAt", r."attempts",
      clock_timestamp() + make_interval(secs => r."waitMs" / 1000)
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r("eventId" text, "resourceType" text, "resourceId" text,
      "resourceRevision" int, "occurredAt" timestamptz, "attempts" int, "waitMs" float8)
    ON CONFLICT DO NOTHING`;
}

/**
 * Selects of what is held `until` when something is tried again (of each resource that counts which comes first) and `since` when the
 * first of it happened; nulls: nothing is held.
 */
export function untilAndSince({ tenantId, hubId }: Holder): Prisma.Sql {
  return Prisma.sql`
    SELECT min(f."nextAt") AS "until", min(f."since") AS "since" FROM (
      SELECT DISTINCT ON ("resourceType", "resourceId") "nextAt", min("occurredAt") OVER () AS "since" FROM "HubHeldEvent"
      WHERE "tenantId" = ${tenantId} AND "hubId" = ${hubId}
      ORDER BY "resourceType", "resourceId", "resourceRevision", "eventId"
    ) f`;
}
