import { Prisma } from '../../../prisma/generated/client.js';
import type { Plain } from '../plain.js';
import type { Write } from './write-all.js';

/** A domain change as it will be told to the world (DESIGN: events). */
export interface DomainEvent {
  id: string;
  /** UpperCamelCase, e.g. TopupBalanceCreateEvent. */
  eventType: string;
  resourceType: string;
  resourceId: string;
  occurredAt: string;
  /** The resource as it stands after the change. */
  payload: Plain;
}

/** Writes the events of a transaction with the transaction: none is told that did not happen. */
export function insertEvents(tenantId: string, events: readonly DomainEvent[]): Write {
  if (events.length === 0) return undefined;
  return Prisma.sql`
    INSERT INTO "Outbox" ("tenantId", "id", "eventType", "resourceType", "resourceId", "occurredAt", "payload")
    SELECT ${tenantId}::text, r."id", r."eventType", r."resourceType", r."resourceId", r."occurredAt", r."payload"
    FROM jsonb_to_recordset(${JSON.stringify(events)}::jsonb) AS r(
      "id" text, "eventType" text, "resourceType" text, "resourceId" text, "occurredAt" timestamptz, "payload" jsonb)`;
}
