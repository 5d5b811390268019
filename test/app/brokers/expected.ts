import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../../../src/platform/database/database.js';

/** Ids of the events that brokers are told, those that are made of others among them: of each bucket that an action has moved. */
export async function eventsOfBrokers(database: Pick<Database, 'query'>): Promise<string[]> {
  const rows = await database.query<{ id: string }>(Prisma.sql`
    SELECT "id" FROM "Outbox" WHERE "tenantId" <> '' AND "resourceType" NOT IN ('hub', 'hubDeadLetter')
    UNION ALL
    SELECT o."id" || '.' || (i ->> 0) FROM "Outbox" o, jsonb_array_elements(o."impact") i
    WHERE o."tenantId" <> '' AND jsonb_typeof(o."impact") = 'array'`);
  return rows.map(({ id }) => id).sort();
}
