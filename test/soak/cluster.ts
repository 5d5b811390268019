import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { appendFile, chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from '../support/free-port.js';

const run = promisify(execFile);
const readyMaxMs = 300_000;
/** How long whoever looks after it leaves it lying. */
const restartAfterMs = 500;

/** All that run; none outlives this process. */
const running = new Set<Cluster>();
process.on('exit', () => running.forEach((cluster) => cluster.signal('SIGKILL')));

const settings = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 100
shared_buffers = 64MB
min_wal_size = 32MB
max_wal_size = 128MB
wal_keep_size = 256MB
max_wal_senders = 4
wal_level = replica
hot_standby = on
restart_after_crash = on
timezone = 'Asia/Kolkata'
`;

/** A cluster of PostgreSQL, started anew whenever it ends, as a service manager does. */
export class Cluster {
  private child: ChildProcess | undefined;
  private isWanted = false;
  /** Starts that failed, since the last that did not. */
  restarts = 0;

  private constructor(
    readonly name: string,
    readonly folder: string,
    readonly port: number,
    private readonly user: PostgresUser,
  ) {}

  /** Makes one with the superuser `soak`, not started yet. */
  static async create(name: string, folder: string): Promise<Cluster> {
    const cluster = await Cluster.at(name, folder);
    const given = ['--username=soak', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync', cluster.folder];
    await run(join(cluster.user.bin, 'initdb'), given, cluster.user.as);
    await appendFile(join(cluster.folder, 'postgresql.conf'), `${settings}port = ${cluster.port}\n`);
    return cluster;
  }

  /** Makes a streaming replica of a running one, not started yet. */
  static async replicaOf(primary: Cluster, name: string, folder: string): Promise<Cluster> {
    const cluster = await Cluster.at(name, folder);
    const from = ['--host=127.0.0.1', `--port=${primary.port}`, '--username=soak', '--no-sync', '--checkpoint=fast'];
    const given = [...from, '--write-recovery-conf', `--pgdata=${cluster.folder}`];
    await run(join(cluster.user.bin, 'pg_basebackup'), given, cluster.user.as);
    await appendFile(join(cluster.folder, 'postgresql.auto.conf'), `port = ${cluster.port}\n`);
    return cluster;
  }

  private static async at(name: string, parent: string): Promise<Cluster> {
    const user = await findUser();
    await mkdir(parent, { recursive: true });
    if (user.as.uid !== undefined) await chown(parent, user.as.uid, user.as.gid ?? -1);
    return new Cluster(name, join(parent, 'data'), await freePort(), user);
  }

  url(user: string, database: string, port = this.port): string {
    return `postgres://${user}@127.0.0.1:${port}/${database}`;
  }

  /** Starts it, and keeps it running until it is stopped. */
  async start(): Promise<void> {
    this.isWanted = true;
    running.add(this);
    this.launch();
    await this.ready();
  }

  private launch(): void {
    const log = openSync(`${this.folder}.log`, 'a');
    const child = spawn(join(this.user.bin, 'postgres'), ['-D', this.folder], {
      ...this.user.as,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.child = child;
    child.once('exit', () => {
      this.child = undefined;
      if (!this.isWanted) return;
      this.restarts += 1;
      // What is left of its processes keeps the memory that the next one wants; then that ends, and comes again.
      setTimeout(() => this.isWanted && this.launch(), restartAfterMs);
    });
  }

  /** Waits until it answers. */
  async ready(): Promise<void> {
    for (const begin = performance.now(); performance.now() < begin + readyMaxMs; await sleep(100)) {
      const client = new pg.Client({
        connectionString: this.url('soak', 'postgres'),
        connectionTimeoutMillis: 2_000,
        query_timeout: 2_000,
      });
      client.on('error', () => undefined);
      const isReady = await client.connect().then(
        () =>
          client.query('SELECT 1').then(
            () => true,
            () => false,
          ),
        () => false,
      );
      await client.end().catch(() => undefined);
      if (isReady) return;
    }
    throw new Error(`${this.name} does not answer within ${readyMaxMs} ms: see ${this.folder}.log`);
  }

  /** Its processes: the first one, and those that it has made. */
  private processes(): number[] {
    const first = this.child?.pid;
    return first === undefined ? [] : [first, ...childrenOf(first)];
  }

  signal(signal: NodeJS.Signals): void {
    for (const pid of this.processes())
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended meanwhile.
      }
  }

  /** Ends it for good: as a machine that fails, or in order. */
  async stop(signal: 'SIGKILL' | 'SIGINT' = 'SIGINT'): Promise<void> {
    this.isWanted = false;
    const { child } = this;
    if (child) {
      const ended = once(child, 'exit');
      if (signal === 'SIGKILL') this.signal(signal);
      else child.kill(signal);
      await ended;
    }
    running.delete(this);
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

function parentOf(pid: number): number | undefined {
  try {
    // The name in parentheses may have blanks in it.
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]);
  } catch {
    return undefined;
  }
}

interface PostgresUser {
  readonly bin: string;
  /** PostgreSQL does not run as root. */
  readonly as: { uid?: number; gid?: number; cwd: string };
}

async function findUser(): Promise<PostgresUser> {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((one, other) => Number(other) - Number(one)) : [];
  const bin = process.env.PG_BIN ?? (versions[0] && join(root, versions[0], 'bin'));
  if (!bin || !existsSync(join(bin, 'initdb')))
    throw new Error('no PostgreSQL was found: PG_BIN names the folder of initdb');
  if (process.getuid?.() !== 0) return { bin, as: { cwd: '/' } };
  const id = async (option: string): Promise<number> => Number((await run('id', [option, 'postgres'])).stdout);
  return { bin, as: { uid: await id('-u'), gid: await id('-g'), cwd: '/' } };
}
