// @ts-check
/**
 * What can hardly be beaten: a fastify server that passes on the JSON that PostgreSQL built, and does nothing else. It
 * knows the questions of the bench, each as one prepared statement: no filters, no counts, no links, no revisions.
 */
import fastify from 'fastify';
import pg from 'pg';

const pageSize = 20;
const partySize = 5;

/** @param {string[]} names of columns */
const plain = (...names) => names.map((name) => `'${name}', b."${name}"`).join(', ');
/** @param {string} name of an amount */
const quantity = (name) =>
  `'${name}', json_build_object('amount', trim_scale(b."${name}Amount"), 'units', b."${name}Units")`;

const full = `json_build_object('id', b."id", 'href', $1::text || b."id", ${plain('revision', 'usageType', 'status')},
  ${quantity('remainingValue')}, ${quantity('reservedValue')},
  ${plain('reserveBalance', 'name', 'description', 'isShared', 'remainingValueName', 'priority')},
  'validFor', json_build_object('startDateTime', b."validForStart", 'endDateTime', b."validForEnd"),
  ${plain('logicalResource', 'partyAccount', 'product', 'relatedParty', 'requestedDate', 'confirmationDate', 'updatedAt')},
  ${plain('atType', 'atBaseType', 'atSchemaLocation', 'extension')})`;
const seven = `json_build_object(${plain('id', 'name', 'status', 'usageType')},
  ${quantity('remainingValue')}, ${quantity('reservedValue')}, ${plain('relatedParty')})`;
const nested = `json_build_object(${plain('id', 'name', 'status')}, ${quantity('remainingValue')}, 'entries', (
  SELECT json_agg(e."json") FROM (
    SELECT json_build_object('id', e."id", 'entryType', e."entryType", 'remainingDelta', trim_scale(e."remainingDelta"),
      'remainingAfter', trim_scale(e."remainingAfter"), 'units', e."units", 'recordedAt', e."recordedAt") AS "json"
    FROM "LedgerEntry" e WHERE e."tenantId" = b."tenantId" AND e."bucketId" = b."id" ORDER BY e."id" LIMIT 3) e))`;

/** @param {string} item @param {string} rest of the statement */
const list = (item, rest) =>
  `SELECT coalesce(json_agg(t."json"), '[]') AS "json" FROM (SELECT ${item} AS "json" ${rest}) t`;
/** @param {string} item @param {string} [condition] @param {string} [order] */
const buckets = (item, condition = '', order = 'b."id"') =>
  list(item, `FROM "Bucket" b WHERE b."tenantId" = 'default' ${condition} ORDER BY ${order} LIMIT ${pageSize}`);
/** OFFSET 0 has the party looked for first: else a plan for any party walks through all rows by id. @param {string} table @param {string} item */
const ofParty = (table, item) =>
  `(${list(
    item,
    `FROM (
    SELECT * FROM "${table}" x WHERE x."tenantId" = 'default' AND x."relatedParty" @> jsonb_build_array(jsonb_build_object('id', $1::text)) OFFSET 0
  ) b ORDER BY b."id" LIMIT ${partySize}`,
  )})`;

const party = `SELECT json_build_object('id', $1::text,
  'buckets', ${ofParty('Bucket', `json_build_object(${plain('id', 'name', 'status', 'usageType')}, ${quantity('remainingValue')})`)},
  'balanceActions', ${ofParty('BalanceAction', `json_build_object(${plain('id', 'kind', 'status', 'reason', 'confirmationDate')}, ${quantity('amount')})`)},
  'usages', ${ofParty('Usage', `json_build_object(${plain('id', 'usageDate', 'usageType', 'status', 'externalId')})`)},
  'customerBills', ${ofParty(
    'CustomerBill',
    `json_build_object(${plain('id', 'state', 'billNo', 'billDate')},
    'amountDue', json_build_object('value', trim_scale(b."amountDueValue"), 'unit', b."amountDueUnit"))`,
  )},
  'resourceOrders', ${ofParty('ResourceOrder', `json_build_object(${plain('id', 'state', 'orderDate', 'description')})`)}) AS "json"`;

const aggregate = `SELECT json_agg(t) AS "json" FROM (
  SELECT "usageType", "status", "ratedUnit" AS "unit", count(*), sum("ratedTaxExcluded") AS "taxExcludedRatingAmount",
    sum("ratedTaxIncluded") AS "taxIncludedRatingAmount"
  FROM "Usage" WHERE "tenantId" = 'default' AND "usageDate" >= $1::timestamptz AND "usageDate" < $2::timestamptz
  GROUP BY 1, 2, 3 ORDER BY 1, 2, 3) t`;

const href = `${process.env.PUBLIC_URL}/bucket/`;

/** @typedef {Record<string, string>} Parameters */
/** What is asked, by path: the statement, and its values. @type {Record<string, [string, (parameters: Parameters) => string[]]>} */
const questions = {
  '/bucket/:id': [
    `SELECT ${full} AS "json" FROM "Bucket" b WHERE b."tenantId" = 'default' AND b."id" = $2`,
    ({ id = '' }) => [href, id],
  ],
  '/full': [buckets(full), () => [href]],
  '/seven': [buckets(seven), () => []],
  '/nested': [buckets(nested), () => []],
  '/newest/:status': [
    buckets(full, 'AND b."status" = $2', 'b."requestedDate" DESC, b."id" DESC'),
    ({ status = '' }) => [href, status],
  ],
  '/party/:id': [party, ({ id = '' }) => [id]],
  '/sums/:from/:to': [aggregate, ({ from = '', to = '' }) => [from, to]],
  '/health/ready': [`SELECT '{}'::json AS "json"`, () => []],
};

const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: Number(process.env.DATABASE_POOL_SIZE ?? 10),
  // As text, not as an object.
  types: { getTypeParser: () => (/** @type {string} */ text) => text },
});
const server = fastify();
for (const [path, [text, values]] of Object.entries(questions)) {
  server.get(path, async (/** @type {any} */ request, /** @type {any} */ reply) => {
    const { rows } = await pool.query({ name: path, text, values: values(request.params) });
    return reply.type('application/json; charset=utf-8').send(rows[0].json);
  });
}

await server.listen({ port: Number(process.env.PORT), host: process.env.HOST ?? '127.0.0.1' });
process.once('SIGTERM', () => void server.close().then(() => pool.end()));
