// @ts-check
/**
 * What a good engineer writes by hand for exactly these works: express, pg, prepared statements, one
 * statement per balance action. Same database, same rows, same answers as the server; none of its generality.
 */
import cors from 'cors';
import express from 'express';
import pg from 'pg';
import { bucketOfGraphql, bucketOfRest } from './baseline-bucket.js';
import { createCommit, createReservation } from './baseline-reserve.js';
import { createTopup } from './baseline-topup.js';
import { createTransfer } from './baseline-transfer.js';

const tenantId = 'default';
const base = '/tmf-api/prepayBalanceManagement/v4';
const pageSizeMax = 1000;
const countMax = 10_000;
const exposedHeaders = [
  'ETag',
  'Last-Modified',
  'Location',
  'Link',
  'X-Total-Count',
  'X-Result-Count',
  'Content-Range',
  'Idempotency-Replayed',
];

const columns = `b."id", b."revision", b."usageType", b."status", b."remainingValueAmount", b."remainingValueUnits",
  b."reservedValueAmount", b."reservedValueUnits", b."reserveBalance", b."name", b."description", b."isShared",
  b."remainingValueName", b."priority", b."validForStart", b."validForEnd", b."logicalResource", b."partyAccount",
  b."product", b."relatedParty", b."requestedDate", b."confirmationDate", b."atType", b."atBaseType", b."atSchemaLocation",
  b."updatedAt", b."extension"`;
const byId = {
  name: 'bucket-by-id',
  text: `SELECT ${columns} FROM "Bucket" b WHERE b."tenantId" = $1 AND b."id" = $2`,
};
const page = {
  name: 'bucket-page',
  text: `SELECT ${columns} FROM "Bucket" b WHERE b."tenantId" = $1 ORDER BY b."id" LIMIT $2 OFFSET $3`,
};
const count = {
  name: 'bucket-count',
  text: `SELECT count(*)::int AS "count" FROM (SELECT 1 FROM "Bucket" b WHERE b."tenantId" = $1 LIMIT ${countMax + 1}) t`,
};

const origin = process.env.PUBLIC_URL ?? '';
const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: Number(process.env.DATABASE_POOL_SIZE ?? 10),
  options: '-c statement_timeout=30000 -c TimeZone=UTC',
});

const app = express();
app.disable('x-powered-by').disable('etag');
app.use(cors({ exposedHeaders, origin: ['https://studio.apollographql.com'] }));
app.use(express.json());

app.get('/health/ready', async (_request, response) => {
  await pool.query('SELECT 1');
  response.json({ status: 'ready' });
});

app.get(`${base}/bucket/:id`, async (request, response) => {
  const { rows } = await pool.query({ ...byId, values: [tenantId, request.params.id] });
  if (rows.length === 0) return void response.status(404).json({ code: '60', reason: 'Resource not found' });
  response.setHeader('ETag', `"${rows[0].revision}"`);
  response.setHeader('Last-Modified', rows[0].updatedAt.toUTCString());
  send(response, 200, bucketOfRest(rows[0], origin + base));
});

app.get(`${base}/bucket`, async (request, response) => {
  const offset = wholeNumber(request.query.offset, 0);
  const limit = wholeNumber(request.query.limit, pageSizeMax);
  const [{ rows }, counted] = await Promise.all([
    pool.query({ ...page, values: [tenantId, limit + 1, offset] }),
    pool.query({ ...count, values: [tenantId] }),
  ]);
  const total = counted.rows[0].count <= countMax ? counted.rows[0].count : undefined;
  const items = rows.slice(0, limit);
  const hasNext = rows.length > limit;
  response.setHeader('X-Result-Count', String(items.length));
  if (total !== undefined) response.setHeader('X-Total-Count', String(total));
  const links = [['first', 0]];
  if (offset > 0) links.push(['prev', Math.max(0, offset - limit)]);
  if (hasNext) links.push(['next', offset + limit]);
  if (total) links.push(['last', Math.floor((total - 1) / limit) * limit]);
  const url = `${origin}${base}/bucket`;
  response.setHeader('Link', links.map(([rel, at]) => `<${url}?offset=${at}&limit=${limit}>; rel="${rel}"`).join(', '));
  const isPart = total === undefined ? hasNext || offset > 0 : items.length !== total;
  send(
    response,
    isPart ? 206 : 200,
    items.map((row) => bucketOfRest(row, origin + base)),
  );
});

const actions = {
  topupBalance: createTopup,
  reserveBalance: createReservation,
  adjustBalance: createCommit,
  transferBalance: createTransfer,
};
for (const [segment, create] of Object.entries(actions)) {
  app.post(`${base}/${segment}`, async (request, response) => {
    const key = request.get('Idempotency-Key');
    const { status, action, replayed } = await create(pool, tenantId, request.body, key);
    if (action === undefined) return void response.status(status).json({ code: String(status), reason: 'refused' });
    const href = `${origin}${base}/${segment}/${action.id}`;
    if (replayed) response.setHeader('Idempotency-Replayed', 'true');
    response.setHeader('ETag', `"${action.revision}"`);
    response.setHeader('Last-Modified', new Date(action.updatedAt).toUTCString());
    response.setHeader('Location', href);
    const { id, revision, updatedAt, ...rest } = action;
    send(response, 201, { id, href, ...rest });
  });
}

/** The payloads of the two GraphQL works, without GraphQL: what it would cost to write an endpoint for each. */
app.post('/graphql', async (request, response) => {
  const { operationName, variables } = request.body;
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  if (operationName === 'BucketById') {
    const { rows } = await pool.query({ ...byId, values: [tenantId, variables.id] });
    response.end(JSON.stringify({ data: { bucket: rows[0] ? bucketOfGraphql(rows[0], origin + base) : null } }) + '\n');
    return;
  }
  const { rows } = await pool.query({ ...page, values: [tenantId, variables.limit, 0] });
  response.end(
    JSON.stringify({ data: { buckets: { items: rows.map((row) => bucketOfGraphql(row, origin + base)) } } }) + '\n',
  );
});

/** @param {import('express').Response} response @param {number} status @param {unknown} body */
function send(response, status, body) {
  const text = JSON.stringify(body);
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json;charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(text);
}

/** @param {unknown} text @param {number} absent */
function wholeNumber(text, absent) {
  return text === undefined ? absent : Math.min(pageSizeMax, Math.max(0, Number.parseInt(String(text), 10) || 0));
}

const server = app.listen(Number(process.env.PORT), process.env.HOST ?? '127.0.0.1');
process.once('SIGTERM', () => {
  server.close(() => void pool.end().then(() => process.exit(0)));
  server.closeIdleConnections();
});
