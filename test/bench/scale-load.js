// @ts-check
/** The database of `--scale`: made and filled once, then kept and only migrated. */
import { performance } from 'node:perf_hooks';
import { resolve } from 'node:path';
import pg from 'pg';
import { administrationUrl } from './database.js';
import { derived, loadsOf } from './scale-data.js';

/** Rows of one INSERT, between which an interruption is noticed. */
const stepRows = 200_000;
/** Statements at the same time: tables and indexes are made side by side. */
const connections = 2;
const settings = '-c maintenance_work_mem=1GB -c synchronous_commit=off -c jit=off';

/**
 * @param {import('./scale-data.js').Sizes} sizes
 * @param {AbortSignal} signal
 * @returns {Promise<string>} the url of the database
 */
export async function scaleDatabase(sizes, signal) {
  const url = new URL(administrationUrl());
  const name = `bench_scale_${sizes.usage}`;
  const mark = `loaded ${JSON.stringify(sizes)}`;
  const administration = new pg.Client(url.href);
  await administration.connect();
  try {
    const { rows } = await administration.query(
      `SELECT shobj_description(oid, 'pg_database') AS "mark" FROM pg_database WHERE datname = $1`,
      [name],
    );
    url.pathname = `/${name}`;
    // Without the mark it is of other sizes, or its loading was cut off.
    const isLoaded = rows[0]?.mark === mark;
    if (!isLoaded) {
      if (rows.length > 0) await administration.query(`DROP DATABASE "${name}"`);
      await administration.query(`CREATE DATABASE "${name}" TEMPLATE template0 ENCODING 'UTF8'`);
    }
    await migrate(url.href);
    if (!isLoaded) {
      await load(url.href, sizes, signal);
      await administration.query(`COMMENT ON DATABASE "${name}" IS '${mark}'`);
    }
  } finally {
    await administration.end();
  }
  return url.href;
}

/** As the server does when it starts, but for as long as it takes. @param {string} url */
async function migrate(url) {
  const { openPostgresql } = await built('src/platform/database/postgresql.js');
  const { applyMigrations } = await built('src/platform/database/migrations.js');
  const database = await openPostgresql(url, { poolSize: 6 });
  try {
    const begin = performance.now();
    const applied = await applyMigrations(database);
    if (applied.length > 0) console.log(`${applied.length} migrations in ${seconds(begin)}`);
  } finally {
    await database.close();
  }
}

/**
 * Rows first, indexes afterwards, which is many times faster; what triggers would make of each row is made of all.
 * @param {string} url
 * @param {import('./scale-data.js').Sizes} sizes
 * @param {AbortSignal} signal
 */
async function load(url, sizes, signal) {
  const begin = performance.now();
  const pool = new pg.Pool({ connectionString: url, max: connections, options: settings });
  const run = async (/** @type {string} */ sql) => {
    signal.throwIfAborted();
    return (await pool.query(sql)).rows;
  };
  /** Side by side, as far as there are connections. @param {string[]} statements */
  const runAll = (statements) => Promise.all(statements.map(run));
  const loads = loadsOf(sizes);
  const tables = [...loads.map(({ table }) => table), ...derived.flatMap((one) => one.tables)];
  /** Nothing looks at single rows, and nothing is vacuumed before all are there. @param {boolean} isOn */
  const watch = (isOn) =>
    runAll([
      ...['Bucket', 'BalanceAction'].map(
        (table) => `ALTER TABLE "${table}" ${isOn ? 'ENABLE' : 'DISABLE'} TRIGGER USER`,
      ),
      ...tables.map(
        (table) => `ALTER TABLE "${table}" ${isOn ? 'RESET (autovacuum_enabled)' : 'SET (autovacuum_enabled = false)'}`,
      ),
    ]);
  try {
    const indexes = await run(
      `SELECT indexname AS "name", indexdef AS "definition" FROM pg_indexes
       WHERE schemaname = 'public' AND tablename IN ('${tables.join("', '")}') AND indexname NOT LIKE '%\\_pkey' ORDER BY tablename = 'Usage' DESC`,
    );
    await runAll(indexes.map(({ name }) => `DROP INDEX "${name}"`));
    await watch(false);
    // Of the buckets are made entries and actions, of which there are fewer than usages.
    const [buckets, ...others] = loads;
    await runAll(stepsOf(/** @type {import('./scale-data.js').Load} */ (buckets)));
    await runAll(others.flatMap(stepsOf));
    console.log(`  rows after ${seconds(begin)}`);
    await runAll(derived.map(({ sql }) => sql));
    console.log(`  what triggers keep after ${seconds(begin)}`);
    await runAll(indexes.map(({ definition }) => definition));
    console.log(`  indexes after ${seconds(begin)}`);
    await runAll(tables.map((table) => `VACUUM (ANALYZE) "${table}"`));
    await watch(true);
    await run('CHECKPOINT');
    const [size] = await run(`SELECT pg_size_pretty(pg_database_size(current_database())) AS "size"`);
    console.log(`loaded in ${seconds(begin)}: ${size.size}`);
  } finally {
    await pool.end();
  }
}

/** @param {import('./scale-data.js').Load} load */
function stepsOf({ rows, insert }) {
  const steps = [];
  for (let from = 1; from <= rows; from += stepRows) steps.push(insert(from, Math.min(rows, from + stepRows - 1)));
  return steps;
}

/** @param {number} begin */
const seconds = (begin) => `${((performance.now() - begin) / 1000).toFixed(0)} s`;

/** A file of the server. @param {string} path @returns {Promise<any>} */
function built(path) {
  return import(resolve(import.meta.dirname, '../../dist', path));
}
