import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';

const program = process.env.PGBOUNCER_PATH ?? '/usr/sbin/pgbouncer';

/** A PgBouncer of the test's own in transaction mode before one database, which can be killed and come again. */
export class PgBouncer {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    private readonly port: number,
    private readonly target: URL,
  ) {}

  /** @param poolSize connections to PostgreSQL, at most */
  static async start(url: string, poolSize: number): Promise<PgBouncer> {
    const target = new URL(url);
    const folder = await mkdtemp(join(tmpdir(), 'pgbouncer-'));
    const bouncer = new PgBouncer(folder, await freePort(), target);
    const { hostname, port, username, password } = target;
    await writeFile(join(folder, 'users'), `"${decodeURIComponent(username)}" "${decodeURIComponent(password)}"\n`);
    await writeFile(
      join(folder, 'pgbouncer.ini'),
      `[databases]
* = host=${hostname} port=${port || 5432}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${bouncer.port}
unix_socket_dir =
auth_type = trust
auth_file = ${join(folder, 'users')}
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 500
${process.getuid?.() === 0 ? 'user = nobody' : ''}
`,
    );
    await chmod(folder, 0o755);
    await bouncer.up();
    return bouncer;
  }

  get url(): string {
    const url = new URL(this.target);
    url.host = `127.0.0.1:${this.port}`;
    return url.href;
  }

  async up(): Promise<void> {
    this.child = spawn(program, ['--quiet', join(this.folder, 'pgbouncer.ini')], { stdio: 'ignore' });
    await eventually('PgBouncer answers', async () => {
      const client = new pg.Client(this.url);
      client.on('error', () => undefined);
      const answer = client.connect().then(() => client.query('SELECT 1'));
      const isUp = await answer.then(
        () => true,
        () => undefined,
      );
      await client.end().catch(() => undefined);
      return isUp;
    });
  }

  /** Without any chance to clean up. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true });
  }
}
