import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Writable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openBody } from '../../src/app/http/compression.js';

/** What every request has listening before its answer is opened: connection, count of answers, client. */
const othersListening = 4;
const nodeWarnsAt = 10;

describe('an answer that is compressed while it is sent', () => {
  let server: Server;
  let listening = 0;
  let body: Writable | undefined;
  let whole = true;

  beforeAll(async () => {
    server = createServer((incoming, response) => {
      response.setHeader('Content-Type', 'application/x-ndjson');
      body = openBody(incoming, response);
      listening = response.listenerCount('close');
      if (whole) body.end('a line\n');
      else body.write('a line\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => void server.close());

  const ask = (): ReturnType<typeof request> =>
    request({ port: (server.address() as AddressInfo).port, headers: { 'accept-encoding': 'gzip' } });

  it('adds few listeners to it, and arrives whole', async () => {
    const bytes = await new Promise<Buffer>((resolve) => {
      const asking = ask().on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks)));
      });
      asking.end();
    });
    expect(gunzipSync(bytes).toString()).toBe('a line\n');
    expect(listening + othersListening).toBeLessThan(nodeWarnsAt);
  });

  it('ends its coder when the client goes away', async () => {
    whole = false;
    const asking = ask().on('error', () => undefined);
    asking.on('response', () => asking.destroy()).end();
    while (!body?.destroyed || body.writableEnded) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(body.destroyed).toBe(true);
  });
});
