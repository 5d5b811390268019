import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { exportSPKI, importJWK } from 'jose';
import { bearer, newKey, TestIssuer, type TokenFacts } from '../support/issuer.js';
import { startTestServer, TestClock, type TestServer } from '../support/server.js';

jest.setTimeout(60_000);

const clock = new TestClock();
let issuer: TestIssuer;
let server: TestServer;
beforeAll(async () => {
  issuer = await TestIssuer.start(() => clock.now());
  server = await startTestServer(issuer.env, { mode: 'serve', clock });
});
afterAll(async () => {
  await server.close();
  await issuer.close();
});

const query = '{ buckets { totalCount } }';
const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token whose header names an algorithm, over the claims of a valid one. */
async function resigned(header: object, sign: (text: string) => string): Promise<string> {
  const [, payload] = (await issuer.token()).split('.');
  const text = `${base64(header)}.${payload}`;
  return `${text}.${sign(text)}`;
}

/** Refused by both transports in the same words. */
async function refusal(headers: Record<string, string>): Promise<string> {
  const rest = await server.rest('GET', '/bucket', { headers });
  expect([rest.status, rest.body]).toEqual([
    401,
    {
      code: '41',
      reason: 'Missing or invalid credentials',
      message: expect.any(String),
      status: '401',
      requestId: expect.any(String),
      '@type': 'Error',
    },
  ]);
  const graphql = await server.graphql(query, {}, headers);
  expect([graphql.status, graphql.data, graphql.errors]).toEqual([
    401,
    undefined,
    [
      {
        message: rest.body.message,
        extensions: {
          code: 'UNAUTHENTICATED',
          status: 401,
          reason: 'Missing or invalid credentials',
          requestId: expect.any(String),
        },
      },
    ],
  ]);
  expect(graphql.headers.get('www-authenticate')).toBe(rest.headers.get('www-authenticate'));
  return rest.headers.get('www-authenticate') ?? '';
}

describe('a request with a valid token', () => {
  it.each(['ES256', 'RS256', 'PS256', 'EdDSA'])('is answered, signed by %s', async (alg) => {
    const key = await newKey(alg);
    const other = await TestIssuer.start(() => clock.now());
    other.keys = [key];
    const its = await startTestServer(other.env, { clock });
    try {
      const headers = bearer(await other.token());
      expect((await its.rest('GET', '/bucket', { headers })).status).toBe(200);
      expect((await its.graphql(query, {}, headers)).data).toEqual({ buckets: { totalCount: 0 } });
    } finally {
      await its.close();
      await other.close();
    }
  });

  it('writes, whatever the case of the scheme', async () => {
    const token = await issuer.token();
    const { status } = await server.rest('POST', '/bucket', {
      headers: { authorization: `bearer ${token}` },
      body: { usageType: 'monetary', remainingValue: { amount: 1, units: 'EUR' } },
    });
    expect(status).toBe(201);
  });

  it('may have an audience among others, and a clock that is a little off', async () => {
    for (const facts of [
      { claims: { aud: ['other', 'tmf'] } },
      { expiresIn: -29 },
      { validIn: 29 },
    ] satisfies TokenFacts[])
      expect((await server.graphql(query, {}, bearer(await issuer.token(facts)))).data).toBeTruthy();
  });

  it('has none of the roles that nobody knows', async () => {
    const headers = bearer(await issuer.token({ claims: { roles: ['made-up'] } }));
    expect((await server.rest('GET', '/bucket', { headers })).status).toBe(403);
  });

  it('is answered until the token expires, also when it is sent again', async () => {
    const headers = bearer(await issuer.token({ expiresIn: 60 }));
    expect((await server.rest('GET', '/bucket', { headers })).status).toBe(200);
    clock.advance(89_000);
    expect((await server.rest('GET', '/bucket', { headers })).status).toBe(200);
    clock.advance(2_000);
    expect(await refusal(headers)).toContain('the token is expired');
  });
});

describe('a request is 401', () => {
  it('without a token', async () => {
    expect(await refusal({})).toBe('Bearer realm="tmf-balance"');
  });

  it.each([
    ['Basic dXNlcjpzZWNyZXQ=', 'invalid_request'],
    ['Bearer', 'invalid_request'],
    ['Bearer two tokens', 'invalid_request'],
    ['Bearer not-a-token', 'invalid_token'],
    ['Bearer a.b.c', 'invalid_token'],
  ])('with Authorization: %s', async (authorization, error) => {
    expect(await refusal({ authorization })).toMatch(
      new RegExp(`^Bearer realm="tmf-balance", error="${error}", error_description="[^"]+"$`),
    );
  });

  it.each([
    ['expired', { expiresIn: -31 }, 'the token is expired'],
    ['without an end', { claims: { exp: undefined } }, 'the token has no claim exp'],
    ['not valid yet', { validIn: 31 }, 'the token is not valid yet'],
    ['for another audience', { claims: { aud: 'other' } }, 'the token was made for another service'],
    ['for no audience', { claims: { aud: undefined } }, 'the token has no claim aud'],
    ['of another issuer', { claims: { iss: 'https://other.example' } }, 'the token is of another issuer'],
    ['of nobody', { claims: { sub: undefined } }, 'the token has no claim sub'],
    ['of no tenant', { claims: { tenant: undefined } }, 'the token names no tenant: it has no claim tenant'],
    ['of a tenant that is no text', { claims: { tenant: 7 } }, 'has a claim tenant that is not a text'],
    ['of an unknown tenant', { claims: { tenant: 'nowhere' } }, "the tenant 'nowhere' does not exist"],
    ['with roles that are no list', { claims: { roles: { admin: true } } }, 'has a claim roles that is not a list'],
    ['with a party that cannot be stored', { claims: { parties: ['a\0'] } }, 'has a claim parties that is not a text'],
  ] satisfies [string, TokenFacts, string][])('with a token %s', async (_what, facts, reason) => {
    expect(await refusal(bearer(await issuer.token(facts)))).toContain(reason);
  });

  it('with a token that the key of somebody else has signed', async () => {
    const known = issuer.keys[0]!;
    const stranger = await newKey();
    const forged = await issuer.token({ key: { ...stranger, kid: known.kid } });
    expect(await refusal(bearer(forged))).toContain('the signature of the token is wrong');
    expect(await refusal(bearer(await issuer.token({ key: stranger })))).toContain(
      'a key that its issuer does not have',
    );
  });

  it('with a token whose claims were changed', async () => {
    const [header, payload, signature] = (await issuer.token()).split('.') as [string, string, string];
    const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), sub: 'eve' };
    expect(await refusal(bearer(`${header}.${base64(claims)}.${signature}`))).toContain('the signature');
  });

  it('with a token that is not signed, or by a secret that everybody knows', async () => {
    expect(await refusal(bearer(await resigned({ alg: 'none' }, () => '')))).toContain('error="invalid_token"');
    const { publicJwk, kid } = issuer.keys[0]!;
    const asText = await exportSPKI((await importJWK({ ...publicJwk, ext: true }, 'ES256')) as never);
    const withPublicKey = await resigned({ alg: 'HS256', kid }, (text) =>
      createHmac('sha256', asText).update(text).digest('base64url'),
    );
    expect(await refusal(bearer(withPublicKey))).toContain('an algorithm that is not accepted here');
  });

  it('with two different credentials, or one of them twice', async () => {
    const token = await issuer.token();
    expect(await refusal({ ...bearer(token), 'x-api-key': 'tmf_other' })).toContain('different credentials');
    const headers = new Headers(bearer(token));
    headers.append('authorization', `Bearer ${token}`);
    expect(await refusal({ authorization: headers.get('authorization')! })).toContain('invalid_request');
    expect(await refusal({ 'x-api-key': 'tmf_made-up' })).toContain('its check is wrong');
    expect(await refusal({ 'x-api-key': token })).toContain('X-API-Key is no API key');
  });
});
