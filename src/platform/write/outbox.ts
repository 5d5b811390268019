import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../database/database.js';
import { jsonTextOf, type JsonObject, type JsonValue } from '../json-object.js';
import { systemPrincipalId } from '../principal.js';
import { currentTraceParent } from '../tracing.js';
import type { Write } from './write-all.js';

/** A domain change as consumers will receive it (docs/decisions/0023-outbox.md). */
export interface DomainEvent {
  id: string;
  /** UpperCamelCase, e.g. TopupBalanceCreateEvent. */
  eventType: string;
  resourceType: string;
  resourceId: string;
  occurredAt: string;
  /** Who asked for the change; absent: the server itself. */
  principalId?: string;
  /** The resource after the change. */
  payload: JsonObject;
  /** What it did to other resources, as short as can be: their events are made of it when they are read (docs/decisions/0054-derived-events.md). */
  impact?: JsonValue;
  /** The trace of the change; absent: that of the work that writes it, if it is traced. */
  traceParent?: string | undefined;
}

/** Writes events in the transaction of their change, so that no event is published for a change that was rolled back. */
export function insertEvents(tenantId: string, events: readonly DomainEvent[]): Write {
  if (events.length === 0) return undefined;
  return insertEventsFrom(
    tenantId,
    Prisma.sql`jsonb_to_recordset(${`[${events.map(textOf).join(',')}]`}::jsonb) AS r(
      "id" text, "eventType" text, "resourceType" text, "resourceId" text, "occurredAt" timestamptz, "principalId" text, "payload" jsonb, "impact" jsonb, "traceParent" text)`,
    { impact: Prisma.sql`r."impact"`, traceParent: Prisma.sql`r."traceParent"` },
  );
}

function textOf({ payload, ...envelope }: DomainEvent): string {
  return `${JSON.stringify(envelope).slice(0, -1)},"payload":${jsonTextOf(payload)}}`;
}

/** Of events made by SQL: what only some have. */
interface EventParts {
  readonly impact: Prisma.Sql;
  readonly traceParent: Prisma.Sql;
}

const noParts: EventParts = { impact: Prisma.sql`NULL::jsonb`, traceParent: Prisma.sql`NULL::text` };

/** The same for events made by SQL: `from` follows FROM and has the columns of an event under the alias r. */
export function insertEventsFrom(
  tenantId: string,
  from: Prisma.Sql,
  { impact, traceParent }: EventParts = noParts,
): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO "Outbox" ("tenantId", "id", "eventType", "resourceType", "resourceId", "occurredAt", "principalId", "payload", "impact", "traceParent")
    SELECT ${tenantId}::text, r."id", r."eventType", r."resourceType", r."resourceId", r."occurredAt",
      coalesce(r."principalId", ${systemPrincipalId}), r."payload", ${impact},
      coalesce(${traceParent}, ${currentTraceParent() ?? null}::text) FROM ${from}`;
}

/** Events that lastIdOf looks at: the latest may come from several servers, each with its own sequence of ids. */
const lastEventsMax = 1_000;

/** @returns the greatest id of the latest events, which is about the greatest of all ids; undefined without events */
export async function lastIdOf(database: Database): Promise<string | undefined> {
  const [row] = await database.query<{ id: string | null }>(Prisma.sql`
    SELECT max(o."id") AS "id" FROM (
      SELECT "id" FROM "Outbox" ORDER BY "epoch" DESC, "transactionId" DESC, "id" DESC LIMIT ${lastEventsMax}::int
    ) o`);
  return row?.id ?? undefined;
}
