import { Prisma } from '../../../prisma/generated/client.js';
import type { Transaction } from '../database/database.js';

/** A statement that writes; undefined when there is nothing to write. */
export type Write = Prisma.Sql | undefined;

/**
 * Sends all writes as one statement, which saves the round trips between them. They see the database as it was
 * before any of them: no row may be written by two of them.
 */
export async function writeAll(tx: Transaction, writes: readonly Write[]): Promise<void> {
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
