import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';

const program = process.env.NATS_SERVER_PATH ?? '/usr/sbin/nats-server';

/** A NATS server with JetStream of the test's own, which can be killed and come again with what it has kept. */
export class NatsServer {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    readonly port: number,
  ) {}

  /** @param more of its configuration */
  static async start(more = ''): Promise<NatsServer> {
    const folder = await mkdtemp(join(tmpdir(), 'nats-'));
    const server = new NatsServer(folder, await freePort());
    const user = 'user: teller, password: secret-word';
    await writeFile(
      join(folder, 'nats.conf'),
      `listen: "127.0.0.1:${server.port}"\njetstream { store_dir: "${folder}" }\nauthorization { ${user} }\n${more}\n`,
    );
    await server.up();
    return server;
  }

  get url(): string {
    return `nats://teller:secret-word@127.0.0.1:${this.port}`;
  }

  async up(): Promise<void> {
    this.child = spawn(program, ['--config', join(this.folder, 'nats.conf')], { stdio: 'ignore' });
    await eventually('NATS answers', async () => {
      const options = { servers: `127.0.0.1:${this.port}`, user: 'teller', pass: 'secret-word', reconnect: false };
      const connection = await connect(options).catch(() => undefined);
      await connection?.close();
      return connection && true;
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
