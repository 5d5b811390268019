import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Prisma } from '../../prisma/generated/client.js';
import type { ReadOptions } from '../../src/platform/database/database.js';
import { makeBucket } from '../domain/prepay-balance/balances.js';
import { accountParty, makeCycle, makeRate, makeUsage, runCycle } from '../domain/customer-bill/billing.js';
import { placeOrder } from '../fixtures/resource-order-api.js';
import { startTestServer, type TestServer } from '../support/server.js';

describe('what is known of one customer', () => {
  let server: TestServer;
  let statements = 0;
  const account = `Größe & "Maß" ~ '1'`;

  beforeAll(async () => {
    server = await startTestServer();
    await server.startJobs();
    for (const id of [account, 'somebody else']) {
      await makeRate(server, id);
      await makeUsage(server, id, [1, 2]);
      await makeRate(server, id, { date: '2026-03-01T00:00:00.000Z' });
      await makeUsage(server, id, [3], { status: 'guided' });
      await makeBucket(server, 5, { partyAccount: { id } });
    }
    await placeOrder(server, ['1'], { relatedParty: [accountParty(account)], name: 'of the account' });
    // A party of another kind has the same name.
    await placeOrder(server, ['1'], {
      relatedParty: [{ id: account, '@referredType': 'Individual' }],
      name: 'of the party',
    });
    await makeBucket(server, 7, { relatedParty: [{ id: account, '@referredType': 'Individual' }] });
    await makeUsage(server, 'somebody else', [3], {
      relatedParty: [{ id: account, '@referredType': 'Individual' }, accountParty('somebody else')],
    });
    await runCycle(server, (await makeCycle(server)).id);
    const { read } = server.database;
    Object.assign(server.database, {
      read: (sql: Prisma.Sql, options: ReadOptions) => ((statements += 1), read(sql, options)),
    });
  });
  afterAll(() => server.close());

  it('an account has its bills, rates, usages, buckets and orders, all by one statement', async () => {
    statements = 0;
    const { data, errors } = await server.graphql(
      `query ($id: ID!) { billingAccount(id: $id) { id
        customerBills { items { billingAccount { refId } amountDue { value } appliedCustomerBillingRates { totalCount } } }
        appliedCustomerBillingRates(filter: { isBilled: { eq: false } }, limit: 5) { totalCount items { isBilled } }
        usages(orderBy: [{ status: ASC }]) { totalCount items { status } }
        buckets { items { partyAccount { refId } remainingValue { amount } } }
        resourceOrders { items { name } } } }`,
      { id: account },
    );
    expect(errors).toBeUndefined();
    expect(data.billingAccount).toEqual({
      id: account,
      customerBills: {
        items: [
          {
            billingAccount: { refId: account },
            amountDue: { value: 13 },
            appliedCustomerBillingRates: { totalCount: 3 },
          },
        ],
      },
      appliedCustomerBillingRates: { totalCount: 1, items: [{ isBilled: false }] },
      usages: { totalCount: 2, items: [{ status: 'billed' }, { status: 'guided' }] },
      buckets: { items: [{ partyAccount: { refId: account }, remainingValue: { amount: 5 } }] },
      resourceOrders: { items: [{ name: 'of the account' }] },
    });
    expect(statements).toBe(1);
  });

  it('a party has what names it as a relatedParty, all by one statement', async () => {
    statements = 0;
    const { data, errors } = await server.graphql(
      `query ($id: ID!, $name: String!) { party(id: $id) { id
        buckets { items { remainingValue { amount } } }
        balanceActions { totalCount }
        usages { totalCount }
        people: usages(filter: { relatedParty: { some: { refId: { eq: $name }, atReferredType: { eq: "Individual" } } } }) { totalCount }
        customerBills { totalCount }
        resourceOrders(orderBy: [{ name: DESC }], limit: 1) { totalCount items { name } } } }`,
      { id: account, name: account },
    );
    expect(errors).toBeUndefined();
    expect(data.party).toEqual({
      id: account,
      buckets: { items: [{ remainingValue: { amount: 7 } }] },
      balanceActions: { totalCount: 0 },
      usages: { totalCount: 3 },
      people: { totalCount: 1 },
      // A bill of somebody else's account names the parties of its usages.
      customerBills: { totalCount: 1 },
      resourceOrders: { totalCount: 2, items: [{ name: 'of the party' }] },
    });
    expect(statements).toBe(1);
  });

  it('there is nobody whom nothing names, and what a list refuses is refused below a party, too', async () => {
    const { data } = await server.graphql(
      '{ billingAccount(id: "nobody") { id } party(id: "nobody") { id } logicalResource(value: "nobody") { value } }',
    );
    expect(data).toEqual({ billingAccount: null, party: null, logicalResource: null });
    const { errors } = await server.graphql(
      `query ($id: ID!) { billingAccount(id: $id) { customerBills(limit: 100000) { items { id } } } }`,
      { id: account },
    );
    expect(errors?.[0]).toMatchObject({ extensions: { status: 400 } });
  });

  it('a party has the actions of its buckets, whoever was named, and those that name it', async () => {
    const person = (id: string): object[] => [{ id, '@referredType': 'Individual' }];
    const mine = await makeBucket(server, 10, {
      relatedParty: [...person('owner of both'), ...person('another')],
      partyAccount: { id: 'account of both' },
      logicalResource: [{ value: 'number of both' }],
    });
    const other = await makeBucket(server, 10, { relatedParty: person('owner of none') });
    const eur = (amount: number): object => ({ amount, units: 'EUR' });
    const asked: [string, object][] = [
      ['topupBalance', { bucket: { id: mine }, amount: eur(1), relatedParty: person('an agent') }],
      ['transferBalance', { bucket: { id: other }, receiverBucket: { id: mine }, amount: eur(2) }],
      ['adjustBalance', { bucket: { id: mine }, adjustType: 'generalDebit', amount: eur(99), usageType: 'monetary' }],
      ['topupBalance', { bucket: { id: other }, amount: eur(3), relatedParty: person('owner of both') }],
      ['topupBalance', { bucket: { id: other }, amount: eur(4) }],
      ['topupBalance', { bucket: { id: mine }, amount: eur(5), status: 'created' }],
    ];
    const ids: string[] = [];
    for (const [path, body] of asked) {
      const answer = await server.rest('POST', `/${path}`, { body });
      ids.push(answer.body.id ?? String(answer.body.referenceError).split('/').at(-1));
    }
    const expected = [0, 1, 2, 3, 5].map((index) => ids[index]);
    const ask = async (list: string): Promise<any> => {
      const { data, errors } = await server.graphql(`{ party(id: "owner of both") { ${list} } }`);
      expect(errors).toBeUndefined();
      return data.party.balanceActions;
    };
    statements = 0;
    expect(await ask('balanceActions { totalCount items { id } }')).toEqual({
      totalCount: 5,
      items: expected.map((id) => ({ id })),
    });
    expect(statements).toBe(1);
    // So have its account and its number: given or received, but not what only names the party.
    const { data } = await server.graphql(
      `{ billingAccount(id: "account of both") { balanceActions { items { id } } }
         logicalResource(value: "number of both") { balanceActions { items { id } } } }`,
    );
    const items = [0, 1, 2, 5].map((index) => ({ id: ids[index] }));
    expect([data.billingAccount, data.logicalResource]).toEqual(Array(2).fill({ balanceActions: { items } }));
    expect((await ask('balanceActions(filter: { status: { eq: failed } }) { items { id } }')).items).toEqual([
      { id: ids[2] },
    ]);
    const { items: newest, pageInfo } = await ask(
      'balanceActions(limit: 2, orderBy: [{ id: DESC }]) { items { id } pageInfo { endCursor } }',
    );
    expect(newest).toEqual([{ id: ids[5] }, { id: ids[3] }]);
    expect(
      (await ask(`balanceActions(limit: 2, orderBy: [{ id: DESC }], after: "${pageInfo.endCursor}") { items { id } }`))
        .items,
    ).toEqual([{ id: ids[2] }, { id: ids[1] }]);
    await server.rest('DELETE', `/topupBalance/${ids[0]}`);
    expect((await ask('balanceActions { totalCount items { id } }')).totalCount).toBe(4);
  });
});
