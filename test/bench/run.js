// @ts-check
/**
 * `npm run bench`: the server beside a hand-written one, in turn, on one database. Ratios are what counts: both
 * share the machine with the load and with PostgreSQL.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { benchBilling } from './billing.js';
import { checkBooks, loadBuckets, withDatabase } from './database.js';
import { benchImport } from './import.js';
import { benchIsolation } from './isolation.js';
import { connections, load } from './load.js';
import { startServer } from './processes.js';
import { summary, table } from './report.js';
import { requireSame } from './same.js';
import { benchSummary } from './summary.js';
import { works } from './works.js';

/** @typedef {import('./processes.js').Server} Server */
/** @typedef {{ rounds: number, measureMs: number, warmUpMs: number }} Pace */

const root = resolve(import.meta.dirname, '../..');
const report = resolve(root, 'reports/bench.json');

/** Both servers build the same addresses, or their answers could not be compared. */
const publicUrl = 'http://bench.example';
const poolSize = '10';

/** About two minutes. @type {Pace} */
const normal = { rounds: 3, measureMs: 2500, warmUpMs: 1500 };
/** @type {Pace} */
const quick = { rounds: 1, measureMs: 400, warmUpMs: 200 };

/** Its measurement is so much longer than that of a work: a slow list takes seconds. */
const isolationPace = 6;
const usagesNormal = 5_000_000;
const linesNormal = 1_000_000;
const linesQuick = 20_000;
const accountsNormal = 10_000;
const accountsQuick = 1_000;

const usage = `npm run bench -- [options]
  --quick             a smoke run of some seconds: its figures mean little
  --only <text>       only works whose name contains the text; may be repeated
  --rounds <number>   rounds of each work (${normal.rounds})
  --cpu-prof <folder> writes a CPU profile of each of the two servers there
  --summary           instead of the works: a summary over millions of usages, and its plan; minutes
  --import            instead of the works: files of usages beside a plain COPY of the same rows; minutes
  --lines <number>    lines of the import (${linesNormal.toLocaleString('en')}; with --quick ${linesQuick.toLocaleString('en')})
  --isolation         instead of the works: top-ups beside ten clients that repeat the slowest list of usages; minutes
  --usages <number>   usages of the summary and of the isolation (${usagesNormal.toLocaleString('en')})
  --billing           instead of the works: a bill run that is killed three times, then two at once
  --accounts <number> accounts it bills (${accountsNormal.toLocaleString('en')}, with --quick ${accountsQuick.toLocaleString('en')})
  --help              this text
PostgreSQL is that of BENCH_DATABASE_URL, or of postgres://root@127.0.0.1:5432/test.`;

function readArguments() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [''] },
      rounds: { type: 'string' },
      'cpu-prof': { type: 'string' },
      summary: { type: 'boolean', default: false },
      isolation: { type: 'boolean', default: false },
      usages: { type: 'string', default: String(usagesNormal) },
      import: { type: 'boolean', default: false },
      lines: { type: 'string' },
      billing: { type: 'boolean', default: false },
      accounts: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const chosen = works.filter(({ name }) => values.only.some((text) => name.includes(text)));
  if (chosen.length === 0) throw new Error(`no work is called '${values.only.join(', ')}'`);
  const pace = values.quick ? quick : normal;
  const rounds = values.rounds === undefined ? pace.rounds : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds must be a whole number from 1: '${values.rounds}'`);
  const usages = Number(values.usages);
  if (!Number.isInteger(usages) || usages < 1)
    throw new Error(`--usages must be a whole number from 1: '${values.usages}'`);
  const lines = Number(values.lines ?? (values.quick ? linesQuick : linesNormal));
  if (!Number.isInteger(lines) || lines < 1)
    throw new Error(`--lines must be a whole number from 1: '${values.lines}'`);
  const accounts = Number(values.accounts ?? (values.quick ? accountsQuick : accountsNormal));
  if (!Number.isInteger(accounts) || accounts < 1)
    throw new Error(`--accounts must be a whole number from 1: '${values.accounts}'`);
  const modes = {
    summary: values.summary,
    isolation: values.isolation,
    usages,
    import: values.import,
    lines,
    billing: values.billing,
    accounts,
  };
  return { help: values.help, ...modes, chosen, pace: { ...pace, rounds }, profileFolder: values['cpu-prof'] };
}

/**
 * @param {import('./works.js').Work} work
 * @param {{ server: Server, baseline: Server }} servers
 * @param {Pace} pace
 * @param {AbortSignal} signal
 */
async function measure(work, { server, baseline }, pace, signal) {
  /** @type {import('./load.js').Counts[]} */
  const counts = [];
  const run = async (/** @type {Server} */ { origin, complaint }, /** @type {number} */ durationMs) => {
    try {
      const result = await load(origin, work, durationMs, signal);
      counts.push(result.counts);
      return result;
    } catch (error) {
      throw new Error(`${work.name}: ${/** @type {Error} */ (error).message} ${complaint() ?? ''}`, { cause: error });
    }
  };
  await run(server, pace.warmUpMs);
  await run(baseline, pace.warmUpMs);
  /** @type {import('./report.js').Round[]} */
  const rounds = [];
  for (let round = 0; round < pace.rounds; round++) {
    rounds.push({ server: await run(server, pace.measureMs), baseline: await run(baseline, pace.measureMs) });
  }
  return { name: work.name, aim: work.aim, rounds, counts };
}

/** @param {string} databaseUrl @param {ReturnType<typeof readArguments>} options @param {AbortSignal} signal */
async function bench(databaseUrl, options, signal) {
  if (options.summary) return benchSummary(databaseUrl, options.usages, signal);
  const { chosen, pace, profileFolder } = options;
  if (options.isolation) return benchIsolation(databaseUrl, options.usages, pace.measureMs * isolationPace, signal);
  const settings = {
    DATABASE_URL: databaseUrl,
    DATABASE_POOL_SIZE: poolSize,
    PUBLIC_URL: publicUrl,
    LOG_LEVEL: 'info',
  };
  const profile = profileFolder === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', resolve(profileFolder)];
  if (options.billing) return benchBilling(databaseUrl, options.accounts, profile, signal);
  if (options.import) return benchImport(databaseUrl, options.lines, profile, signal);
  // The server applies the migrations when it starts.
  const server = await startServer(root, [...profile, 'dist/src/app/cli/serve.js'], settings);
  let baseline;
  try {
    await loadBuckets(databaseUrl);
    baseline = await startServer(root, [...profile, resolve(import.meta.dirname, 'baseline.js')], settings);
    const counts = [await requireSame(server.origin, baseline.origin, databaseUrl)];

    const measured = [];
    for (const work of chosen) {
      const result = await measure(work, { server, baseline }, pace, signal);
      measured.push(result);
      counts.push(...result.counts);
      const { ratio } = summary(result);
      console.log(
        `${work.name}: ${ratio.toFixed(2)} (${result.rounds.map((r) => `${Math.round(r.server.rate)}/${Math.round(r.baseline.rate)}`).join(', ')})`,
      );
    }

    const confirmed = sums(counts);
    const books = await checkBooks(databaseUrl, confirmed);
    // It tells at its end.
    await server.stop();
    const batches = batchSizes(server.output());
    console.log(`\n${table(measured)}\n`);
    console.log(
      `ratio: median of the ratios of ${pace.rounds} neighbouring runs; ${connections} connections, ${poolSize} database connections each, ${cpus().length} processors`,
    );
    if (books.problems.length > 0) throw new Error(`the balances are wrong: ${books.problems.join('; ')}`);
    const { topup, reserve, commit, transfer } = confirmed;
    console.log(
      `balances exact: ${books.buckets} buckets equal the sum of their ledger; ${topup} top-ups, ${reserve} reservations, ${commit} commits and ${transfer} transfers were confirmed and are all there, once`,
    );
    if (batches)
      console.log(
        `batches of the engine by size: ${Object.entries(batches)
          .map(([size, count]) => `${size}: ${count}`)
          .join(', ')}`,
      );
    mkdirSync(resolve(report, '..'), { recursive: true });
    writeFileSync(
      report,
      `${JSON.stringify({ at: new Date().toISOString(), node: process.version, processors: cpus().length, connections, pace, confirmed, batches, results: measured.map((m) => ({ ...summary(m), rounds: m.rounds })) }, null, 2)}\n`,
    );
  } finally {
    await server.stop();
    await baseline?.stop();
  }
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
  const options = readArguments();
  if (options.help) return console.log(usage);
  // Interrupted, it still ends its servers and drops its database.
  const interruption = new AbortController();
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.once(name, () => interruption.abort(new Error(`interrupted by ${name}`)));
  }
  await withDatabase((url) => bench(url, options, interruption.signal));
}

try {
  await main();
} catch (error) {
  console.error(`\nFAILED: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
