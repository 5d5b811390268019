// @ts-check
/** The rows that the works read and write: as the server itself would have left them, made by SQL. */
import pg from 'pg';

export const bucketCount = 10_000;
export const partyCount = 1_000;
/** What each party has of usages, bills and orders; buckets and actions are those of the bucket of its number. */
const usagesEach = 20;
const papersEach = 3;
/** Top-ups that each bucket has had, of one euro. */
export const topupsEach = 3;
const openingAmount = 97;
/** The status of the buckets that only lists of a status show: so many beside the others. */
export const seldomStatus = 'suspended';
export const seldomCount = 1_000;

/** @param {'server' | 'baseline'} server @param {'giver' | 'receiver'} part */
export const twinId = (server, part = 'giver') => `bench-twin-${server}-${part}`;
/** The buckets on which both servers first show that they do the same; they take no part in the measurement. */
export const twinIds = [
  twinId('server'),
  twinId('baseline'),
  twinId('server', 'receiver'),
  twinId('baseline', 'receiver'),
];

/** Ids have the length of real ones. @param {number} number from 1 */
export const bucketId = (number) => `01BENCH${String(number).padStart(19, '0')}`;
/** @param {number} number from 1 to partyCount */
export const partyId = (number) => `customer-${number}`;

const at = "'2026-01-01T08:00:00.125Z'::timestamptz";
const id = "'01BENCH' || lpad(n::text, 19, '0')";

/** SQL of the relatedParty of one customer. @param {string} number */
const customer = (number) =>
  `jsonb_build_array(jsonb_build_object('id', 'customer-' || ${number}, 'name', 'Customer ' || ${number}, 'role', 'customer', 'atReferredType', 'Customer'))`;

/** @param {string} rows SQL of "n", "id", "status" and "date" */
const insertBuckets = (rows) => `
  INSERT INTO "Bucket" ("tenantId", "id", "usageType", "status", "name", "description", "isShared",
    "remainingValueAmount", "remainingValueUnits", "reservedValueAmount", "reservedValueUnits", "validForStart",
    "requestedDate", "confirmationDate", "logicalResource", "partyAccount", "product", "relatedParty",
    "entrySequence", "amountScale", "lastEntryAt", "updatedAt")
  SELECT 'default', "id", 'monetary', "status", 'Main balance', 'Prepaid main balance of subscriber ' || n, false,
    ${openingAmount + topupsEach}, 'EUR', 0, 'EUR', '2026-01-01T00:00:00Z', "date", "date",
    jsonb_build_array(jsonb_build_object('id', '4917' || 10000000 + n, 'value', '4917' || 10000000 + n)),
    jsonb_build_object('id', 'account-' || n, 'name', 'Account ' || n),
    jsonb_build_array(jsonb_build_object('id', 'product-' || n, 'name', 'Prepaid M')),
    ${customer('n')}, ${1 + topupsEach}, 0, ${at}, ${at}
  FROM (${rows}) t`;

/** Each with its opening and its top-ups. */
const insertEntries = `
  INSERT INTO "LedgerEntry" ("tenantId", "bucketId", "sequence", "id", "entryType", "actionKind", "actionId",
    "remainingDelta", "reservedDelta", "remainingAfter", "reservedAfter", "units", "recordedAt")
  SELECT "tenantId", "id", 1 + k, 'e' || k || '-' || "id", CASE k WHEN 0 THEN 'opening' ELSE 'topup' END,
    CASE k WHEN 0 THEN 'bucket' ELSE 'topupBalance' END, CASE k WHEN 0 THEN "id" ELSE 'a' || k || '-' || "id" END,
    CASE k WHEN 0 THEN ${openingAmount} ELSE 1 END, 0, ${openingAmount} + k, 0, 'EUR', ${at}
  FROM "Bucket", generate_series(0, ${topupsEach}) k`;

const insertActions = `
  INSERT INTO "BalanceAction" ("tenantId", "id", "kind", "status", "usageType", "amountAmount", "amountUnits", "bucket", "reason",
    "relatedParty", "requestedDate", "confirmationDate", "updatedAt", "impactedBucket")
  SELECT "tenantId", 'a' || k || '-' || "id", 'topupBalance', 'completed', 'monetary', 1, 'EUR', jsonb_build_object('id', "id"), 'seed',
    "relatedParty", ${at}, ${at}, ${at}, jsonb_build_array(jsonb_build_object(
      'bucket', jsonb_build_object('id', "id", 'usageType', "usageType"), 'confirmationDate', '2026-01-01T08:00:00.125Z',
      'amountBefore', jsonb_build_object('amount', ${openingAmount - 1} + k, 'units', 'EUR'),
      'amountAfter', jsonb_build_object('amount', ${openingAmount} + k, 'units', 'EUR'),
      'item', jsonb_build_array(jsonb_build_object('itemType', 'topup', 'amount', jsonb_build_object('amount', 1, 'units', 'EUR')))))
  FROM "Bucket", generate_series(1, ${topupsEach}) k`;

/** The usages of October 2026. */
const insertUsages = `
  INSERT INTO "Usage" ("tenantId", "id", "usageDate", "usageType", "status", "externalId", "source", "ratedProductUsage", "relatedParty",
    "usageCharacteristic", "usageSpecification", "updatedAt")
  SELECT 'default', ${id}, '2026-10-01T00:00:00Z'::timestamptz + (n * 2678400.0 / ${partyCount * usagesEach + 1}) * '1 second'::interval,
    (ARRAY['voice', 'data', 'sms'])[1 + n % 3], (ARRAY['billed', 'rated'])[1 + n % 2], 'cdr-' || n, 'switch-1',
    jsonb_build_array(jsonb_build_object('ratingDate', '2026-10-02T10:00:00.000Z', 'isBilled', n % 2 = 0, 'taxRate', 19,
      'taxExcludedRatingAmount', jsonb_build_object('value', (n % 1000) / 100.0, 'unit', 'EUR'),
      'taxIncludedRatingAmount', jsonb_build_object('value', (n % 1000) * 1.19 / 100.0, 'unit', 'EUR'))),
    ${customer(`(1 + n % ${partyCount})`)}, jsonb_build_array(jsonb_build_object('name', 'volume', 'value', n % 5000, 'valueType', 'number')),
    jsonb_build_object('id', 'spec-1', 'name', 'Specification'), ${at}
  FROM generate_series(1, ${partyCount * usagesEach}) n`;

const insertBills = `
  INSERT INTO "CustomerBill" ("tenantId", "id", "state", "billNo", "billDate", "lastUpdate", "amountDueValue", "amountDueUnit",
    "appliedPayment", "billDocument", "relatedParty", "updatedAt")
  SELECT 'default', ${id}, 'sent', 'B-' || n, ${at}, ${at}, 10 + n % 90, 'EUR', '[]', '[]', ${customer(`(1 + n % ${partyCount})`)}, ${at}
  FROM generate_series(1, ${partyCount * papersEach}) n`;

const insertOrders = `
  INSERT INTO "ResourceOrder" ("tenantId", "id", "state", "orderDate", "description", "orderItem", "relatedParty", "updatedAt")
  SELECT 'default', ${id}, 'completed', ${at}, 'A number', jsonb_build_array(jsonb_build_object('id', '1', 'action', 'add', 'state', 'completed')),
    ${customer(`(1 + n % ${partyCount})`)}, ${at}
  FROM generate_series(1, ${partyCount * papersEach}) n`;

/**
 * Fills the migrated database with buckets as createBucket makes them, with their owner, entries and actions, and with
 * what else names the first parties.
 * @param {string} url
 */
export async function seed(url) {
  await run(url, [
    insertBuckets(`
      SELECT n, ${id} AS "id", 'active' AS "status", ${at} AS "date" FROM generate_series(1, ${bucketCount}) n
      UNION ALL SELECT n, 'seldom-' || n, '${seldomStatus}', ${at} + n * '1 minute'::interval FROM generate_series(1, ${seldomCount}) n
      UNION ALL SELECT 0, unnest(ARRAY['${twinIds.join("','")}']), 'active', ${at}`),
    insertEntries,
    insertActions,
    insertUsages,
    insertBills,
    insertOrders,
    // Only what is filled: PostgreSQL would take tables vacuumed empty for empty, and keep plans for that.
    'VACUUM (ANALYZE) "Bucket", "LedgerEntry", "BalanceAction", "BucketAction", "Usage", "CustomerBill", "ResourceOrder"',
    'CHECKPOINT',
  ]);
}

/**
 * Active buckets alone, unless they are there.
 * @param {string} url of a migrated database
 */
export async function seedBuckets(url) {
  const [{ isFilled }] = await run(url, ['SELECT EXISTS (SELECT FROM "Bucket") AS "isFilled"']);
  if (isFilled) return;
  await run(url, [
    insertBuckets(
      `SELECT n, ${id} AS "id", 'active' AS "status", ${at} AS "date" FROM generate_series(1, ${bucketCount}) n`,
    ),
    'VACUUM (ANALYZE) "Bucket"',
    'CHECKPOINT',
  ]);
}

/**
 * Buckets alone, a minute apart from each other, every tenth of them of the seldom status; unless they are there.
 * @param {string} url of a migrated database
 * @param {number} count
 */
export async function seedManyBuckets(url, count) {
  const [{ isFilled }] = await run(url, ['SELECT EXISTS (SELECT FROM "Bucket") AS "isFilled"']);
  if (isFilled) return;
  console.log(`filling a database with ${count.toLocaleString('en')} buckets, which is kept`);
  await run(url, [
    'BEGIN',
    // What sums balances up is not measured here, and takes most of the time.
    'ALTER TABLE "Bucket" DISABLE TRIGGER USER',
    insertBuckets(`
      SELECT n, ${id} AS "id", CASE n % 10 WHEN 0 THEN '${seldomStatus}' ELSE 'active' END AS "status", ${at} + n * '1 minute'::interval AS "date"
      FROM generate_series(1, ${count}) n`),
    'ALTER TABLE "Bucket" ENABLE TRIGGER USER',
    'COMMIT',
    'VACUUM (ANALYZE) "Bucket"',
    'CHECKPOINT',
  ]);
}

/** @param {string} url @param {string[]} statements @returns {Promise<any[]>} the rows of the last one */
async function run(url, statements) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    let rows = [];
    for (const statement of statements) ({ rows } = await client.query(statement));
    return rows;
  } finally {
    await client.end();
  }
}
