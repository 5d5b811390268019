// @ts-check
/** newman, which an installed package does not bring along: it is large, and no server needs it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { start, temporaryFolder, waitForEnd } from './children.js';

const names = ['newman', 'newman-reporter-htmlextra'];
const installTimeoutMs = 300_000;

/** @typedef {typeof import('newman').default} Newman */

/** @type {Promise<Newman> | undefined} */
let loading;

/** newman that is installed; where none is, one that npm fetches into a temporary folder. */
export function loadNewman() {
  loading ??= installed() ?? fetched();
  return loading;
}

/** @returns {Promise<Newman> | undefined} */
function installed() {
  try {
    for (const name of names) import.meta.resolve(name);
  } catch {
    return undefined;
  }
  return import('newman').then((module) => module.default);
}

/** @returns {Promise<Newman>} */
async function fetched() {
  process.stderr.write('fetching newman\n');
  const folder = temporaryFolder('ctk-newman');
  const manifest = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8'));
  const wanted = names.map((name) => `${name}@${manifest.devDependencies[name]}`);
  const args = ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', ...wanted];
  const npm = await start('npm', args, { cwd: folder });
  const how = await waitForEnd(npm, installTimeoutMs);
  if (how !== 'exit code 0') throw new Error(`npm could not fetch newman (${how}): ${npm.output().trim()}`);
  return createRequire(join(folder, 'package.json'))('newman');
}
