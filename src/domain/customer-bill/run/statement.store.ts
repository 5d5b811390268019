import { Prisma } from '../../../../prisma/generated/client.js';
import type { Transaction } from '../../../platform/database/database.js';
import type { Write } from '../../../platform/write/write-all.js';

/** The last ledger entry of a bucket that stands on a statement, 0 for none; transactions that make the next statement wait for each other here. */
export async function lockStatedSequence(tx: Transaction, tenantId: string, bucketId: string): Promise<number> {
  await tx.execute(
    Prisma.sql`INSERT INTO "BucketStatement" ("tenantId", "bucketId", "sequence") VALUES (${tenantId}, ${bucketId}, 0) ON CONFLICT DO NOTHING`,
  );
  const [row] = await tx.query<{ sequence: number }>(Prisma.sql`
    SELECT "sequence" FROM "BucketStatement" WHERE "tenantId" = ${tenantId} AND "bucketId" = ${bucketId} FOR UPDATE`);
  return row?.sequence ?? 0;
}

/** From now on the entries up to this one stand on a statement. */
export function updateStatedSequence(tenantId: string, bucketId: string, sequence: number): Write {
  return Prisma.sql`UPDATE "BucketStatement" SET "sequence" = ${sequence}::int WHERE "tenantId" = ${tenantId} AND "bucketId" = ${bucketId}`;
}
