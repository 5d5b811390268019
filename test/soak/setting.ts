import { chmod, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openConnection, type TcpProxy } from '../support/tcp-proxy.js';
import { Cluster } from './cluster.js';
import { Disk } from './disk.js';
import { Receiver } from './events.js';
import { runTool, Server, type Programs } from './servers.js';

export const tenant = 'soak';

/** All that a run is played on. */
export interface Setting {
  readonly folder: string;
  readonly primary: Cluster;
  readonly replica: Cluster | undefined;
  readonly disk: Disk | undefined;
  readonly ways: readonly TcpProxy[];
  readonly servers: readonly Server[];
  readonly receiver: Receiver;
  /** Of the database, past the ways that are cut. */
  readonly url: string;
  readonly key: string;
  /** What stands in `tenantId`. */
  readonly tenantId: string;
  end(isKept: boolean): Promise<void>;
}

export async function makeSetting(programs: Programs): Promise<Setting> {
  const folder = await mkdtemp(join(process.env.SOAK_FOLDER ?? tmpdir(), 'tmf-soak-'));
  // The user postgres goes through it.
  await chmod(folder, 0o755);
  const ends: (() => Promise<unknown>)[] = [];
  let isWorthAll = false;
  const end = async (isKept: boolean): Promise<void> => {
    isWorthAll = isKept;
    for (const one of ends.splice(0).reverse()) await one().catch(() => undefined);
    if (!isKept) await rm(folder, { recursive: true, force: true });
  };
  try {
    const disk = await Disk.mount(join(folder, 'disk'));
    if (disk) ends.push(() => disk.unmount());
    const primary = await Cluster.create('the primary', join(disk?.folder ?? folder, 'primary'));
    // What lies in memory is gone with the disk.
    if (disk)
      ends.push(
        async () => isWorthAll && cp(join(disk.folder, 'primary'), join(folder, 'primary'), { recursive: true }),
      );
    ends.push(() => primary.stop());
    await primary.start();
    await administer(primary.url('soak', 'postgres'), ['CREATE ROLE tmf LOGIN', 'CREATE DATABASE tmf OWNER tmf']);
    const url = primary.url('tmf', 'tmf');
    const replica = await Cluster.replicaOf(primary, 'the replica', join(folder, 'replica')).catch((error: Error) => {
      process.stdout.write(`no replica: ${error.message}\n`);
      return undefined;
    });
    if (replica) {
      ends.push(() => replica.stop());
      await replica.start();
    }
    const ways: TcpProxy[] = [];
    ends.push(async () => ways.forEach((way) => way.cut()));
    const servers: Server[] = [];
    for (const name of ['server 1', 'server 2']) {
      const way = await openConnection(url);
      ways.push(way);
      const server = await Server.start(name, join(folder, `${name.replace(' ', '-')}.log`), programs, {
        DATABASE_URL: way.url,
        ...(replica && { DATABASE_REPLICA_URL: replica.url('tmf', 'tmf') }),
        ...{ DATABASE_POOL_SIZE: '12', LOG_LEVEL: 'info', CALLBACK_ALLOW_PRIVATE: 'on', CALLBACK_TIMEOUT_SECONDS: '3' },
        AUTH: 'required',
      });
      ends.push(() => server.stop());
      servers.push(server);
    }
    await runTool(programs, 'tenant', ['new', tenant, '--name', 'Soak'], url);
    const given = ['new', '--name', 'soak', '--role', 'admin', '--tenant', tenant];
    const key = (await runTool(programs, 'key', given, url)).trim();
    const [row] = await administer(url, [`SELECT "tenantId" FROM "ApiKey" WHERE "name" = 'soak'`]);
    const receiver = new Receiver();
    await receiver.up();
    ends.push(() => receiver.down());
    const tenantId = String(row?.['tenantId']);
    return { folder, primary, replica, disk, ways, servers, receiver, url, key, tenantId, end };
  } catch (error) {
    await end(true);
    throw error;
  }
}

/** Runs statements and answers the rows of the last one. */
export async function administer(url: string, statements: readonly string[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) ({ rows } = await client.query<Record<string, unknown>>(statement));
    return rows;
  } finally {
    await client.end();
  }
}
