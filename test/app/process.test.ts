import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.js';
import { applyMigrations } from '../../src/platform/database/migrations.js';
import {
  basePath,
  call,
  createFolderStorage,
  createMigratedStorage,
  createStorage,
  graphql,
  killAll,
  Program,
  startMaxMs,
  type Storage,
} from './program.js';

// Some tests start a program three times; each start reads all of the sources.
jest.setTimeout(4 * startMaxMs);

const oneLine = /^[^\n]+\n$/;

let storage: Storage;

/** Each test has a database of its own. Most starts need no empty one, and migrations take longer than the rest of a start. */
function withStorage(create: () => Promise<Storage> = createMigratedStorage): void {
  beforeEach(async () => {
    storage = await create();
  });
  afterEach(removeStorage);
}

async function removeStorage(): Promise<void> {
  await killAll();
  await storage.remove();
}

async function bucketsOf(origin: string): Promise<any[]> {
  const { status, body } = await call(origin, 'GET', '/bucket');
  expect(status).toBe(200);
  return body;
}

describe('npm start', () => {
  withStorage(createStorage);

  it('seeds an empty database once and keeps the data, also when an earlier start died over it', async () => {
    const env = { ...storage.env, SEED: 'kit' };
    const first = new Program('start', env);
    const origin = await first.origin();
    const seeded = await bucketsOf(origin);
    expect(seeded.map(({ id }) => id)).toContain('11');
    expect(seeded.length).toBeGreaterThan(1);
    const added = await call(origin, 'POST', '/bucket', { usageType: 'monetary' });
    expect(added.status).toBe(201);
    const all = (await bucketsOf(origin)).map((bucket) => ({
      ...bucket,
      href: expect.stringContaining(`/bucket/${bucket.id}`),
    }));
    expect(all).toHaveLength(seeded.length + 1);
    expect(await first.stop()).toBe(0);

    const second = new Program('start', env);
    expect(await bucketsOf(await second.origin())).toEqual(all);
    expect(await second.stop()).toBe(0);
    expect(second.errors).toBe('');

    await storage.inspect((database) =>
      database.transaction((tx) => tx.execute(Prisma.sql`DELETE FROM "ServerState"`)),
    );
    expect(await bucketsOf(await new Program('start', env).origin())).toEqual(all);
  });

  it('refuses a second process on its data directory, and goes on', async () => {
    const folder = await createFolderStorage();
    try {
      const first = new Program('start', { ...folder.env, SEED: 'none' });
      const origin = await first.origin();
      const second = new Program('start', folder.env);
      expect(await second.exitCode()).toBe(1);
      expect(second.errors).toMatch(oneLine);
      expect(second.errors).toMatch(/^directory '.*' is in use by process \d+ on host '.*'$/m);
      expect(second.output).toBe('');
      expect((await call(origin, 'POST', '/bucket', { usageType: 'monetary' })).status).toBe(201);
      expect(await first.stop()).toBe(0);
    } finally {
      await killAll();
      await folder.remove();
    }
  });
});

describe('a sandbox without demo data', () => {
  let program: Program;
  let origin: string;
  beforeAll(async () => {
    storage = await createMigratedStorage();
    program = new Program('start', { ...storage.env, SEED: 'none', SHUTDOWN_DELAY_SECONDS: '2' });
    origin = await program.origin();
  });
  afterAll(removeStorage);

  it('starts empty, and shows its GraphQL schema', async () => {
    expect(await bucketsOf(origin)).toEqual([]);
    expect((await graphql(origin, '{ __type(name: "Bucket") { name } }')).body).toMatchObject({
      data: { __type: { name: 'Bucket' } },
    });
  });

  it('prints addresses that answer', async () => {
    const addresses = [...program.output.matchAll(/^\w+ +(http:\S+)$/gm)].map(([, address]) => address!);
    expect(addresses.length).toBeGreaterThan(1);
    for (const address of addresses) {
      const { status } = await fetch(address, {
        headers: { accept: address.includes('/tmf-api/') ? 'application/json' : 'text/html' },
      });
      expect({ address, status }).toEqual({ address, status: 200 });
    }
  });

  // The last one: the program ends.
  it('tells balancers of SIGTERM for a while before the listener closes', async () => {
    expect((await fetch(`${origin}/health/ready`)).status).toBe(200);
    program.signal('SIGTERM');
    await program.prints(/"msg":"stopping"/);
    const ready = await fetch(`${origin}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'stopping' }]);
    expect((await call(origin, 'POST', '/bucket', { usageType: 'monetary' })).status).toBe(201);
    expect(await program.exitCode()).toBe(0);
  });
});

describe('SIGTERM', () => {
  withStorage();

  it('lets a request that is under way end, takes no new one, and exits 0', async () => {
    const env = { ...storage.env, SEED: 'none' };
    const program = new Program('start', env);
    const { hostname, port } = new URL(await program.origin());
    const body = JSON.stringify({ usageType: 'monetary', name: 'under way' });
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    // A server that hangs up in a hurry shows in the answer.
    socket.on('error', () => undefined);
    const closed = once(socket, 'close');
    socket.write(
      `POST ${basePath}/bucket HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`,
    );
    // The server has the request when it asks for the body.
    await once(socket, 'data');
    socket.write(body.slice(0, 10));

    program.signal('SIGTERM');
    await program.prints(/"msg":"stopping"/);
    await expect(fetch(`http://${hostname}:${port}/health/live`)).rejects.toThrow();
    socket.write(body.slice(10));
    expect(await program.exitCode()).toBe(0);
    await closed;
    expect(answer).toContain('HTTP/1.1 201 Created');
    // Otherwise a client that keeps its connection busy holds the server up until it is cut off.
    expect(answer).toMatch(/^Connection: close\r$/im);

    const stored = await storage.inspect((database) =>
      database.query<{ name: string }>(Prisma.sql`SELECT "name" FROM "Bucket"`),
    );
    expect(stored).toEqual([{ name: 'under way' }]);
  });

  it('ends the process while nothing else can run in it', async () => {
    // As a statement of the embedded database that does not end.
    const block = `process.on('SIGUSR2', () => { console.log('blocked'); for (const end = Date.now() + 300_000; Date.now() < end; ); });`;
    const program = new Program('start', {
      ...storage.env,
      SEED: 'none',
      NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(block)}`,
    });
    await program.origin();
    program.signal('SIGUSR2');
    await program.prints(/^blocked$/m);
    program.signal('SIGTERM');
    expect(await program.exitCode()).toBe(null);
    expect(program.errors).toMatch(/did not end within \d+ ms and is killed/);
  });
});

describe('a start that cannot succeed', () => {
  withStorage(createStorage);

  async function refused(program: Program): Promise<string> {
    expect(await program.exitCode()).toBe(1);
    expect(program.errors).toMatch(oneLine);
    expect(program.output).not.toMatch(/^GraphQL/m);
    return program.errors;
  }

  it('names the variable that is malformed', async () => {
    const cases = [
      ['PORT', 'eighty'],
      ['LOG_LEVEL', 'loud'],
      ['DATABASE_URL', 'mysql://user:secret@localhost/db'],
    ] as const;
    const programs = cases.map(([name, value]) => new Program('start', { ...storage.env, [name]: value }));
    for (const [index, program] of programs.entries()) {
      const message = await refused(program);
      expect(message).toContain(cases[index]![0]);
      expect(message).not.toContain('secret');
    }
  });

  it('says that the port is in use, and leaves the database free', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      expect(await refused(new Program('start', { ...storage.env, SEED: 'none', PORT: String(port) }))).toContain(
        `127.0.0.1:${port}`,
      );
    } finally {
      other.close();
    }
    await storage.inspect((database) => database.ping());
  });

  it('names the migration that fails, and leaves the database as it was', async () => {
    const tables = Prisma.sql`SELECT tablename AS "name" FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'`;
    // Stands in the way of the first migration.
    await storage.inspect((database) =>
      database.dedicated(({ script }) => script('CREATE TABLE "LedgerEntry" ("own" integer)')),
    );
    const message = await refused(new Program('start', storage.env));
    expect(message).toMatch(/^migration '\d{14}_\w+' failed: .*LedgerEntry/);

    await storage.inspect(async (database) => {
      expect(await database.query(tables)).toEqual([{ name: 'LedgerEntry' }]);
      await database.dedicated(({ script }) => script('DROP TABLE "LedgerEntry"'));
      expect((await applyMigrations(database)).length).toBeGreaterThan(1);
    });
  });
});

describe('an error that nobody catches', () => {
  withStorage();

  /** What no request can do any more: the program is told to fail behind the answer to it. */
  const failing = `data:text/javascript,${encodeURIComponent(`
    import { ServerResponse } from 'node:http';
    const { end } = ServerResponse.prototype;
    ServerResponse.prototype.end = function (...values) {
      const error = new Error('nobody catches this');
      error.self = error;
      if (this.req.url.includes('thrown')) setTimeout(() => { throw error; }, 10);
      if (this.req.url.includes('rejected')) setTimeout(() => void Promise.reject(error), 10);
      return end.apply(this, values);
    };`)}`;

  it.each(['thrown', 'rejected'])(
    'that was %s ends the program, and is logged as fatal with its request',
    async (how) => {
      const program = new Program('start', {
        ...storage.env,
        SEED: 'none',
        LOG_LEVEL: 'info',
        NODE_OPTIONS: `--import ${failing}`,
      });
      const origin = await program.origin();
      const others = Promise.allSettled(Array.from({ length: 20 }, () => call(origin, 'GET', '/bucket')));
      await call(origin, 'GET', `/bucket?name=${how}`);
      await others;
      expect(await program.exitCode()).toBe(1);
      const fatal = program.log().find(({ level }) => level === 60);
      expect(fatal).toMatchObject({
        err: { message: 'nobody catches this', self: '[contains itself]' },
        request: { method: 'GET', url: `${basePath}/bucket?name=${how}` },
      });
    },
  );
});
