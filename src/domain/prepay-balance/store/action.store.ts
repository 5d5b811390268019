import { Prisma } from '../../../../prisma/generated/client.js';
import type { Statements } from '../../../platform/database/database.js';
import { Decimal } from '../../../platform/decimal.js';
import { withoutNulls } from '../../../platform/json-object.js';
import type { ResourceMapping } from '../../../platform/read/resource-mapping.js';
import { lockRows } from '../../../platform/write/rows.js';
import type { Write } from '../../../platform/write/write-all.js';
import { toActionState, type ActionState, type Hold } from '../decide/state.js';
import type { ActionKind, BalanceActionRow, HoldRow } from '../model.js';

/** The buckets in which each reservation holds something; read before the locks, to know what to lock. */
export async function readHeldBuckets(
  database: Pick<Statements, 'query'>,
  tenantId: string,
  reservationIds: readonly string[],
): Promise<Map<string, string[]>> {
  const held = new Map<string, string[]>();
  if (reservationIds.length === 0) return held;
  const rows = await database.query<Pick<HoldRow, 'reserveBalanceId' | 'bucketId'>>(Prisma.sql`
    SELECT DISTINCT "reserveBalanceId", "bucketId" FROM "ReservationHold"
    WHERE "tenantId" = ${tenantId} AND "reserveBalanceId" = ANY(${reservationIds}::text[])`);
  for (const { reserveBalanceId, bucketId } of rows)
    held.set(reserveBalanceId, [...(held.get(reserveBalanceId) ?? []), bucketId]);
  return held;
}

/** Actions as they stand, locked until the transaction ends; called when their buckets are locked, so nobody else ends them. */
export async function lockActions(
  tx: Statements,
  tenantId: string,
  kind: ActionKind,
  mapping: ResourceMapping<BalanceActionRow>,
  ids: readonly string[],
): Promise<ActionState[]> {
  if (ids.length === 0) return [];
  const locking = lockRows(tx, mapping, tenantId, ids);
  // Sent behind it without waiting. Where that one fails, so does this one, but that one says why.
  const holding = kind === 'reserveBalance' ? readHolds(tx, tenantId, ids) : undefined;
  holding?.catch(() => undefined);
  const rows = await locking;
  const holdsOf = (await holding) ?? new Map<string, Hold[]>();
  return [...rows.values()].map((row) => toActionState(kind, withoutNulls(row), holdsOf.get(row.id)));
}

async function readHolds(tx: Statements, tenantId: string, ids: readonly string[]): Promise<Map<string, Hold[]>> {
  const rows = await tx.query<{ reserveBalanceId: string; bucketId: string; amount: string }>(Prisma.sql`
    SELECT h."reserveBalanceId", h."bucketId", h."amount"::text AS "amount" FROM "ReservationHold" h
    WHERE h."tenantId" = ${tenantId} AND h."reserveBalanceId" = ANY(${ids}::text[])
    ORDER BY h."reserveBalanceId", h."ordinal"`);
  const holdsOf = new Map<string, Hold[]>();
  for (const { reserveBalanceId, bucketId, amount } of rows) {
    const hold = { bucketId, amount: new Decimal(amount) };
    holdsOf.set(reserveBalanceId, [...(holdsOf.get(reserveBalanceId) ?? []), hold]);
  }
  return holdsOf;
}

/** Stores what new reservations hold. */
export function insertHolds(tenantId: string, holds: readonly HoldRow[]): Write {
  if (holds.length === 0) return undefined;
  return Prisma.sql`
    INSERT INTO "ReservationHold" ("tenantId", "bucketId", "reserveBalanceId", "ordinal", "amount")
    SELECT ${tenantId}::text, r.* FROM jsonb_to_recordset(${JSON.stringify(holds)}::jsonb) AS r(
      "bucketId" text, "reserveBalanceId" text, "ordinal" integer, "amount" numeric)`;
}

/** Deletes the holds of reservations that have ended. */
export function deleteHolds(tenantId: string, reservationIds: readonly string[]): Write {
  if (reservationIds.length === 0) return undefined;
  return Prisma.sql`
    DELETE FROM "ReservationHold" WHERE "tenantId" = ${tenantId} AND "reserveBalanceId" = ANY(${reservationIds}::text[])`;
}
