import { Prisma } from '../../../prisma/generated/client.js';
import { DomainError, abbreviated } from '../errors.js';
import { firstIdAt } from '../ids.js';
import { oldestEvent } from './outbox-places.js';
import { storedIdOf, type Position } from './outbox-reader.js';
import { eventsKeptSince } from './outbox-retention.js';
import type { Queries } from './rows.js';

/**
 * Where an event stands; where it was made of another one: before that, so that all that is made of it comes again.
 * Throws EVENTS_GONE when there is no such event (any more).
 */
export async function positionOf(queries: Queries, tenantId: string, eventId: string): Promise<Position> {
  const id = storedIdOf(eventId);
  const [row] = await queries.query<Omit<Position, 'eventId'>>(Prisma.sql`
    SELECT o."epoch", o."transactionId"::text AS "transactionId" FROM "Outbox" o
    WHERE o."tenantId" = ${tenantId} AND o."id" = ${id}`);
  if (row === undefined)
    throw await eventsGone(queries, tenantId, `there is no event '${abbreviated(eventId)}' (any more)`, 'afterEventId');
  return { ...row, eventId: id === eventId ? id : '' };
}

/**
 * Before the first event that was written at an instant or after it; undefined: there is none. Throws EVENTS_GONE when some of
 * them are no longer kept.
 */
export async function positionSince(queries: Queries, tenantId: string, since: Date): Promise<Position | undefined> {
  const kept = await eventsKeptSince(queries);
  if (kept && since < kept)
    throw await eventsGone(queries, tenantId, `events are kept since ${kept.toISOString()}`, 'since');
  // The order of positions is that of transactions, each with ids of its own time.
  const [row] = await queries.query<Omit<Position, 'eventId'>>(Prisma.sql`
    SELECT o."epoch", o."transactionId"::text AS "transactionId" FROM "Outbox" o
    WHERE o."tenantId" = ${tenantId} AND o."id" >= ${firstIdAt(since)}
    ORDER BY o."epoch", o."transactionId", o."id" LIMIT 1`);
  return row && { ...row, eventId: '' };
}

/** The refusal of a place in the events of a tenant that is not kept (any more). */
export async function eventsGone(queries: Queries, tenantId: string, what: string, path: string): Promise<DomainError> {
  const oldest = await oldestEvent(queries, tenantId);
  return new DomainError('EVENTS_GONE', `${what}: read what you need, and begin anew`, {
    path,
    ...(oldest !== undefined && { oldest }),
  });
}
