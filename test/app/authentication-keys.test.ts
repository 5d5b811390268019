import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { jwtVerify } from 'jose';
import { IssuerKeys, type IssuerTimes } from '../../src/app/authentication/issuer-keys.js';
import { createLogger } from '../../src/app/logger.js';
import { ConfigError } from '../../src/platform/config.js';
import { eventually } from '../support/eventually.js';
import { bearer, newKey, TestIssuer } from '../support/issuer.js';
import { startTestServer, type TestServer } from '../support/server.js';

jest.setTimeout(60_000);

const logger = createLogger('silent');
const currentDate = new Date('2026-03-01T12:00:00.000Z');
/** Nothing is waited for, nothing is read again, unless a test says so. */
const times: IssuerTimes = { answerMaxMs: 5_000, retryMs: 0, unknownKeyMs: 0, renewMs: 60_000, keepMs: 60_000 };

let issuer: TestIssuer;
beforeEach(async () => {
  issuer = await TestIssuer.start();
});
afterEach(() => issuer.close());

const verify = async (keys: IssuerKeys, token: string): Promise<unknown> =>
  (await jwtVerify(token, keys.keyOf, { currentDate })).payload.sub;
const askedForKeys = (): number => issuer.asked.filter((path) => path === '/keys').length;

describe('the keys of an issuer', () => {
  it('are read once for many tokens, and once for many at a time', async () => {
    const keys = new IssuerKeys(issuer.url, logger, times);
    const token = await issuer.token();
    await Promise.all(Array.from({ length: 20 }, () => verify(keys, token)));
    await verify(keys, token);
    expect(issuer.asked).toEqual(['/.well-known/openid-configuration', '/keys']);
  });

  it('are read again for a key that is not known, but not for each', async () => {
    const keys = new IssuerKeys(issuer.url, logger, times);
    await verify(keys, await issuer.token());
    issuer.keys = [await newKey()];
    expect(await verify(keys, await issuer.token())).toBe('jane');

    const patient = new IssuerKeys(issuer.url, logger, { ...times, unknownKeyMs: 60_000 });
    await verify(patient, await issuer.token());
    const before = askedForKeys();
    const stranger = await newKey();
    for (let n = 0; n < 10; n += 1)
      await expect(verify(patient, await issuer.token({ key: stranger }))).rejects.toThrow(/no applicable key/);
    expect(askedForKeys()).toBe(before);
  });

  it('go on to count while the issuer is away, but not for ever', async () => {
    const token = await issuer.token();
    const patient = new IssuerKeys(issuer.url, logger, { ...times, renewMs: 0 });
    const strict = new IssuerKeys(issuer.url, logger, { ...times, keepMs: 0 });
    for (const keys of [patient, strict]) await verify(keys, token);
    issuer.answerInstead = { status: 500, body: '' };
    const before = askedForKeys();
    expect(await verify(patient, token)).toBe('jane');
    await eventually('the keys are asked for', () => askedForKeys() > before || undefined);
    expect(await verify(patient, token)).toBe('jane');
    await expect(verify(strict, token)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    issuer.answerInstead = undefined;
    expect(await verify(strict, token)).toBe('jane');
  });

  it.each([
    ['answers with an error', { status: 503, body: '{}' }],
    ['moves elsewhere', { status: 302, body: '' }],
    ['answers with no JSON', { status: 200, body: '<html>' }],
    [
      'calls itself otherwise',
      { status: 200, body: '{"issuer":"https://other.example","jwks_uri":"https://a.example"}' },
    ],
    ['answers without end', { status: 200, body: `"${'x'.repeat(2 * 1024 ** 2)}"` }],
  ])('cannot be known when it %s', async (_what, answer) => {
    issuer.answerInstead = answer;
    await expect(verify(new IssuerKeys(issuer.url, logger, times), await issuer.token())).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });

  it('are not taken from a plain connection to elsewhere', async () => {
    const body = JSON.stringify({ issuer: issuer.url, jwks_uri: 'http://keys.example/keys' });
    issuer.answerInstead = { status: 200, body };
    await expect(verify(new IssuerKeys(issuer.url, logger, times), await issuer.token())).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });

  it('are not waited for without end, and not asked for by every request', async () => {
    issuer.isSilent = true;
    const keys = new IssuerKeys(issuer.url, logger, { ...times, answerMaxMs: 50, retryMs: 60_000 });
    const token = await issuer.token();
    for (let n = 0; n < 10; n += 1) await expect(verify(keys, token)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(issuer.asked).toHaveLength(1);
  });
});

describe('a server whose issuer is away', () => {
  it('starts, answers 503 with Retry-After, and 200 when the issuer is back', async () => {
    issuer.answerInstead = { status: 500, body: '' };
    const server = await startTestServer(issuer.env);
    try {
      const headers = bearer(await issuer.token());
      const rest = await server.rest('GET', '/bucket', { headers });
      expect([rest.status, rest.body.message]).toEqual([503, expect.stringContaining('the issuer of tokens')]);
      const graphql = await server.graphql('{ buckets { totalCount } }', {}, headers);
      expect([graphql.status, graphql.errors?.[0]?.extensions.code]).toEqual([503, 'UNAVAILABLE']);
      for (const answer of [rest, graphql]) {
        expect(answer.headers.get('retry-after')).toBe('1');
        expect(answer.headers.get('www-authenticate')).toBeNull();
      }
      // Who has no token has none, whoever is away.
      expect((await server.rest('GET', '/bucket')).status).toBe(401);
      expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
      issuer.answerInstead = undefined;
      await eventually(
        'the issuer is asked again',
        async () => (await server.rest('GET', '/bucket', { headers })).status === 200 || undefined,
      );
    } finally {
      await server.close();
    }
  });
});

describe('a file of keys', () => {
  let folder: string;
  let server: TestServer | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keys-'));
  });
  afterEach(async () => {
    await server?.close();
    server = undefined;
    await rm(folder, { recursive: true });
  });
  const start = async (text: string, env = {}): Promise<void> => {
    const AUTH_JWKS_FILE = join(folder, 'keys.json');
    await writeFile(AUTH_JWKS_FILE, text);
    server = await startTestServer({ AUTH: 'required', AUTH_AUDIENCE: 'tmf', AUTH_JWKS_FILE, ...env });
  };
  const statusOf = async (token: string): Promise<number> =>
    (await server!.rest('GET', '/bucket', { headers: bearer(token) })).status;

  it('is used instead of discovery, and read again when it changes', async () => {
    await start(issuer.keySet, { AUTH_ISSUER: issuer.url });
    expect(await statusOf(await issuer.token())).toBe(200);
    expect(await statusOf(await issuer.token({ claims: { iss: 'https://other.example' } }))).toBe(401);
    issuer.keys = [await newKey('RS256')];
    const token = await issuer.token();
    expect(await statusOf(token)).toBe(401);
    // As a cluster does that mounts secrets: another file under the same name.
    await writeFile(join(folder, 'next'), issuer.keySet);
    await rename(join(folder, 'next'), join(folder, 'keys.json'));
    await eventually('the file is read again', async () => (await statusOf(token)) === 200 || undefined);
    await writeFile(join(folder, 'keys.json'), 'broken');
    expect(await statusOf(await issuer.token())).toBe(200);
    expect(issuer.asked).toEqual([]);
  });

  it('says alone whose tokens count', async () => {
    await start(issuer.keySet);
    expect(await statusOf(await issuer.token({ claims: { iss: 'https://other.example' } }))).toBe(200);
  });

  it.each(['broken', '{}', '{"keys":[{"kty":"oct","k":"c2VjcmV0","alg":"HS256"}]}', '{"keys":[{"kty":"EC","d":"1"}]}'])(
    'stops the start when it is %s',
    async (text) => {
      await expect(start(text)).rejects.toThrow(ConfigError);
      await expect(start(text)).rejects.toThrow('cannot use AUTH_JWKS_FILE');
    },
  );
});
