import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../database/database.js';
import type { Figure } from '../figures.js';

/** How many events are kept, as PostgreSQL guesses it, and how old the oldest one is. */
export async function readOutboxFigures(database: Database): Promise<Figure[]> {
  const [row] = await database.query<{ events: number; ageSeconds: number }>(Prisma.sql`
    SELECT (SELECT coalesce(sum(greatest(c.reltuples, 0)), 0)::float8 FROM pg_class c
        WHERE c.oid IN (SELECT t.relid FROM pg_partition_tree('"Outbox"') t WHERE t.isleaf)) AS "events",
      coalesce((SELECT greatest(0, extract(epoch FROM statement_timestamp() - o."occurredAt")) FROM "Outbox" o
        ORDER BY o."epoch", o."transactionId", o."id" LIMIT 1), 0)::float8 AS "ageSeconds"`);
  return [
    {
      name: 'outbox_events',
      help: 'Events that are kept, as PostgreSQL guesses it.',
      kind: 'gauge',
      value: row?.events ?? 0,
    },
    {
      name: 'outbox_age_seconds',
      help: 'Age of the oldest event that is kept.',
      kind: 'gauge',
      value: row?.ageSeconds ?? 0,
    },
  ];
}
