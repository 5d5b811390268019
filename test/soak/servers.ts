import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../support/free-port.js';
import { programOf } from '../support/programs.js';

/** Arguments of node that run a program of src/app/cli. */
export type Programs = (name: string) => string[];
export const built: Programs = (name) => [`dist/src/app/cli/${name}.js`];
export const sources: Programs = (name) => programOf(process.cwd(), name);

const host = '127.0.0.1';
const readyMaxMs = 300_000;
const stopMaxMs = 30_000;
const restartAfterMs = 1_000;
/** Answers of /health/ready one after the other, after which a server counts as ready. */
const readyTimes = 2;

const running = new Set<Server>();
process.on('exit', () => running.forEach((server) => server.signal('SIGKILL')));

/** A server of dist/ in production mode, started anew whenever it ends, as a service manager does. */
export class Server {
  private child: ChildProcess | undefined;
  private isWanted = true;
  readonly origin: string;
  /** When it was started, and what it had in memory from then on, in bytes. */
  memory: { at: number; bytes: number }[] = [];
  /** Ends that nobody asked for. */
  unasked = 0;
  private isEndAsked = false;

  private constructor(
    readonly name: string,
    private readonly port: number,
    private readonly logFile: string,
    private readonly programs: Programs,
    private readonly settings: Readonly<Record<string, string>>,
  ) {
    this.origin = `http://${host}:${port}`;
  }

  static async start(
    name: string,
    logFile: string,
    programs: Programs,
    settings: Readonly<Record<string, string>>,
  ): Promise<Server> {
    const server = new Server(name, await freePort(), logFile, programs, settings);
    running.add(server);
    server.launch();
    await server.ready();
    return server;
  }

  private launch(): void {
    const log = openSync(this.logFile, 'a');
    const clock = join(import.meta.dirname, 'jumping-clock.js');
    const child = spawn(process.execPath, ['--import', clock, ...this.programs('serve')], {
      stdio: ['ignore', log, log, 'ipc'],
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        NODE_ENV: 'production',
        HOST: host,
        PORT: String(this.port),
        ALLOWED_HOSTS: host,
        ...this.settings,
      },
    });
    closeSync(log);
    this.child = child;
    this.memory = [];
    child.once('exit', () => {
      this.child = undefined;
      if (!this.isEndAsked) this.unasked += 1;
      this.isEndAsked = false;
      if (this.isWanted) setTimeout(() => this.isWanted && this.launch(), restartAfterMs);
    });
  }

  /** Waits until it says so, and says so again. */
  async ready(): Promise<void> {
    let times = 0;
    for (const begin = performance.now(); performance.now() < begin + readyMaxMs; await sleep(100)) {
      times = (await this.isReady()) ? times + 1 : 0;
      if (times >= readyTimes) return;
    }
    throw new Error(`${this.name} is not ready within ${readyMaxMs} ms: see ${this.logFile}`);
  }

  private async isReady(): Promise<boolean> {
    const answer = await fetch(`${this.origin}/health/ready`, { signal: AbortSignal.timeout(5_000) }).catch(
      () => undefined,
    );
    await answer?.body?.cancel().catch(() => undefined);
    return answer?.status === 200;
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  /** Ends it without any chance to clean up; it comes again. */
  async kill(): Promise<void> {
    const { child } = this;
    if (!child) return;
    const ended = once(child, 'exit');
    this.isEndAsked = true;
    child.kill('SIGKILL');
    await ended;
  }

  /** Ends it in order; it comes again. @returns its exit code */
  async restart(): Promise<number | null> {
    const { child } = this;
    if (!child) return null;
    this.isEndAsked = true;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), stopMaxMs);
    await ended;
    clearTimeout(late);
    return child.exitCode;
  }

  /** Ends it for good. */
  async stop(): Promise<number | null> {
    this.isWanted = false;
    const code = await this.restart();
    running.delete(this);
    return code;
  }

  /** Lets its wall clock go wrong by so much from now on. */
  setClockAhead(ms: number): void {
    this.child?.send({ clockAheadMs: ms });
  }

  /** Notes what it has in memory. */
  async measure(): Promise<void> {
    const pid = this.child?.pid;
    if (pid === undefined) return;
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    const kibibytes = Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]);
    if (kibibytes > 0) this.memory.push({ at: performance.now(), bytes: kibibytes * 1024 });
  }
}

/** Runs a command line tool and answers what it prints; throws with what it says when it fails. */
export async function runTool(programs: Programs, name: string, given: string[], databaseUrl: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [...programs(name), ...given], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production', DATABASE_URL: databaseUrl },
    maxBuffer: 2 ** 26,
  });
  return stdout;
}
