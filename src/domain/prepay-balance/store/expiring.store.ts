import { Prisma } from '../../../../prisma/generated/client.js';
import type { Statements } from '../../../platform/database/database.js';

/** How far the ends of validity of all buckets have been told, so many days before. */
export interface ExpiringMark {
  readonly validForEnd: Date;
  /** The last bucket of that very end that was told; null: all of them were. */
  readonly afterTenant: string | null;
  readonly afterBucket: string | null;
}

export interface ExpiringBucket {
  readonly tenantId: string;
  readonly id: string;
  readonly validForEnd: Date;
}

/** Locks the mark, so that one server tells at a time; without one, all until `first` counts as told. */
export async function lockMark(tx: Statements, days: number, first: Date): Promise<ExpiringMark> {
  await tx.execute(Prisma.sql`
    INSERT INTO "BucketExpiringMark" ("days", "validForEnd") VALUES (${days}::int, ${first.toISOString()}::timestamptz) ON CONFLICT DO NOTHING`);
  const [mark] = await tx.query<ExpiringMark>(Prisma.sql`
    SELECT "validForEnd", "afterTenant", "afterBucket" FROM "BucketExpiringMark" WHERE "days" = ${days}::int FOR UPDATE`);
  if (mark === undefined) throw new Error(`the mark of ${days} days is there`);
  return mark;
}

export function moveMark(days: number, { validForEnd, afterTenant, afterBucket }: ExpiringMark): Prisma.Sql {
  return Prisma.sql`
    UPDATE "BucketExpiringMark" SET "validForEnd" = ${validForEnd.toISOString()}::timestamptz,
      "afterTenant" = ${afterTenant}::text, "afterBucket" = ${afterBucket}::text
    WHERE "days" = ${days}::int`;
}

/** Active buckets of all tenants in which something remains and whose validity ends behind the mark, after `from`, until `until`. */
export async function findExpiring(
  tx: Statements,
  mark: ExpiringMark,
  { from, until, limit }: { from: Date; until: Date; limit: number },
): Promise<ExpiringBucket[]> {
  const { afterTenant, afterBucket } = mark;
  const end = Prisma.sql`${mark.validForEnd.toISOString()}::timestamptz`;
  const isBehind =
    afterTenant === null || afterBucket === null
      ? Prisma.sql`b."validForEnd" > ${end}`
      : Prisma.sql`b."validForEnd" >= ${end} AND (b."validForEnd", b."tenantId", b."id") > (${end}, ${afterTenant}, ${afterBucket})`;
  return tx.query<ExpiringBucket>(Prisma.sql`
    SELECT b."tenantId", b."id", b."validForEnd" FROM "Bucket" b
    WHERE b."status" = 'active' AND b."remainingValueAmount" > 0 AND ${isBehind}
      AND b."validForEnd" > ${from.toISOString()}::timestamptz AND b."validForEnd" <= ${until.toISOString()}::timestamptz
    ORDER BY b."validForEnd", b."tenantId", b."id" LIMIT ${limit}::int`);
}
