import { Prisma } from '../../../prisma/generated/client.js';
import type { Statements } from '../database/database.js';

/** A statement that changes rows; undefined when there is nothing to change. */
export type Write = Prisma.Sql | undefined;

/**
 * Runs several writes as one statement, which saves round trips. All of them see the database as it was before any of
 * them, so no two may write the same row. Nothing checks that, and PostgreSQL does not say which of two wins: whoever adds
 * a write must see that its rows are its own. Deleted and inserted holds go together only because they are of different
 * reservations.
 */
export async function writeAll(tx: Statements, writes: readonly Write[]): Promise<void> {
  const statements = writes.filter((write) => write !== undefined);
  const last = statements.pop();
  if (last === undefined) return;
  if (statements.length === 0) {
    await tx.execute(last);
    return;
  }
  const parts = statements.map((statement, index) => Prisma.sql`${Prisma.raw(`w${index}`)} AS (${statement})`);
  await tx.execute(Prisma.sql`WITH ${Prisma.join(parts, ', ')} ${last}`);
}
