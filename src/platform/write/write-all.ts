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
  const statement = together(writes);
  if (statement) await tx.execute(statement);
}

/** The same as the last of the transaction, together with its commit. */
export function writeAllAtEnd(tx: Statements, writes: readonly Write[]): void {
  const statement = together(writes);
  if (statement) tx.executeAtEnd(statement);
}

function together(writes: readonly Write[]): Write {
  const statements = writes.filter((write) => write !== undefined);
  const last = statements.pop();
  if (last === undefined || statements.length === 0) return last;
  const parts = statements.map((statement, index) => Prisma.sql`${Prisma.raw(`w${index}`)} AS (${statement})`);
  return Prisma.sql`WITH ${Prisma.join(parts, ', ')} ${last}`;
}
