import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PageFile } from '../../../src/app/pages/page-file.js';

let folder: string;
let server: Server;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'page-'));
  const page = new PageFile({ name: 'page.html', path: join(folder, 'page.html') });
  server = createServer((request, response) => {
    page.send(request, response).catch(() => response.writeHead(500).end());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterAll(async () => {
  await new Promise((closed) => server.close(closed));
  await rm(folder, { recursive: true });
});

it('a page that could not be read once is read when it is asked for again', async () => {
  const ask = async (): Promise<[number, string]> => {
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return [answer.status, await answer.text()];
  };
  expect((await ask())[0]).toBe(500);
  await writeFile(join(folder, 'page.html'), '<p>here</p>');
  expect(await ask()).toEqual([200, '<p>here</p>']);
});
