import { setTimeout as sleep } from 'node:timers/promises';
import { Prisma } from '../../../prisma/generated/client.js';
import type { Backfill } from '../../../src/platform/database/backfills.js';

const { sql } = Prisma;

export const rowsPerBatch = 10;
/** So that a kill finds it at work. */
const batchMs = 20;

/** A backfill that adds one to each row of the table "counted". */
export function countOnce(name: string, told: () => void, { isBlocking = true } = {}): Backfill {
  return {
    name,
    isBlocking,
    batch: async (tx, after) => {
      const rows = await tx.query<{ id: number }>(sql`
        UPDATE "counted" SET "times" = "times" + 1
        WHERE "id" IN (SELECT "id" FROM "counted" WHERE "id" > ${Number(after ?? 0)}::int ORDER BY "id" LIMIT ${rowsPerBatch}::int) RETURNING "id"`);
      await sleep(batchMs);
      told();
      const last = Math.max(...rows.map(({ id }) => id));
      return { next: rows.length < rowsPerBatch ? undefined : String(last), changed: rows.length };
    },
  };
}
