import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { bearer, TestIssuer } from '../support/issuer.js';
import { startTestServer, TestClock, type TestServer } from '../support/server.js';

jest.setTimeout(60_000);

const clock = new TestClock();
let issuer: TestIssuer;
let server: TestServer;
const tokens = new Map<string, Record<string, string>>();

/** What a person with these claims sends. */
async function as(sub: string, claims: object): Promise<void> {
  tokens.set(sub, bearer(await issuer.token({ claims: { sub, ...claims } })));
}
const of = (sub: string): Record<string, string> => tokens.get(sub)!;

const party = (id: string, role = 'customer'): object => ({ id, role, '@referredType': 'Individual' });

async function newBucket(body: object): Promise<string> {
  const answer = await server.rest('POST', '/bucket', {
    headers: of('admin'),
    body: { usageType: 'monetary', remainingValue: { amount: 10, units: 'EUR' }, ...body },
  });
  expect([answer.status, answer.body]).toEqual([201, expect.anything()]);
  return answer.body.id as string;
}

const ids: Record<string, string> = {};
beforeAll(async () => {
  issuer = await TestIssuer.start(() => clock.now());
  server = await startTestServer(issuer.env, { mode: 'serve', clock });
  await as('admin', { roles: ['admin'] });
  await as('ann', { roles: ['customer'], parties: ['ann'], accounts: ['account-a'], logical_resources: ['+49170'] });
  await as('bob', { roles: ['customer'], parties: ['bob'] });
  await as('reader', { roles: ['reader'] });
  await as('nobody', { roles: ['unheard-of'] });
  ids.ann = await newBucket({ name: 'of ann', relatedParty: [party('ann'), party('shop', 'seller')] });
  ids.account = await newBucket({ name: 'of her account', partyAccount: { id: 'account-a', name: 'a', status: 'x' } });
  ids.number = await newBucket({ name: 'of her number', logicalResource: [{ value: '+49170' }] });
  ids.bob = await newBucket({ name: 'of bob', relatedParty: [party('bob')] });
  ids.sold = await newBucket({ name: 'sold by ann', relatedParty: [party('bob'), party('ann', 'seller')] });
});
afterAll(async () => {
  await server.close();
  await issuer.close();
});

const idsOf = (body: { id: string }[]): string[] => body.map(({ id }) => id).sort();

describe('a customer', () => {
  it('sees own buckets only, by party, account and number', async () => {
    const { status, body, headers } = await server.rest('GET', '/bucket', { headers: of('ann') });
    expect([status, idsOf(body), headers.get('x-total-count')]).toEqual([
      200,
      [ids.ann, ids.account, ids.number].sort(),
      '3',
    ]);
    const { data, errors } = await server.graphql('{ buckets { totalCount items { id name } } }', {}, of('bob'));
    expect(errors).toBeUndefined();
    expect([data.buckets.totalCount, idsOf(data.buckets.items)]).toEqual([2, [ids.bob, ids.sold].sort()]);
  });

  it("does not find what is somebody else's", async () => {
    const answer = await server.rest('GET', `/bucket/${ids.bob}`, { headers: of('ann') });
    const unknown = await server.rest('GET', '/bucket/unheard-of', { headers: of('ann') });
    expect([answer.status, answer.body.code, answer.body.reason]).toEqual([
      404,
      unknown.body.code,
      unknown.body.reason,
    ]);
    const { data } = await server.graphql('query ($id: ID!) { bucket(id: $id) { id } }', { id: ids.bob }, of('ann'));
    expect(data).toEqual({ bucket: null });
  });

  it('finds nothing of others by a filter or an order', async () => {
    const { body } = await server.rest('GET', '/bucket?name=of%20bob', { headers: of('ann') });
    expect(body).toEqual([]);
    const sorted = await server.rest('GET', '/bucket?sort=-name&fields=id', { headers: of('ann') });
    expect(idsOf(sorted.body)).toEqual([ids.ann, ids.account, ids.number].sort());
  });

  it('has not what no role grants: 403 names the right', async () => {
    const { errors } = await server.graphql('{ billRuns { totalCount } }', {}, of('ann'));
    expect(errors?.[0]).toMatchObject({
      message: 'the right billRun:read is missing',
      extensions: { code: 'FORBIDDEN', status: 403 },
    });
    const refused = await server.rest('POST', '/bucket', { headers: of('ann'), body: { usageType: 'monetary' } });
    expect([refused.status, refused.body.message]).toEqual([403, 'the right bucket:create is missing']);
  });

  it('is nobody with a role that the policy does not know', async () => {
    const { status, body } = await server.rest('GET', '/bucket', { headers: of('nobody') });
    expect([status, body.message]).toEqual([403, 'the right bucket:read is missing']);
  });

  it('sees below own rows, and nothing below others', async () => {
    const query =
      '{ buckets(orderBy: [{ name: ASC }]) { items { name entries { totalCount items { bucketId } } actions { totalCount } } } }';
    const { data, errors } = await server.graphql(query, {}, of('ann'));
    expect(errors).toBeUndefined();
    expect(data.buckets.items.map((one: any) => [one.name, one.entries.totalCount])).toEqual([
      ['of ann', 1],
      ['of her account', 1],
      ['of her number', 1],
    ]);
  });

  it('has sums and the last of what it sees, whomever that is named with', async () => {
    const query = `{ party(id: "ann") { balances { buckets totalBalance { amount } } unbilled { count } lastBill { id }
      nextBill { amountDue { value } } billingAccounts { items { id } } } billingAccount(id: "account-a") { unbilled { taxExcludedAmount } nextBill { billingAccount { billingAccount { id } } } } }`;
    // Ann sold Bob what his account pays for: so she stands beside it in the directory.
    await newBucket({
      relatedParty: [party('bob'), party('ann', 'seller')],
      partyAccount: { id: 'account-b', name: 'b', status: 'x' },
    });
    const date = clock.now().toISOString();
    for (const [id, value] of Object.entries({ 'account-a': 1, 'account-b': 2 })) {
      const billingAccount = { id, name: id };
      const body = { billingAccount, date, taxExcludedAmount: { value, unit: 'EUR' } };
      expect((await server.rest('POST', '/appliedCustomerBillingRate', { headers: of('admin'), body })).status).toBe(
        201,
      );
      await server.rest('POST', '/customerBill', { headers: of('admin'), body: { billingAccount } });
    }
    const seen = (await server.graphql(query, {}, of('ann'))).data;
    expect(seen).toEqual({
      party: {
        balances: [{ buckets: 1, totalBalance: { amount: 10 } }],
        unbilled: [],
        lastBill: null,
        nextBill: [],
        billingAccounts: { items: [] },
      },
      billingAccount: {
        unbilled: [{ taxExcludedAmount: 1 }],
        nextBill: [{ billingAccount: { billingAccount: { id: 'account-a' } } }],
      },
    });
    const { data } = await server.graphql(query, {}, of('reader'));
    expect(data.party).toMatchObject({
      balances: [{ buckets: 3, totalBalance: { amount: 30 } }],
      unbilled: [{ count: 1 }],
      lastBill: { id: expect.anything() },
      nextBill: [{ amountDue: { value: 2 } }],
    });
  });

  it('has a view of itself, and of nobody else', async () => {
    const query = 'query ($id: ID!) { party(id: $id) { buckets { items { name } } } }';
    const own = await server.graphql(query, { id: 'ann' }, of('ann'));
    expect(own.data.party.buckets.items).toEqual([{ name: 'of ann' }]);
    const other = await server.graphql(query, { id: 'bob' }, of('ann'));
    expect(other.data).toEqual({ party: null });
  });
});

describe('a bill', () => {
  it('is shown, with its document, to whom it is made out', async () => {
    const made = await server.rest('POST', '/customerBill', {
      headers: of('admin'),
      body: { billingAccount: { id: 'account-a', name: 'a' }, amountDue: { value: 5, unit: 'EUR' } },
    });
    for (const part of ['', '/document.pdf', '/document.csv', '/document.json']) {
      const own = await fetch(`${server.url}/tmf-api/customerBillManagement/v4/customerBill/${made.body.id}${part}`, {
        headers: of('ann'),
      });
      expect([part, own.status]).toEqual([part, 200]);
      const other = await fetch(own.url, { headers: of('bob') });
      expect([part, other.status, await other.json()]).toEqual([part, 404, expect.objectContaining({ code: '60' })]);
      const anybody = await fetch(own.url);
      expect([part, anybody.status]).toEqual([part, 401]);
    }
  });
});

describe('who may read everything', () => {
  it('reads, and writes nothing', async () => {
    const { body, headers } = await server.rest('GET', '/bucket', { headers: of('reader') });
    expect([body.length, headers.get('x-total-count')]).toEqual([6, '6']);
    const refused = await server.rest('DELETE', `/bucket/${ids.bob}`, { headers: of('reader') });
    expect([refused.status, refused.body.message]).toEqual([403, 'the right bucket:delete is missing']);
  });
});
