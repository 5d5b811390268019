import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Database } from '../../src/platform/database/database.js';
import { DATABASE_FOLDER, openEmbedded } from '../../src/platform/database/embedded.js';
import { openPostgresql } from '../../src/platform/database/postgresql.js';
import { pooling } from '../support/database.js';
import { createDatabase, dropDatabase, urlOf } from '../support/postgresql.js';
import { eventually } from '../support/eventually.js';
import { programArguments, programOf } from '../support/programs.js';

/** A bound of waiting, not an expectation: what a start may take on a busy machine. A test has so much for each. */
export const startMaxMs = 60_000;
/** For a start that migrates an empty database, while others use the machine. */
export const patience = { maxMs: 10 * startMaxMs };
const ANSWER_MAX_MS = 150_000;
/** A program lives no longer, whatever becomes of the test. A file that uses one for several tests gives it more. */
const LIFE_MAX_MS = 20 * startMaxMs;

/** Ends the program with us even when we are killed: the channel to us closes then. That of a worker leads to its primary. */
const endWithParent = `data:text/javascript,${encodeURIComponent(
  `import cluster from 'node:cluster';
  if (cluster.isPrimary) {
    process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
    process.channel?.unref();
  }`,
)}`;

const running = new Set<Program>();

/** One of the two programs, `npm start` or `npm run serve`, as a process of its own. */
export class Program {
  output = '';
  errors = '';
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly ended: Promise<unknown>;

  /** `folder` has the sources of another version, if not ours is meant. */
  constructor(name: 'start' | 'serve', env: Record<string, string>, lifeMaxMs = LIFE_MAX_MS, folder?: string) {
    const program = folder === undefined ? programArguments(name) : programOf(folder, name);
    this.child = spawn(process.execPath, ['--import', endWithParent, ...program], {
      cwd: folder,
      stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
      // Nothing of ours: a variable that happens to be set here is not part of the test.
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        PORT: '0',
        ALLOWED_HOSTS: '127.0.0.1',
        AUTH: 'off',
        ...env,
      },
      timeout: lifeMaxMs,
      killSignal: 'SIGKILL',
    }) as unknown as ChildProcessWithoutNullStreams;
    this.child.stdout.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.child.stderr.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
    this.ended = once(this.child, 'close').finally(() => running.delete(this));
    running.add(this);
  }

  /** Waits until it prints this. Fails when it ends instead. */
  async prints(pattern: RegExp, patience?: { maxMs: number }): Promise<RegExpExecArray> {
    try {
      return await eventually(
        `the program prints ${String(pattern)}`,
        () => {
          const match = pattern.exec(this.output);
          if (!match && !running.has(this)) throw new Error('the program ended');
          return match ?? undefined;
        },
        patience,
      );
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${this.output}${this.errors}`, { cause: error });
    }
  }

  /** What it has logged, parsed. */
  log(): any[] {
    return this.output
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line));
  }

  /** Waits until it serves, and answers its origin. */
  async origin(patience?: { maxMs: number }): Promise<string> {
    return (await this.prints(/^GraphQL +(\S+)\/graphql$/m, patience))[1]!;
  }

  /** Waits until it ends by itself. */
  async exitCode(): Promise<number | null> {
    await eventually('the program ends', () => !running.has(this) || undefined);
    return this.child.exitCode;
  }

  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    return this.exitCode();
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** What it has in memory, or had at most. */
  async memoryBytes(what: 'VmRSS' | 'VmHWM' = 'VmRSS'): Promise<number> {
    const status = await readFile(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(new RegExp(`${what}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
  }

  /** Without any chance to clean up. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

/** For afterEach: whatever became of the test. */
export async function killAll(): Promise<void> {
  await Promise.all([...running].map((program) => program.kill()));
}

/** An empty database for programs: PostgreSQL when TEST_DATABASE_URL names a server, else a folder. */
export interface Storage {
  env: Record<string, string>;
  open(): Promise<Database>;
  /** For looks from outside, while no program has it. */
  inspect<T>(look: (database: Database) => Promise<T>): Promise<T>;
  remove(): Promise<void>;
}

export async function createStorage(): Promise<Storage> {
  return process.env.TEST_DATABASE_URL ? createServerStorage() : createFolderStorage();
}

export async function createFolderStorage(): Promise<Storage> {
  const folder = await mkdtemp(join(tmpdir(), 'tmf-program-'));
  return {
    env: { DATA_DIR: folder },
    open: () => openEmbedded(folder),
    inspect: (look) => inspectAndClose(openEmbedded(folder), look),
    remove: () => rm(folder, { recursive: true }),
  };
}

/** A database on which nothing was started yet, but with all tables: a first start takes a fraction of the time. */
export async function createMigratedStorage(): Promise<Storage> {
  const template = process.env.TEST_DATABASE_TEMPLATE;
  if (process.env.TEST_DATABASE_URL) return createServerStorage(template);
  const storage = await createFolderStorage();
  const folder = join(String(storage.env['DATA_DIR']), DATABASE_FOLDER);
  await mkdir(folder);
  await promisify(execFile)('tar', ['--extract', `--file=${template}`, `--directory=${folder}`]);
  return storage;
}

export async function createServerStorage(template?: string): Promise<Storage> {
  const name = await createDatabase(template);
  const url = urlOf(name);
  return {
    env: {
      DATABASE_URL: url,
      ...(pooling.isPooled && { DATABASE_POOLER: 'on', STATEMENT_NAMES: pooling.areStatementsNamed ? 'on' : 'off' }),
    },
    open: () => openPostgresql(url, { poolSize: 5, ...pooling }),
    inspect: (look) => inspectAndClose(openPostgresql(url, { poolSize: 1, ...pooling }), look),
    remove: () => dropDatabase(name),
  };
}

async function inspectAndClose<T>(opening: Promise<Database>, look: (database: Database) => Promise<T>): Promise<T> {
  const database = await opening;
  try {
    return await look(database);
  } finally {
    await database.close();
  }
}

export const basePath = '/tmf-api/prepayBalanceManagement/v4';

/** A call of TMF REST; fails when no answer comes. */
export async function call(
  origin: string,
  method: string,
  path: string,
  body?: object,
  key?: string,
): Promise<{ status: number; headers: Headers; body: any }> {
  const response = await fetch(`${origin}${basePath}${path}`, {
    method,
    headers: { ...(body && { 'content-type': 'application/json' }), ...(key && { 'idempotency-key': key }) },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_MAX_MS),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

export async function graphql(origin: string, query: string): Promise<{ status: number; headers: Headers; body: any }> {
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
    signal: AbortSignal.timeout(ANSWER_MAX_MS),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}
