import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from '../start-error.js';

/** How often a holder touches its file, for processes on other hosts, which cannot see whether it lives. */
const HEARTBEAT_MS = 5_000;
/** A holder on another host counts as dead after this. Long, because PGlite blocks the event loop while it works. */
const STALE_MS = 30_000;
/** How long, and how often, to check other processes that start at the same moment. */
const CONTEST_MAX_MS = 10_000;
const CONTEST_POLL_MS = 20;

const LOCK_FILE = /^lock\.[0-9a-f-]{36}$/;
/** The state is overwritten in place, so both words have one length. */
const STARTING = 'starting';
const HOLDING = 'holding.';

/** Another process holds the directory. */
export class DirectoryLockedError extends StartError {
  override readonly name = 'DirectoryLockedError';
}

export interface DirectoryLock {
  release(): Promise<void>;
}

interface Claim {
  pid: number;
  host: string;
  /** Tells this process from a later one of the same pid; null where there is no /proc. */
  start: string | null;
}

/**
 * Locks the directory for this process, making it if need be. Throws DirectoryLockedError.
 *
 * Every process writes a file of its own name and then looks at the others', so a dead process's file can be
 * removed by anyone at any time without ever hitting a live one: no timing decides who wins. One that sees a
 * holder gives up; of several that start at once the smallest name stays.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  await mkdir(directory, { recursive: true });
  const name = `lock.${randomUUID()}`;
  const file = join(directory, name);
  await publish(directory, name);
  try {
    await waitUntilOnlyClaim(directory, name);
    await writeState(file, HOLDING);
  } catch (error) {
    await unlink(file);
    throw error;
  }
  // When the file is gone somebody else may use the directory now: the rejection ends this process, which is right.
  let beat = Promise.resolve();
  const heartbeat = setInterval(() => {
    const now = new Date();
    beat = utimes(file, now, now);
  }, HEARTBEAT_MS).unref();
  return {
    release: async () => {
      clearInterval(heartbeat);
      await beat;
      await unlink(file);
    },
  };
}

/** Complete under its name at once: nobody ever reads half a claim. */
async function publish(directory: string, name: string): Promise<void> {
  const claim: Claim = { pid: process.pid, host: hostname(), start: processStart(process.pid) };
  const draft = join(directory, `draft.${name}`);
  const handle = await open(draft, 'w');
  try {
    await handle.writeFile(`${STARTING}\n${JSON.stringify(claim)}\n`);
    // Before it has its name: a crash of the machine would else leave a name without a content.
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, join(directory, name));
}

async function writeState(file: string, state: string): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.write(state, 0);
  await handle.close();
}

/** Resolves when no other live claim is left. @throws DirectoryLockedError */
async function waitUntilOnlyClaim(directory: string, own: string): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += CONTEST_POLL_MS) {
    const { mtimeMs: nowMs } = await stat(join(directory, own));
    const others = (await readdir(directory)).filter((name) => LOCK_FILE.test(name) && name !== own);
    let isAlone = true;
    for (const name of others) {
      const other = await readClaim(join(directory, name));
      if (!other) continue;
      if (!isAlive(other, nowMs)) {
        await rm(join(directory, name), { force: true });
        continue;
      }
      // A starter of a larger name either gives up on seeing ours, or turns holder because it looked before.
      if (other.state === HOLDING || name < own || waitedMs >= CONTEST_MAX_MS) {
        throw new DirectoryLockedError(
          `directory '${directory}' is in use by process ${other.pid} on host '${other.host}'`,
        );
      }
      isAlone = false;
    }
    if (isAlone) return;
    await sleep(CONTEST_POLL_MS);
  }
}

/** @returns undefined when the file was removed meanwhile */
async function readClaim(file: string): Promise<(Claim & { state: string; mtimeMs: number }) | undefined> {
  try {
    const { mtimeMs } = await stat(file);
    const [state = '', claim = ''] = (await readFile(file, 'utf8')).split('\n');
    return { ...parseClaim(claim), state, mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** What cannot be read was left by a crash: it is written whole before it gets its name. It claims what no process has. */
const nobody: Claim = { pid: 0, host: '', start: null };

function parseClaim(text: string): Claim {
  let claim: Partial<Claim> | null;
  try {
    claim = JSON.parse(text) as Partial<Claim> | null;
  } catch {
    return nobody;
  }
  const { pid, host, start } = claim ?? {};
  return Number.isSafeInteger(pid) && Number(pid) > 0 && typeof host === 'string'
    ? { pid: Number(pid), host, start: start ?? null }
    : nobody;
}

/**
 * On this host the process itself is asked, elsewhere its heartbeat, by the clock of the file system. Two
 * containers that share a directory must therefore not be given one host name.
 */
function isAlive(claim: Claim & { mtimeMs: number }, nowMs: number): boolean {
  if (claim.pid === nobody.pid) return false;
  if (claim.host !== hostname()) return nowMs - claim.mtimeMs < STALE_MS;
  try {
    process.kill(claim.pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to another user.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const start = processStart(claim.pid);
  return start === null || claim.start === null || start === claim.start;
}

/** Boot id and start time (field 22 of proc(5) stat): in a restarted container our own pid was the holder's, too. */
function processStart(pid: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field, the program's name, is in parentheses and may hold spaces: count from behind it.
    const ticks = status.slice(status.lastIndexOf(')') + 2).split(' ')[19];
    return `${boot}:${ticks}`;
  } catch {
    return null;
  }
}
