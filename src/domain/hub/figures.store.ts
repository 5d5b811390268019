import { Prisma } from '../../../prisma/generated/client.js';
import type { Database } from '../../platform/database/database.js';

/** How registrations are told, all of them together. */
export interface HubFigures {
  readonly registrations: number;
  /** Those that did not take an event that is tried again. */
  readonly failing: number;
  /** Since the oldest event that was looked at and not taken. */
  readonly lagSeconds: number;
  /** At most deadLettersMax. */
  readonly deadLetters: number;
}

export const deadLettersMax = 100_000;

export async function readHubFigures(database: Database): Promise<HubFigures> {
  const [row] = await database.query<HubFigures>(Prisma.sql`
    SELECT count(*)::int AS "registrations", count(*) FILTER (WHERE c."error" IS NOT NULL)::int AS "failing",
      coalesce(max(greatest(0, extract(epoch FROM statement_timestamp() - c."openSince"))), 0)::float8 AS "lagSeconds",
      (SELECT count(*)::int FROM (SELECT 1 FROM "HubDeadLetter" LIMIT ${deadLettersMax}::int) d) AS "deadLetters"
    FROM "HubCursor" c`);
  return row ?? { registrations: 0, failing: 0, lagSeconds: 0, deadLetters: 0 };
}
