// @ts-check
/**
 * `npm run bench`: the server beside what a user could pick instead, in turn, on one database. Ratios are what counts:
 * all share the machine with the load and with PostgreSQL.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { benchBilling } from './billing.js';
import { checkBooks, keptDatabase, withDatabase } from './database.js';
import { benchEvents } from './events.js';
import { benchImport } from './import.js';
import { benchIsolation } from './isolation.js';
import { connections } from './load.js';
import { measure, startPeers } from './measure.js';
import { benchMemory } from './memory.js';
import { readOptions, usage } from './options.js';
import { installPeers } from './peers.js';
import { findPgbench } from './pgbench.js';
import { summary, tables, titles } from './report.js';
import { benchScale } from './scale.js';
import { requireSame } from './same.js';
import { seed, seedManyBuckets } from './seed.js';
import { benchSummary } from './summary.js';
import { peersOf } from './works.js';

/** @typedef {import('./measure.js').Bench} Bench */
/** @typedef {import('./report.js').Measured} Measured */
/** @typedef {import('./works.js').Work} Work */
/** @typedef {ReturnType<typeof readOptions>} Options */

const root = resolve(import.meta.dirname, '../..');
const report = resolve(root, 'reports/bench.json');
const poolSize = '10';
/** Of every server. All build the same addresses, or their answers could not be compared. */
const settings = { DATABASE_POOL_SIZE: poolSize, PUBLIC_URL: 'http://bench.example', LOG_LEVEL: 'info' };

/** Its measurement is so much longer than that of a work: a slow list takes seconds. */
const isolationPace = 6;

/** What this machine has of the peers that the works need; what it has not is told, and left out. @param {Options} options @param {string[]} profile @param {AbortSignal} signal @returns {Promise<Bench>} */
async function prepare({ chosen, pace }, profile, signal) {
  /** @type {Bench['missing']} */
  const missing = new Set();
  const needed = new Set(chosen.flatMap(peersOf));
  const leaveOut = (/** @type {import('./works.js').Peer[]} */ peers, /** @type {string} */ reason) => {
    for (const peer of peers.filter((one) => needed.has(one))) {
      missing.add(peer);
      console.log(`without ${titles[peer]}: ${reason}`);
    }
  };
  const pgbench = findPgbench();
  if (pgbench === undefined) leaveOut(['pgbench'], 'there is no pgbench; Debian has it in postgresql');
  if (needed.has('limit') || needed.has('postgraphile')) {
    await installPeers().catch((error) => leaveOut(['limit', 'postgraphile'], `npm ci failed: ${String(error)}`));
  }
  return { pace, profile, settings, missing, pgbench, signal };
}

/** @param {Bench} bench @param {string} url @param {import('./measure.js').Servers} servers @param {Work[]} works */
async function measureAll(bench, url, servers, works) {
  const measured = [];
  for (const work of works) {
    const result = await measure(bench, url, servers, work);
    measured.push(result);
    for (const failure of result.failures) console.log(failure);
    const rates = Object.entries(summary(result).peers).map(([peer, { rate }]) => `${peer} ${rate.toFixed(0)}`);
    console.log(`${work.name}: ${rates.join(', ')}`);
  }
  return measured;
}

/** @param {Bench} bench @param {string} url @param {Work[]} works */
async function onOwnDatabase(bench, url, works) {
  if (works.length === 0) return undefined;
  const servers = await startPeers(bench, url, works, () => seed(url));
  try {
    const same = await requireSame(String(servers.rest?.origin), String(servers.handWritten?.origin), url);
    const measured = await measureAll(bench, url, servers, works);
    const confirmed = sums([same, ...measured.flatMap(({ counts }) => counts)]);
    const books = await checkBooks(url, confirmed);
    // It tells at its end.
    await servers.rest?.stop();
    return { measured, confirmed, books, batches: batchSizes(servers.rest?.output() ?? '') };
  } finally {
    await servers.stop();
  }
}

/** @param {Bench} bench @param {number} count @param {Work[]} works */
async function onManyBuckets(bench, count, works) {
  if (works.length === 0) return [];
  const name = `tmf_bench_buckets_${count}`;
  const url = await keptDatabase(name);
  const servers = await startPeers(bench, url, works, () => seedManyBuckets(url, count)).catch((error) => {
    throw new Error(`${String(error)}\nWithout the database ${name}, it is made anew.`, { cause: error });
  });
  try {
    return await measureAll(bench, url, servers, works);
  } finally {
    await servers.stop();
  }
}

/** @param {string} databaseUrl @param {Options} options @param {AbortSignal} signal */
async function bench(databaseUrl, options, signal) {
  const { chosen, pace, profileFolder } = options;
  const profile = profileFolder === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', resolve(profileFolder)];
  if (options.summary) return benchSummary(databaseUrl, options.usages, signal);
  if (options.isolation) return benchIsolation(databaseUrl, options.usages, pace.measureMs * isolationPace, signal);
  if (options.billing) return benchBilling(databaseUrl, options.accounts, profile, signal);
  if (options.import) return benchImport(databaseUrl, options.lines, profile, signal);
  const how = { isQuick: options.isQuick, isMarkdown: options.markdown, rounds: options.eventRounds };
  if (options.events) return void (await benchEvents(databaseUrl, how, settings, signal));
  if (options.memory) return benchMemory(databaseUrl, settings, signal);

  const prepared = await prepare(options, profile, signal);
  const own = await onOwnDatabase(
    prepared,
    databaseUrl,
    chosen.filter(({ database }) => database === undefined),
  );
  const many = await onManyBuckets(
    prepared,
    options.buckets,
    chosen.filter(({ database }) => database === 'many'),
  );
  /** @type {Measured[]} */
  const measured = [...(own?.measured ?? []), ...many];
  console.log(`\n${tables(measured, options.markdown)}\n`);
  const failures = [...(own?.measured ?? []), ...many].flatMap((result) => result.failures);
  console.log(
    `ratio: median of the ratios of ${pace.rounds} rounds; ${connections} connections, ${poolSize} database connections each, ${cpus().length} processors`,
  );
  if (own) tellBooks(own);
  const events = options.isWhole ? await benchEvents(databaseUrl, how, settings, signal) : undefined;
  mkdirSync(resolve(report, '..'), { recursive: true });
  writeFileSync(
    report,
    `${JSON.stringify({ at: new Date().toISOString(), node: process.version, processors: cpus().length, connections, pace, confirmed: own?.confirmed, batches: own?.batches, events, results: measured.map((m) => ({ ...summary(m), rounds: m.rounds })) }, null, 2)}\n`,
  );
  if (failures.length > 0) throw new Error(`some works could not be done:\n${failures.join('\n')}`);
}

/** Throws when they are wrong. @param {NonNullable<Awaited<ReturnType<typeof onOwnDatabase>>>} own */
function tellBooks({ books, confirmed, batches }) {
  if (books.problems.length > 0) throw new Error(`the balances are wrong: ${books.problems.join('; ')}`);
  const { topup, reserve, commit, transfer } = confirmed;
  console.log(
    `balances exact: ${books.buckets} buckets equal the sum of their ledger; ${topup} top-ups, ${reserve} reservations, ${commit} commits and ${transfer} transfers were confirmed and are all there, once`,
  );
  if (batches === undefined) return;
  const sizes = Object.entries(batches).map(([size, count]) => `${size}: ${count}`);
  console.log(`batches of the engine by size: ${sizes.join(', ')}`);
}

/** @param {import('./load.js').Counts[]} counts */
function sums(counts) {
  const sum = { read: 0, topup: 0, reserve: 0, commit: 0, transfer: 0 };
  for (const part of counts) {
    for (const [kind, count] of Object.entries(part)) sum[/** @type {keyof typeof sum} */ (kind)] += count;
  }
  return sum;
}

/** How many batches of each size the server says it has run. @param {string} output @returns {Record<string, number> | undefined} */
function batchSizes(output) {
  const line = output.split('\n').find((text) => text.includes('"batchSizes"'));
  return line === undefined ? undefined : JSON.parse(line).batchSizes;
}

async function main() {
  const options = readOptions();
  if (options.help) return console.log(usage);
  // Interrupted, it still ends its servers and drops its database.
  const interruption = new AbortController();
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.once(name, () => interruption.abort(new Error(`interrupted by ${name}`)));
  }
  if (options.scale) return benchScale(options.only, interruption.signal);
  await withDatabase((url) => bench(url, options, interruption.signal));
}

try {
  await main();
} catch (error) {
  console.error(`\nFAILED: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
