// @ts-check
/** The server under test: our own, fresh and seeded, on a free port. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { end, isRunning, start } from './children.js';

/** Built programs, from the root of the project. */
const startProgram = 'dist/src/app/cli/start.js';
const commandProgram = 'dist/src/app/cli/main.js';

const host = '127.0.0.1';

/** A fresh store is the point: a database or public address that the caller has configured stays out of it. */
const notInherited = new Set(['DATABASE_URL', 'PUBLIC_URL']);

/** A first start opens the embedded database, migrates and seeds; slow machines get time for it. */
const readyTimeoutMs = 240_000;
const readyIntervalMs = 200;
const readyRequestTimeoutMs = 2_000;

/**
 * @typedef {object} Server
 * @property {string} origin
 * @property {() => Promise<string | undefined>} stop gives the complaint when it did not end cleanly
 */

/**
 * Migrates a database and distributes its tables, where that is still to be done.
 * @param {string} root of the project
 * @param {string} url
 */
export function layOnNodes(root, url) {
  for (const command of ['migrate', 'distribute']) {
    const env = { ...process.env, DATABASE_URL: url };
    const { status } = spawnSync(process.execPath, [commandProgram, command], { cwd: root, env, stdio: 'inherit' });
    if (status !== 0) throw new Error(`${command} ended with exit code ${status}`);
  }
}

/**
 * Starts the server and waits until it says it is ready.
 * @param {string} root of the project
 * @param {Record<string, string>} store the setting that says where its data lie
 * @param {'kit' | 'demo'} seed
 * @returns {Promise<Server>}
 */
export async function startServer(root, store, seed) {
  const port = await freePort();
  const origin = `http://${host}:${port}`;
  const inherited = Object.entries(process.env).filter(([name]) => !notInherited.has(name));
  const env = {
    ...Object.fromEntries(inherited),
    HOST: host,
    AUTH: 'off',
    PORT: String(port),
    ...store,
    SEED: seed,
    LOG_LEVEL: 'warn',
  };
  const child = await start(process.execPath, [startProgram], { cwd: root, env });
  try {
    await untilReady(`${origin}/health/ready`, child);
  } catch (error) {
    await end(child);
    throw error;
  }
  return { origin, stop: () => stop(child) };
}

/** @param {string} url @param {import('./children.js').Child} child */
async function untilReady(url, child) {
  let last = 'no answer';
  const deadline = performance.now() + readyTimeoutMs;
  while (performance.now() < deadline) {
    if (!isRunning(child)) throw new Error(`the server ended while starting:\n${child.output()}`);
    last = await probe(url);
    if (last === 'status 200') return;
    await sleep(readyIntervalMs);
  }
  throw new Error(`the server was not ready within ${readyTimeoutMs} ms (${last}):\n${child.output()}`);
}

/** @param {string} url */
async function probe(url) {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(readyRequestTimeoutMs) });
    await answer.body?.cancel();
    return `status ${answer.status}`;
  } catch (error) {
    return String(error);
  }
}

/** @param {import('./children.js').Child} child */
async function stop(child) {
  if (!isRunning(child)) return `the server had ended by itself:\n${child.output()}`;
  const how = await end(child);
  return how === 'exit code 0' ? undefined : `the server ended with ${how} after SIGTERM:\n${child.output()}`;
}

async function freePort() {
  const probing = createServer().listen(0, host);
  await once(probing, 'listening');
  const address = probing.address();
  probing.close();
  await once(probing, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
