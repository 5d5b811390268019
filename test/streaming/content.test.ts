import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import { contentOf } from '../../src/streaming/usage-import/content.js';
import { open } from './imports.js';

/** Much shorter than a real server waits. */
const windowMs = 200;
const bytesPerSecond = 100;

let server: Server;
let stopping: AbortController;
afterEach(() => void server.close());

/** A server that reads a body and tells how that ended. */
async function serve(readerPauseMs = 0): Promise<{ url: string; outcome: Promise<string> }> {
  let tell: (outcome: string) => void;
  const outcome = new Promise<string>((resolve) => (tell = resolve));
  stopping = new AbortController();
  const read = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let bytes = 0;
    try {
      for await (const chunk of contentOf(request, stopping.signal, { bytesPerSecond, windowMs })) {
        bytes += chunk.length;
        await new Promise((resolve) => setTimeout(resolve, readerPauseMs));
      }
      tell(`${bytes} bytes`);
    } catch (error) {
      tell(`${(error as Error).constructor.name}: ${(error as Error).message}`);
    }
    response.end('{}');
  };
  server = createServer((request, response) => void read(request, response));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, outcome };
}

it.each([undefined, 'gzip'])('a sender that falls silent is given up (Content-Encoding %s)', async (encoding) => {
  const { url, outcome } = await serve();
  const upload = open({ url }, 'PUT', '/', { encoding });
  await upload.write(encoding ? Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]) : 'some bytes');
  expect(await outcome).toBe('DomainError: the body comes too slowly: less than 100 bytes per second for 0.2 seconds');
});

it('a sender that has to wait for a slow reader is not', async () => {
  const { url, outcome } = await serve(2 * windowMs);
  const upload = open({ url }, 'PUT', '/');
  await upload.write('first');
  await upload.write('second');
  expect((await upload.end()).status).toBe(200);
  expect(await outcome).toBe('11 bytes');
});

it('a server that stops waits for no sender', async () => {
  const { url, outcome } = await serve();
  const upload = open({ url }, 'PUT', '/');
  await upload.write('first');
  stopping.abort();
  expect(await outcome).toBe('BrokenOff: the server stops');
});
