// @ts-check
/** A reservation as one statement, and its commit as another. */
import { answer, isComplete, nextId, once } from './baseline-action.js';

const at = `to_char("lastEntryAt" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** The conditions of the UPDATE are the refusals of the server; which of them failed would be found out by a second look. */
const reserve = {
  name: 'reserve',
  text: `
WITH "bucket" AS (
  UPDATE "Bucket" SET
    "revision" = "revision" + 1,
    "remainingValueAmount" = "remainingValueAmount" - $3::numeric, "reservedValueAmount" = "reservedValueAmount" + $3::numeric,
    "amountScale" = GREATEST("amountScale", scale($3::numeric)),
    "entrySequence" = "entrySequence" + 1,
    "lastEntryAt" = GREATEST("lastEntryAt", $5::timestamptz), "updatedAt" = GREATEST("lastEntryAt", $5::timestamptz)
  WHERE "tenantId" = $1::text AND "id" = $2::text AND "status" = 'active' AND "remainingValueUnits" = $4::text
    AND ("validForStart" IS NULL OR "validForStart" <= $5::timestamptz)
    AND ("validForEnd" IS NULL OR "validForEnd" > $5::timestamptz)
    AND "remainingValueAmount" >= $3::numeric
    AND "remainingValueAmount" + "reservedValueAmount" <= 10::numeric ^ (15 - GREATEST("amountScale", scale($3::numeric)))
  RETURNING "id", "usageType", "remainingValueAmount" AS "after", "remainingValueAmount" + $3::numeric AS "before",
    "reservedValueAmount" AS "reserved", "entrySequence", "lastEntryAt" AS "at", ${at} AS "atText"
), "answer" AS MATERIALIZED (
  SELECT *, jsonb_strip_nulls(jsonb_build_object(
    'id', $6::text, 'revision', 1, 'status', 'created', 'usageType', "usageType", 'relatedParty', '[]'::jsonb,
    'amount', jsonb_build_object('amount', $3::numeric, 'units', $4::text), 'bucket', $7::jsonb, 'reason', $8::text,
    'requestedDate', "atText", 'confirmationDate', "atText", 'updatedAt', "atText",
    'impactedBucket', jsonb_build_array(jsonb_build_object(
      'bucket', jsonb_build_object('id', "id", 'usageType', "usageType"),
      'amountBefore', jsonb_build_object('amount', trim_scale("before"), 'units', $4::text),
      'amountAfter', jsonb_build_object('amount', trim_scale("after"), 'units', $4::text),
      'confirmationDate', "atText",
      'item', jsonb_build_array(jsonb_build_object('itemType', 'reserve', 'amount', jsonb_build_object('amount', $3::numeric, 'units', $4::text)))
    ))
  )) AS "row"
  FROM "bucket"
), "action" AS (
  INSERT INTO "BalanceAction" ("tenantId", "kind", "id", "revision", "status", "usageType", "amountAmount", "amountUnits",
    "bucket", "relatedParty", "reason", "requestedDate", "confirmationDate", "updatedAt", "impactedBucket")
  SELECT $1::text, 'reserveBalance', $6::text, 1, 'created', "usageType", $3::numeric, $4::text,
    $7::jsonb, '[]'::jsonb, $8::text, "at", "at", "at", "row"->'impactedBucket' FROM "answer"
), "hold" AS (
  INSERT INTO "ReservationHold" ("tenantId", "bucketId", "reserveBalanceId", "ordinal", "amount")
  SELECT $1::text, "id", $6::text, 0, $3::numeric FROM "answer"
), "entry" AS (
  INSERT INTO "LedgerEntry" ("tenantId", "bucketId", "sequence", "id", "entryType", "actionKind", "actionId",
    "remainingDelta", "reservedDelta", "remainingAfter", "reservedAfter", "units", "recordedAt")
  SELECT $1::text, "id", "entrySequence", $9::text, 'reserve', 'reserveBalance', $6::text,
    -$3::numeric, $3::numeric, "after", "reserved", $4::text, "at" FROM "answer"
), "event" AS (
  INSERT INTO "Outbox" ("tenantId", "id", "eventType", "resourceType", "resourceId", "occurredAt", "payload")
  SELECT $1::text, $10::text, 'ReserveBalanceCreateEvent', 'reserveBalance', $6::text, "at", "row" FROM "answer"
), "remembered" AS (
  INSERT INTO "Idempotency" ("tenantId", "key", "fingerprint", "outcome", "createdAt")
  SELECT $1::text, $11::text, $12::text, jsonb_build_object('answer', "row"), $5::timestamptz FROM "answer" WHERE $11::text IS NOT NULL
)
SELECT "usageType", "before"::float8, "after"::float8, "atText" FROM "bucket"`,
};

/** Whole reservations only. Who deletes the hold ends the reservation: the row is there once. */
const commit = {
  name: 'commit',
  text: `
WITH "hold" AS (
  DELETE FROM "ReservationHold" WHERE "tenantId" = $1::text AND "reserveBalanceId" = $2::text AND "amount" = $3::numeric
  RETURNING "bucketId"
), "bucket" AS (
  UPDATE "Bucket" SET
    "revision" = "revision" + 1, "reservedValueAmount" = "reservedValueAmount" - $3::numeric,
    "amountScale" = GREATEST("amountScale", scale($3::numeric)),
    "entrySequence" = "entrySequence" + 1,
    "lastEntryAt" = GREATEST("lastEntryAt", $5::timestamptz), "updatedAt" = GREATEST("lastEntryAt", $5::timestamptz)
  FROM "hold"
  WHERE "tenantId" = $1::text AND "id" = "bucketId" AND "reservedValueUnits" = $4::text
  RETURNING "id", "usageType", "remainingValueAmount" AS "after", "reservedValueAmount" AS "reserved", "entrySequence",
    "lastEntryAt" AS "at", ${at} AS "atText"
), "reservation" AS (
  UPDATE "BalanceAction" a SET "status" = 'completed', "revision" = a."revision" + 1, "nextDueDate" = NULL, "updatedAt" = "at"
  FROM "bucket" b WHERE a."tenantId" = $1::text AND a."id" = $2::text AND a."kind" = 'reserveBalance' AND a."status" = 'created'
  RETURNING a.*, b."atText"
), "answer" AS MATERIALIZED (
  SELECT "bucket".*, jsonb_strip_nulls(jsonb_build_object(
    'id', $6::text, 'revision', 1, 'status', 'completed', 'usageType', "usageType", 'adjustType', 'reservationDebit',
    'amount', jsonb_build_object('amount', $3::numeric, 'units', $4::text), 'bucket', $7::jsonb, 'reason', $8::text,
    'reserveBalance', $13::jsonb, 'requestedDate', "atText", 'confirmationDate', "atText", 'updatedAt', "atText",
    'impactedBucket', jsonb_build_array(jsonb_build_object(
      'bucket', jsonb_build_object('id', "id", 'usageType', "usageType"),
      'amountBefore', jsonb_build_object('amount', trim_scale("after"), 'units', $4::text),
      'amountAfter', jsonb_build_object('amount', trim_scale("after"), 'units', $4::text),
      'confirmationDate', "atText",
      'item', jsonb_build_array(jsonb_build_object('itemType', 'commit', 'amount', jsonb_build_object('amount', $3::numeric, 'units', $4::text)))
    ))
  )) AS "row"
  FROM "bucket"
), "action" AS (
  INSERT INTO "BalanceAction" ("tenantId", "kind", "id", "revision", "status", "usageType", "amountAmount", "amountUnits",
    "bucket", "reason", "adjustType", "reserveBalance", "requestedDate", "confirmationDate", "updatedAt", "impactedBucket")
  SELECT $1::text, 'adjustBalance', $6::text, 1, 'completed', "usageType", $3::numeric, $4::text,
    $7::jsonb, $8::text, 'reservationDebit', $13::jsonb, "at", "at", "at", "row"->'impactedBucket' FROM "answer"
), "entry" AS (
  INSERT INTO "LedgerEntry" ("tenantId", "bucketId", "sequence", "id", "entryType", "actionKind", "actionId",
    "remainingDelta", "reservedDelta", "remainingAfter", "reservedAfter", "units", "recordedAt")
  SELECT $1::text, "id", "entrySequence", $9::text, 'commit', 'adjustBalance', $6::text,
    0, -$3::numeric, "after", "reserved", $4::text, "at" FROM "answer"
), "event" AS (
  INSERT INTO "Outbox" ("tenantId", "id", "eventType", "resourceType", "resourceId", "occurredAt", "payload")
  SELECT $1::text, $10::text, 'AdjustBalanceCreateEvent', 'adjustBalance', $6::text, "at", "row" FROM "answer"
  UNION ALL
  SELECT $1::text, $14::text, 'ReserveBalanceStatusChangeEvent', 'reserveBalance', "id", "updatedAt", jsonb_strip_nulls(jsonb_build_object(
    'id', "id", 'revision', "revision", 'status', "status", 'usageType', "usageType", 'relatedParty', "relatedParty",
    'amount', jsonb_build_object('amount', trim_scale("amountAmount"), 'units', "amountUnits"), 'bucket', "bucket", 'reason', "reason",
    'impactedBucket', "impactedBucket", 'updatedAt', "atText",
    'requestedDate', to_char("requestedDate" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'confirmationDate', to_char("confirmationDate" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
  )) FROM "reservation"
), "remembered" AS (
  INSERT INTO "Idempotency" ("tenantId", "key", "fingerprint", "outcome", "createdAt")
  SELECT $1::text, $11::text, $12::text, jsonb_build_object('answer', "row"), $5::timestamptz FROM "answer" WHERE $11::text IS NOT NULL
)
SELECT "usageType", "after"::float8 AS "before", "after"::float8, "atText" FROM "bucket"`,
};

/**
 * @param {import('pg').Pool} pool
 * @param {string} tenantId
 * @param {Record<string, any>} body
 * @param {string | undefined} key
 * @returns {Promise<import('./baseline-action.js').Done>}
 */
export async function createReservation(pool, tenantId, body, key) {
  if (!isComplete(body)) return { status: 400 };
  const { amount, bucket, reason } = body;
  return once(pool, tenantId, { operation: 'createReserveBalance', body, key }, async (fingerprint) => {
    const id = nextId();
    const values = [
      tenantId,
      bucket.id,
      amount.amount,
      amount.units,
      new Date(),
      id,
      JSON.stringify(bucket),
      reason,
      nextId(),
      nextId(),
      key,
      fingerprint,
    ];
    const [row] = (await pool.query({ ...reserve, values })).rows;
    if (row === undefined) return undefined;
    const impact = {
      id: bucket.id,
      usageType: row.usageType,
      before: row.before,
      after: row.after,
      itemType: 'reserve',
    };
    return answer({
      id,
      status: 'created',
      body,
      impacts: [impact],
      at: row.atText,
      usageType: row.usageType,
      relatedParty: [],
    });
  });
}

/**
 * @param {import('pg').Pool} pool
 * @param {string} tenantId
 * @param {Record<string, any>} body of an adjustBalance
 * @param {string | undefined} key
 * @returns {Promise<import('./baseline-action.js').Done>}
 */
export async function createCommit(pool, tenantId, body, key) {
  if (!isComplete(body) || body.adjustType !== 'reservationDebit' || typeof body.reserveBalance?.id !== 'string')
    return { status: 400 };
  const { amount, bucket, reserveBalance, reason } = body;
  return once(pool, tenantId, { operation: 'createAdjustBalance', body, key }, async (fingerprint) => {
    const id = nextId();
    const values = [
      tenantId,
      reserveBalance.id,
      amount.amount,
      amount.units,
      new Date(),
      id,
      JSON.stringify(bucket),
      reason,
      nextId(),
      nextId(),
      key,
      fingerprint,
      JSON.stringify(reserveBalance),
      nextId(),
    ];
    const [row] = (await pool.query({ ...commit, values })).rows;
    if (row === undefined) return undefined;
    const impact = {
      id: bucket.id,
      usageType: row.usageType,
      before: row.before,
      after: row.after,
      itemType: 'commit',
    };
    return answer({ id, status: 'completed', body, impacts: [impact], at: row.atText, usageType: row.usageType });
  });
}
