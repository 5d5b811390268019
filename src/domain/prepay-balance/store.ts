import { Prisma } from '../../../prisma/generated/client.js';
import type { Transaction } from '../../platform/database/database.js';
import { Decimal } from '../../platform/decimal.js';
import type { Plain } from '../../platform/plain.js';
import { selectList } from '../../platform/read/columns.js';
import type { Shape } from '../../platform/read/shape.js';
import { withNormalTimes } from '../../platform/write/rows.js';
import type { LedgerEntry } from './bookkeeping.js';
import type { Containment, Locator } from './commands.js';
import { candidatesMax } from './rules.js';
import type { BucketState, Hold, ReservationState } from './state.js';

// The SQL of the balance engine: each function is one statement for a whole batch.

interface BucketRow {
  id: string;
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
}

/** Locks the buckets in id order, which every writer keeps, and reads what the rules need. */
export async function lockBuckets(tx: Transaction, tenantId: string, ids: readonly string[]): Promise<Map<string, BucketState>> {
  if (ids.length === 0) return new Map();
  const rows = await jsonRows<BucketRow>(
    tx,
    Prisma.sql`
      SELECT "id", "status", "usageType", "remainingValueUnits" AS "units", "remainingValueAmount"::text AS "remaining",
        "reservedValueAmount"::text AS "reserved", "priority", "amountScale", "validForStart" AS "validFrom",
        "validForEnd" AS "validUntil", "entrySequence", "lastEntryAt"
      FROM "Bucket" WHERE "tenantId" = ${tenantId} AND "id" = ANY(${ids}::text[])
      ORDER BY "id" FOR UPDATE`,
  );
  return new Map(rows.map((row) => [row.id, toBucketState(row)]));
}

function toBucketState(row: BucketRow): BucketState {
  return {
    id: row.id,
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
  };
}

type MatchLocator = Extract<Locator, { kind: 'match' }>;

/**
 * The buckets each locator matches, at most one more than an action may draw on. With `within`, only
 * those among buckets that are locked already: asked again under the locks, the answer is final.
 */
export async function locate(
  tx: Transaction,
  tenantId: string,
  locators: readonly MatchLocator[],
  now: Date,
  within?: readonly string[],
): Promise<string[][]> {
  if (locators.length === 0) return [];
  const branches = locators.map(
    (locator, ordinal) => Prisma.sql`(
      SELECT ${ordinal}::int AS "ordinal", b."id" FROM "Bucket" b
      WHERE b."tenantId" = ${tenantId} AND b."status" = 'active'
        AND (b."validForStart" IS NULL OR b."validForStart" <= ${now.toISOString()}::timestamptz)
        AND (b."validForEnd" IS NULL OR b."validForEnd" > ${now.toISOString()}::timestamptz)
        AND (b."remainingValueUnits" IS NULL OR b."remainingValueUnits" = ${locator.units})
        AND ${locator.usageType === undefined ? Prisma.sql`true` : Prisma.sql`b."usageType" = ${locator.usageType}`}
        AND ${within ? Prisma.sql`b."id" = ANY(${within}::text[])` : Prisma.sql`true`}
        AND ${Prisma.join(locator.conditions.map(anyOf), ' AND ')}
      ORDER BY b."id" LIMIT ${candidatesMax + 1}::int)`,
  );
  const rows = await tx.query<{ ordinal: number; id: string }>(Prisma.join(branches, ' UNION ALL '));
  const found: string[][] = locators.map(() => []);
  for (const { ordinal, id } of rows) found[ordinal]?.push(id);
  return found;
}

function anyOf(alternatives: readonly Containment[]): Prisma.Sql {
  const contained = alternatives.map(
    ({ attribute, json }) => Prisma.sql`b.${Prisma.raw(`"${attribute}"`)} @> ${json}::jsonb`,
  );
  return Prisma.sql`(${Prisma.join(contained, ' OR ')})`;
}

/** Buckets in which the reservations hold something; read before the locks, to know what to lock. */
export async function heldBuckets(tx: Transaction, tenantId: string, reservationIds: readonly string[]): Promise<string[]> {
  if (reservationIds.length === 0) return [];
  const rows = await tx.query<{ bucketId: string }>(Prisma.sql`
    SELECT DISTINCT "bucketId" FROM "ReservationHold"
    WHERE "tenantId" = ${tenantId} AND "reserveBalanceId" = ANY(${reservationIds}::text[])`);
  return rows.map(({ bucketId }) => bucketId);
}

/** The reservations as they stand; called under the locks of their buckets, so nobody else ends them. */
export async function lockReservations(
  tx: Transaction,
  tenantId: string,
  shape: Shape,
  ids: readonly string[],
): Promise<Map<string, ReservationState>> {
  if (ids.length === 0) return new Map();
  const rows = await jsonRows<Plain>(
    tx,
    Prisma.sql`
      SELECT ${Prisma.raw(selectList(shape, 'b', Object.keys(shape.attributes)))} FROM "BalanceAction" b
      WHERE b."tenantId" = ${tenantId} AND b."id" = ANY(${ids}::text[]) AND b."kind" = 'reserveBalance'
      ORDER BY b."id" FOR UPDATE`,
  );
  const snapshots = rows.map((row) => withNormalTimes(shape, row));
  const holds = await jsonRows<{ reserveBalanceId: string; bucketId: string; amount: string }>(
    tx,
    Prisma.sql`
      SELECT h."reserveBalanceId", h."bucketId", h."amount"::text AS "amount" FROM "ReservationHold" h
      WHERE h."tenantId" = ${tenantId} AND h."reserveBalanceId" = ANY(${ids}::text[])
      ORDER BY h."reserveBalanceId", h."ordinal"`,
  );
  const holdsOf = new Map<string, Hold[]>();
  for (const { reserveBalanceId, bucketId, amount } of holds) {
    const list = holdsOf.get(reserveBalanceId) ?? [];
    list.push({ bucketId, amount: new Decimal(amount) });
    holdsOf.set(reserveBalanceId, list);
  }
  return new Map(snapshots.map((row) => [String(row['id']), toReservationState(row, holdsOf.get(String(row['id'])) ?? [])]));
}

function toReservationState(snapshot: Plain, holds: readonly Hold[]): ReservationState {
  const amount = snapshot['amount'] as { units: string };
  const expirationDate = snapshot['expirationDate'] as string | null;
  return {
    id: String(snapshot['id']),
    status: String(snapshot['status']),
    units: amount.units,
    usageType: (snapshot['usageType'] as string | null) ?? undefined,
    expirationDate: toDate(expirationDate),
    holds,
    snapshot,
  };
}

/** Writes balances back; a change of a bucket is a new revision of it, its opening is not. */
export async function writeBuckets(
  tx: Transaction,
  tenantId: string,
  buckets: readonly BucketState[],
  { keepRevision }: { keepRevision: boolean } = { keepRevision: false },
): Promise<void> {
  if (buckets.length === 0) return;
  const rows = buckets.map((bucket) => ({
    id: bucket.id,
    units: bucket.units,
    remaining: bucket.remaining,
    reserved: bucket.reserved,
    amountScale: bucket.amountScale,
    entrySequence: bucket.entrySequence,
    lastEntryAt: bucket.lastEntryAt,
  }));
  await tx.execute(Prisma.sql`
    UPDATE "Bucket" b SET
      "revision" = b."revision" + ${keepRevision ? 0 : 1}::int,
      "remainingValueAmount" = r."remaining", "remainingValueUnits" = r."units",
      "reservedValueAmount" = r."reserved", "reservedValueUnits" = r."units",
      "amountScale" = r."amountScale", "entrySequence" = r."entrySequence", "lastEntryAt" = r."lastEntryAt",
      "updatedAt" = r."lastEntryAt"
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(
      "id" text, "units" text, "remaining" numeric, "reserved" numeric, "amountScale" integer,
      "entrySequence" integer, "lastEntryAt" timestamptz)
    WHERE b."tenantId" = ${tenantId} AND b."id" = r."id"`);
}

export async function insertEntries(tx: Transaction, tenantId: string, entries: readonly LedgerEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await tx.execute(Prisma.sql`
    INSERT INTO "LedgerEntry" ("tenantId", "bucketId", "sequence", "id", "entryType", "actionKind", "actionId",
      "remainingDelta", "reservedDelta", "remainingAfter", "reservedAfter", "units", "recordedAt")
    SELECT ${tenantId}::text, r.* FROM jsonb_to_recordset(${JSON.stringify(entries)}::jsonb) AS r(
      "bucketId" text, "sequence" integer, "id" text, "entryType" text, "actionKind" text, "actionId" text,
      "remainingDelta" numeric, "reservedDelta" numeric, "remainingAfter" numeric, "reservedAfter" numeric,
      "units" text, "recordedAt" timestamptz)`);
}

export interface HoldRow extends Hold {
  readonly reserveBalanceId: string;
}

export async function insertHolds(tx: Transaction, tenantId: string, holds: readonly (HoldRow & { ordinal: number })[]): Promise<void> {
  if (holds.length === 0) return;
  await tx.execute(Prisma.sql`
    INSERT INTO "ReservationHold" ("tenantId", "bucketId", "reserveBalanceId", "ordinal", "amount")
    SELECT ${tenantId}::text, r.* FROM jsonb_to_recordset(${JSON.stringify(holds)}::jsonb) AS r(
      "bucketId" text, "reserveBalanceId" text, "ordinal" integer, "amount" numeric)`);
}

export async function deleteHolds(tx: Transaction, tenantId: string, reservationIds: readonly string[]): Promise<void> {
  if (reservationIds.length === 0) return;
  await tx.execute(Prisma.sql`
    DELETE FROM "ReservationHold" WHERE "tenantId" = ${tenantId} AND "reserveBalanceId" = ANY(${reservationIds}::text[])`);
}

async function jsonRows<T>(tx: Transaction, select: Prisma.Sql): Promise<T[]> {
  const [result] = await tx.query<{ rows: string | null }>(
    Prisma.sql`SELECT json_agg(t)::text AS "rows" FROM (${select}) t`,
  );
  return result?.rows ? (JSON.parse(result.rows) as T[]) : [];
}

function toDate(text: string | null): Date | undefined {
  return text === null ? undefined : new Date(text);
}
