import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createLogger } from '../../src/app/logger.js';
import { readConfig } from '../../src/platform/config.js';
import { readSigningKeys } from '../../src/app/links/signing-keys.js';
import { bearer, TestIssuer } from '../support/issuer.js';
import { startTestServer, TestClock, type TestServer } from '../support/server.js';
import { party, People } from './people.js';
import { makeTenant } from '../support/tenants.js';

jest.setTimeout(60_000);

const billing = '/tmf-api/customerBillManagement/v4';
const query =
  'query ($url: String!, $expiresIn: Int) { signedLink(url: $url, expiresIn: $expiresIn) { url expiresAt } }';

let people: People;
let bill: string;
let other: string;
beforeAll(async () => {
  people = await People.start({
    ann: { roles: ['customer'], parties: ['ann'], accounts: ['A-1'] },
    bob: { roles: ['customer'], parties: ['bob'] },
    robot: { roles: ['ingest'] },
    installer: { roles: ['installation'] },
  });
  const billOf = (id: string): Promise<string> =>
    people.make('/customerBill', { billingAccount: { id: `account of ${id}` }, relatedParty: [party(id)] });
  [bill, other] = [await billOf('ann'), await billOf('bob')];
});
afterAll(() => people.close());

const pathOf = (id: string, format = 'pdf'): string => `${billing}/customerBill/${id}/document.${format}`;

async function linkOf(name: string, path: string, expiresIn?: number): Promise<string> {
  const { data, errors } = await people.graphql(name, query, { url: path, expiresIn });
  if (errors) throw new Error(errors[0]?.message);
  return data.signedLink.url as string;
}

const open = (url: string, init: RequestInit = {}): Promise<Response> =>
  fetch(url.startsWith('/') ? people.server.url + url : url, init);

async function refusalOf(response: Response): Promise<unknown[]> {
  const text = await response.text();
  return [response.status, text === '' ? '' : (JSON.parse(text) as { message: string }).message];
}

describe('a signed link', () => {
  it('opens the document of an own bill without a header, and says until when', async () => {
    const document = `query ($id: ID!) { customerBill(id: $id) { billDocument { mimeType url } } }`;
    const { data } = await people.graphql('ann', document, { id: bill });
    const { url } = data.customerBill.billDocument.find((one: any) => one.mimeType === 'application/pdf');
    const answer = await people.graphql('ann', query, { url });
    expect(answer.errors).toBeUndefined();
    expect(answer.data.signedLink).toEqual({
      url: expect.stringMatching(/\/document\.pdf\?signature=[\w.-]+$/),
      expiresAt: '2026-03-01T12:10:00.000Z',
    });
    const response = await open(answer.data.signedLink.url);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/pdf']);
    expect(
      Buffer.from(await response.arrayBuffer())
        .subarray(0, 5)
        .toString(),
    ).toBe('%PDF-');
    const again = await open(answer.data.signedLink.url, {
      headers: { 'if-none-match': response.headers.get('etag')! },
    });
    expect(again.status).toBe(304);
  });

  it('serves HEAD, and no other method', async () => {
    const link = await linkOf('ann', pathOf(bill));
    const head = await open(link, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const { status } = await open(link, { method });
      expect([method, status]).toEqual([method, 401]);
    }
  });

  it('tells nobody what is in it', async () => {
    const link = await linkOf('ann', pathOf(bill));
    const parts = link.split('signature=')[1]!.split('.');
    const read = parts.map((one) => Buffer.from(one, 'base64url').toString('latin1')).join();
    expect(read).toContain('A128CBC-HS256');
    expect(read).not.toMatch(/ann|A-1|customer|default/);
  });

  it('is of one file only', async () => {
    const link = await linkOf('ann', pathOf(bill));
    const signature = link.split('?')[1]!;
    const refused = [401, 'the signature is of another file'];
    for (const path of [pathOf(other), pathOf(bill, 'csv'), pathOf(bill, 'json')])
      expect(await refusalOf(await open(`${path}?${signature}`))).toEqual(refused);
    expect(await refusalOf(await open(`${link}&page=1`))).toEqual(refused);
    const elsewhere = await open(`${billing}/customerBill/${bill}?${signature}`);
    expect(elsewhere.status).toBe(401);
  });

  it('does not open when a letter of it is changed, or it is twice there', async () => {
    const link = await linkOf('ann', pathOf(bill));
    const [path, signature] = link.split('?signature=') as [string, string];
    for (const at of [30, signature.length - 60, signature.length - 5]) {
      const changed = `${signature.slice(0, at)}${signature[at] === 'A' ? 'B' : 'A'}${signature.slice(at + 1)}`;
      expect((await open(`${path}?signature=${changed}`)).status).toBe(401);
    }
    for (const wrong of ['', 'x', `${signature}&signature=${signature}`]) {
      const response = await open(`${path}?signature=${wrong}`);
      expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
      expect(await refusalOf(response)).toEqual([401, 'the signature is wrong']);
    }
  });

  it('expires', async () => {
    const clock = people.server.clock;
    const link = await linkOf('ann', pathOf(bill), 60);
    const before = clock.now();
    clock.advance(59_000);
    expect((await open(link)).status).toBe(200);
    clock.advance(2_000);
    expect(await refusalOf(await open(link))).toEqual([401, 'the link is expired']);
    clock.set(before.toISOString());
  });

  it('holds no longer than the operator says', async () => {
    for (const expiresIn of [0, -1, 601]) {
      const { errors } = await people.graphql('ann', query, { url: pathOf(bill), expiresIn });
      expect(errors?.[0]).toMatchObject({
        message: 'expiresIn must be 1 to 600 seconds: the limit SIGNED_LINK_SECONDS is 600',
        extensions: { code: 'INVALID_ATTRIBUTE' },
      });
    }
  });

  it('comes without a header that says who sends it', async () => {
    const link = await linkOf('ann', pathOf(bill));
    expect(await refusalOf(await open(link, { headers: people.of('ann') }))).toEqual([
      401,
      'the request has a signature and a header that says who sends it',
    ]);
  });

  it('is made for nobody who may not fetch the file', async () => {
    const code = async (name: string, url: string): Promise<unknown> =>
      (await people.graphql(name, query, { url })).errors?.[0]?.extensions.code;
    expect(await code('bob', pathOf(bill))).toBe('NOT_FOUND');
    expect(await code('ann', pathOf('unheard-of'))).toBe('NOT_FOUND');
    expect(await code('robot', pathOf(bill))).toBe('FORBIDDEN');
    expect(await code('ann', '/tmf-api/usageManagement/v4/exportJob/1/content')).toBe('FORBIDDEN');
    for (const url of [
      `${billing}/customerBill/${bill}`,
      `https://elsewhere.example${pathOf(bill)}`,
      `${pathOf(bill)}#1`,
      await linkOf('ann', pathOf(bill)),
      'document.pdf',
      '',
    ])
      expect([url, await code('ann', url)]).toEqual([url, 'INVALID_ATTRIBUTE']);
  });

  it("opens nothing that has become somebody else's, and nothing of another tenant", async () => {
    const id = await people.make('/customerBill', { billingAccount: { id: 'A-1' }, state: 'new' });
    const link = await linkOf('ann', pathOf(id));
    expect((await open(link)).status).toBe(200);
    expect((await people.rest('admin', 'DELETE', `/customerBill/${id}`)).status).toBe(204);
    expect((await open(link)).status).toBe(404);
  });

  it('opens nothing while the tenant is suspended', async () => {
    const settle = async (mutation: string): Promise<void> => {
      const { errors } = await people.graphql('installer', `mutation { ${mutation} { id } }`);
      if (errors) throw new Error(errors[0]?.message);
    };
    const id = await makeTenant((text, variables) => people.graphql('installer', text, variables), 'acme');
    const { url } = await tenantFile();
    expect((await open(url)).status).toBe(200);
    await settle(`renameTenant(id: "${id}", handle: "newco", release: true)`);
    expect((await open(url)).status).toBe(200);
    await settle(`suspendTenant(id: "${id}")`);
    expect(await refusalOf(await open(url))).toEqual([401, "the tenant 'newco' does not exist or is suspended"]);
  });

  it('opens nothing for a key that was revoked', async () => {
    const { data } = await people.graphql(
      'admin',
      'mutation { createApiKey(input: { name: "robot", roles: ["reader"] }) { key apiKey { id } } }',
    );
    const headers = { 'x-api-key': data.createApiKey.key as string };
    const made = await people.server.graphql(query, { url: pathOf(bill) }, headers);
    expect(made.errors).toBeUndefined();
    const { url } = made.data.signedLink;
    expect((await open(url)).status).toBe(200);
    const { errors } = await people.graphql('admin', 'mutation ($id: ID!) { revokeApiKey(id: $id) { id } }', {
      id: data.createApiKey.apiKey.id,
    });
    expect(errors).toBeUndefined();
    expect(await refusalOf(await open(url))).toEqual([401, 'the API key is revoked']);
  });

  /** An export of the tenant acme. */
  async function tenantFile(): Promise<{ url: string }> {
    const token = await people.issuer.token({ claims: { sub: 'boss', roles: ['admin'], tenant: 'acme' } });
    const { body } = await people.server.rest('POST', '/exportJob', { headers: bearer(token), body: {} });
    const { data } = await people.server.graphql(query, { url: body.url }, bearer(token));
    return data.signedLink;
  }
});

describe('the log', () => {
  it('never has a signature', async () => {
    const issuer = await TestIssuer.start(() => new TestClock().now());
    let log = '';
    const stream = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        log += chunk.toString();
        done();
      },
    });
    const server = await startTestServer(issuer.env, { mode: 'serve', logger: createLogger('trace', stream) });
    try {
      const headers = bearer(await issuer.token());
      const { body } = await server.rest('POST', '/exportJob', { headers, body: {} });
      const { data } = await server.graphql(query, { url: body.url }, headers);
      await server.database.client.$executeRawUnsafe('ALTER TABLE "UsageExport" RENAME TO "Away"');
      const { status } = await fetch(data.signedLink.url);
      expect([status >= 500, log]).toEqual([true, expect.stringContaining('exportJob')]);
      expect(log).not.toContain('signature');
    } finally {
      await server.close();
      await issuer.close();
    }
  });
});

describe('with AUTH=off', () => {
  it('links are made, and opened like everything else', async () => {
    const server = await startTestServer();
    try {
      const { body } = await server.rest('POST', '/customerBill', { body: { billingAccount: { id: 'A-1' } } });
      const { data } = await server.graphql(query, { url: `${server.url}${pathOf(body.id)}` });
      expect((await fetch(data.signedLink.url)).status).toBe(200);
      expect((await fetch(`${server.url}${pathOf(body.id)}?signature=x`)).status).toBe(200);
    } finally {
      await server.close();
    }
  });
});

describe('the signing key', () => {
  const [first, second] = ['one secret of more than 32 characters', 'two secret of more than 32 characters'];

  /** Two servers on one database, one after the other, with these settings: whether a link of the one opens on the other. */
  async function opensAfter(before: Record<string, string>, after: Record<string, string>): Promise<unknown[]> {
    const clock = new TestClock();
    const issuer = await TestIssuer.start(() => clock.now());
    const one = await startTestServer({ ...issuer.env, ...before }, { mode: 'serve', clock });
    let other: TestServer | undefined;
    try {
      other = await startTestServer(
        { ...issuer.env, ...after },
        { mode: 'serve', clock, database: { ...one.database, close: () => Promise.resolve() } },
      );
      const headers = bearer(await issuer.token());
      const { body } = await one.rest('POST', '/customerBill', { headers, body: { billingAccount: { id: 'A-1' } } });
      const { data } = await one.graphql(query, { url: pathOf(body.id) }, headers);
      return await refusalOf(await fetch(other.url + data.signedLink.url, { method: 'HEAD' }));
    } finally {
      await other?.close();
      await one.close();
      await issuer.close();
    }
  }

  it('is that of the database where none is set, for all servers', async () => {
    expect(await opensAfter({}, {})).toEqual([200, '']);
  });

  it('is changed without breaking links: the one before is still read by', async () => {
    expect(await opensAfter({ SIGNING_KEY: first }, { SIGNING_KEY: `${second},${first}` })).toEqual([200, '']);
    expect(await opensAfter({ SIGNING_KEY: first }, { SIGNING_KEY: second })).toEqual([401, '']);
  });

  it('may be in a file', async () => {
    const path = join(tmpdir(), `signing-key-${process.pid}`);
    await writeFile(path, `${second}\n${first}\n`);
    expect(await opensAfter({ SIGNING_KEY: first }, { SIGNING_KEY_FILE: path })).toEqual([200, '']);
    await writeFile(path, 'short');
    const database = undefined as never;
    await expect(readSigningKeys({ signingKey: undefined, signingKeyFile: path }, database)).rejects.toThrow(
      `cannot use SIGNING_KEY_FILE '${path}': it is one or two secrets of 32 characters or more`,
    );
  });

  it('is not told by a refusal', () => {
    for (const SIGNING_KEY of ['a short secret', `${first},${second},a third`]) {
      const refusal = "cannot use SIGNING_KEY '…': it is one or two secrets of 32 characters or more";
      expect(() => readConfig({ SIGNING_KEY }, 'sandbox')).toThrow(refusal);
    }
  });
});
