import { Prisma } from '../../../../prisma/generated/client.js';
import type { Statements } from '../../../platform/database/database.js';
import { Decimal } from '../../../platform/decimal.js';
import type { Write } from '../../../platform/write/write-all.js';
import type { LedgerEntry } from '../decide/bookkeeping.js';
import type { Effect } from '../decide/state.js';

/** What each of these actions has done to each bucket in all, by the id of the action. */
export async function readEffects(
  database: Pick<Statements, 'query'>,
  tenantId: string,
  actionIds: readonly string[],
): Promise<Map<string, Effect[]>> {
  const found = new Map<string, Effect[]>();
  if (actionIds.length === 0) return found;
  const rows = await database.query<{ actionId: string; bucketId: string; net: string }>(Prisma.sql`
    SELECT "actionId", "bucketId", sum("remainingDelta" + "reservedDelta")::text AS "net" FROM "LedgerEntry"
    WHERE "tenantId" = ${tenantId} AND "actionId" = ANY(${actionIds}::text[])
    GROUP BY "actionId", "bucketId" ORDER BY "actionId", "bucketId"`);
  for (const { actionId, bucketId, net } of rows) {
    found.set(actionId, [...(found.get(actionId) ?? []), { bucketId, net: new Decimal(net) }]);
  }
  return found;
}

/** Appends entries to the ledger. */
export function insertEntries(tenantId: string, entries: readonly LedgerEntry[]): Write {
  if (entries.length === 0) return undefined;
  return Prisma.sql`
    INSERT INTO "LedgerEntry" ("tenantId", "bucketId", "sequence", "id", "entryType", "actionKind", "actionId",
      "remainingDelta", "reservedDelta", "remainingAfter", "reservedAfter", "units", "recordedAt", "principalId")
    SELECT ${tenantId}::text, r.* FROM jsonb_to_recordset(${JSON.stringify(entries)}::jsonb) AS r(
      "bucketId" text, "sequence" integer, "id" text, "entryType" text, "actionKind" text, "actionId" text,
      "remainingDelta" numeric, "reservedDelta" numeric, "remainingAfter" numeric, "reservedAfter" numeric,
      "units" text, "recordedAt" timestamptz, "principalId" text)`;
}

/** Records where the times of entries step back: the search for a balance as of an instant goes from one to the next. */
export function insertClockStepsBack(tenantId: string, entries: readonly LedgerEntry[]): Write {
  const steps = entries.filter(({ stepsBack }) => stepsBack);
  if (steps.length === 0) return undefined;
  return Prisma.sql`
    INSERT INTO "LedgerStepBack" ("tenantId", "bucketId", "sequence", "recordedAt")
    SELECT ${tenantId}::text, r.* FROM jsonb_to_recordset(${JSON.stringify(steps)}::jsonb) AS r("bucketId" text, "sequence" integer, "recordedAt" timestamptz)`;
}
