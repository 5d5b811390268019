import { Prisma } from '../../../../prisma/generated/client.js';
import { Decimal } from '../../../platform/decimal.js';
import type { Database } from '../../../platform/database/database.js';

/** A bucket that does not say what its ledger and its reservations do. */
export interface WrongBucket {
  readonly tenantId: string;
  readonly id: string;
  /** In words, e.g. `remaining 10, its entries come to 9`. */
  readonly problem: string;
}

/** What a bucket says, and what its ledger and its reservations do; amounts are decimals. */
interface Books {
  readonly id: string;
  readonly remaining: string;
  readonly reserved: string;
  readonly entries: number;
  readonly remainingSum: string;
  readonly reservedSum: string;
  readonly last: number;
  readonly count: number;
  readonly held: string;
}

/** Where to go on. */
export type BucketKey = readonly [tenantId: string, id: string];

/** The next buckets of a tenant behind a key: how many there are, those whose books are wrong, and where to go on, which may be the next tenant. */
export async function checkBooks(
  database: Database,
  [tenantId, after]: BucketKey,
  limit: number,
): Promise<{ readonly checked: number; readonly next: BucketKey | undefined; readonly wrong: readonly WrongBucket[] }> {
  const rows = await database.read<Books>(
    Prisma.sql`
      SELECT b."id", COALESCE(b."remainingValueAmount", 0)::text AS "remaining", COALESCE(b."reservedValueAmount", 0)::text AS "reserved",
        b."entrySequence" AS "entries", l."remainingSum", l."reservedSum", l."last", l."count", h."held"
      FROM (
        SELECT * FROM "Bucket" WHERE "tenantId" = ${tenantId} AND "id" > ${after} ORDER BY "id" LIMIT ${limit}::int
      ) b
      CROSS JOIN LATERAL (
        SELECT COALESCE(sum(e."remainingDelta"), 0)::text AS "remainingSum", COALESCE(sum(e."reservedDelta"), 0)::text AS "reservedSum",
          COALESCE(max(e."sequence"), 0)::int AS "last", count(*)::int AS "count"
        FROM "LedgerEntry" e WHERE e."tenantId" = b."tenantId" AND e."bucketId" = b."id"
      ) l
      CROSS JOIN LATERAL (
        SELECT COALESCE(sum(h."amount"), 0)::text AS "held" FROM "ReservationHold" h
        WHERE h."tenantId" = b."tenantId" AND h."bucketId" = b."id"
      ) h
      ORDER BY b."id"`,
    { isPlanKept: false, workClass: 'report' },
  );
  const last = rows.at(-1);
  return {
    checked: rows.length,
    next: last && rows.length === limit ? [tenantId, last.id] : await tenantAfter(database, tenantId),
    wrong: rows.flatMap((row) => {
      const problem = problemOf(row);
      return problem === undefined ? [] : [{ tenantId, id: row.id, problem }];
    }),
  };
}

async function tenantAfter(database: Database, tenantId: string): Promise<BucketKey | undefined> {
  const [row] = await database.query<{ next: string | null }>(
    Prisma.sql`SELECT min("tenantId") AS "next" FROM "Bucket" WHERE "tenantId" > ${tenantId}`,
  );
  return row && row.next !== null ? [row.next, ''] : undefined;
}

function problemOf(row: Books): string | undefined {
  const differs = (one: string, other: string): boolean => !new Decimal(one).equals(other);
  if (row.last !== row.entries || row.count !== row.entries)
    return `${row.entries} entries, its ledger has ${row.count} up to number ${row.last}`;
  if (differs(row.remaining, row.remainingSum))
    return `remaining ${row.remaining}, its entries come to ${row.remainingSum}`;
  if (differs(row.reserved, row.reservedSum)) return `reserved ${row.reserved}, its entries come to ${row.reservedSum}`;
  return differs(row.reserved, row.held) ? `reserved ${row.reserved}, its reservations hold ${row.held}` : undefined;
}
