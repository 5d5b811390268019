// @ts-check
/**
 * The rows of `--scale`: what a server of some years has, made by INSERT .. SELECT. Customers are skewed (some have
 * thousands of times what others have), states go by age, and times by ids, as in life.
 */

/** Rows of each table at full size. */
export const sizes = {
  bucket: 1_000_000,
  usage: 10_000_000,
  bill: 200_000,
  rate: 600_000,
  order: 200_000,
  cancellation: 10_000,
  specification: 2_000,
  cycle: 2_000,
};
/** Actions and entries of each bucket. */
export const actionsPerBucket = 3;
export const entriesPerBucket = 5;
const days = 730;

/** @typedef {typeof sizes} Sizes */
/** @typedef {{ table: string, rows: number, insert: (from: number, to: number) => string }} Load rows `from` to `to` by one statement */

/** Ids have the length of real ones, and grow with time. @param {string} kind one letter @param {number | string} number SQL or a number */
const idSql = (kind, number) => `'01JBENCH${kind}' || lpad((${number})::text, 17, '0')`;
/** @param {string} kind @param {number} number */
const id = (kind, number) => `01JBENCH${kind}${String(number).padStart(17, '0')}`;
export const bucketId = (/** @type {number} */ number) => id('B', number);
export const actionId = (/** @type {number} */ number) => id('A', number);
export const usageId = (/** @type {number} */ number) => id('V', number);
export const billId = (/** @type {number} */ number) => id('K', number);
export const orderId = (/** @type {number} */ number) => id('R', number);

/** When the row of this number came: `count` rows are spread over two years that end now. @param {number} count */
const timeOf = (count, number = 'n') =>
  `date_trunc('second', now()) - (${count} - ${number}) * (interval '${days} days' / ${count})`;
const golden = 0.6180339887;
/** A number that looks random, from 0 to below 1, the same in every run. */
const noise = `(n * ${golden}::float8 - floor(n * ${golden}::float8))`;
/** The first customers have far more than the others; row n of every table is of the same one. @param {Sizes} sizes */
const customer = ({ bucket }) => `floor(${Math.ceil(bucket / 2)} * power(${noise}, 3))::int`;
/** @param {Sizes} sizes @param {number} n */
export const customerOf = ({ bucket }, n) => Math.floor(Math.ceil(bucket / 2) * ((n * golden) % 1) ** 3);
const party = `('[{"id":"customer-' || c || '","role":"customer","atReferredType":"Customer"}]')::jsonb`;

/** @param {Sizes} sizes @returns {Load[]} in an order in which each finds what it needs */
export function loadsOf(sizes) {
  return [
    { table: 'Bucket', rows: sizes.bucket, insert: (from, to) => buckets(sizes, from, to) },
    { table: 'LedgerEntry', rows: sizes.bucket, insert: entries },
    { table: 'BalanceAction', rows: sizes.bucket * actionsPerBucket, insert: (from, to) => actions(sizes, from, to) },
    { table: 'Usage', rows: sizes.usage, insert: (from, to) => usages(sizes, from, to) },
    { table: 'CustomerBill', rows: sizes.bill, insert: (from, to) => bills(sizes, from, to) },
    { table: 'AppliedCustomerBillingRate', rows: sizes.rate, insert: (from, to) => rates(sizes, from, to) },
    { table: 'ResourceOrder', rows: sizes.order, insert: (from, to) => orders(sizes, from, to) },
    { table: 'CancelResourceOrder', rows: sizes.cancellation, insert: (from, to) => cancellations(sizes, from, to) },
    { table: 'UsageSpecification', rows: sizes.specification, insert: specifications },
    { table: 'BillCycle', rows: sizes.cycle, insert: (from, to) => cycles(sizes, from, to) },
  ];
}

/** What triggers keep of the rows, in the words of the functions that they use, by tables that one statement fills. */
export const derived = [
  {
    tables: ['BalanceGroup', 'BalanceGroupBucket'],
    sql: `
      WITH g AS MATERIALIZED (
        SELECT b."tenantId", b."id", b."usageType", b."remainingValueUnits", o."groupId", o."attribute", o."reference" FROM "Bucket" b,
          "balanceGroupsOf"(b."usageType", b."remainingValueUnits", b."logicalResource", b."partyAccount", b."product", b."relatedParty") o
      ), l AS (
        INSERT INTO "BalanceGroupBucket" ("tenantId", "groupId", "bucketId") SELECT g."tenantId", g."groupId", g."id" FROM g
      )
      INSERT INTO "BalanceGroup" ("tenantId", "id", "usageType", "units", "logicalResource", "partyAccount", "product", "relatedParty")
      SELECT DISTINCT ON (g."tenantId", g."groupId") g."tenantId", g."groupId", g."usageType", g."remainingValueUnits",
        CASE WHEN g."attribute" = 'logicalResource' THEN jsonb_build_array(g."reference") END,
        CASE WHEN g."attribute" = 'partyAccount' THEN g."reference" END,
        CASE WHEN g."attribute" = 'product' THEN jsonb_build_array(g."reference") END,
        CASE WHEN g."attribute" = 'relatedParty' THEN jsonb_build_array(g."reference") END
      FROM g`,
  },
  {
    tables: ['BucketAction'],
    sql: `
      INSERT INTO "BucketAction" ("tenantId", "bucketId", "actionId")
      SELECT a."tenantId", i, a."id" FROM "BalanceAction" a, "bucketIdsOf"(a."bucket", a."impactedBucket", a."receiverBucket") i`,
  },
];

/** The n-th bucket: two for each account, of which one in ten thousand is of the first customer. @param {Sizes} sizes @param {number} from @param {number} to */
const buckets = (sizes, from, to) => `
  INSERT INTO "Bucket" ("tenantId", "id", "usageType", "status", "name", "description", "priority", "remainingValueAmount", "remainingValueUnits",
    "reservedValueAmount", "reservedValueUnits", "validForStart", "validForEnd", "requestedDate", "confirmationDate", "logicalResource", "partyAccount",
    "product", "relatedParty", "entrySequence", "amountScale", "lastEntryAt", "updatedAt")
  SELECT 'default', ${idSql('B', 'n')}, (ARRAY['monetary', 'data', 'voice', 'sms'])[t],
    CASE WHEN n % 100 = 7 THEN 'suspended' WHEN n % 13 = 5 THEN 'expired' ELSE 'active' END,
    CASE WHEN n % 20 > 0 THEN (ARRAY['Main balance', 'Data', 'Minutes', 'Messages'])[t] || ' ' || n % 977 END, 'Balance of subscriber ' || n, n % 5,
    100 + n % 50, (ARRAY['EUR', 'MB', 'min', 'SMS'])[t], 0, (ARRAY['EUR', 'MB', 'min', 'SMS'])[t], "at",
    CASE WHEN n % 13 = 5 THEN "at" + interval '1 day' ELSE '2099-01-01T00:00:00Z' END, "at", "at",
    ('[{"id":"491' || 10000000 + n / 2 || '","value":"491' || 10000000 + n / 2 || '"}]')::jsonb,
    ('{"id":"account-' || c || '","name":"Account ' || c || '"}')::jsonb,
    ('[{"id":"product-' || CASE WHEN n % 10 = 0 THEN n % 50 ELSE n / 2 END || '","name":"Prepaid M"}]')::jsonb,
    ${party}, ${entriesPerBucket}, 0, "at" + interval '4 days', "at"
  FROM (SELECT n, 1 + n % 4 AS t, ${customer(sizes)} AS c, ${timeOf(sizes.bucket)} AS "at" FROM generate_series(${from}, ${to}) n) s`;

/** The entries of buckets `from` to `to`. @param {number} from @param {number} to */
const entries = (from, to) => `
  INSERT INTO "LedgerEntry" ("tenantId", "bucketId", "sequence", "id", "entryType", "actionKind", "actionId", "remainingDelta", "reservedDelta", "remainingAfter",
    "reservedAfter", "units", "recordedAt")
  SELECT 'default', b."id", k, ${idSql('E', 'k * 10000000 + n')}, (ARRAY['opening', 'topup', 'topup', 'reserve', 'release'])[k],
    CASE WHEN k > 1 THEN CASE WHEN k > 3 THEN 'reserveBalance' ELSE 'topupBalance' END END,
    CASE WHEN k > 1 THEN ${idSql('A', `(least(k, 4) - 2) * 10000000 + n`)} END,
    (ARRAY[b."remainingValueAmount" - 20, 10, 10, -5, 5])[k], (ARRAY[0, 0, 0, 5, -5])[k],
    b."remainingValueAmount" - (ARRAY[20, 10, 0, 5, 0])[k], (ARRAY[0, 0, 0, 5, 0])[k], b."remainingValueUnits", b."requestedDate" + (k - 1) * interval '1 day'
  FROM generate_series(${from}, ${to}) n JOIN "Bucket" b ON b."tenantId" = 'default' AND b."id" = ${idSql('B', 'n')}, generate_series(1, ${entriesPerBucket}) k`;

/** Action m is the k-th of bucket n; the first actions of all buckets come before the second ones. @param {Sizes} sizes @param {number} from @param {number} to */
const actions = (sizes, from, to) => `
  INSERT INTO "BalanceAction" ("tenantId", "id", "kind", "status", "usageType", "amountAmount", "amountUnits", "description", "requestedDate", "confirmationDate",
    "bucket", "logicalResource", "partyAccount", "product", "relatedParty", "channel", "impactedBucket", "adjustType", "receiverBucket", "updatedAt", "failureCode",
    "failureMessage")
  SELECT 'default', ${idSql('A', 'k * 10000000 + n')}, s.kind, s.status, b."usageType", 10, b."remainingValueUnits", 'Action ' || m, "at",
    CASE WHEN s.status = 'completed' THEN "at" END,
    CASE WHEN m % 10 >= 5 AND m % 10 <= 7 THEN ('{"id":"' || b."id" || '"}')::jsonb END, CASE WHEN m % 10 < 5 THEN b."logicalResource" END,
    CASE WHEN m % 10 = 8 THEN b."partyAccount" END, CASE WHEN m % 10 = 9 THEN b."product" END, CASE WHEN m % 3 = 0 THEN b."relatedParty" END,
    '{"id":"app","name":"App"}',
    CASE WHEN s.status = 'completed' THEN ('[{"bucket":{"id":"' || b."id" || '"},"amountBefore":{"amount":100,"units":"' || b."remainingValueUnits" ||
      '"},"amountAfter":{"amount":110,"units":"' || b."remainingValueUnits" || '"}}]')::jsonb END,
    CASE WHEN s.kind = 'adjustBalance' THEN 'credit' END,
    CASE WHEN s.kind = 'transferBalance' THEN ('{"id":"01JBENCHB' || lpad((1 + (n * 7) % ${sizes.bucket})::text, 17, '0') || '"}')::jsonb END, "at",
    CASE WHEN s.status = 'failed' THEN 'INSUFFICIENT_REMAINING' END, CASE WHEN s.status = 'failed' THEN 'the bucket has less than that' END
  FROM (
    SELECT m, (m - 1) % ${sizes.bucket} + 1 AS n, (m - 1) / ${sizes.bucket} AS k,
      CASE WHEN (m - 1) / ${sizes.bucket} = 2 THEN 'reserveBalance' WHEN m % 7 < 4 THEN 'topupBalance' WHEN m % 7 < 6 THEN 'adjustBalance' ELSE 'transferBalance' END AS kind,
      CASE WHEN m % 250 = 3 THEN 'failed' WHEN m % 400 = 5 THEN 'cancelled' ELSE 'completed' END AS status,
      ${timeOf(sizes.bucket * actionsPerBucket, 'm')} AS "at"
    FROM generate_series(${from}::bigint, ${to}) m
  ) s JOIN "Bucket" b ON b."tenantId" = 'default' AND b."id" = ${idSql('B', 'n')}`;

/** What is old is billed; what is new is not rated. @param {Sizes} sizes @param {number} from @param {number} to */
const usages = (sizes, from, to) => `
  INSERT INTO "Usage" ("tenantId", "id", "usageDate", "usageType", "status", "externalId", "source", "ratedProductUsage", "relatedParty",
    "usageCharacteristic", "usageSpecification", "updatedAt")
  SELECT 'default', ${idSql('V', 'n')}, "at" - n % 3600 * interval '1 second', CASE WHEN n % 1000 > 0 THEN t END, status, 'cdr-' || n, 'switch-' || n % 8,
    CASE WHEN status IN ('rated', 'rerated', 'billed') THEN ('[{"isBilled":' || (status = 'billed') || ',"taxExcludedRatingAmount":{"value":' ||
      n % 1000 || ',"unit":"EUR"}}]')::jsonb END,
    ${party}, CASE WHEN n % 4 = 0 THEN ('[{"name":"volume","value":' || n % 5000 || '}]')::jsonb END,
    ('{"id":"spec-' || t || '"}')::jsonb, "at"
  FROM (
    SELECT n, (ARRAY['data', 'data', 'data', 'voice', 'voice', 'sms'])[1 + n % 6] AS t, ${customer(sizes)} AS c, ${timeOf(sizes.usage)} AS "at",
      CASE WHEN n % 500 = 0 THEN 'rejected' WHEN n % 2000 = 1 THEN 'rerated' WHEN n > ${Math.floor(sizes.usage * 0.999)} THEN 'received'
        WHEN n > ${Math.floor(sizes.usage * 0.99)} THEN 'guided' WHEN n > ${Math.floor(sizes.usage * 0.93)} THEN 'rated' ELSE 'billed' END AS status
    FROM generate_series(${from}, ${to}) n
  ) s`;

/** @param {Sizes} sizes @param {number} from @param {number} to */
const bills = (sizes, from, to) => `
  INSERT INTO "CustomerBill" ("tenantId", "id", "state", "billNo", "billDate", "category", "runType", "lastUpdate", "paymentDueDate", "billingPeriodStart", "billingPeriodEnd",
    "taxExcludedAmountValue", "taxExcludedAmountUnit", "amountDueValue", "amountDueUnit", "remainingAmountValue", "remainingAmountUnit", "appliedPayment", "billCycle",
    "billDocument", "billingAccount", "relatedParty", "updatedAt")
  SELECT 'default', ${idSql('K', 'n')}, CASE WHEN n > ${Math.floor(sizes.bill * 0.99)} THEN 'new' WHEN n % 50 = 1 THEN 'sent' WHEN n % 200 = 2 THEN 'onHold' ELSE 'settled' END,
    CASE WHEN n <= ${Math.floor(sizes.bill * 0.99)} THEN 'INV-' || n END, CASE WHEN n % 100 > 0 THEN "at" END, 'normal', 'onCycle', "at" + interval '10 days', "at" + interval '14 days',
    "at" - interval '30 days', "at", n % 900, 'EUR', n % 900, 'EUR', 0, 'EUR', '[]', ('{"id":"' || ${idSql('C', `1 + n % ${sizes.cycle}`)} || '"}')::jsonb, '[]',
    ('{"id":"account-' || c || '"}')::jsonb, ${party}, "at"
  FROM (SELECT n, ${customer(sizes)} AS c, ${timeOf(sizes.bill)} AS "at" FROM generate_series(${from}, ${to}) n) s`;

/** The last of them are not billed yet. @param {Sizes} sizes @param {number} from @param {number} to */
const rates = (sizes, from, to) => `
  INSERT INTO "AppliedCustomerBillingRate" ("tenantId", "id", "appliedBillingRateType", "date", "description", "isBilled", "name", "taxExcludedAmountValue",
    "taxExcludedAmountUnit", "bill", "billingAccount", "product", "updatedAt")
  SELECT 'default', ${idSql('L', 'n')}, 'recurringCharge', "at" - n % 3600 * interval '1 second', 'Line ' || n, n <= ${Math.floor(sizes.rate * 0.98)}, 'Monthly fee ' || n % 90, n % 300, 'EUR',
    CASE WHEN n <= ${Math.floor(sizes.rate * 0.98)} THEN ('{"id":"' || ${idSql('K', `1 + n % ${sizes.bill}`)} || '"}')::jsonb END,
    ('{"id":"account-' || c || '"}')::jsonb, ('{"id":"product-' || n % 5000 || '"}')::jsonb, "at"
  FROM (SELECT n, ${customer(sizes)} AS c, ${timeOf(sizes.rate)} AS "at" FROM generate_series(${from}, ${to}) n) s`;

/** @param {Sizes} sizes @param {number} from @param {number} to */
const orders = (sizes, from, to) => `
  INSERT INTO "ResourceOrder" ("tenantId", "id", "state", "category", "description", "externalId", "name", "orderDate", "priority", "requestedCompletionDate",
    "externalReference", "orderItem", "relatedParty", "updatedAt")
  SELECT 'default', ${idSql('R', 'n')}, CASE WHEN n > ${Math.floor(sizes.order * 0.99)} THEN 'acknowledged' WHEN n % 100 = 1 THEN 'inProgress' WHEN n % 60 = 2 THEN 'failed' ELSE 'completed' END,
    'fibre', 'Order ' || n, 'po-' || n, CASE WHEN n % 2 = 0 THEN 'Fibre for customer ' || c END, "at", n % 5, "at" + interval '7 days',
    ('[{"id":"crm-' || n || '","name":"CRM"}]')::jsonb, ('[{"id":"line","action":"add","state":"completed","resource":{"id":"line-' || n || '","name":"Line","atType":"PhysicalResource"}}]')::jsonb,
    ${party}, "at"
  FROM (SELECT n, ${customer(sizes)} AS c, ${timeOf(sizes.order)} AS "at" FROM generate_series(${from}, ${to}) n) s`;

/** @param {Sizes} sizes @param {number} from @param {number} to */
const cancellations = (sizes, from, to) => `
  INSERT INTO "CancelResourceOrder" ("tenantId", "id", "state", "cancellationReason", "resourceOrder", "updatedAt")
  SELECT 'default', ${idSql('X', 'n')}, 'done', 'Changed mind', ('{"id":"' || ${idSql('R', `n * ${Math.floor(sizes.order / sizes.cancellation)}`)} || '"}')::jsonb, ${timeOf(sizes.cancellation)}
  FROM generate_series(${from}, ${to}) n`;

/** @param {number} from @param {number} to */
const specifications = (from, to) => `
  INSERT INTO "UsageSpecification" ("tenantId", "id", "isBundle", "lastUpdate", "lifecycleStatus", "name", "version", "updatedAt")
  SELECT 'default', ${idSql('S', 'n')}, false, now() - n * interval '1 hour', CASE WHEN n % 10 = 0 THEN 'Retired' ELSE 'Active' END, 'Specification ' || n * 7 % 1000, '1', now()
  FROM generate_series(${from}, ${to}) n`;

/** @param {Sizes} sizes @param {number} from @param {number} to */
const cycles = (sizes, from, to) => `
  INSERT INTO "BillCycle" ("tenantId", "id", "name", "billingPeriod", "validForStart", "validForEnd", "updatedAt")
  SELECT 'default', ${idSql('C', 'n')}, 'Cycle ' || n, 'monthly', "at", "at" + interval '30 days', now()
  FROM (SELECT n, ${timeOf(sizes.cycle)} AS "at" FROM generate_series(${from}, ${to}) n) s`;
