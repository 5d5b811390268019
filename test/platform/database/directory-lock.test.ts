import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DirectoryLockedError, lockDirectory } from '../../../src/platform/database/directory-lock.js';
import { startChild, type Child } from '../../support/child.js';

const OTHER = 'lock.00000000-0000-4000-8000-000000000000';

let directory: string;
let children: Child[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tmf-lock-'));
  children = [];
});

afterEach(async () => {
  await Promise.all(children.map((child) => child.kill()));
  await rm(directory, { recursive: true });
});

async function start(): Promise<Child> {
  const child = startChild('test/platform/database/hold-directory.ts', directory);
  children.push(child);
  expect(await child.line()).toBe('ready');
  return child;
}

async function startHolder(): Promise<Child> {
  const child = await start();
  child.process.stdin.write('go\n');
  expect(await child.line()).toBe('holding');
  return child;
}

/** A lock file as a process that is not there to ask has left it. */
async function leaveLock(claim: { pid: number; host: string; start: string | null }): Promise<void> {
  await writeFile(join(directory, OTHER), `holding.\n${JSON.stringify(claim)}\n`);
}

async function expectTakenOver(): Promise<void> {
  const lock = await lockDirectory(directory);
  expect(await readdir(directory)).not.toContain(OTHER);
  await lock.release();
}

describe('the lock of a data directory', () => {
  test('makes the directory, and leaves nothing behind when released', async () => {
    const nested = join(directory, 'a', 'b');
    const lock = await lockDirectory(nested);
    expect(await readdir(nested)).toHaveLength(1);
    await lock.release();
    expect(await readdir(nested)).toEqual([]);
    await (await lockDirectory(nested)).release();
  });

  test.each(['', 'starting\n', 'holding.\n{"pid":', 'holding.\nnull\n'])(
    'takes over from a claim that a crash left unreadable: %j',
    async (content) => {
      await writeFile(join(directory, OTHER), content);
      await expectTakenOver();
      expect(await readdir(directory)).toEqual([]);
    },
  );

  test('refuses a second process, naming the directory and the holder', async () => {
    const holder = await startHolder();
    const attempt = lockDirectory(directory);
    await expect(attempt).rejects.toThrow(DirectoryLockedError);
    await expect(attempt).rejects.toThrow(
      `directory '${directory}' is in use by process ${holder.process.pid} on host '${hostname()}'`,
    );
    expect(await readdir(directory)).toHaveLength(1);
  });

  test('is free when its holder ends in order', async () => {
    const holder = await startHolder();
    const ended = new Promise((resolve) => holder.process.once('exit', resolve));
    holder.process.stdin.end();
    await ended;
    expect(await readdir(directory)).toEqual([]);
  });

  test('is taken over when its holder was killed', async () => {
    const holder = await startHolder();
    await holder.kill();
    expect(await readdir(directory)).toHaveLength(1);
    const lock = await lockDirectory(directory);
    expect(await readdir(directory)).toHaveLength(1);
    await lock.release();
  });

  test('is taken over when another process has the pid of its holder', async () => {
    await leaveLock({ pid: process.pid, host: hostname(), start: 'an earlier boot:1' });
    await expectTakenOver();
  });

  test('is honoured on another host while its heartbeat is fresh', async () => {
    await leaveLock({ pid: 1, host: 'elsewhere', start: null });
    await expect(lockDirectory(directory)).rejects.toThrow("in use by process 1 on host 'elsewhere'");
    expect(await readdir(directory)).toEqual([OTHER]);
  });

  test('is taken over on another host when its heartbeat has stopped', async () => {
    await leaveLock({ pid: 1, host: 'elsewhere', start: null });
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(join(directory, OTHER), longAgo, longAgo);
    await expectTakenOver();
  });

  test('goes to exactly one of several processes that start at once after a kill', async () => {
    const [dead, ...starters] = await Promise.all([startHolder(), start(), start(), start()]);
    await dead.kill();
    for (const { process: starter } of starters) starter.stdin.write('go\n');
    const answers = await Promise.all(starters.map((starter) => starter.line()));
    expect(answers.filter((answer) => answer === 'holding')).toHaveLength(1);
    expect(answers.filter((answer) => answer.startsWith('DirectoryLockedError'))).toHaveLength(2);
    const files = await readdir(directory);
    expect(files).toHaveLength(1);
    const winner = starters[answers.indexOf('holding')]!;
    expect(await readFile(join(directory, files[0]!), 'utf8')).toContain(`"pid":${winner.process.pid},`);
  });

  test('goes to exactly one of many attempts, again and again', async () => {
    for (let round = 0; round < 20; round++) {
      const attempts = await Promise.allSettled(Array.from({ length: 6 }, () => lockDirectory(directory)));
      const won = attempts.filter((attempt) => attempt.status === 'fulfilled');
      expect(won).toHaveLength(1);
      await won[0]!.value.release();
    }
  });
});
