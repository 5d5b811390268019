// @ts-check
/** A top-up as one statement: bucket, action, ledger entry, event and remembered answer together. */
import { answer, isComplete, nextId, once } from './baseline-action.js';

/**
 * Everything the rows need is in one CTE; the row lock of the UPDATE serializes the bucket. The conditions of the
 * UPDATE are the refusals of the server; which of them failed would be found out by a second look.
 */
export const topup = {
  name: 'topup',
  text: `
WITH "bucket" AS (
  UPDATE "Bucket" SET
    "revision" = "revision" + 1,
    "remainingValueAmount" = COALESCE("remainingValueAmount", 0) + $3::numeric, "remainingValueUnits" = $4::text,
    "reservedValueAmount" = COALESCE("reservedValueAmount", 0), "reservedValueUnits" = $4::text,
    "amountScale" = GREATEST("amountScale", scale($3::numeric)), "lastCredit" = $3::numeric,
    "entrySequence" = "entrySequence" + 1,
    "lastEntryAt" = GREATEST("lastEntryAt", $5::timestamptz), "updatedAt" = GREATEST("lastEntryAt", $5::timestamptz)
  WHERE "tenantId" = $1::text AND "id" = $2::text AND "status" = 'active'
    AND ("remainingValueUnits" IS NULL OR "remainingValueUnits" = $4::text)
    AND ("validForStart" IS NULL OR "validForStart" <= $5::timestamptz)
    AND ("validForEnd" IS NULL OR "validForEnd" > $5::timestamptz)
    AND COALESCE("remainingValueAmount", 0) + COALESCE("reservedValueAmount", 0) + $3::numeric
      <= 10::numeric ^ (15 - GREATEST("amountScale", scale($3::numeric)))
  RETURNING "id", COALESCE($6::text, "usageType") AS "actionUsageType", "usageType", "remainingValueAmount" AS "after",
    "remainingValueAmount" - $3::numeric AS "before", "reservedValueAmount" AS "reserved", "entrySequence", "lastEntryAt" AS "at",
    to_char("lastEntryAt" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "atText"
), "impact" AS MATERIALIZED (
  SELECT *, jsonb_build_array(jsonb_build_object(
    'bucket', jsonb_build_object('id', "id", 'usageType', "usageType"),
    'amountBefore', jsonb_build_object('amount', trim_scale("before"), 'units', $4::text),
    'amountAfter', jsonb_build_object('amount', trim_scale("after"), 'units', $4::text),
    'confirmationDate', "atText",
    'item', jsonb_build_array(jsonb_build_object('itemType', 'topup', 'amount', jsonb_build_object('amount', $3::numeric, 'units', $4::text)))
  )) AS "impactedBucket"
  FROM "bucket"
), "answer" AS MATERIALIZED (
  SELECT *, jsonb_strip_nulls(jsonb_build_object(
    'id', $7::text, 'revision', 1, 'status', 'completed', 'usageType', "actionUsageType",
    'amount', jsonb_build_object('amount', $3::numeric, 'units', $4::text), 'bucket', $8::jsonb, 'reason', $9::text, 'description', $10::text,
    'requestedDate', "atText", 'confirmationDate', "atText", 'updatedAt', "atText", 'impactedBucket', "impactedBucket"
  )) AS "row"
  FROM "impact"
), "action" AS (
  INSERT INTO "BalanceAction" ("tenantId", "kind", "id", "revision", "status", "usageType", "amountAmount", "amountUnits",
    "bucket", "reason", "description", "requestedDate", "confirmationDate", "updatedAt", "impactedBucket")
  SELECT $1::text, 'topupBalance', $7::text, 1, 'completed', "actionUsageType", $3::numeric, $4::text,
    $8::jsonb, $9::text, $10::text, "at", "at", "at", "impactedBucket" FROM "answer"
), "entry" AS (
  INSERT INTO "LedgerEntry" ("tenantId", "bucketId", "sequence", "id", "entryType", "actionKind", "actionId",
    "remainingDelta", "reservedDelta", "remainingAfter", "reservedAfter", "units", "recordedAt")
  SELECT $1::text, "id", "entrySequence", $11::text, 'topup', 'topupBalance', $7::text,
    $3::numeric, 0, "after", "reserved", $4::text, "at" FROM "answer"
), "event" AS (
  INSERT INTO "Outbox" ("tenantId", "id", "eventType", "resourceType", "resourceId", "occurredAt", "payload")
  SELECT $1::text, $12::text, 'TopupBalanceCreateEvent', 'topupBalance', $7::text, "at", "row" FROM "answer"
), "remembered" AS (
  INSERT INTO "Idempotency" ("tenantId", "key", "fingerprint", "outcome", "createdAt")
  SELECT $1::text, $13::text, $14::text, jsonb_build_object('answer', "row"), $5::timestamptz FROM "answer" WHERE $13::text IS NOT NULL
)
SELECT "actionUsageType", "usageType", "before"::float8, "after"::float8, "atText" FROM "bucket"`,
};

/**
 * @param {import('pg').Pool} pool
 * @param {string} tenantId
 * @param {Record<string, any>} body
 * @param {string | undefined} key
 * @returns {Promise<import('./baseline-action.js').Done>}
 */
export async function createTopup(pool, tenantId, body, key) {
  if (!isComplete(body)) return { status: 400 };
  const { amount, bucket, usageType, reason, description } = body;
  return once(pool, tenantId, { operation: 'createTopupBalance', body, key }, async (fingerprint) => {
    const id = nextId();
    const values = [
      tenantId,
      bucket.id,
      amount.amount,
      amount.units,
      new Date(),
      usageType,
      id,
      JSON.stringify(bucket),
      reason,
      description,
      nextId(),
      nextId(),
      key,
      fingerprint,
    ];
    const [row] = (await pool.query({ ...topup, values })).rows;
    if (row === undefined) return undefined;
    const impact = { id: bucket.id, usageType: row.usageType, before: row.before, after: row.after, itemType: 'topup' };
    return answer({ id, status: 'completed', body, impacts: [impact], at: row.atText, usageType: row.actionUsageType });
  });
}
