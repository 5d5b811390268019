import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readConfig } from '../../src/platform/config.js';
import { bearer, TestIssuer } from '../support/issuer.js';
import { basePath, startTestServer, type TestServer } from '../support/server.js';

jest.setTimeout(60_000);

let issuer: TestIssuer;
let server: TestServer;
beforeAll(async () => {
  issuer = await TestIssuer.start();
  server = await startTestServer(issuer.env);
});
afterAll(async () => {
  await server.close();
  await issuer.close();
});

/** Sends bytes as they are, and reads until the server closes. */
async function raw(lines: string[]): Promise<string> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString()));
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  await once(socket, 'close');
  return text;
}

describe('with AUTH=required', () => {
  it.each([
    '/health/live',
    '/health/ready',
    '/docs/',
    '/pages/server.js',
    '/pages/server.json',
    `${basePath}/openapi.json`,
  ])('everybody may see %s', async (path) => {
    expect((await fetch(server.url + path)).status).toBe(200);
  });

  it.each([
    ['GET', `${basePath}/bucket`],
    ['HEAD', `${basePath}/bucket`],
    ['OPTIONS', `${basePath}/bucket`],
    ['POST', `${basePath}/bucket`],
    ['DELETE', `${basePath}/bucket/1`],
    ['GET', `${basePath}/bucket/openapi.json`],
    ['GET', '/health/other'],
    ['GET', '/docs/other'],
    ['GET', '/pages/other'],
    ['GET', '/schema.graphql'],
    ['GET', '/nowhere'],
    ['GET', '/tmf-api/usageManagement/v4/exportJob/1/content'],
    ['POST', '/tmf-api/usageManagement/v4/importJob'],
    ['GET', '/graphql?query={buckets{totalCount}}'],
    ['POST', '/graphql'],
  ])('nobody may %s %s without a token', async (method, path) => {
    const response = await fetch(server.url + path, {
      method,
      ...(method === 'POST' && { body: 'id\n1', headers: { 'content-type': 'text/csv' } }),
    });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer /);
  });

  it('files need a token, too, and are sent with one', async () => {
    const headers = { ...bearer(await issuer.token()), 'content-type': 'application/x-ndjson' };
    const call = { headers, text: '' };
    expect((await server.rest('POST', '/tmf-api/usageManagement/v4/importJob', call)).status).toBe(201);
  });

  it('a browser asks beforehand without a token', async () => {
    const { status, headers } = await fetch(`${server.url}${basePath}/bucket`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://studio.apollographql.com',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization, x-api-key',
      },
    });
    expect([status, headers.get('access-control-allow-headers')]).toEqual([204, 'authorization, x-api-key']);
  });

  it('the page at /graphql opens without a token, and only the page', async () => {
    const page = await fetch(`${server.url}/graphql`, { headers: { accept: 'text/html' } });
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    for (const accept of ['text/html;q=0.1, application/json', '*/*', 'application/json'])
      expect((await fetch(`${server.url}/graphql?query={__typename}`, { headers: { accept } })).status).toBe(401);
    const posted = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { accept: 'text/html', 'content-type': 'application/json' },
      body: '{"query":"{__typename}"}',
    });
    expect(posted.status).toBe(401);
  });

  it('refuses before the body is read, and before it is asked for', async () => {
    const answer = await raw([
      `POST ${basePath}/bucket HTTP/1.1`,
      'Host: 127.0.0.1',
      'Content-Type: application/json',
      'Content-Length: 1000000',
      'Expect: 100-continue',
    ]);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('refuses Authorization that is there twice, even when both are the same', async () => {
    const line = `Authorization: Bearer ${await issuer.token()}`;
    const head = [`GET ${basePath}/bucket HTTP/1.1`, 'Host: 127.0.0.1', 'Connection: close'];
    expect(await raw([...head, line])).toMatch(/^HTTP\/1\.1 200 /);
    expect(await raw([...head, line, line])).toMatch(/^HTTP\/1\.1 401 /);
    const key = 'X-API-Key: tmf_1';
    expect(await raw([...head, key, key])).toMatch(/^HTTP\/1\.1 401 [\s\S]*more than once/);
  });
});

describe('with AUTH=off', () => {
  it('whatever Authorization says is ignored', async () => {
    const open = await startTestServer();
    try {
      for (const authorization of ['Bearer made-up', 'Basic 1', 'nonsense'])
        expect((await open.rest('GET', '/bucket', { headers: { authorization, 'x-api-key': '1' } })).status).toBe(200);
    } finally {
      await open.close();
    }
  });

  it('a server does not listen where other machines reach it, unless it is told to', () => {
    for (const HOST of ['0.0.0.0', '::', '192.168.1.2', 'server.example'])
      expect(() => readConfig({ HOST }, 'sandbox')).toThrow(`cannot use HOST '${HOST}': other machines reach it`);
    for (const HOST of ['127.0.0.1', '127.1.2.3', '::1', 'localhost'])
      expect(readConfig({ HOST }, 'sandbox').auth).toBe('off');
    expect(readConfig({ HOST: '0.0.0.0', AUTH_OFF_BEYOND_LOOPBACK: 'on' }, 'sandbox').auth).toBe('off');
    expect(readConfig({ HOST: '0.0.0.0', AUTH: 'required' }, 'sandbox').auth).toBe('required');
  });
});
