import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually.js';
import { openTestDatabase } from '../support/database.js';
import { basePath, startTestServer, type TestServer } from '../support/server.js';
import { importPath, linesOf, makeTask, ndjson, taskOf, usage } from '../streaming/imports.js';

/** What an end of a connection may take beyond its limit, on a busy machine. */
const patience = { maxMs: 30_000 };
const otherAddress = '127.0.0.2';

let server: TestServer;
const clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.destroy();
  await server.close();
});

/** A connection of which the test decides what goes in and whether something is taken out. */
class Client {
  text = '';
  isClosed = false;

  constructor(readonly socket: Socket) {
    clients.push(this);
    // To be cut off shows in what came before.
    socket.on('error', () => undefined);
    socket.on('close', () => (this.isClosed = true));
  }

  read(): this {
    this.socket.on('data', (chunk) => (this.text += chunk.toString()));
    return this;
  }

  private readonly found: number[] = [];
  private scanned = 0;

  /** Of the answers so far; what was looked at once is not looked at again. */
  get statuses(): number[] {
    // A body need not end its line.
    const pattern = /HTTP\/1\.1 (\d{3}) /g;
    pattern.lastIndex = this.scanned;
    for (let match = pattern.exec(this.text); match; match = pattern.exec(this.text)) {
      this.found.push(Number(match[1]));
      this.scanned = pattern.lastIndex;
    }
    this.scanned = Math.max(this.scanned, this.text.length - 'HTTP/1.1 200 '.length + 1);
    return this.found;
  }

  closed(): Promise<true> {
    return eventually('the connection is closed', () => this.isClosed || undefined, patience);
  }

  says(pattern: RegExp): Promise<true> {
    return eventually(`it says ${String(pattern)}`, () => pattern.test(this.text) || undefined, patience);
  }
}

async function dial(localAddress = '127.0.0.1'): Promise<Client> {
  const { hostname, port } = new URL(server.url);
  const client = new Client(connect({ port: Number(port), host: hostname, localAddress }));
  await once(client.socket, 'connect');
  return client;
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

function head(method: string, path: string, headers: Record<string, string | number>): string {
  const lines = Object.entries({ Host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** Goes on sending a byte now and then until the connection is closed. */
async function drip(client: Client): Promise<void> {
  while (!client.isClosed) {
    client.socket.write(' ');
    await sleep(200);
  }
}

describe('a body', () => {
  const type = { 'Content-Type': 'application/json' };

  it('that drips is 408 at every door, and the connection ends', async () => {
    server = await startTestServer({ BODY_SLOW_SECONDS: '1' });
    const doors = [
      ['POST', `${basePath}/bucket`],
      ['POST', '/graphql'],
      ['PATCH', `${basePath}/bucket/1`],
    ] as const;
    await Promise.all(
      doors.map(async ([method, path]) => {
        const client = (await dial()).read();
        const media = method === 'PATCH' ? { 'Content-Type': 'application/merge-patch+json' } : type;
        client.socket.write(head(method, path, { ...media, 'Content-Length': 1_000 }));
        await drip(client);
        expect([path, client.statuses]).toEqual([path, [408]]);
        expect(client.text).toMatch(/^Connection: close\r$/im);
        expect(client.text).toContain('the body comes too slowly: less than 1024 bytes per second for 1 seconds');
      }),
    );
  });

  it('that keeps to the pace may take as long as it needs', async () => {
    server = await startTestServer({ BODY_SLOW_SECONDS: '1', BODY_BYTES_PER_SECOND_MIN: '10' });
    const client = (await dial()).read();
    const body = JSON.stringify({ usageType: 'data', name: 'x'.repeat(200) });
    client.socket.write(head('POST', `${basePath}/bucket`, { ...type, 'Content-Length': body.length }));
    for (let at = 0; at < body.length; at += 20) {
      client.socket.write(body.slice(at, at + 20));
      await sleep(250);
    }
    await client.says(/^HTTP\/1\.1 /m);
    expect(client.statuses).toEqual([201]);
  });

  it('is asked for by 100 Continue only where it is wanted', async () => {
    server = await startTestServer();
    const body = '{"usageType":"data"}';
    const wanted = (await dial()).read();
    wanted.socket.write(
      head('POST', `${basePath}/bucket`, { ...type, 'Content-Length': body.length, Expect: '100-continue' }),
    );
    await wanted.says(/^HTTP\/1\.1 100 Continue\r$/m);
    wanted.socket.write(body);
    await wanted.says(/^HTTP\/1\.1 201 /m);

    const unwanted = (await dial()).read();
    unwanted.socket.write(
      head('POST', `${basePath}/bucket`, {
        ...type,
        Host: 'evil.example',
        'Content-Length': body.length,
        Expect: '100-continue',
      }),
    );
    await unwanted.closed();
    expect(unwanted.statuses).toEqual([421]);

    const unknown = (await dial()).read();
    unknown.socket.write(
      head('POST', `${basePath}/bucket`, { ...type, 'Content-Length': body.length, Expect: 'a cake' }),
    );
    await unknown.closed();
    expect(unknown.statuses).toEqual([417]);
  });

  it('whose request was refused is read on for a while and some bytes only', async () => {
    server = await startTestServer();
    const refused = head('POST', `${basePath}/bucket`, { ...type, 'Content-Length': 1_000_000_000 });
    const [quick, slow] = [(await dial()).read(), (await dial()).read()];
    slow.socket.write(refused);
    quick.socket.write(refused);
    let sent = 0;
    const chunk = Buffer.alloc(256 * 1024, ' ');
    const push = async (): Promise<void> => {
      while (!quick.isClosed) {
        sent += chunk.length;
        if (!quick.socket.write(chunk))
          await Promise.race([once(quick.socket, 'drain'), once(quick.socket, 'close')]).catch(() => undefined);
      }
    };
    await Promise.all([push(), drip(slow)]);
    for (const client of [quick, slow])
      expect([client.statuses, client.text]).toEqual([[413], expect.stringMatching(/^Connection: close\r$/im)]);
    // Some are on their way.
    expect(sent).toBeLessThan(64 * 1024 ** 2);
  });
});

describe('uploads', () => {
  const upload = (id: string, headers: Record<string, string | number> = {}): string =>
    head('PUT', `${importPath}/${id}/content`, { 'Content-Type': ndjson, 'Content-Length': 100_000, ...headers });

  it('of one client leave room for those of others, behind a proxy, too', async () => {
    server = await startTestServer({ UPLOADS_PER_CLIENT_MAX: '2', TRUSTED_PROXIES: '127.0.0.1' });
    const hold = async (client: string): Promise<Client> => {
      const { id } = await makeTask(server);
      const one = (await dial()).read();
      one.socket.write(upload(id, { 'X-Forwarded-For': `203.0.113.9, ${client}` }) + linesOf([usage()]));
      await eventually(
        'it is taken or refused',
        async () => one.text !== '' || (await taskOf(server, id))['status'] === 'running' || undefined,
      );
      return one;
    };
    const greedy = [await hold('198.51.100.1'), await hold('198.51.100.1'), await hold('198.51.100.1')];
    expect(greedy.map(({ statuses }) => statuses)).toEqual([[], [], [503]]);
    await greedy[2]!.closed();
    expect(greedy[2]!.text).toMatch(/^Retry-After: 1\r$/im);
    expect(await hold('198.51.100.2').then(({ statuses }) => statuses)).toEqual([]);
    greedy[0]!.socket.destroy();
    await eventually(
      'a place is free again',
      async () => (await hold('198.51.100.1')).statuses.length === 0 || undefined,
    );
  });

  it('that drip get 408, and their places are free for others', async () => {
    server = await startTestServer({ UPLOADS_PER_CLIENT_MAX: '2', BODY_SLOW_SECONDS: '1' });
    await Promise.all(
      [undefined, 'gzip'].map(async (encoding) => {
        const { id } = await makeTask(server);
        const client = (await dial()).read();
        client.socket.write(upload(id, encoding ? { 'Content-Encoding': encoding } : {}));
        client.socket.write(encoding ? Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3]) : linesOf([usage()]));
        await drip(client);
        expect([encoding, client.statuses]).toEqual([encoding, [408]]);
        expect(await taskOf(server, id)).toMatchObject({
          status: 'failed',
          message: expect.stringContaining('the body comes too slowly'),
        });
      }),
    );
    const { id } = await makeTask(server);
    const content = linesOf([usage()]);
    const client = (await dial()).read();
    client.socket.write(upload(id, { 'Content-Length': content.length }) + content);
    await client.says(/^HTTP\/1\.1 200 /m);
  });
});

describe('connections', () => {
  it('of one address are bounded, and those refused hear why', async () => {
    server = await startTestServer({ CONNECTIONS_PER_CLIENT_MAX: '3' });
    const held = [await dial(), await dial(), await dial()];
    const refused = (await dial()).read();
    await refused.closed();
    expect(refused.statuses).toEqual([503]);
    expect(refused.text).toContain(
      'this client has too many connections, try again later: the limit CONNECTIONS_PER_CLIENT_MAX is 3',
    );
    // A request of it is not heard.
    const asking = (await dial()).read();
    asking.socket.write(get('/health/live'));
    await asking.closed();
    expect(asking.statuses).toEqual([503]);

    const other = (await dial(otherAddress)).read();
    other.socket.write(get('/health/live'));
    await other.says(/^HTTP\/1\.1 200 /m);
    held[0]!.socket.destroy();
    await eventually('a place is free again', async () => {
      const next = (await dial()).read();
      next.socket.write(get('/health/live'));
      await next.says(/^HTTP\/1\.1 /m);
      return next.statuses[0] === 200 || undefined;
    });
  });

  it('of all clients are bounded, of a proxy only by that', async () => {
    server = await startTestServer({
      CONNECTIONS_PER_CLIENT_MAX: '1',
      CONNECTIONS_MAX: '3',
      TRUSTED_PROXIES: '127.0.0.1',
    });
    const held = [await dial(), await dial(), await dial(otherAddress)];
    for (const address of ['127.0.0.1', otherAddress, '127.0.0.3']) {
      const refused = (await dial(address)).read();
      await refused.closed();
      expect([address, refused.text]).toEqual([
        address,
        expect.stringContaining('too many connections, try again later: the limit CONNECTIONS_MAX is 3'),
      ]);
    }
    expect(held.map(({ isClosed }) => isClosed)).toEqual([false, false, false]);
  });

  it('on which nothing was ever sent do not hold up a server that stops', async () => {
    server = await startTestServer({ READER_STALL_SECONDS: '3600' });
    const [silent, used] = [(await dial()).read(), (await dial()).read()];
    used.socket.write(get('/health/live'));
    await used.says(/^HTTP\/1\.1 200 /m);
    await server.close();
    server = { ...server, close: () => Promise.resolve() };
    await Promise.all([silent.closed(), used.closed()]);
    expect([silent.text, used.statuses]).toEqual(['', [200]]);
  });

  it('on which no header comes whole are ended', async () => {
    server = await startTestServer({ HEADER_SECONDS_MAX: '1' });
    const [silent, dripping] = [(await dial()).read(), (await dial()).read()];
    dripping.socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Long:');
    await Promise.all([silent.closed(), drip(dripping)]);
    expect([silent.statuses, dripping.statuses]).toEqual([[408], [408]]);
  });
});

describe('requests one behind the other on a connection', () => {
  const requests = 300;

  /** A server whose lists of buckets are large, and how many times it was asked for one. */
  async function largeLists(env: Record<string, string> = {}): Promise<() => number> {
    const database = await openTestDatabase();
    let lists = 0;
    const counted = new Proxy(database, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (name !== 'read' || typeof value !== 'function')
          return typeof value === 'function' ? value.bind(target) : value;
        return (statement: { sql: string }, ...others: unknown[]) => {
          if (statement.sql.includes('"Bucket"')) lists += 1;
          return Reflect.apply(value, target, [statement, ...others]) as unknown;
        };
      },
    });
    server = await startTestServer(env, { database: counted });
    for (let count = 0; count < 10; count++) {
      await server.rest('POST', '/bucket', {
        body: { usageType: 'data', name: 'large', description: 'x'.repeat(10_000) },
      });
    }
    lists = 0;
    return () => lists;
  }

  it('are answered in their order, all of them', async () => {
    server = await startTestServer();
    const paths = Array.from({ length: requests }, (_, index) =>
      index % 3 === 0 ? '/health/live' : `${basePath}/bucket/none-${index}`,
    );
    const client = (await dial()).read();
    client.socket.write(paths.map(get).join(''));
    await eventually('all are answered', () => client.statuses.length === requests || undefined, patience);
    expect(client.statuses).toEqual(paths.map((path) => (path === '/health/live' ? 200 : 404)));
    expect([...client.text.matchAll(/none-(\d+)/g)].map(([, index]) => Number(index))).toEqual(
      paths.flatMap((path, index) => (path === '/health/live' ? [] : [index])),
    );
    // And the connection goes on.
    client.socket.write(get('/health/live'));
    await eventually('one more', () => client.statuses.length === requests + 1 || undefined);
  });

  it('are not worked on while nobody takes the answers, and all are when somebody does', async () => {
    const lists = await largeLists();
    const client = await dial();
    client.socket.pause();
    client.socket.write(get(`${basePath}/bucket`).repeat(requests));
    // So much as the machine keeps of what was sent.
    let before = -1;
    await eventually(
      'it has come to a standstill',
      async () => {
        const now = lists();
        const stands = now > 0 && now === before;
        before = now;
        await sleep(1_000);
        return stands || undefined;
      },
      patience,
    );
    expect(lists()).toBeLessThan(requests / 2);
    client.read().socket.resume();
    // Tens of megabytes.
    await eventually('all are answered', () => client.statuses.length === requests || undefined, { maxMs: 120_000 });
    expect(new Set(client.statuses)).toEqual(new Set([200]));
  });

  it('are bounded in number', async () => {
    server = await startTestServer();
    const client = (await dial()).read();
    client.socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20_000));
    await eventually(
      'refused or answered',
      () => client.isClosed || client.statuses.length === 20_000 || undefined,
      patience,
    );
    const refused = client.statuses.filter((status) => status !== 200);
    expect(refused.length === 0 ? client.statuses.length === 20_000 : client.isClosed && refused.join() === '503').toBe(
      true,
    );
    expect((await server.rest('GET', '/bucket')).status).toBe(200);
  });

  it('end with the connection of a client that takes nothing, not of one that is slow', async () => {
    await largeLists({ READER_STALL_SECONDS: '2' });
    const [stalled, slow] = [await dial(), await dial()];
    for (const { socket } of [stalled, slow]) socket.pause().write(get(`${basePath}/bucket`).repeat(requests));
    slow.socket.on('readable', () => undefined);
    const reading = setInterval(() => slow.socket.read(), 200);
    try {
      // A socket that is paused does not hear of its end before it reads on.
      await sleep(8_000);
      expect(slow.isClosed).toBe(false);
      stalled.read().socket.resume();
      await stalled.closed();
      expect(stalled.statuses.length).toBeLessThan(requests);
    } finally {
      clearInterval(reading);
    }
  });
});
