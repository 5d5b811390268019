// @ts-check
/** A transfer as one statement: both buckets are locked in the order of their ids, so that no two wait for each other. */
import { answer, isComplete, nextId, once } from './baseline-action.js';

const transfer = {
  name: 'transfer',
  text: `
WITH "locked" AS MATERIALIZED (
  SELECT "id", "remainingValueAmount", "reservedValueAmount", "amountScale", "lastEntryAt" FROM "Bucket"
  WHERE "tenantId" = $1::text AND "id" IN ($2::text, $3::text) AND "status" = 'active' AND "remainingValueUnits" = $5::text
    AND ("validForStart" IS NULL OR "validForStart" <= $6::timestamptz)
    AND ("validForEnd" IS NULL OR "validForEnd" > $6::timestamptz)
  ORDER BY "id" FOR UPDATE
), "possible" AS MATERIALIZED (
  SELECT count(*) = 2 AND bool_and(CASE WHEN "id" = $2::text THEN "remainingValueAmount" >= $4::numeric
    ELSE "remainingValueAmount" + "reservedValueAmount" + $4::numeric <= 10::numeric ^ (15 - GREATEST("amountScale", scale($4::numeric))) END) AS "is",
    GREATEST(max("lastEntryAt"), $6::timestamptz) AS "at"
  FROM "locked"
), "moved" AS (
  UPDATE "Bucket" SET
    "revision" = "revision" + 1,
    "remainingValueAmount" = "remainingValueAmount" + CASE WHEN "id" = $2::text THEN -$4::numeric ELSE $4::numeric END,
    "amountScale" = GREATEST("amountScale", scale($4::numeric)),
    "lastCredit" = CASE WHEN "id" = $2::text THEN "lastCredit" ELSE $4::numeric END,
    "entrySequence" = "entrySequence" + 1,
    "lastEntryAt" = "at", "updatedAt" = "at"
  FROM "possible" WHERE "is" AND "tenantId" = $1::text AND "id" IN ($2::text, $3::text)
  RETURNING "id", "id" = $2::text AS "isSource", "usageType", "remainingValueAmount" AS "after",
    CASE WHEN "id" = $2::text THEN -$4::numeric ELSE $4::numeric END AS "delta",
    "reservedValueAmount" AS "reserved", "entrySequence", "at",
    to_char("at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "atText"
), "answer" AS MATERIALIZED (
  SELECT s."at", s."usageType", r."usageType" AS "receiverUsageType", jsonb_strip_nulls(jsonb_build_object(
    'id', $7::text, 'revision', 1, 'status', 'completed', 'usageType', s."usageType", 'receiverBucketUsageType', r."usageType",
    'amount', jsonb_build_object('amount', $4::numeric, 'units', $5::text), 'bucket', $8::jsonb, 'receiverBucket', $9::jsonb, 'reason', $10::text,
    'requestedDate', s."atText", 'confirmationDate', s."atText", 'updatedAt', s."atText",
    'impactedBucket', (
      SELECT jsonb_agg(jsonb_build_object(
        'bucket', jsonb_build_object('id', "id", 'usageType', "usageType"),
        'amountBefore', jsonb_build_object('amount', trim_scale("after" - "delta"), 'units', $5::text),
        'amountAfter', jsonb_build_object('amount', trim_scale("after"), 'units', $5::text),
        'confirmationDate', "atText",
        'item', jsonb_build_array(jsonb_build_object('itemType', CASE WHEN "isSource" THEN 'transferOut' ELSE 'transferIn' END,
          'amount', jsonb_build_object('amount', $4::numeric, 'units', $5::text)))
      ) ORDER BY "isSource" DESC) FROM "moved")
  )) AS "row"
  FROM "moved" s JOIN "moved" r ON s."isSource" AND NOT r."isSource"
), "action" AS (
  INSERT INTO "BalanceAction" ("tenantId", "kind", "id", "revision", "status", "usageType", "receiverBucketUsageType", "amountAmount", "amountUnits",
    "bucket", "receiverBucket", "reason", "requestedDate", "confirmationDate", "updatedAt", "impactedBucket")
  SELECT $1::text, 'transferBalance', $7::text, 1, 'completed', "usageType", "receiverUsageType", $4::numeric, $5::text,
    $8::jsonb, $9::jsonb, $10::text, "at", "at", "at", "row"->'impactedBucket' FROM "answer"
), "entry" AS (
  INSERT INTO "LedgerEntry" ("tenantId", "bucketId", "sequence", "id", "entryType", "actionKind", "actionId",
    "remainingDelta", "reservedDelta", "remainingAfter", "reservedAfter", "units", "recordedAt")
  SELECT $1::text, "id", "entrySequence", CASE WHEN "isSource" THEN $11::text ELSE $12::text END,
    CASE WHEN "isSource" THEN 'transferOut' ELSE 'transferIn' END, 'transferBalance', $7::text,
    "delta", 0, "after", "reserved", $5::text, "at" FROM "moved"
), "event" AS (
  INSERT INTO "Outbox" ("tenantId", "id", "eventType", "resourceType", "resourceId", "occurredAt", "payload")
  SELECT $1::text, $13::text, 'TransferBalanceCreateEvent', 'transferBalance', $7::text, "at", "row" FROM "answer"
), "remembered" AS (
  INSERT INTO "Idempotency" ("tenantId", "key", "fingerprint", "outcome", "createdAt")
  SELECT $1::text, $14::text, $15::text, jsonb_build_object('answer', "row"), $6::timestamptz FROM "answer" WHERE $14::text IS NOT NULL
)
SELECT "id", "usageType", ("after" - "delta")::float8 AS "before", "after"::float8, "atText" FROM "moved" ORDER BY "isSource" DESC`,
};

/**
 * @param {import('pg').Pool} pool
 * @param {string} tenantId
 * @param {Record<string, any>} body
 * @param {string | undefined} key
 * @returns {Promise<import('./baseline-action.js').Done>}
 */
export async function createTransfer(pool, tenantId, body, key) {
  const { amount, bucket, receiverBucket, reason } = body;
  if (!isComplete(body) || typeof receiverBucket?.id !== 'string' || receiverBucket.id === bucket.id)
    return { status: 400 };
  return once(pool, tenantId, { operation: 'createTransferBalance', body, key }, async (fingerprint) => {
    const id = nextId();
    const values = [
      tenantId,
      bucket.id,
      receiverBucket.id,
      amount.amount,
      amount.units,
      new Date(),
      id,
      JSON.stringify(bucket),
      JSON.stringify(receiverBucket),
      reason,
      nextId(),
      nextId(),
      nextId(),
      key,
      fingerprint,
    ];
    const [source, receiver] = (await pool.query({ ...transfer, values })).rows;
    if (source === undefined || receiver === undefined) return undefined;
    const impacts = [
      { ...source, itemType: 'transferOut' },
      { ...receiver, itemType: 'transferIn' },
    ];
    return answer({
      id,
      status: 'completed',
      body,
      impacts,
      at: source.atText,
      usageType: source.usageType,
      receiverUsageType: receiver.usageType,
    });
  });
}
