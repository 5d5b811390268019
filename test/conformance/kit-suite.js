// @ts-check
/**
 * Runs the folder of an official conformance kit, unchanged but for the address in its config.json. All of it happens
 * in a temporary copy. The kit of TMF654 and its relatives ends with exit code 0 when assertions failed, and also when
 * it refused its own payload and ran nothing; so only the results that it wrote are believed.
 */
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { start, temporaryFolder, waitForEnd } from './children.js';
import { countSummary, runNewman } from './our-suite.js';

/** @typedef {import('./expectation.js').Outcome} Outcome */

/**
 * The part of a kit's config.json that matters here.
 * @typedef {object} Config
 * @property {string} url
 * @property {Record<string, string>} [headers]
 * @property {Record<string, { POST?: { payload?: unknown } }>} [payloads]
 */

const installTimeoutMs = 180_000;
const runTimeoutMs = 300_000;

/** Inside the kit: where its program lives, and what it writes one level above. */
const programFolder = 'ctk';
const resultFile = 'jsonResults.json';
const pageFile = 'htmlResults.html';

/** What a user may have left behind in the folder; old results in the copy could pass for new ones. */
const leftOut = new Set(['node_modules', '.git', resultFile, pageFile]);

/**
 * Why a folder cannot be a kit, if so.
 * @param {string} folder
 */
export function complaintAbout(folder) {
  const needed = ['config.json', join(programFolder, 'index.js')];
  const missing = needed.find((name) => !existsSync(join(folder, name)));
  return missing && `'${folder}' is not a conformance kit: it has no ${missing}`;
}

/**
 * @param {string} kitFolder that `complaintAbout` has nothing against
 * @param {string} reportFolder
 * @returns {import('./expectation.js').Suite}
 */
export function kitSuite(kitFolder, reportFolder) {
  const given = resolve(kitFolder);
  const label = basename(given);
  /** @type {Promise<Copy> | undefined} */
  let copy;
  return {
    label,
    async run(origin, round) {
      copy ??= prepare(given);
      const { folder, installed, note } = await copy;
      setAddress(folder, origin);
      for (const file of [resultFile, pageFile]) rmSync(join(folder, file), { force: true });
      if (round === 1) console.log(`${label}: ${note}`);
      const outcome = installed ? await runProgram(folder) : await runCollection(folder);
      if (existsSync(join(folder, pageFile))) {
        const suffix = round === 1 ? '' : `-run-${round}`;
        cpSync(join(folder, pageFile), join(reportFolder, `ctk-kit-${label.toLowerCase()}${suffix}.html`));
      }
      return outcome;
    },
  };
}

/**
 * @typedef {object} Copy
 * @property {string} folder
 * @property {boolean} installed whether the kit has its own dependencies and can run by itself
 * @property {string} note
 */

/** @param {string} given @returns {Promise<Copy>} */
async function prepare(given) {
  const folder = temporaryFolder('ctk-kit');
  cpSync(given, folder, { recursive: true, filter: (source) => !leftOut.has(basename(source)) });
  // The kits need no install scripts of their packages, which are years old: none of those run here.
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund'];
  const npm = await start('npm', args, { cwd: join(folder, programFolder) });
  const how = await waitForEnd(npm, installTimeoutMs);
  if (how === 'exit code 0') return { folder, installed: true, note: 'runs by its own program, with its own packages' };
  const why = npm.output().match(/^npm error .*/m)?.[0] ?? how;
  const instead = 'our newman runs its collection, and nobody checks its payloads against its schemas';
  return { folder, installed: false, note: `its own packages could not be installed (${why}); ${instead}` };
}

/** @param {string} folder @returns {Config} */
const readConfig = (folder) => JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));

/**
 * The kits glue the resource to the address, which therefore ends in a slash; its path says which API is meant.
 * @param {string} folder
 * @param {string} origin
 */
function setAddress(folder, origin) {
  const config = readConfig(folder);
  const path = new URL(config.url).pathname.replace(/\/*$/, '/');
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, url: `${origin}${path}` }, null, 2));
}

/** @param {string} folder @returns {Promise<Outcome>} */
async function runProgram(folder) {
  const kit = await start(process.execPath, ['index.js'], { cwd: join(folder, programFolder) });
  const how = await waitForEnd(kit, runTimeoutMs);
  const said = `The kit said:\n${kit.output().trim()}`;
  const results = join(folder, resultFile);
  if (!existsSync(results)) return nothingRan(`the kit wrote no results and ended with ${how}. ${said}`);
  const outcome = judge(JSON.parse(readFileSync(results, 'utf8')));
  if (how !== 'exit code 0') outcome.problems.push(`the kit ended with ${how}. ${said}`);
  return outcome;
}

/** @param {string} problem @returns {Outcome} */
const nothingRan = (problem) => ({ requests: 0, assertions: 0, failedAssertions: 0, problems: [problem] });

/** @param {import('newman').Summary & { collection: { item: { item: unknown[] }[] } }} results */
function judge(results) {
  const outcome = countSummary(results);
  const planned = results.collection.item.reduce((count, folder) => count + folder.item.length, 0);
  if (outcome.requests < planned) outcome.problems.push(`only ${outcome.requests} of ${planned} requests were sent`);
  if (outcome.assertions === 0) outcome.problems.push('no assertion ran');
  return outcome;
}

/**
 * What the kit's own program would do, with our newman: the address goes into the variable that its requests begin
 * with, the configured headers replace those of every request, and configured payloads replace the bodies. Only the
 * check of the payloads against the kit's schemas is missing.
 * @param {string} folder
 * @returns {Promise<Outcome>}
 */
async function runCollection(folder) {
  const inside = join(folder, programFolder);
  const file = readdirSync(inside).find((name) => name.endsWith('.postman_collection.json'));
  if (!file) return nothingRan('the kit has no collection');
  const collection = JSON.parse(readFileSync(join(inside, file), 'utf8'));
  const { url, headers = {}, payloads = {} } = readConfig(folder);
  /** @type {any[]} */
  const items = collection.item.flatMap((/** @type {any} */ folder) => folder.item);
  const requests = items.map(({ request }) => request);
  const address = /^{{(\w+)}}/.exec(requests[0]?.url?.raw)?.[1];
  if (!address) return nothingRan(`the requests of ${file} do not begin with a variable`);
  for (const request of requests) {
    request.header = Object.entries(headers).map(([key, value]) => ({ key, value }));
  }
  for (const [resource, { POST }] of Object.entries(payloads)) {
    const path = `{{${address}}}${resource[0]?.toLowerCase()}${resource.slice(1)}`;
    const post = requests.find(({ method, url }) => method === 'POST' && url.raw === path);
    if (!post) return nothingRan(`the kit has no POST for the payload of ${resource}`);
    post.body = { mode: 'raw', raw: JSON.stringify(POST?.payload) };
  }
  const environment = { values: [{ key: address, value: url, enabled: true }] };
  const summary = await runNewman(collection, join(folder, pageFile), { environment, insecure: true });
  return judge({ ...summary, collection });
}
