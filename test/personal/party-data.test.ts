import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { party, People } from '../rights/people.js';
import { makeTenant } from '../support/tenants.js';

jest.setTimeout(60_000);

const policy = {
  roles: {
    admin: { grants: [{ operations: ['*:*'] }] },
    installation: { grants: [{ operations: ['tenant:*'] }] },
    customer: { grants: [{ operations: ['*:read', 'party:readData'], rows: 'own' }] },
    clerk: { grants: [{ operations: ['bucket:read', 'party:readData'] }] },
    reader: { grants: [{ operations: ['*:read'] }] },
  },
};

let people: People;
const made: Record<string, string> = {};
beforeAll(async () => {
  const file = join(tmpdir(), `party-data-${process.pid}.json`);
  await writeFile(file, JSON.stringify(policy));
  people = await People.start(
    {
      ann: { roles: ['customer'], parties: ['ann'], accounts: ['A-1'] },
      clerk: { roles: ['clerk'] },
      reader: { roles: ['reader'] },
      stranger: { roles: ['admin'], tenant: 'acme' },
      root: { roles: ['installation', 'admin'] },
    },
    { POLICY_FILE: file },
  );
  const bucket = { usageType: 'monetary', remainingValue: { amount: 10, units: 'EUR' } };
  const action = { amount: { amount: 1, units: 'EUR' }, usageType: 'monetary' };
  const make = async (name: string, path: string, body: object): Promise<string> =>
    (made[name] = await people.make(path, body));
  const own = { id: await make('own bucket', '/bucket', { ...bucket, relatedParty: [party('ann')] }) };
  const other = { id: await make('bucket of bob', '/bucket', { ...bucket, relatedParty: [party('bob')] }) };
  await make('sold bucket', '/bucket', { ...bucket, relatedParty: [party('bob'), party('ann', 'seller')] });
  await make('account bucket', '/bucket', { ...bucket, partyAccount: { id: 'A-1', name: 'a', status: 'x' } });
  await make('top-up of own', '/topupBalance', { ...action, bucket: own });
  await make('top-up of bob', '/topupBalance', { ...action, bucket: other });
  await make('asked for', '/topupBalance', { ...action, bucket: other, requestor: party('ann', 'agent') });
  const bill = {
    id: await make('bill', '/customerBill', { billingAccount: { id: 'A-9' }, relatedParty: [party('ann')] }),
  };
  await make('rate', '/appliedCustomerBillingRate', {
    isBilled: true,
    bill,
    appliedBillingRateType: 'appliedBillingCharge',
    date: '2026-02-01T00:00:00Z',
    taxExcludedAmount: { value: 1, unit: 'EUR' },
  });
  await make('order', '/resourceOrder', {
    orderItem: [{ id: '1', action: 'add', resource: { '@type': 'Resource', relatedParty: [party('ann', 'user')] } }],
    relatedParty: [party('bob')],
  });
  await make('order of bob', '/resourceOrder', {
    orderItem: [{ id: '1', action: 'add', resource: { '@type': 'Resource' } }],
    relatedParty: [party('bob')],
  });
});
afterAll(() => people.close());

const get = (name: string, query: string, method = 'GET'): Promise<Response> =>
  fetch(`${people.server.url}/party/data?${query}`, { method, headers: people.of(name) });

async function linesOf(response: Response): Promise<{ type: string; resource: any }[]> {
  const text = await response.text();
  expect([response.status, text]).toEqual([200, expect.stringMatching(/^$|\n$/)]);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** What a file has, by the names that it was made under. */
async function namesIn(response: Response): Promise<string[]> {
  const names = new Map(Object.entries(made).map(([name, id]) => [id, name]));
  return (await linesOf(response)).map(({ resource }) => names.get(resource.id) ?? resource.id);
}

describe('the data of a party', () => {
  it('are one file of all that is its own or names it, as TMF REST has it', async () => {
    const response = await get('admin', 'id=ann');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="party.ndjson"');
    const lines = await linesOf(response.clone());
    expect(lines.map(({ type }) => type)).toEqual([
      ...['Bucket', 'Bucket', 'TopupBalance', 'TopupBalance'],
      ...['CustomerBill', 'AppliedCustomerBillingRate', 'ResourceOrder'],
    ]);
    expect(await namesIn(response)).toEqual([
      ...['own bucket', 'sold bucket', 'top-up of own', 'asked for', 'bill', 'rate', 'order'],
    ]);
    const { body } = await people.rest('admin', 'GET', `/bucket/${made['own bucket']}`);
    expect(lines[0]?.resource).toEqual(body);
  });

  it('have what names its accounts, where they are given', async () => {
    expect(await namesIn(await get('admin', 'id=ann&account=A-1'))).toContain('account bucket');
    expect(await namesIn(await get('admin', 'id=nobody&account=A-9'))).toEqual(['bill', 'rate']);
    expect(await namesIn(await get('admin', 'id=unheard-of'))).toEqual([]);
  });

  it('go to whom they are, by a policy that says so: without what only names her', async () => {
    const own = await namesIn(await get('ann', 'id=ann&account=A-1'));
    expect(own).toEqual(['own bucket', 'account bucket', 'top-up of own', 'bill', 'rate']);
    for (const query of ['id=bob', 'id=ann&account=A-2']) expect((await get('ann', query)).status).toBe(404);
  });

  it('go to nobody without the right, nor without the right to read all of it', async () => {
    const refused = await get('reader', 'id=ann');
    expect([refused.status, ((await refused.json()) as any).message]).toEqual([
      403,
      'the right party:readData is missing',
    ]);
    const incomplete = await get('clerk', 'id=ann');
    expect([incomplete.status, ((await incomplete.json()) as any).message]).toEqual([
      403,
      'the right topupBalance:read is missing',
    ]);
  });

  it('are those of the own tenant', async () => {
    await makeTenant((text, variables) => people.graphql('root', text, variables), 'acme');
    expect(await namesIn(await get('stranger', 'id=ann'))).toEqual([]);
  });

  it('are fetched by a signed link, for this party only', async () => {
    const query = 'query ($url: String!) { signedLink(url: $url) { url } }';
    const { data, errors } = await people.graphql('admin', query, { url: '/party/data?id=ann' });
    expect(errors).toBeUndefined();
    const { url } = data.signedLink;
    expect(await namesIn(await fetch(people.server.url + url))).toContain('own bucket');
    const other = await fetch(people.server.url + url.replace('id=ann', 'id=bob'));
    expect(other.status).toBe(401);
  });

  it('are described by HEAD, and asked for by id and account alone', async () => {
    const head = await get('admin', 'id=ann', 'HEAD');
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'application/x-ndjson;charset=utf-8']);
    for (const query of ['', 'id=', 'id=a&id=b', 'id=ann&limit=1', 'id=a%00', `id=a${'&account=b'.repeat(101)}`])
      expect([query, (await get('admin', query)).status]).toEqual([query, 400]);
    expect((await get('admin', 'id=ann', 'POST')).status).toBe(405);
  });

  it('come page by page', async () => {
    const many = Array.from({ length: 230 }, (_, index) => ({
      usageType: 'monetary',
      name: `bucket ${index}`,
      remainingValue: { amount: 1, units: 'EUR' },
      relatedParty: [{ refId: 'carol', role: 'customer', atReferredType: 'Individual' }],
    }));
    const mutation = 'mutation ($inputs: [BucketCreate!]!) { createBuckets(inputs: $inputs) { id } }';
    for (let at = 0; at < many.length; at += 100) {
      const { errors } = await people.graphql('admin', mutation, { inputs: many.slice(at, at + 100) });
      expect(errors).toBeUndefined();
    }
    const lines = await linesOf(await get('admin', 'id=carol'));
    expect(new Set(lines.map(({ resource }) => resource.name)).size).toBe(230);
  });
});
