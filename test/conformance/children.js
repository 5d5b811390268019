// @ts-check
/** Programs and folders that this one makes, none of which may outlive it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How much of a child's output is kept, to be shown when something goes wrong. */
const outputCharactersMax = 20_000;

/** How long a child may take to end after SIGTERM before it is killed. */
const endTimeoutMs = 10_000;

/**
 * @typedef {object} Child
 * @property {import('node:child_process').ChildProcess} process
 * @property {() => string} output the end of what it wrote, both streams
 */

/** @type {Set<Child>} */
const running = new Set();

/** @type {Set<string>} */
const folders = new Set();

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<Child>} rejects when the command cannot be started
 */
export async function start(command, args, options) {
  const process = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let kept = '';
  const keep = (/** @type {Buffer} */ chunk) => {
    kept = (kept + chunk).slice(-outputCharactersMax);
  };
  process.stdout.on('data', keep);
  process.stderr.on('data', keep);
  const child = { process, output: () => kept };
  running.add(child);
  process.once('close', () => running.delete(child));
  process.once('error', () => running.delete(child));
  await once(process, 'spawn');
  return child;
}

/** @param {Child} child */
export const isRunning = (child) => running.has(child);

/**
 * Waits until a child has ended by itself; after `timeoutMs` it is ended.
 * @param {Child} child
 * @param {number} timeoutMs
 */
export async function waitForEnd(child, timeoutMs) {
  const late = setTimeout(() => child.process.kill('SIGTERM'), timeoutMs);
  const tooLate = setTimeout(() => child.process.kill('SIGKILL'), timeoutMs + endTimeoutMs);
  try {
    if (isRunning(child)) await once(child.process, 'close');
  } finally {
    clearTimeout(late);
    clearTimeout(tooLate);
  }
  return outcome(child);
}

/** SIGTERM now, SIGKILL when that does not help in time. @param {Child} child */
export async function end(child) {
  child.process.kill('SIGTERM');
  return waitForEnd(child, endTimeoutMs);
}

/** @param {Child} child */
function outcome({ process: { exitCode, signalCode } }) {
  return signalCode ? `signal ${signalCode}` : `exit code ${exitCode}`;
}

/** A new folder that is removed when this program ends. @param {string} name */
export function temporaryFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  folders.add(folder);
  return folder;
}

/** Whichever way this program ends: children end by their own process id, then the folders go. */
export function endAllWithUs() {
  process.on('exit', () => {
    for (const child of running) child.process.kill('SIGKILL');
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
  for (const [signal, code] of /** @type {const} */ ([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])) {
    process.once(signal, () => void Promise.allSettled([...running].map(end)).then(() => process.exit(code)));
  }
}
