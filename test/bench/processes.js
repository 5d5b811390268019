// @ts-check
/** The servers, each a process of its own; none outlives this one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const host = '127.0.0.1';
const readyTimeoutMs = 30_000;
const readyIntervalMs = 100;
const endTimeoutMs = 10_000;
/** How much of a server's output is kept, to be shown when it breaks. */
const outputCharactersMax = 20_000;

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * @typedef {object} Server
 * @property {string} origin
 * @property {number} pid
 * @property {() => string | undefined} complaint what it wrote, when it is no longer running
 * @property {() => string} output the last of what it wrote
 * @property {() => Promise<void>} stop
 * @property {() => Promise<void>} kill without any chance to clean up
 */

/**
 * Starts a node program with PORT and HOST set and waits until /health/ready answers.
 * @param {string} cwd
 * @param {string[]} args
 * @param {Record<string, string>} settings
 * @param {string} [program] another node than this one
 * @returns {Promise<Server>}
 */
export async function startServer(cwd, args, settings, program = process.execPath) {
  const port = await freePort();
  const child = spawn(program, args, {
    cwd,
    env: {
      ...process.env,
      NODE_ENV: 'production',
      HOST: host,
      ALLOWED_HOSTS: host,
      AUTH: 'off',
      PORT: String(port),
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  child.once('error', () => running.delete(child));
  let output = '';
  const keep = (/** @type {Buffer} */ chunk) => {
    output = (output + chunk).slice(-outputCharactersMax);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  await once(child, 'spawn');
  const server = {
    origin: `http://${host}:${port}`,
    pid: Number(child.pid),
    complaint: () => (running.has(child) ? undefined : `it ended:\n${output}`),
    output: () => output,
    stop: () => end(child),
    kill: () => kill(child),
  };
  try {
    await untilReady(server);
  } catch (error) {
    await end(child);
    throw new Error(`${args.join(' ')} did not start: ${String(error)}\n${output}`);
  }
  return server;
}

/** @param {Server} server */
async function untilReady(server) {
  const deadline = performance.now() + readyTimeoutMs;
  while (performance.now() < deadline) {
    const complaint = server.complaint();
    if (complaint) throw new Error(complaint);
    const answer = await fetch(`${server.origin}/health/ready`).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.status === 200) return;
    await sleep(readyIntervalMs);
  }
  throw new Error(`not ready within ${readyTimeoutMs} ms`);
}

/** SIGTERM, then SIGKILL when that does not help in time. @param {import('node:child_process').ChildProcess} child */
async function end(child) {
  if (!running.has(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs);
  await ended;
  clearTimeout(late);
}

/** @param {import('node:child_process').ChildProcess} child */
async function kill(child) {
  if (!running.has(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
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
