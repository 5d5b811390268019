import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../database/database.js';
import type { JsonObject, JsonValue } from '../json-object.js';
import type { Queries } from './rows.js';

/** Where an event stands in the outbox; transaction ids are longer than numbers are exact. */
export interface Position {
  readonly epoch: number;
  readonly transactionId: string;
  readonly eventId: string;
}

/** An event, and where it stands in the outbox. */
export interface OutboxEvent {
  readonly tenantId: string;
  /** Of an event that was made of another one: the id of that, a dot, and `resourceId`. */
  readonly id: string;
  readonly eventType: string;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly occurredAt: string;
  readonly payload: JsonObject & { revision?: number };
  /** The trace of the change, where it was traced. */
  readonly traceParent?: string | null;
  /** That of the event which it was made of, where it was made of one. */
  readonly position: Position;
}

/** An event as the outbox has it. */
export interface StoredEvent extends OutboxEvent {
  /** What it did to other resources. */
  readonly impact: JsonValue;
}

/** What is particular to an event that is made of another one: time and position are the same. */
export type DerivedEvent = Pick<OutboxEvent, 'eventType' | 'resourceType' | 'resourceId' | 'payload'>;

/** Events that are not in the outbox, but made of those that are when these are read. */
export interface DerivedEvents {
  /** Of the resources that they are about: those whose events they are made of. */
  readonly sources: Readonly<Record<string, readonly string[]>>;
  /** Those of a stored event, behind which they come; at most one of each resource. */
  of(event: StoredEvent): readonly DerivedEvent[];
}

const nothingDerived: DerivedEvents = { sources: {}, of: () => [] };

/** A transaction that began earlier may still commit events before those that are not below the oldest running one. */
const isSettled = Prisma.sql`(o."transactionId" < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
  OR o."epoch" < (SELECT (s."value" ->> 'number')::int FROM "ServerState" s WHERE s."key" = 'outbox epoch'))`;

/** Selects the position of the last event that no other one can come before any more: `epoch`, `transactionId`, `id`. */
export const settledEnd = Prisma.sql`
  SELECT o."epoch", o."transactionId", o."id" FROM "Outbox" o WHERE ${isSettled}
  ORDER BY o."epoch" DESC, o."transactionId" DESC, o."id" DESC LIMIT 1`;

interface EventColumns extends Omit<StoredEvent, 'payload' | 'position' | 'impact'> {
  epoch: number;
  transactionId: string;
  payload: string;
  impact: string | null;
}

const columns = Prisma.sql`o."tenantId", o."epoch", o."transactionId"::text AS "transactionId", o."id", o."eventType", o."resourceType",
  o."resourceId", to_char(o."occurredAt" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "occurredAt", o."payload"::text AS "payload",
  o."impact"::text AS "impact", o."traceParent"`;

function toEvent({ epoch, transactionId, payload, impact, ...event }: EventColumns): StoredEvent {
  const position = { epoch, transactionId, eventId: event.id };
  return {
    ...event,
    payload: JSON.parse(payload) as JsonObject,
    impact: impact === null ? null : (JSON.parse(impact) as JsonValue),
    position,
  };
}

/** A stored event, and those that are made of it. */
function expanded(stored: StoredEvent, derived: DerivedEvents): OutboxEvent[] {
  const { impact: _, ...event } = stored;
  const { tenantId, id, occurredAt, traceParent, position } = event;
  const made = derived.of(stored).map((one) => ({
    ...one,
    ...{ tenantId, id: `${id}.${one.resourceId}`, occurredAt, traceParent, position },
  }));
  return [event, ...made];
}

/** What is read of the outbox. */
export interface OutboxRange {
  /** Of this tenant; undefined: of all. */
  readonly tenantId: string | undefined;
  /** Events behind this position ... */
  readonly from: Position;
  /** ... up to this one. */
  readonly upTo: Position;
  /** About these resources. */
  readonly resources: readonly string[];
  /** Of stored events. */
  readonly limit: number;
}

export interface ReadEvents {
  /** The next events, in their order: each stored one before those that are made of it, which have its position. */
  readonly events: readonly OutboxEvent[];
  /** Up to where everything was read, also where nothing was found. */
  readonly end: Position;
}

/** The next events, also those that are made of stored ones. */
export async function readEvents(
  queries: Queries,
  { tenantId, from, upTo, resources, limit }: OutboxRange,
  derived: DerivedEvents = nothingDerived,
): Promise<ReadEvents> {
  const stored = [...new Set([...resources, ...resources.flatMap((resource) => derived.sources[resource] ?? [])])];
  const isOfTenant = tenantId === undefined ? Prisma.empty : Prisma.sql`o."tenantId" = ${tenantId} AND`;
  const rows = await queries.query<EventColumns>(Prisma.sql`
    SELECT ${columns} FROM "Outbox" o
    WHERE ${isOfTenant} o."resourceType" = ANY(${stored}::text[])
      AND (o."epoch", o."transactionId", o."id") > (${from.epoch}::int, ${from.transactionId}::bigint, ${from.eventId}::text)
      AND (o."epoch", o."transactionId", o."id") <= (${upTo.epoch}::int, ${upTo.transactionId}::bigint, ${upTo.eventId}::text)
    ORDER BY o."epoch", o."transactionId", o."id" LIMIT ${limit}::int`);
  const found = rows.map(toEvent);
  const events = found
    .flatMap((event) => expanded(event, derived))
    .filter(({ resourceType }) => resources.includes(resourceType));
  return { events, end: found.length < limit ? upTo : (found.at(-1)?.position ?? upTo) };
}

/** The id of the stored event that one is made of, or is. An id of ours has no dot; that of a resource may have one. */
export function storedIdOf(eventId: string): string {
  return eventId.split('.', 1)[0] ?? eventId;
}

/** Events by their ids, also those that are made of others; those that there are. */
export async function eventsById(
  database: Database,
  tenantId: string,
  ids: readonly string[],
  derived: DerivedEvents,
): Promise<Map<string, OutboxEvent>> {
  if (ids.length === 0) return new Map();
  const stored = [...new Set(ids.map(storedIdOf))];
  const rows = await database.query<EventColumns>(Prisma.sql`
    SELECT ${columns} FROM "Outbox" o WHERE o."tenantId" = ${tenantId} AND o."id" = ANY(${stored}::text[])`);
  const events = rows.flatMap((row) => expanded(toEvent(row), derived));
  return new Map(events.filter(({ id }) => ids.includes(id)).map((event) => [event.id, event]));
}
