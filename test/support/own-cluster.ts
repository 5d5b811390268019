import { execFile, execFileSync } from 'node:child_process';
import { appendFile, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { postgresqlPath } from './documented-commands.js';
import { freePort } from './free-port.js';

const run = promisify(execFile);

/** PostgreSQL refuses to run as root. */
function ownerOf(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (option: string): number => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** A cluster of a test's own, with folders for its archive and its backups. */
export class OwnCluster {
  private constructor(
    readonly folder: string,
    readonly port: number,
    readonly owner: { uid?: number; gid?: number },
    /** Of its programs, to be found before others. */
    private readonly bin: string | undefined,
  ) {}

  static async create(bin?: string): Promise<OwnCluster> {
    const cluster = await OwnCluster.place(bin);
    await cluster.do(
      'initdb',
      '--pgdata',
      cluster.env.PGDATA,
      '--username=postgres',
      '--auth=trust',
      '--no-sync',
      '--encoding=UTF8',
      '--locale=C',
    );
    await cluster.configure();
    return cluster;
  }

  /** One that streams from another, which runs. */
  static async replicaOf(primary: OwnCluster): Promise<OwnCluster> {
    const cluster = await OwnCluster.place(primary.bin);
    const from = ['--dbname', primary.urlOf('postgres'), '--checkpoint=fast', '--no-sync', '--write-recovery-conf'];
    await cluster.do('pg_basebackup', '--pgdata', cluster.env.PGDATA, ...from);
    // Behind that of the primary, which came with its files.
    await cluster.configure();
    return cluster;
  }

  private static async place(bin?: string): Promise<OwnCluster> {
    const owner = ownerOf();
    const folder = await mkdtemp(join(tmpdir(), 'tmf-cluster-'));
    const cluster = new OwnCluster(folder, await freePort(), owner, bin);
    for (const name of ['', 'archive', 'backups']) {
      await mkdir(join(folder, name), { recursive: true });
      if (owner.uid !== undefined) await chown(join(folder, name), owner.uid, owner.gid!);
    }
    return cluster;
  }

  private configure(): Promise<void> {
    const settings = [`port = ${this.port}`, `unix_socket_directories = '${this.folder}'`, 'fsync = off'];
    return appendFile(join(this.env.PGDATA, 'postgresql.conf'), `${settings.join('\n')}\n`);
  }

  /** What the documented commands are told. */
  get env(): Record<'PGDATA' | 'ARCHIVE' | 'BACKUPS' | 'ADMIN_URL', string> {
    return {
      PGDATA: join(this.folder, 'data'),
      ARCHIVE: join(this.folder, 'archive'),
      BACKUPS: join(this.folder, 'backups'),
      ADMIN_URL: this.urlOf('postgres'),
    };
  }

  urlOf(database: string): string {
    return `postgres://postgres@127.0.0.1:${this.port}/${database}`;
  }

  start(): Promise<unknown> {
    return this.do('pg_ctl', '--pgdata', this.env.PGDATA, '--log', join(this.folder, 'log'), '--wait', 'start');
  }

  stop(): Promise<unknown> {
    return this.do('pg_ctl', '--pgdata', this.env.PGDATA, '--wait', '--mode=fast', 'stop');
  }

  /** As a crash ends it. */
  kill(): Promise<unknown> {
    return this.do('pg_ctl', '--pgdata', this.env.PGDATA, '--wait', '--mode=immediate', 'stop');
  }

  async remove(): Promise<void> {
    await this.kill().catch(() => undefined);
    await rm(this.folder, { recursive: true });
  }

  private async do(program: string, ...args: string[]): Promise<unknown> {
    const PATH = [this.bin, await postgresqlPath()].filter(Boolean).join(':');
    // What PostgreSQL inherits it keeps open: nothing of ours may wait for its end.
    return run('bash', ['-c', 'exec "$0" "$@" >/dev/null 2>&1 </dev/null', program, ...args], {
      ...this.owner,
      cwd: this.folder,
      env: { PATH },
    });
  }
}
