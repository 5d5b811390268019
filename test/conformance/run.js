// @ts-check
/**
 * `tmf-balance-server ctk`: runs our collections, or official conformance kits, against a fresh seeded server or a running one.
 * Each suite runs twice on the data of the kits, with a restart between: what the first run left must not break the second. Then once
 * on the demo data, of which it checks every row.
 */
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { apis } from './apis.js';
import { endAllWithUs, temporaryFolder } from './children.js';
import { citusUrl, emptyDatabase } from './distributed-database.js';
import { complaintAbout, kitSuite } from './kit-suite.js';
import { ourSuite } from './our-suite.js';
import { layOnNodes, startServer } from './server.js';

/** @typedef {import('./expectation.js').Outcome} Outcome */
/** @typedef {import('./expectation.js').Suite} Suite */
/** @typedef {Outcome & { label: string, round: number, durationMs: number }} Result */

const root = resolve(import.meta.dirname, '../..');
const reportFolder = resolve('reports');
/** What each run finds; runs of one seed share a data folder. */
const rounds = /** @type {const} */ (['kit', 'kit', 'demo']);

const usage = `tmf-balance-server ctk [options]
  Runs the requests of TM Forum's conformance kits, as collections of our own, against a server, and checks each answer. HTML reports
  go to ./reports.
  --api <name>    only this API's collection; may be repeated (${apis.map(({ name }) => name).join(', ')})
  --kit <folder>  an official kit's folder instead of our collections; may be repeated
  --url <origin>  a running server, e.g. http://127.0.0.1:4000, instead of a fresh one on an embedded database
  --help          this text
The environment variable TMF_API_KEY has the API key or the token for our collections, where the server of --url wants one. CITUS_URL
names a database at the coordinator of a Citus cluster for the fresh server instead of an embedded one: all rows in it are deleted. newman
is fetched by npm where it is not installed.
Examples:
  tmf-balance-server ctk --api TMF654
  tmf-balance-server ctk --kit ./TMF654-kit --url http://127.0.0.1:4000
Exit code: 0 all passed, 1 something failed, 2 wrong use.
`;

/** A mistake in the command line; the message is all that its writer needs. */
class UsageError extends Error {}

/** @param {string[]} given */
function readArguments(given) {
  try {
    const { values } = parseArgs({
      args: given,
      options: {
        api: { type: 'string', multiple: true },
        kit: { type: 'string', multiple: true },
        url: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Kits take the place of our collections, unless some of these are asked for as well.
 * @param {string[]} names
 * @param {string[]} kits
 * @param {string | undefined} credential
 */
function chooseSuites(names, kits, credential) {
  const chosen = names.map((name) => {
    const found = apis.find((api) => api.name.toLowerCase() === name.toLowerCase());
    if (!found) throw new UsageError(`no collection is called '${name}'`);
    return found;
  });
  for (const kit of kits) {
    const complaint = complaintAbout(kit);
    if (complaint) throw new UsageError(complaint);
  }
  const ours = chosen.length === 0 && kits.length === 0 ? apis : chosen;
  return [
    ...ours.map((api) => ourSuite(api, reportFolder, credential)),
    ...kits.map((kit) => kitSuite(kit, reportFolder)),
  ];
}

/** @param {string} text */
function readOrigin(text) {
  if (!URL.canParse(text)) throw new UsageError(`'${text}' is not a URL`);
  return text.replace(/\/+$/, '');
}

/**
 * A suite that breaks down is a failure of that suite; the next one still runs.
 * @param {Suite} suite
 * @param {string} origin
 * @param {number} round
 * @returns {Promise<Result>}
 */
async function runSuite(suite, origin, round) {
  const startedAt = performance.now();
  process.stderr.write(`${suite.label}, run ${round}\n`);
  const outcome = await suite.run(origin, round).catch((error) => broken(error));
  return { ...outcome, label: suite.label, round, durationMs: performance.now() - startedAt };
}

/** @param {unknown} problem @returns {Outcome} */
function broken(problem) {
  const text = problem instanceof Error ? problem.message : String(problem);
  return { requests: 0, assertions: 0, failedAssertions: 0, problems: [text] };
}

/**
 * All suites once on one server. What goes wrong with the server itself gets a row of its own.
 * @param {Suite[]} suites
 * @param {number} round
 * @param {() => Promise<import('./server.js').Server>} serve
 */
async function runRound(suites, round, serve) {
  /** @type {Result[]} */
  const results = [];
  /** @type {unknown} */
  let complaint;
  try {
    const server = await serve();
    try {
      for (const suite of suites) results.push(await runSuite(suite, server.origin, round));
    } finally {
      complaint = await server.stop();
    }
  } catch (error) {
    complaint = error;
  }
  if (complaint !== undefined) results.push({ ...broken(complaint), label: 'server', round, durationMs: 0 });
  return { results, serverIsSound: complaint === undefined };
}

/** @param {Result[]} results */
function print(results) {
  const header = ['suite', 'run', 'requests', 'assertions', 'failed', 'seconds'];
  const rows = results.map(({ label, round, requests, assertions, problems, durationMs }) =>
    [label, round, requests, assertions, problems.length, (durationMs / 1000).toFixed(1)].map(String),
  );
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)));
  const pad = (/** @type {string} */ cell, /** @type {number} */ column) =>
    column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0);
  const line = (/** @type {string[]} */ cells) => cells.map(pad).join('  ');
  console.log(`\n${[header, ...rows].map(line).join('\n')}\n`);
  for (const { label, round, problems } of results) {
    for (const problem of problems) console.log(`FAILED ${label}, run ${round}: ${problem}`);
  }
}

/** @param {string[]} given @returns {Promise<number>} the exit code */
async function run(given) {
  const { api = [], kit = [], url, help } = readArguments(given);
  if (help) {
    process.stdout.write(usage);
    return 0;
  }
  // A server of ours asks for none.
  const suites = chooseSuites(api, kit, url === undefined ? undefined : process.env['TMF_API_KEY'] || undefined);
  mkdirSync(reportFolder, { recursive: true });
  endAllWithUs();

  const origin = url === undefined ? '' : readOrigin(url);
  const folders = { kit: temporaryFolder('ctk-data'), demo: temporaryFolder('ctk-demo') };
  if (url === undefined && citusUrl !== undefined) layOnNodes(root, citusUrl);

  /** @type {Result[]} */
  const results = [];
  for (const [index, seed] of rounds.entries()) {
    const serve = async () => {
      if (url !== undefined) return { origin, stop: async () => undefined };
      if (citusUrl !== undefined && seed !== rounds[index - 1]) await emptyDatabase(citusUrl);
      /** @type {Record<string, string>} */
      const store = citusUrl === undefined ? { DATA_DIR: folders[seed] } : { DATABASE_URL: citusUrl };
      return startServer(root, store, seed);
    };
    const round = await runRound(suites, index + 1, serve);
    results.push(...round.results);
    // A server that did not come up, or broke, has failed already; a second run would only take as long again.
    if (!round.serverIsSound) break;
  }

  print(results);
  const passed = results.reduce((sum, { assertions, failedAssertions }) => sum + assertions - failedAssertions, 0);
  // Everything that is wrong counts, so that "0 failed" means what it says: also a missing answer or an unclean stop.
  const failed = results.reduce((sum, { problems }) => sum + problems.length, 0);
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

/** Runs the command with these arguments and returns its exit code. @param {string[]} given */
export async function runConformance(given) {
  try {
    return await run(given);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${usage}`);
    return 2;
  }
}
