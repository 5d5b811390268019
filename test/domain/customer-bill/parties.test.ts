import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { made } from '../../fixtures/transports.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { makeBucket } from '../prepay-balance/balances.js';
import {
  accountParty,
  billsOf,
  previewsOfRun,
  createRatesFromUsage,
  inFebruary,
  makeCycle,
  makeRate,
  makeUsage,
  newAccount,
  onDemand,
  rating,
  runCycle,
  usageSpecification,
} from './billing.js';

let server: TestServer;
let cycle: any;
beforeAll(async () => {
  server = await startTestServer();
  await server.startJobs();
  cycle = await makeCycle(server);
});
afterAll(() => server.close());

const party = (id: string, more: object = {}): object => ({ id, '@referredType': 'Individual', ...more });

/** The bills that README's query finds for a party. */
async function billsOfParty(id: string): Promise<string[]> {
  const { data, errors } = await server.graphql(
    'query ($id: ID!) { party(id: $id) { customerBills { items { id } } } }',
    { id },
  );
  expect(errors).toBeUndefined();
  return (data.party?.customerBills.items ?? []).map((bill: { id: string }) => bill.id);
}

describe('the parties of a bill', () => {
  it('are those that the usages of its account name, whether these became rates before or not', async () => {
    const [account, jane, payer] = [newAccount(), `jane of ${newAccount()}`, `payer of ${newAccount()}`];
    const [user, owner] = [party(jane, { role: 'user', name: 'Jane' }), party(payer, { role: 'customer' })];
    await makeUsage(server, account, [1], { relatedParty: [user, accountParty(account)] });
    await createRatesFromUsage(server, { billingAccountId: account });
    await makeUsage(server, account, [2, 3], { relatedParty: [accountParty(account), user, owner] });
    await makeRate(server, account);
    const tried = await previewsOfRun(server, (await runCycle(server, cycle.id, { dryRun: true })).id);
    expect(tried.map(({ relatedParty }) => relatedParty)).toEqual([[{ refId: jane }, { refId: payer }]]);
    await runCycle(server, cycle.id);
    const [bill] = await billsOf(server, account);
    expect(bill.relatedParty).toEqual([user, owner]);
    expect([await billsOfParty(jane), await billsOfParty(payer), await billsOfParty(account)]).toEqual([
      [bill.id],
      [bill.id],
      [],
    ]);
  });

  it('are those of a usage whose account was named for its party', async () => {
    const [account, jane] = [newAccount(), `jane of ${newAccount()}`];
    await made(server, 'Usage', {
      usageSpecification,
      status: 'rated',
      usageDate: inFebruary,
      ratedProductUsage: [rating(1)],
      relatedParty: [party(jane)],
    });
    await createRatesFromUsage(server, { billingAccountId: account, relatedPartyId: jane });
    await runCycle(server, cycle.id);
    expect(await billsOfParty(jane)).toEqual((await billsOf(server, account)).map(({ id }) => id));
  });

  it('are none where nothing names one, and each bill has its own', async () => {
    const [bare, one, other] = [newAccount(), newAccount(), newAccount()];
    await makeRate(server, bare);
    for (const account of [one, other])
      await makeUsage(server, account, [1], { relatedParty: [party(`of ${account}`), accountParty(account)] });
    await runCycle(server, cycle.id);
    expect((await billsOf(server, bare)).map(({ relatedParty }) => relatedParty)).toEqual([undefined]);
    for (const account of [one, other])
      expect((await billsOf(server, account)).map(({ relatedParty }) => relatedParty)).toEqual([
        [party(`of ${account}`)],
      ]);
  });

  it('are a hundred at most', async () => {
    const account = newAccount();
    const parties = Array.from({ length: 120 }, (_, index) => party(`${account} ${index}`));
    for (const part of [parties.slice(0, 60), parties.slice(60)])
      await makeUsage(server, account, [1], { relatedParty: [...part, accountParty(account)] });
    await runCycle(server, cycle.id);
    expect((await billsOf(server, account))[0].relatedParty).toEqual(parties.slice(0, 100));
  });

  it('of a request are whoever asked, then those of the usages', async () => {
    const account = newAccount();
    const [asking, user] = [party(`asking ${account}`), party(`user of ${account}`, { role: 'user' })];
    await makeUsage(server, account, [1], { relatedParty: [user, asking, accountParty(account)] });
    await onDemand(server, { relatedParty: asking });
    expect((await billsOf(server, account)).map(({ relatedParty }) => relatedParty)).toEqual([[asking, user]]);
  });

  it('of a statement are those of the bucket', async () => {
    const account = newAccount();
    const owner = party(`owner of ${account}`);
    const bucket = await makeBucket(server, 10, { partyAccount: { id: account }, relatedParty: [owner] });
    await made(server, 'AdjustBalance', {
      amount: { amount: 3, units: 'EUR' },
      bucket: { id: bucket },
      adjustType: 'oneTimeChargeDebit',
    });
    await onDemand(server, { billingAccount: { id: account }, bucket: { id: bucket } });
    expect((await billsOf(server, account)).map(({ relatedParty, category }) => [relatedParty, category])).toEqual([
      [[owner], 'prepaid statement'],
    ]);
  });
});
