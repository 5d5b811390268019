// @ts-check
/** The databases: one of its own for each run, made, checked and dropped; and those that are kept. */
import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import { bucketCount, seldomCount, topupsEach, twinIds } from './seed.js';

const defaultUrl = 'postgres://root@127.0.0.1:5432/test';

/** Where databases are made. */
export const administrationUrl = () => process.env.BENCH_DATABASE_URL ?? defaultUrl;

/** @param {(url: string) => Promise<void>} work on the url of a new database, which is dropped afterwards */
export async function withDatabase(work) {
  const administration = administrationUrl();
  const name = `tmf_bench_${process.pid}`;
  await query(administration, `CREATE DATABASE "${name}" TEMPLATE template0 ENCODING 'UTF8'`);
  try {
    const url = new URL(administration);
    url.pathname = `/${name}`;
    await work(url.href);
  } finally {
    // Not WITH (FORCE), which needs the right to end an autovacuum worker that is in it.
    await query(
      administration,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}' AND usename = current_user`,
    );
    await query(administration, `DROP DATABASE "${name}"`);
  }
}

/**
 * The url of a database that is kept from one run to the next, because filling it takes minutes; made when it is missing.
 * @param {string} name
 */
export async function keptDatabase(name) {
  const administration = administrationUrl();
  const [found] = await query(administration, 'SELECT FROM pg_database WHERE datname = $1', [name]);
  if (found === undefined) await query(administration, `CREATE DATABASE "${name}" TEMPLATE template0 ENCODING 'UTF8'`);
  const url = new URL(administration);
  url.pathname = `/${name}`;
  return url.href;
}

/**
 * What is wrong with the books: every bucket must equal the sum of its ledger and hold what its live reservations
 * hold; every confirmed action must have left its row, entries, event and remembered answer, once; every commit must
 * have ended a reservation of its own; and what a transfer takes it must give.
 * @param {string} url
 * @param {Required<import('./load.js').Counts>} confirmed answered with 2xx
 * @returns {Promise<{ problems: string[], buckets: number }>}
 */
export async function checkBooks(url, { topup, reserve, commit, transfer }) {
  const buckets = bucketCount + seldomCount + twinIds.length;
  const expected = {
    buckets,
    actions: {
      'topupBalance completed': topup + buckets * topupsEach,
      'reserveBalance created': reserve - commit,
      'reserveBalance completed': commit,
      'adjustBalance completed': commit,
      'transferBalance completed': transfer,
    },
    entries: {
      opening: buckets,
      topup: topup + buckets * topupsEach,
      reserve,
      commit,
      transferOut: transfer,
      transferIn: transfer,
    },
    events: {
      TopupBalanceCreateEvent: topup,
      ReserveBalanceCreateEvent: reserve,
      ReserveBalanceStatusChangeEvent: commit,
      AdjustBalanceCreateEvent: commit,
      TransferBalanceCreateEvent: transfer,
    },
    remembered: topup + reserve + commit + transfer,
    reservationsCommitted: commit,
    holds: reserve - commit,
    transferred: 0,
    differing: null,
  };
  const counts = (/** @type {string} */ key, /** @type {string} */ table) =>
    `(SELECT COALESCE(jsonb_object_agg("key", "count"), '{}') FROM (SELECT ${key} AS "key", count(*)::int AS "count" FROM "${table}" GROUP BY 1) t)`;
  const [found] = await query(
    url,
    `
    SELECT (SELECT count(*)::int FROM "Bucket") AS "buckets",
      ${counts('"kind" || \' \' || "status"', 'BalanceAction')} AS "actions",
      ${counts('"entryType"', 'LedgerEntry')} AS "entries",
      ${counts('"eventType"', 'Outbox')} AS "events",
      (SELECT count(*)::int FROM "Idempotency") AS "remembered",
      (SELECT count(DISTINCT "reserveBalance"->>'id')::int FROM "BalanceAction" WHERE "kind" = 'adjustBalance') AS "reservationsCommitted",
      (SELECT count(*)::int FROM "ReservationHold" h JOIN "BalanceAction" a ON a."tenantId" = h."tenantId" AND a."id" = h."reserveBalanceId"
        AND a."status" = 'created' AND a."amountAmount" = h."amount") AS "holds",
      (SELECT COALESCE(sum("remainingDelta"), 0)::float8 FROM "LedgerEntry" WHERE "entryType" IN ('transferOut', 'transferIn')) AS "transferred",
      (SELECT string_agg(b."id", ', ') FROM "Bucket" b LEFT JOIN (
        SELECT "tenantId", "bucketId", sum("remainingDelta") AS "remaining", sum("reservedDelta") AS "reserved",
          count(*) AS "entries", max("sequence") AS "last",
          (array_agg("remainingAfter" ORDER BY "sequence" DESC))[1] AS "after"
        FROM "LedgerEntry" GROUP BY "tenantId", "bucketId"
      ) l ON l."tenantId" = b."tenantId" AND l."bucketId" = b."id" LEFT JOIN (
        SELECT "tenantId", "bucketId", sum("amount") AS "held" FROM "ReservationHold" GROUP BY "tenantId", "bucketId"
      ) h ON h."tenantId" = b."tenantId" AND h."bucketId" = b."id"
      WHERE (l."remaining", l."reserved", COALESCE(h."held", 0), l."entries", l."last"::bigint, l."after")
        IS DISTINCT FROM (b."remainingValueAmount", b."reservedValueAmount", b."reservedValueAmount", b."entrySequence"::bigint, b."entrySequence"::bigint, b."remainingValueAmount")
      ) AS "differing"`,
  );
  const problems = Object.entries(expected).flatMap(([what, value]) => {
    const actual = found?.[what];
    return isDeepStrictEqual(withoutZeros(actual), withoutZeros(value))
      ? []
      : [`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(value)}`];
  });
  return { problems, buckets };
}

/** @param {unknown} value */
function withoutZeros(value) {
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).filter(([, count]) => count !== 0))
    : value;
}

/**
 * All that the actions of a bucket have written, ready to be compared: ids and times are only marked as present.
 * @param {string} url
 * @param {string} id of the bucket
 */
export async function rowsAbout(url, id) {
  const [found] = await query(
    url,
    `
    SELECT jsonb_build_object(
      'bucket', (SELECT to_jsonb(b) FROM "Bucket" b WHERE "id" = $1),
      'entries', (SELECT jsonb_agg(l ORDER BY "sequence") FROM "LedgerEntry" l WHERE "bucketId" = $1),
      'holds', (SELECT jsonb_agg(h ORDER BY "reserveBalanceId") FROM "ReservationHold" h WHERE "bucketId" = $1),
      'links', (SELECT jsonb_agg(k ORDER BY "actionId") FROM "BucketAction" k WHERE "bucketId" = $1),
      'actions', (SELECT jsonb_agg(a ORDER BY "id") FROM "BalanceAction" a WHERE "bucket"->>'id' = $1),
      'events', (SELECT jsonb_agg(to_jsonb(o) - 'transactionId' - 'impact' ORDER BY "id") FROM "Outbox" o WHERE "payload"->'bucket'->>'id' = $1),
      'remembered', (SELECT jsonb_agg(i ORDER BY "key") FROM "Idempotency" i WHERE "outcome"->'answer'->'bucket'->>'id' = $1)
    ) AS "rows"`,
    [id],
  );
  // The hand-written server asks nobody who they are.
  return JSON.parse(JSON.stringify(found?.rows, (name, value) => (name === 'principalId' ? undefined : value)));
}

/** @param {string} url @param {string} sql @param {unknown[]} [values] @returns {Promise<Record<string, any>[]>} */
export async function query(url, sql, values) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(sql, values)).rows;
  } finally {
    await client.end();
  }
}
