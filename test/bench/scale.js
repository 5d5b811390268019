// @ts-check
/** `npm run bench -- --scale`: what people ask, on millions of rows and on few, with times and the indexes that are read. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { query as rowsOf } from './database.js';
import { startServer } from './processes.js';
import { aligned, median } from './report.js';
import { sizes as full } from './scale-data.js';
import { scaleDatabase } from './scale-load.js';
import { queriesOf } from './scale-queries.js';

const root = resolve(import.meta.dirname, '../..');
/** What no usual query may take. */
const barMs = 200;
/** Rows of each table, at most, of the small database whose times are compared. */
const fewRows = 10_000;
const repeatsMax = 15;
const repeatMaxMs = 2_000;
/** A statement whose plan is kept gets that plan after five times. */
const plannedRepeats = 7;
const plannedMaxMs = 500;

/** Read by every statement: whether work is due. */
const dueIndexes = new Set(['Bucket_lapses', 'BalanceAction_nextDueDate']);
const explaining = [
  'session_preload_libraries=auto_explain',
  ...['log_min_duration=0', 'log_format=json', 'log_level=notice'].map((one) => `auto_explain.${one}`),
]
  .map((one) => `-c ${one}`)
  .join(' ');

/** @typedef {import('./scale-queries.js').Query} Query */
/** @typedef {{ ms: number, plan?: string }} Measured */

/** @param {string[]} only parts of names @param {AbortSignal} signal */
export async function benchScale(only, signal) {
  const few = /** @type {typeof full} */ (
    Object.fromEntries(Object.entries(full).map(([name, rows]) => [name, Math.min(rows, fewRows)]))
  );
  const small = await measureAll(few, only, false, signal);
  const large = await measureAll(full, only, true, signal);
  const rows = [...large].map(([{ name, isUnusual }, { ms, plan }]) => {
    const before = [...small].find(([query]) => query.name === name)?.[1].ms ?? NaN;
    return { name, ms, before, isSlow: ms > barMs && !isUnusual, plan: plan ?? '' };
  });
  console.log(
    aligned(
      [
        ['query', 'ms', `ms of ${fewRows.toLocaleString('en')}`, 'ratio', 'read by'],
        ...rows.map(({ name, ms, before, plan, isSlow }) => [
          name,
          `${ms.toFixed(1)}${isSlow ? ' !' : ''}`,
          before.toFixed(1),
          (ms / before).toFixed(1),
          plan,
        ]),
      ],
      [0, 4],
    ),
  );
  const slow = rows.filter(({ isSlow }) => isSlow).map(({ name }) => name);
  console.log(
    slow.length === 0 ? `\nno usual query takes more than ${barMs} ms` : `\nmore than ${barMs} ms: ${slow.join('; ')}`,
  );
}

/** @param {typeof full} sizes @param {string[]} only @param {boolean} isPlanned @param {AbortSignal} signal */
async function measureAll(sizes, only, isPlanned, signal) {
  const url = await scaleDatabase(sizes, signal);
  const queries = queriesOf(sizes).filter(({ name }) => only.some((text) => name.includes(text)));
  /** @type {Map<Query, Measured>} */
  const found = new Map();
  await withServer(url, [], {}, async (origin) => {
    for (const query of queries) {
      signal.throwIfAborted();
      // One that is refused, e.g. because it takes too long, is told of and the others go on.
      const measured = await timeOf(origin, query).then(
        (ms) => ({ ms }),
        (/** @type {Error} */ { message }) => ({ ms: Infinity, plan: message }),
      );
      found.set(query, measured);
    }
  });
  if (isPlanned) await readPlans(url, found, signal);
  return found;
}

/** In a server of its own, because telling plans takes time. @param {string} url @param {Map<Query, Measured>} found @param {AbortSignal} signal */
async function readPlans(url, found, signal) {
  const [user] = await rowsOf(url, 'SELECT usesuper AS "isSuperuser" FROM pg_user WHERE usename = current_user');
  if (!user?.isSuperuser) return console.log('plans are told to superusers only');
  const folder = mkdtempSync(join(tmpdir(), 'bench-plans-'));
  const file = join(folder, 'plans');
  const preload = ['--import', resolve(import.meta.dirname, 'plan-notices.js')];
  const explained = new URL(url);
  explained.searchParams.set('options', explaining);
  try {
    await withServer(explained.href, preload, { BENCH_PLANS: file }, async (origin) => {
      for (const [query, measured] of found) {
        if (measured.plan !== undefined) continue;
        signal.throwIfAborted();
        for (let time = 0; time < (measured.ms > plannedMaxMs ? 1 : plannedRepeats); time++) {
          writeFileSync(file, '');
          await ask(origin, query);
        }
        measured.plan = planOf(readFileSync(file, 'utf8'));
      }
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {string} url @param {string[]} preload @param {Record<string, string>} settings @param {(origin: string) => Promise<void>} work */
async function withServer(url, preload, settings, work) {
  const server = await startServer(root, [...preload, 'dist/src/app/cli/serve.js'], {
    DATABASE_URL: url,
    LOG_LEVEL: 'error',
    SHUTDOWN_DELAY_SECONDS: '0',
    ...settings,
  });
  try {
    await work(server.origin);
  } finally {
    await server.stop();
  }
}

/** Median time from request to answer, warm; of what takes long the first time. @param {string} origin @param {Query} query */
async function timeOf(origin, query) {
  const begin = performance.now();
  const timed = async () => {
    const from = performance.now();
    await ask(origin, query);
    return performance.now() - from;
  };
  const first = await timed();
  if (first > repeatMaxMs) return first;
  await timed();
  const times = [await timed()];
  while (times.length < repeatsMax && performance.now() - begin < repeatMaxMs) times.push(await timed());
  return median(times);
}

/** @param {string} origin @param {Query} query */
async function ask(origin, { path, graphql }) {
  const response = await (path
    ? fetch(`${origin}${path}`)
    : fetch(`${origin}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: graphql }),
      }));
  const text = await response.text();
  const isRefused = response.status >= 300 || (graphql !== undefined && JSON.parse(text).errors);
  if (isRefused) throw new Error(`${response.status} ${text.slice(0, 80)}`);
}

/** The indexes that are read, and where a table is read or sorted whole. @param {string} notices */
function planOf(notices) {
  const found = new Set();
  const walk = (/** @type {any} */ node) => {
    if (node['Index Name'] && !dueIndexes.has(node['Index Name'])) found.add(node['Index Name']);
    if (node['Node Type'] === 'Seq Scan') found.add(`all of ${node['Relation Name']}`);
    if (/Sort/.test(node['Node Type'])) found.add(node['Node Type'].toLowerCase());
    for (const part of node.Plans ?? []) walk(part);
  };
  for (const line of notices.split('\n').filter(Boolean)) {
    const [, plan] = /plan:\s*(\{.*\})\s*$/s.exec(JSON.parse(line)) ?? [];
    // Beside those who read, jobs look for their work.
    if (plan && !/pgboss\.|SKIP LOCKED|ctid|"state" = 'accepted'/.test(plan)) walk(JSON.parse(plan).Plan);
  }
  return [...found].join(', ');
}
