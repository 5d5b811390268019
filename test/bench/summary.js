// @ts-check
/** `npm run bench -- --summary`: how long a summary over millions of usages takes, by which plan, and what makes it fast. */
import { performance } from 'node:perf_hooks';
import { resolve } from 'node:path';
import pg from 'pg';
import { startServer } from './processes.js';

const root = resolve(import.meta.dirname, '../..');
const groupBy = ['day', 'usageType'];
/** Rows of one INSERT. */
const stepRows = 500_000;
const repetitions = 3;
/** What the plan gains by each of its parts: the summary without it. */
const handicaps = [
  {
    name: 'without the index that carries what is summed up',
    settings: ['enable_indexonlyscan = off', 'enable_indexscan = off', 'enable_bitmapscan = off'],
  },
  { name: 'in one process', settings: ['max_parallel_workers_per_gather = 0'] },
];

/** A believable month: three types, nine in ten rated, one result each. @param {number} from @param {number} to @param {number} count */
const insertUsages = (from, to, count) => `
  INSERT INTO "Usage" ("tenantId", "id", "usageDate", "usageType", "status", "externalId", "source", "ratedProductUsage", "relatedParty",
    "usageCharacteristic", "usageSpecification", "updatedAt")
  SELECT 'default', '01JBENCH000000' || lpad(n::text, 12, '0'), '2026-10-01T00:00:00Z'::timestamptz + (n * 2678400.0 / ${count}) * '1 second'::interval,
    (ARRAY['voice', 'data', 'sms'])[1 + n % 3], CASE n % 10 WHEN 0 THEN 'received' WHEN 1 THEN 'billed' ELSE 'rated' END, 'cdr-' || n, 'switch-1',
    CASE WHEN n % 10 <> 0 THEN jsonb_build_array(jsonb_build_object('ratingDate', '2026-10-02T10:00:00.000Z', 'isBilled', n % 10 = 1, 'taxRate', 19,
      'taxExcludedRatingAmount', jsonb_build_object('value', (n % 1000) / 100.0, 'unit', 'EUR'),
      'taxIncludedRatingAmount', jsonb_build_object('value', (n % 1000) * 1.19 / 100.0, 'unit', 'EUR'),
      'productRef', jsonb_build_object('id', 'prepaid-m', 'name', 'Prepaid M'))) END,
    jsonb_build_array(jsonb_build_object('id', 'customer-' || n % 50000, 'role', 'customer', 'name', 'Customer', 'atReferredType', 'Customer')),
    jsonb_build_array(jsonb_build_object('name', 'volume', 'value', n % 5000, 'valueType', 'number'), jsonb_build_object('name', 'cell', 'value', 'cell-' || n % 300)),
    jsonb_build_object('id', (ARRAY['spec-voice', 'spec-data', 'spec-sms'])[1 + n % 3], 'name', 'Specification'), now()
  FROM generate_series(${from}, ${to}) n`;

/** @param {string} databaseUrl @param {number} count of usages @param {AbortSignal} signal */
export async function benchSummary(databaseUrl, count, signal) {
  const client = new pg.Client(databaseUrl);
  // It applies the migrations when it starts.
  const server = await startServer(root, ['dist/src/app/cli/serve.js'], {
    DATABASE_URL: databaseUrl,
    DATABASE_POOL_SIZE: '10',
    LOG_LEVEL: 'error',
  });
  try {
    await client.connect();
    await fill(client, count, signal);
    const query = `{ usageAggregate(groupBy: [${groupBy.join(', ')}]) { ${groupBy.join(' ')} count rated { unit count taxExcludedRatingAmount taxIncludedRatingAmount } } }`;
    const times = [];
    for (let time = 0; time < repetitions; time++) times.push(await timed(() => ask(server.origin, query, count)));
    console.log(
      `summary of ${shown(count)} usages by ${groupBy.join(' and ')}, through GraphQL: ${times.map(seconds).join(', ')}`,
    );
    const plan = await explain(client);
    for (const { name, settings } of handicaps) {
      for (const setting of settings) await client.query(`SET ${setting}`);
      const { text } = await explain(client);
      for (const setting of settings) await client.query(`RESET ${setting.split(' ')[0]}`);
      console.log(`  ${name}: ${timeOf(text)}`);
    }
    console.log(`  as it is: ${timeOf(plan.text)}\n\n${plan.text}\n`);
    console.log(
      'What makes it fast: the amounts are columns, not JSON; the index by time carries them, so that the table is not read (Heap Fetches: 0, once vacuumed);',
    );
    console.log(
      'and several processes add up (Workers Launched), because PostgreSQL is told that usages have few days, though many instants.',
    );
  } finally {
    await client.end();
    await server.stop();
  }
}

/** @param {pg.Client} client @param {number} count @param {AbortSignal} signal */
export async function fill(client, count, signal) {
  const begin = performance.now();
  for (let from = 1; from <= count; from += stepRows) {
    signal.throwIfAborted();
    await client.query(insertUsages(from, Math.min(count, from + stepRows - 1), count));
    console.log(`  ${shown(Math.min(count, from + stepRows - 1))} usages`);
  }
  console.log(
    `filled ${shown(count)} usages: ${shown(Math.round(count / ((performance.now() - begin) / 1000)))}/s by INSERT`,
  );
  await client.query('VACUUM (ANALYZE) "Usage"');
  const {
    rows: [size],
  } = await client.query(
    `SELECT pg_size_pretty(pg_table_size('"Usage"')) AS "table", pg_size_pretty(pg_relation_size('"Usage_summaries"')) AS "index"`,
  );
  console.log(`the table has ${size.table}, the index that summaries read ${size.index}`);
}

/** @param {string} origin @param {string} query @param {number} count */
async function ask(origin, query, count) {
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = /** @type {any} */ (await response.json());
  if (errors) throw new Error(errors[0].message);
  const total = data.usageAggregate.reduce(
    (/** @type {number} */ sum, /** @type {any} */ group) => sum + group.count,
    0,
  );
  if (total !== count) throw new Error(`the summary counts ${total} usages of ${count}`);
}

/** The plan of the very statement that the server sends. @param {pg.Client} client @returns {Promise<{ text: string }>} */
async function explain(client) {
  const { UsageAggregates } = await built('src/domain/usage/aggregates.js');
  await built('graphql/schema.js');
  const { shapesOf } = await built('graphql/shape.js');
  let text = '';
  const database = {
    read: async (/** @type {{ text: string, values: unknown[] }} */ sql) => {
      const { rows } = await client.query(`EXPLAIN (ANALYZE, BUFFERS) ${sql.text}`, sql.values);
      text = rows.map((row) => row['QUERY PLAN']).join('\n');
      return [];
    },
  };
  await new UsageAggregates(database, shapesOf(['usage']).usage, 'UTC').read(
    { tenantId: 'default', at: new Date() },
    { groupBy, offset: 0 },
  );
  return { text };
}

/** A file of the server. @param {string} path @returns {Promise<any>} */
function built(path) {
  return import(resolve(root, 'dist', path));
}

/** @param {() => Promise<void>} work */
async function timed(work) {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** @param {string} plan */
const timeOf = (plan) => /Execution Time: .*/.exec(plan)?.[0] ?? 'no plan';
/** @param {number} milliseconds */
const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(2)} s`;
/** @param {number} value */
const shown = (value) => value.toLocaleString('en');
