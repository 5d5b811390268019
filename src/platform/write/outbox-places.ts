import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../database/database.js';
import { settledEnd, type Position } from './outbox-reader.js';

interface PlaceRow {
  epoch: number;
  transactionId: string;
  id: string;
}

function toPosition(row: PlaceRow | undefined): Position | undefined {
  return row && { epoch: row.epoch, transactionId: String(row.transactionId), eventId: row.id };
}

/** Events among which the oldest is looked for: their ids come from several servers, each with its own sequence. */
const oldestAmong = 100;

/** The position of the last event that no other one can come before any more; undefined without events. */
export async function endOfSettled(database: Pick<Database, 'query'>): Promise<Position | undefined> {
  const [row] = await database.query<PlaceRow>(
    Prisma.sql`SELECT e."epoch", e."transactionId"::text AS "transactionId", e."id" FROM (${settledEnd}) e`,
  );
  return toPosition(row);
}

/** The position so many rows of the outbox before another one, whoever they belong to; undefined: there are not so many. */
export async function positionBefore(
  database: Pick<Database, 'query'>,
  { epoch, transactionId, eventId }: Position,
  rows: number,
): Promise<Position | undefined> {
  const [row] = await database.query<PlaceRow>(Prisma.sql`
    SELECT o."epoch", o."transactionId"::text AS "transactionId", o."id" FROM "Outbox" o
    WHERE (o."epoch", o."transactionId", o."id") <= (${epoch}::int, ${transactionId}::bigint, ${eventId}::text)
    ORDER BY o."epoch" DESC, o."transactionId" DESC, o."id" DESC LIMIT 1 OFFSET ${rows}::int`);
  return toPosition(row);
}

/** Whether the event at this position is still kept. */
export async function isKept(
  database: Pick<Database, 'query'>,
  { epoch, transactionId, eventId }: Position,
): Promise<boolean> {
  const [row] = await database.query<{ id: string }>(Prisma.sql`
    SELECT o."id" FROM "Outbox" o
    WHERE o."epoch" = ${epoch}::int AND o."transactionId" = ${transactionId}::bigint AND o."id" = ${eventId}::text LIMIT 1`);
  return row !== undefined;
}

/** The id of the oldest event of a tenant that is kept; undefined without events. */
export async function oldestEvent(database: Pick<Database, 'query'>, tenantId: string): Promise<string | undefined> {
  const [row] = await database.query<{ id: string }>(Prisma.sql`
    SELECT o."id" FROM (
      SELECT "epoch", "transactionId", "id" FROM "Outbox" WHERE "tenantId" = ${tenantId} ORDER BY "id" LIMIT ${oldestAmong}::int
    ) o ORDER BY o."epoch", o."transactionId", o."id" LIMIT 1`);
  return row?.id;
}
