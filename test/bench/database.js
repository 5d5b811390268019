// @ts-check
/** A PostgreSQL database of its own for one run: made, migrated, filled, checked, dropped. */
import pg from 'pg';

const defaultUrl = 'postgres://root@127.0.0.1:5432/test';

export const bucketCount = 10_000;
/** The buckets on which both servers first show that they do the same; they take no part in the measurement. */
export const twinIds = ['bench-twin-server', 'bench-twin-baseline'];
export const openingAmount = 100;

/** Ids have the length of real ones. @param {number} number from 1 to bucketCount */
export const bucketId = (number) => `01BENCH00000000000000${String(number).padStart(5, '0')}`;

/** @param {(url: string) => Promise<void>} work on the url of a new database, which is dropped afterwards */
export async function withDatabase(work) {
  const administration = process.env.BENCH_DATABASE_URL ?? defaultUrl;
  const name = `tmf_bench_${process.pid}`;
  await query(administration, `CREATE DATABASE "${name}" TEMPLATE template0 ENCODING 'UTF8'`);
  try {
    const url = new URL(administration);
    url.pathname = `/${name}`;
    await work(url.href);
  } finally {
    await query(administration, `DROP DATABASE "${name}" WITH (FORCE)`);
  }
}

/**
 * Fills the migrated database with buckets as createBucket makes them: each with its owner and its opening entry.
 * @param {string} url
 */
export async function loadBuckets(url) {
  await query(url, `
    INSERT INTO "Bucket" ("tenantId", "id", "usageType", "status", "name", "description", "isShared",
      "remainingValueAmount", "remainingValueUnits", "reservedValueAmount", "reservedValueUnits", "validForStart",
      "requestedDate", "confirmationDate", "logicalResource", "partyAccount", "product", "relatedParty",
      "entrySequence", "amountScale", "lastEntryAt", "updatedAt")
    SELECT 'default', "id", 'monetary', 'active', 'Main balance', 'Prepaid main balance of subscriber ' || n, false,
      ${openingAmount}, 'EUR', 0, 'EUR', '2026-01-01T00:00:00Z', "at", "at",
      jsonb_build_array(jsonb_build_object('id', '4917' || 10000000 + n, 'value', '4917' || 10000000 + n)),
      jsonb_build_object('id', 'account-' || n, 'name', 'Account ' || n),
      jsonb_build_array(jsonb_build_object('id', 'product-' || n, 'name', 'Prepaid M')),
      jsonb_build_array(jsonb_build_object('id', 'customer-' || n, 'name', 'Customer ' || n, 'role', 'customer', 'atReferredType', 'Customer')),
      1, 0, "at", "at"
    FROM (
      SELECT n, '01BENCH00000000000000' || lpad(n::text, 5, '0') AS "id", '2026-01-01T08:00:00.125Z'::timestamptz AS "at"
      FROM generate_series(1, ${bucketCount}) n
      UNION ALL SELECT 0, unnest(ARRAY['${twinIds.join("','")}']), '2026-01-01T08:00:00.125Z'::timestamptz
    ) t`);
  await query(url, `
    INSERT INTO "LedgerEntry" ("tenantId", "bucketId", "sequence", "id", "entryType", "actionKind", "actionId",
      "remainingDelta", "reservedDelta", "remainingAfter", "reservedAfter", "units", "recordedAt")
    SELECT "tenantId", "id", 1, 'e-' || "id", 'opening', 'bucket', "id",
      "remainingValueAmount", 0, "remainingValueAmount", 0, "remainingValueUnits", "confirmationDate"
    FROM "Bucket"`);
  // Only what is filled: PostgreSQL would take tables vacuumed empty for empty, and keep plans for that.
  await query(url, 'VACUUM (ANALYZE) "Bucket", "LedgerEntry"');
  await query(url, 'CHECKPOINT');
}

/**
 * What is wrong with the books: every bucket must equal the sum of its ledger, and every confirmed top-up must
 * have left its action, entry, event and remembered answer, once.
 * @param {string} url
 * @param {number} confirmed top-ups answered with 2xx
 * @returns {Promise<{ problems: string[], buckets: number, topups: number }>}
 */
export async function checkBooks(url, confirmed) {
  const [totals] = await query(url, `
    SELECT (SELECT count(*)::int FROM "Bucket") AS "buckets",
      (SELECT count(*)::int FROM "BalanceAction" WHERE "kind" = 'topupBalance' AND "status" = 'completed') AS "actions",
      (SELECT count(*)::int FROM "LedgerEntry" WHERE "entryType" = 'topup') AS "entries",
      (SELECT count(*)::int FROM "Outbox" WHERE "eventType" = 'TopupBalanceCreateEvent') AS "events",
      (SELECT count(*)::int FROM "Idempotency") AS "remembered"`);
  const wrong = await query(url, `
    SELECT b."id" FROM "Bucket" b LEFT JOIN (
      SELECT "tenantId", "bucketId", sum("remainingDelta") AS "remaining", sum("reservedDelta") AS "reserved",
        count(*) AS "entries", max("sequence") AS "last",
        (array_agg("remainingAfter" ORDER BY "sequence" DESC))[1] AS "after"
      FROM "LedgerEntry" GROUP BY "tenantId", "bucketId"
    ) l ON l."tenantId" = b."tenantId" AND l."bucketId" = b."id"
    WHERE (l."remaining", l."reserved", l."entries", l."last"::bigint, l."after")
      IS DISTINCT FROM (b."remainingValueAmount", b."reservedValueAmount", b."entrySequence"::bigint, b."entrySequence"::bigint, b."remainingValueAmount")`);
  const { buckets, ...rows } = totals ?? {};
  const problems = Object.entries(rows)
    .filter(([, count]) => count !== confirmed)
    .map(([what, count]) => `${confirmed} top-ups were confirmed, but there are ${count} ${what}`);
  if (wrong.length > 0) problems.push(`${wrong.length} buckets differ from their ledger, e.g. ${wrong[0]?.id}`);
  return { problems, buckets, topups: confirmed };
}

/**
 * All that a top-up of a bucket has written, ready to be compared: ids and times are only marked as present.
 * @param {string} url
 * @param {string} id of the bucket
 */
export async function rowsAbout(url, id) {
  const [found] = await query(url, `
    SELECT jsonb_build_object(
      'bucket', (SELECT to_jsonb(b) FROM "Bucket" b WHERE "id" = $1),
      'entries', (SELECT jsonb_agg(l ORDER BY "sequence") FROM "LedgerEntry" l WHERE "bucketId" = $1),
      'actions', (SELECT jsonb_agg(a ORDER BY "id") FROM "BalanceAction" a WHERE "bucket"->>'id' = $1),
      'events', (SELECT jsonb_agg(to_jsonb(o) - 'transactionId' ORDER BY "id") FROM "Outbox" o WHERE "payload"->'bucket'->>'id' = $1),
      'remembered', (SELECT jsonb_agg(i ORDER BY "key") FROM "Idempotency" i WHERE "outcome"->'answer'->'bucket'->>'id' = $1)
    ) AS "rows"`, [id]);
  return /** @type {unknown} */ (found?.rows);
}

/** @param {string} url @param {string} sql @param {unknown[]} [values] @returns {Promise<Record<string, any>[]>} */
async function query(url, sql, values) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(sql, values)).rows;
  } finally {
    await client.end();
  }
}
