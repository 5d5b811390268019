import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createPost, type Post, type PostSettings, type Resolve } from '../../../src/app/hub/post.js';

/** Bounds an attempt here; what hangs takes so long. */
const timeoutMs = 400;
/** More than any buffer between two sockets takes. */
const largeBody = 'x'.repeat(20_000_000);

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

function post(settings: Partial<PostSettings>): Post {
  const { post: send, close } = createPost({ mayCallPrivate: false, timeoutMs, ...settings });
  closing.push(close);
  return send;
}

interface Listener {
  readonly port: number;
  readonly sockets: Socket[];
}

/** Somebody who does with a connection what they like. */
async function listen(manner: (socket: Socket) => void): Promise<Listener> {
  const sockets: Socket[] = [];
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    manner(socket);
  });
  closing.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, sockets };
}

const message = (url: string, body = '{}'): Parameters<Post>[0] => ({
  url: new URL(url),
  headers: {},
  body,
  signal: new AbortController().signal,
});

/** Resolves to one address after the other, and counts how often it was asked. */
function resolver(...answers: readonly (readonly string[])[]): { readonly resolve: Resolve; readonly asked: string[] } {
  const asked: string[] = [];
  const resolve: Resolve = (hostname, _options, callback) => {
    const addresses = answers[Math.min(asked.push(hostname), answers.length) - 1] ?? [];
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return { resolve, asked };
}

describe('an address that is not of the internet', () => {
  it.each<string[]>([
    ['127.0.0.1'],
    ['0.0.0.0'],
    ['10.0.0.1'],
    ['169.254.169.254'],
    ['::1'],
    ['::'],
    ['::ffff:127.0.0.1'],
    ['::ffff:7f00:1'],
    ['64:ff9b::7f00:1'],
    ['64:ff9b:1::7f00:1'],
    ['fe80::1'],
    ['fe80::1%lo'],
    ['fec0::1'],
    ['fd12::1'],
    // One of several is enough.
    ['2606:4700::1111', '127.0.0.1'],
    ['127.0.0.1', '2606:4700::1111'],
  ])('is not connected to when a name leads to it: %p', async (...addresses) => {
    const { port, sockets } = await listen(() => undefined);
    const { resolve, asked } = resolver(addresses);
    const problem = await post({ resolve })(message(`http://receiver.example:${port}/`));
    expect(problem).toMatch(/^receiver\.example leads to .*, which is no public address$/);
    expect(asked).toEqual(['receiver.example']);
    expect(sockets).toEqual([]);
  });

  it('is not connected to when a name leads there from the second time on', async () => {
    const { port, sockets } = await listen(() => undefined);
    const { resolve, asked } = resolver(['2400::1'], ['127.0.0.1']);
    const send = post({ resolve });
    const url = `http://receiver.example:${port}/`;
    // What was looked at is what is connected to, without a second question; nobody is there.
    expect(await send(message(url))).toBeDefined();
    expect(asked).toHaveLength(1);
    expect(await send(message(url))).toBe('receiver.example leads to 127.0.0.1, which is no public address');
    expect(asked).toHaveLength(2);
    expect(sockets).toEqual([]);
  });

  it('is called where that is allowed, by the name that leads to it', async () => {
    const { port, sockets } = await listen((socket) => socket.end('HTTP/1.1 204 No Content\r\n\r\n'));
    const { resolve } = resolver(['127.0.0.1']);
    const send = post({ resolve, mayCallPrivate: true });
    expect(await send(message(`http://receiver.example:${port}/`))).toBeUndefined();
    expect(sockets).toHaveLength(1);
  });

  it('is not called by a redirect', async () => {
    const { port: other, sockets } = await listen(() => undefined);
    for (const status of [301, 302, 303, 307, 308]) {
      const head = `HTTP/1.1 ${status} Moved\r\nLocation: http://127.0.0.1:${other}/\r\nContent-Length: 0\r\n\r\n`;
      const { port } = await listen((socket) => socket.end(head));
      const send = post({ mayCallPrivate: true });
      expect(await send(message(`http://127.0.0.1:${port}/`))).toBe(`it answered ${status}`);
    }
    expect(sockets).toEqual([]);
  });
});

/** Writes something again and again, as long as somebody takes it. */
function repeat(socket: Socket, text: string | Buffer, everyMs?: number): void {
  if (everyMs !== undefined) {
    const timer = setInterval(() => socket.write(text), everyMs);
    socket.on('close', () => clearInterval(timer));
    return;
  }
  const go = (): void => {
    while (!socket.destroyed && socket.write(text));
  };
  socket.on('drain', go);
  go();
}

const ok = 'HTTP/1.1 200 OK\r\n';
const gzipped = `${ok}Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n`;
const chunk = `10000\r\n${'\0'.repeat(65_536)}\r\n`;

describe('a receiver', () => {
  it.each<[string, (socket: Socket) => void, string | undefined]>([
    ['never reads', (socket) => socket.pause(), 'it did not answer within 400 ms'],
    ['reads and never answers', () => undefined, 'it did not answer within 400 ms'],
    ['hangs up', (socket) => socket.destroy(), 'the connection was cut'],
    ['closes within its head', (socket) => socket.end('HTTP/1.1 200'), 'the connection was cut'],
    [
      'answers what is no HTTP',
      (socket) => socket.end('hello\r\n\r\n'),
      expect.stringContaining('Parse Error') as never,
    ],
    ['drips its head', (socket) => repeat(socket, `${ok}X: `, 50), expect.any(String) as never],
    [
      'has a head without end',
      (socket) => {
        socket.write(ok);
        repeat(socket, 'X-Header: value\r\n');
      },
      expect.any(String) as never,
    ],
    [
      'answers that it goes on, for ever',
      (socket) => repeat(socket, 'HTTP/1.1 102 Processing\r\n\r\n', 20),
      'it did not answer within 400 ms',
    ],
    [
      'switches protocols',
      (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
      expect.any(String) as never,
    ],
    [
      'refuses with an answer without end',
      (socket) => {
        socket.write('HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n');
        repeat(socket, chunk);
      },
      'it answered 500',
    ],
    [
      'hangs behind the head of its refusal',
      (socket) => socket.write('HTTP/1.1 500 No\r\nContent-Length: 5\r\n\r\n'),
      'it did not answer within 400 ms',
    ],
    [
      'hangs behind its head',
      (socket) => socket.write(`${ok}Content-Length: 5\r\n\r\n`),
      'it did not answer within 400 ms',
    ],
    ['closes within its answer', (socket) => socket.end(`${ok}Content-Length: 5\r\n\r\nab`), 'its answer was cut off'],
    [
      'drips its answer',
      (socket) => {
        socket.write(`${ok}Content-Length: 500\r\n\r\n`);
        repeat(socket, '.', 50);
      },
      'it did not answer within 400 ms',
    ],
    // It has said that it took the event; what else it says does not matter.
    [
      'answers without end',
      (socket) => {
        socket.write(`${ok}Transfer-Encoding: chunked\r\n\r\n`);
        repeat(socket, chunk);
      },
      undefined,
    ],
    [
      'answers a bomb of gzip',
      (socket) => {
        socket.write(gzipped);
        repeat(socket, chunk);
      },
      undefined,
    ],
  ])('that %s costs bounded time and memory', async (_what, manner, expected) => {
    const { port, sockets } = await listen((socket) => manner(socket));
    const body = _what === 'never reads' ? largeBody : '{}';
    const problem = await post({ mayCallPrivate: true })(message(`http://127.0.0.1:${port}/`, body));
    expect(problem).toEqual(expected);
    // Nobody keeps the connection of such a receiver, and little was read of it.
    for (const socket of sockets) {
      if (!socket.closed) await new Promise((done) => socket.resume().once('close', done));
      expect(socket.bytesWritten).toBeLessThan(20_000_000);
    }
  });
});
