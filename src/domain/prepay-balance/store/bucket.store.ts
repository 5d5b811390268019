import { Prisma } from '../../../../prisma/generated/client.js';
import type { Statements } from '../../../platform/database/database.js';
import { Decimal } from '../../../platform/decimal.js';
import type { Write } from '../../../platform/write/write-all.js';
import { convertibleUnits } from '../../units.js';
import type { Containment, MatchLocator } from '../command/commands.js';
import { skewMaxMs } from '../decide/bookkeeping.js';
import { candidatesMax } from '../decide/draw.js';
import type { BucketState } from '../decide/state.js';
import type { BucketThreshold } from '../model.js';
import { isDue } from './due.store.js';

/** The columns that the rules need, as JSON has them. */
interface LockedBucket {
  id: string;
  revision: number;
  status: string;
  usageType: string;
  units: string | null;
  remaining: string | null;
  reserved: string | null;
  priority: number | null;
  amountScale: number;
  validFrom: string | null;
  validUntil: string | null;
  entrySequence: number;
  lastEntryAt: string | null;
  autoTopupBalanceId: string | null;
  autoTopupThreshold: string | null;
  threshold: BucketThreshold[] | null;
  lastReachedThreshold: BucketThreshold | null;
  lastCredit: string | null;
  depletedAt: string | null;
}

/** Buckets whose locks are not waited for, because another server is known to hold them. */
export type SkippedBuckets = 'all' | ReadonlySet<string>;

export interface LockedBuckets {
  readonly buckets: Map<string, BucketState>;
  readonly isDue: boolean;
  /** Buckets that were skipped, because another transaction has locked them. */
  readonly skipped: ReadonlySet<string>;
}

/**
 * Locks the buckets in id order, as every writer does, and reads what the rules need; the same statement tells whether
 * anything of the tenant is due. Those that may be skipped are locked last: their locks are not waited for, so their
 * order does not matter.
 */
export async function lockBuckets(
  tx: Statements,
  tenantId: string,
  ids: readonly string[],
  now: Date,
  skip: SkippedBuckets = new Set(),
): Promise<LockedBuckets> {
  const skippable = ids.filter((id) => skip === 'all' || skip.has(id));
  const awaited = skippable.length === 0 ? ids : ids.filter((id) => !skippable.includes(id));
  const { buckets, isDue } = await lockRowsOfBuckets(tx, tenantId, awaited, now, Prisma.sql`FOR UPDATE`);
  if (skippable.length === 0) return { buckets, isDue, skipped: new Set() };
  const { buckets: free } = await lockRowsOfBuckets(tx, tenantId, skippable, now, Prisma.sql`FOR UPDATE SKIP LOCKED`);
  const missing = skippable.filter((id) => !free.has(id));
  const existing = await tx.query<{ id: string }>(
    Prisma.sql`SELECT "id" FROM "Bucket" WHERE "tenantId" = ${tenantId} AND "id" = ANY(${missing}::text[])`,
  );
  return { buckets: new Map([...buckets, ...free]), isDue, skipped: new Set(existing.map(({ id }) => id)) };
}

async function lockRowsOfBuckets(
  tx: Statements,
  tenantId: string,
  ids: readonly string[],
  now: Date,
  lock: Prisma.Sql,
): Promise<{ buckets: Map<string, BucketState>; isDue: boolean }> {
  const [result] = await tx.query<{ rows: string | null; isDue: boolean }>(Prisma.sql`
    SELECT json_agg(t)::text AS "rows", ${isDue(tenantId, now)} AS "isDue" FROM (
      SELECT "id", "revision", "status", "usageType", "remainingValueUnits" AS "units", "remainingValueAmount"::text AS "remaining",
        "reservedValueAmount"::text AS "reserved", "priority", "amountScale", "validForStart" AS "validFrom",
        "validForEnd" AS "validUntil", "entrySequence", "lastEntryAt", "autoTopupBalanceId",
        "autoTopupThreshold"::text AS "autoTopupThreshold", "threshold", "lastReachedThreshold",
        "lastCredit"::text AS "lastCredit", "depletedAt"
      FROM "Bucket" WHERE "tenantId" = ${tenantId} AND "id" = ANY(${ids}::text[])
      ORDER BY "id" ${lock}
    ) t`);
  const rows = result?.rows ? (JSON.parse(result.rows) as LockedBucket[]) : [];
  return { buckets: new Map(rows.map((row) => [row.id, toBucketState(row)])), isDue: result?.isDue ?? false };
}

function toBucketState(row: LockedBucket): BucketState {
  return {
    id: row.id,
    revision: row.revision,
    status: row.status,
    usageType: row.usageType,
    units: row.units ?? undefined,
    remaining: new Decimal(row.remaining ?? 0),
    reserved: new Decimal(row.reserved ?? 0),
    priority: row.priority ?? undefined,
    amountScale: row.amountScale,
    validFrom: toDate(row.validFrom),
    validUntil: toDate(row.validUntil),
    entrySequence: row.entrySequence,
    lastEntryAt: toDate(row.lastEntryAt),
    autoTopup:
      row.autoTopupBalanceId === null
        ? undefined
        : { topupBalanceId: row.autoTopupBalanceId, threshold: new Decimal(row.autoTopupThreshold ?? 0) },
    thresholds: row.threshold ?? [],
    lastReachedThreshold: row.lastReachedThreshold ?? undefined,
    lastCredit: row.lastCredit === null ? undefined : new Decimal(row.lastCredit),
    depletedAt: toDate(row.depletedAt),
  };
}

/**
 * Ids of the buckets that each locator matches, those with something left first, and at most two more than an action may
 * draw on (a transfer leaves out its receiver). With `within`, only those among buckets that are locked already: repeated
 * under the locks, the result is final.
 */
export async function locateBuckets(
  database: Pick<Statements, 'query'>,
  tenantId: string,
  locators: readonly MatchLocator[],
  now: Date,
  within?: readonly string[],
): Promise<string[][]> {
  if (locators.length === 0) return [];
  const branches = locators.map(
    (locator, ordinal) => Prisma.sql`(
      SELECT ${ordinal}::int AS "ordinal", b."id" FROM "Bucket" b
      WHERE b."tenantId" = ${tenantId} AND ${isValid(locator, now)}
        AND (b."remainingValueUnits" IS NULL OR b."remainingValueUnits" = ANY(${convertibleUnits(locator.units)}::text[]))
        AND ${locator.usageType === undefined ? Prisma.sql`true` : Prisma.sql`b."usageType" = ${locator.usageType}`}
        AND ${within ? Prisma.sql`b."id" = ANY(${within}::text[])` : Prisma.sql`true`}
        AND ${Prisma.join(locator.conditions.map(anyOf), ' AND ')}
      ORDER BY COALESCE(b."remainingValueAmount", 0) > 0 DESC, b."id" LIMIT ${candidatesMax + 2}::int)`,
  );
  // The text differs with the number of locators and conditions, and the best plan with their values.
  const rows = await database.query<{ ordinal: number; id: string }>(Prisma.join(branches, ' UNION ALL '), {
    isPlanKept: false,
  });
  const found: string[][] = locators.map(() => []);
  for (const { ordinal, id } of rows) found[ordinal]?.push(id);
  return found;
}

function isValid({ withExpired, dueAt }: MatchLocator, now: Date): Prisma.Sql {
  const at = now.toISOString();
  const hasBegun = Prisma.sql`(b."validForStart" IS NULL OR b."validForStart" <= ${at}::timestamptz)`;
  if (withExpired) return Prisma.sql`b."status" IN ('active', 'expired') AND ${hasBegun}`;
  return Prisma.sql`b."status" = 'active' AND ${hasBegun} AND (b."validForEnd" IS NULL OR b."validForEnd" > ${(dueAt ?? now).toISOString()}::timestamptz)`;
}

function anyOf(alternatives: readonly Containment[]): Prisma.Sql {
  const contained = alternatives.map(
    ({ attribute, json }) => Prisma.sql`b.${Prisma.raw(`"${attribute}"`)} @> ${json}::jsonb`,
  );
  return Prisma.sql`(${Prisma.join(contained, ' OR ')})`;
}

/** Writes the balances of buckets. That is a new revision of each, unless `keepRevision` says otherwise (its opening balance). */
export function writeBuckets(
  tenantId: string,
  buckets: readonly BucketState[],
  updatedAt: Date,
  { keepRevision }: { keepRevision: boolean } = { keepRevision: false },
): Write {
  if (buckets.length === 0) return undefined;
  const rows = buckets.map((bucket) => ({
    id: bucket.id,
    units: bucket.units,
    // A bucket without units has no value yet, not a value of zero.
    remaining: bucket.units === undefined ? undefined : bucket.remaining,
    reserved: bucket.units === undefined ? undefined : bucket.reserved,
    amountScale: bucket.amountScale,
    entrySequence: bucket.entrySequence,
    lastEntryAt: bucket.lastEntryAt,
    status: bucket.status,
    validUntil: bucket.validUntil,
    autoTopupBalanceId: bucket.autoTopup?.topupBalanceId,
    autoTopupThreshold: bucket.autoTopup?.threshold,
    threshold: bucket.thresholds.length === 0 ? undefined : bucket.thresholds,
    lastReachedThreshold: bucket.lastReachedThreshold,
    lastCredit: bucket.lastCredit,
    depletedAt: bucket.depletedAt,
    updatedAt,
    latest: new Date(updatedAt.getTime() + skewMaxMs),
  }));
  return Prisma.sql`
    UPDATE "Bucket" b SET
      "revision" = b."revision" + ${keepRevision ? 0 : 1}::int,
      "remainingValueAmount" = r."remaining", "remainingValueUnits" = r."units",
      "reservedValueAmount" = r."reserved", "reservedValueUnits" = r."units",
      "amountScale" = r."amountScale", "entrySequence" = r."entrySequence", "lastEntryAt" = r."lastEntryAt",
      "status" = r."status", "validForEnd" = r."validUntil",
      "autoTopupBalanceId" = r."autoTopupBalanceId", "autoTopupThreshold" = r."autoTopupThreshold",
      "threshold" = r."threshold", "lastReachedThreshold" = r."lastReachedThreshold",
      "lastCredit" = r."lastCredit", "depletedAt" = r."depletedAt",
      "updatedAt" = CASE WHEN b."updatedAt" BETWEEN r."updatedAt" AND r."latest" THEN b."updatedAt" ELSE r."updatedAt" END
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(
      "id" text, "units" text, "remaining" numeric, "reserved" numeric, "amountScale" integer,
      "entrySequence" integer, "lastEntryAt" timestamptz, "status" text, "validUntil" timestamptz,
      "autoTopupBalanceId" text, "autoTopupThreshold" numeric, "threshold" jsonb, "lastReachedThreshold" jsonb,
      "lastCredit" numeric, "depletedAt" timestamptz, "updatedAt" timestamptz, "latest" timestamptz)
    WHERE b."tenantId" = ${tenantId} AND b."id" = r."id"`;
}

function toDate(text: string | null): Date | undefined {
  return text === null ? undefined : new Date(text);
}
