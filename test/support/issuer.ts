import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type GenerateKeyPairResult, type JWK, type JWTPayload } from 'jose';

export interface SigningKey {
  alg: string;
  kid: string;
  privateKey: GenerateKeyPairResult['privateKey'];
  publicJwk: JWK;
}

/** A new pair of keys. */
export async function newKey(alg = 'ES256', kid = `key-${Math.random()}`): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), alg, kid, use: 'sig' } };
}

/** What a token says besides the usual; undefined leaves a claim out. Times are seconds from now. */
export interface TokenFacts {
  claims?: Record<string, unknown>;
  expiresIn?: number;
  validIn?: number;
  /** What signs it; otherwise the issuer's present key. */
  key?: SigningKey;
}

/** An issuer of tokens on this machine: discovery, a set of keys, and tokens signed by them. */
export class TestIssuer {
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  keys: SigningKey[] = [];
  /** What it answers instead of its documents; undefined: as an issuer does. */
  answerInstead: { status: number; body: string } | undefined;
  /** Whether it takes requests and never answers them. */
  isSilent = false;

  private constructor(
    private readonly server: Server,
    private readonly now: () => Date,
  ) {}

  /** @param now the time that tokens are made at; that of the server they are for */
  static async start(now: () => Date = () => new Date('2026-03-01T12:00:00.000Z'), port = 0): Promise<TestIssuer> {
    const server = createServer();
    const issuer = new TestIssuer(server, now);
    issuer.keys = [await newKey()];
    server.on('request', ({ url = '' }, response) => {
      issuer.asked.push(url);
      if (issuer.isSilent) return;
      if (issuer.answerInstead === undefined && url.startsWith('/token')) {
        void issuer
          .token({ claims: claimsOf(url), expiresIn: 3_600 })
          .then((token) => response.writeHead(200, { 'content-type': 'text/plain' }).end(token));
        return;
      }
      const { status, body } = issuer.answerInstead ?? issuer.answer(url);
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What a server needs to take its tokens. */
  get env(): Record<string, string> {
    return { AUTH: 'required', AUTH_ISSUER: this.url, AUTH_AUDIENCE: 'tmf' };
  }

  /** Its public keys, as AUTH_JWKS_FILE has them. */
  get keySet(): string {
    return JSON.stringify({ keys: this.keys.map(({ publicJwk }) => publicJwk) });
  }

  private answer(path: string): { status: number; body: string } {
    if (path === '/.well-known/openid-configuration')
      return { status: 200, body: JSON.stringify({ issuer: this.url, jwks_uri: `${this.url}/keys` }) };
    return path === '/keys' ? { status: 200, body: this.keySet } : { status: 404, body: '{}' };
  }

  /** A signed token: of the tenant default and the roles admin and installation, unless its claims say otherwise. */
  async token({ claims = {}, expiresIn = 300, validIn, key = this.keys[0]! }: TokenFacts = {}): Promise<string> {
    const now = Math.floor(this.now().getTime() / 1_000);
    const usual = {
      iss: this.url,
      aud: 'tmf',
      sub: 'jane',
      tenant: 'default',
      roles: ['admin', 'installation'],
      iat: now,
    };
    const times = { exp: now + expiresIn, ...(validIn !== undefined && { nbf: now + validIn }) };
    const payload = JSON.parse(JSON.stringify({ ...usual, ...times, ...claims })) as JWTPayload;
    return new SignJWT(payload).setProtectedHeader({ alg: key.alg, kid: key.kid }).sign(key.privateKey);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** Claims that are lists. */
const lists = ['roles', 'parties', 'accounts', 'logical_resources'];

/** The claims that the parameters of /token name, lists separated by commas. */
function claimsOf(url: string): Record<string, unknown> {
  const parameters = new URL(url, 'http://issuer').searchParams;
  return Object.fromEntries(
    [...parameters].map(([name, value]) => [name, lists.includes(name) ? value.split(',').filter(Boolean) : value]),
  );
}

/** The header that a token goes in. */
export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
