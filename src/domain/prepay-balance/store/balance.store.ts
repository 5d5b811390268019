import { Prisma } from '../../../../prisma/generated/client.js';
import type { Transaction } from '../../../platform/database/database.js';
import { Decimal } from '../../../platform/decimal.js';
import type { JsonObject } from '../../../platform/json-object.js';
import type { ResourceMapping } from '../../../platform/read/resource-mapping.js';
import { lockRows } from '../../../platform/write/rows.js';
import type { Write } from '../../../platform/write/write-all.js';
import { convertibleUnits } from '../../units.js';
import { skewMaxMs, type LedgerEntry } from '../decide/bookkeeping.js';
import type { ActionKind, Containment, Locator } from '../command/commands.js';
import { candidatesMax } from '../decide/draw.js';
import { isDue } from './due.store.js';
import type { ActionState, BucketState, Effect, Hold } from '../decide/state.js';

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
  autoTopupBalanceId: string | null;
  autoTopupThreshold: string | null;
}

/** Buckets whose locks are not waited for, because somebody is known to keep them. */
export type SkippedBuckets = 'all' | ReadonlySet<string>;

export interface LockedBuckets {
  readonly buckets: Map<string, BucketState>;
  readonly isDue: boolean;
  /** Buckets that were passed by, because somebody else has their locks. */
  readonly taken: ReadonlySet<string>;
}

/**
 * Locks the buckets in id order, which every writer keeps, and reads what the rules need; in the same breath,
 * whether anything of the tenant is due. Those that may be passed by come last: for them nobody waits, so their order
 * does not matter.
 */
export async function lockBuckets(
  tx: Transaction,
  tenantId: string,
  ids: readonly string[],
  now: Date,
  passBy: SkippedBuckets = new Set(),
): Promise<LockedBuckets> {
  const mayPass = ids.filter((id) => passBy === 'all' || passBy.has(id));
  const must = mayPass.length === 0 ? ids : ids.filter((id) => !mayPass.includes(id));
  const { buckets, isDue } = await lockRowsOfBuckets(tx, tenantId, must, now, Prisma.sql`FOR UPDATE`);
  if (mayPass.length === 0) return { buckets, isDue, taken: new Set() };
  const { buckets: free } = await lockRowsOfBuckets(tx, tenantId, mayPass, now, Prisma.sql`FOR UPDATE SKIP LOCKED`);
  const missing = mayPass.filter((id) => !free.has(id));
  const there = await tx.query<{ id: string }>(
    Prisma.sql`SELECT "id" FROM "Bucket" WHERE "tenantId" = ${tenantId} AND "id" = ANY(${missing}::text[])`,
  );
  return { buckets: new Map([...buckets, ...free]), isDue, taken: new Set(there.map(({ id }) => id)) };
}

async function lockRowsOfBuckets(
  tx: Transaction,
  tenantId: string,
  ids: readonly string[],
  now: Date,
  lock: Prisma.Sql,
): Promise<{ buckets: Map<string, BucketState>; isDue: boolean }> {
  const [result] = await tx.query<{ rows: string | null; isDue: boolean }>(Prisma.sql`
    SELECT json_agg(t)::text AS "rows", ${isDue(tenantId, now)} AS "isDue" FROM (
      SELECT "id", "status", "usageType", "remainingValueUnits" AS "units", "remainingValueAmount"::text AS "remaining",
        "reservedValueAmount"::text AS "reserved", "priority", "amountScale", "validForStart" AS "validFrom",
        "validForEnd" AS "validUntil", "entrySequence", "lastEntryAt", "autoTopupBalanceId",
        "autoTopupThreshold"::text AS "autoTopupThreshold"
      FROM "Bucket" WHERE "tenantId" = ${tenantId} AND "id" = ANY(${ids}::text[])
      ORDER BY "id" ${lock}
    ) t`);
  const rows = result?.rows ? (JSON.parse(result.rows) as BucketRow[]) : [];
  return { buckets: new Map(rows.map((row) => [row.id, toBucketState(row)])), isDue: result?.isDue ?? false };
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
    autoTopup:
      row.autoTopupBalanceId === null
        ? undefined
        : { topupBalanceId: row.autoTopupBalanceId, threshold: new Decimal(row.autoTopupThreshold ?? 0) },
  };
}

type MatchLocator = Extract<Locator, { kind: 'match' }>;

/**
 * The buckets each locator matches, those with something left first, and more of them than an action may draw on
 * (a transfer leaves out its receiver). With `within`, only
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
      WHERE b."tenantId" = ${tenantId} AND ${isValid(locator, now)}
        AND (b."remainingValueUnits" IS NULL OR b."remainingValueUnits" = ANY(${convertibleUnits(locator.units)}::text[]))
        AND ${locator.usageType === undefined ? Prisma.sql`true` : Prisma.sql`b."usageType" = ${locator.usageType}`}
        AND ${within ? Prisma.sql`b."id" = ANY(${within}::text[])` : Prisma.sql`true`}
        AND ${Prisma.join(locator.conditions.map(anyOf), ' AND ')}
      ORDER BY COALESCE(b."remainingValueAmount", 0) > 0 DESC, b."id" LIMIT ${candidatesMax + 2}::int)`,
  );
  const rows = await tx.query<{ ordinal: number; id: string }>(Prisma.join(branches, ' UNION ALL '));
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

/** Buckets in which the reservations hold something; read before the locks, to know what to lock. */
export async function heldBuckets(
  tx: Transaction,
  tenantId: string,
  reservationIds: readonly string[],
): Promise<Map<string, string[]>> {
  const held = new Map<string, string[]>();
  if (reservationIds.length === 0) return held;
  const rows = await tx.query<{ reserveBalanceId: string; bucketId: string }>(Prisma.sql`
    SELECT DISTINCT "reserveBalanceId", "bucketId" FROM "ReservationHold"
    WHERE "tenantId" = ${tenantId} AND "reserveBalanceId" = ANY(${reservationIds}::text[])`);
  for (const { reserveBalanceId, bucketId } of rows)
    held.set(reserveBalanceId, [...(held.get(reserveBalanceId) ?? []), bucketId]);
  return held;
}

/** What these actions have done to each bucket in all. */
export async function effects(
  tx: Transaction,
  tenantId: string,
  actionIds: readonly string[],
): Promise<Map<string, Effect[]>> {
  const found = new Map<string, Effect[]>();
  if (actionIds.length === 0) return found;
  const rows = await tx.query<{ actionId: string; bucketId: string; net: string }>(Prisma.sql`
    SELECT "actionId", "bucketId", sum("remainingDelta" + "reservedDelta")::text AS "net" FROM "LedgerEntry"
    WHERE "tenantId" = ${tenantId} AND "actionId" = ANY(${actionIds}::text[])
    GROUP BY "actionId", "bucketId" ORDER BY "actionId", "bucketId"`);
  for (const { actionId, bucketId, net } of rows) {
    found.set(actionId, [...(found.get(actionId) ?? []), { bucketId, net: new Decimal(net) }]);
  }
  return found;
}

/** Actions as they stand; called under the locks of their buckets, so nobody else ends them. */
export async function lockActions(
  tx: Transaction,
  tenantId: string,
  kind: ActionKind,
  mapping: ResourceMapping,
  ids: readonly string[],
): Promise<ActionState[]> {
  if (ids.length === 0) return [];
  const rows = await lockRows(tx, mapping, tenantId, ids);
  const holdsOf = kind === 'reserveBalance' ? await readHolds(tx, tenantId, ids) : new Map<string, Hold[]>();
  return [...rows].map(([id, row]) => toActionState(kind, row, holdsOf.get(id) ?? []));
}

async function readHolds(tx: Transaction, tenantId: string, ids: readonly string[]): Promise<Map<string, Hold[]>> {
  const rows = await tx.query<{ reserveBalanceId: string; bucketId: string; amount: string }>(Prisma.sql`
    SELECT h."reserveBalanceId", h."bucketId", h."amount"::text AS "amount" FROM "ReservationHold" h
    WHERE h."tenantId" = ${tenantId} AND h."reserveBalanceId" = ANY(${ids}::text[])
    ORDER BY h."reserveBalanceId", h."ordinal"`);
  const holdsOf = new Map<string, Hold[]>();
  for (const { reserveBalanceId, bucketId, amount } of rows) {
    holdsOf.set(reserveBalanceId, [
      ...(holdsOf.get(reserveBalanceId) ?? []),
      { bucketId, amount: new Decimal(amount) },
    ]);
  }
  return holdsOf;
}

export function toActionState(kind: ActionKind, snapshot: JsonObject, holds: readonly Hold[]): ActionState {
  const amount = snapshot['amount'] as { units: string };
  return {
    kind,
    id: String(snapshot['id']),
    status: String(snapshot['status']),
    units: amount.units,
    usageType: (snapshot['usageType'] as string | null) ?? undefined,
    dueAt: toDate((snapshot['nextDueDate'] as string | null) ?? null),
    holds,
    effects: [],
    snapshot,
  };
}

/** Writes balances back; a change of a bucket is a new revision of it, its opening is not. */
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
    updatedAt,
  }));
  return Prisma.sql`
    UPDATE "Bucket" b SET
      "revision" = b."revision" + ${keepRevision ? 0 : 1}::int,
      "remainingValueAmount" = r."remaining", "remainingValueUnits" = r."units",
      "reservedValueAmount" = r."reserved", "reservedValueUnits" = r."units",
      "amountScale" = r."amountScale", "entrySequence" = r."entrySequence", "lastEntryAt" = r."lastEntryAt",
      "status" = r."status", "validForEnd" = r."validUntil",
      "autoTopupBalanceId" = r."autoTopupBalanceId", "autoTopupThreshold" = r."autoTopupThreshold",
      "updatedAt" = CASE WHEN b."updatedAt" BETWEEN r."updatedAt" AND r."updatedAt" + ${skewMaxMs} * interval '1 millisecond' THEN b."updatedAt" ELSE r."updatedAt" END
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(
      "id" text, "units" text, "remaining" numeric, "reserved" numeric, "amountScale" integer,
      "entrySequence" integer, "lastEntryAt" timestamptz, "status" text, "validUntil" timestamptz,
      "autoTopupBalanceId" text, "autoTopupThreshold" numeric, "updatedAt" timestamptz)
    WHERE b."tenantId" = ${tenantId} AND b."id" = r."id"`;
}

export function insertEntries(tenantId: string, entries: readonly LedgerEntry[]): Write {
  if (entries.length === 0) return undefined;
  return Prisma.sql`
    INSERT INTO "LedgerEntry" ("tenantId", "bucketId", "sequence", "id", "entryType", "actionKind", "actionId",
      "remainingDelta", "reservedDelta", "remainingAfter", "reservedAfter", "units", "recordedAt")
    SELECT ${tenantId}::text, r.* FROM jsonb_to_recordset(${JSON.stringify(entries)}::jsonb) AS r(
      "bucketId" text, "sequence" integer, "id" text, "entryType" text, "actionKind" text, "actionId" text,
      "remainingDelta" numeric, "reservedDelta" numeric, "remainingAfter" numeric, "reservedAfter" numeric,
      "units" text, "recordedAt" timestamptz)`;
}

/** What the balance as of an instant is found by, where times step back. */
export function insertClockStepsBack(tenantId: string, entries: readonly LedgerEntry[]): Write {
  const steps = entries.filter(({ stepsBack }) => stepsBack);
  if (steps.length === 0) return undefined;
  return Prisma.sql`
    INSERT INTO "LedgerStepBack" ("tenantId", "bucketId", "sequence", "recordedAt")
    SELECT ${tenantId}::text, r.* FROM jsonb_to_recordset(${JSON.stringify(steps)}::jsonb) AS r("bucketId" text, "sequence" integer, "recordedAt" timestamptz)`;
}

export interface HoldRow extends Hold {
  readonly reserveBalanceId: string;
  /** Place in the burn order. */
  readonly ordinal: number;
}

export function insertHolds(tenantId: string, holds: readonly HoldRow[]): Write {
  if (holds.length === 0) return undefined;
  return Prisma.sql`
    INSERT INTO "ReservationHold" ("tenantId", "bucketId", "reserveBalanceId", "ordinal", "amount")
    SELECT ${tenantId}::text, r.* FROM jsonb_to_recordset(${JSON.stringify(holds)}::jsonb) AS r(
      "bucketId" text, "reserveBalanceId" text, "ordinal" integer, "amount" numeric)`;
}

export function deleteHolds(tenantId: string, reservationIds: readonly string[]): Write {
  if (reservationIds.length === 0) return undefined;
  return Prisma.sql`
    DELETE FROM "ReservationHold" WHERE "tenantId" = ${tenantId} AND "reserveBalanceId" = ANY(${reservationIds}::text[])`;
}

function toDate(text: string | null): Date | undefined {
  return text === null ? undefined : new Date(text);
}
