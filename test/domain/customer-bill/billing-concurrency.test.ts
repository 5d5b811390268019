import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { remove } from '../../fixtures/transports.js';
import { retryWhileBusy } from '../../support/retry-while-busy.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { concurrently } from '../../support/concurrently.js';
import { startSecondServer } from '../prepay-balance/second-server.js';
import { eur } from './bills.js';
import {
  billingProblems,
  billsOf,
  createRatesFromUsage,
  inFebruary,
  linesOf,
  makeCycle,
  makeRates,
  newAccount,
  rating,
  read,
  runEnded,
  usageSpecification,
} from './billing.js';

/** On PostgreSQL two servers share the database; the embedded one has one. */
const isShared = Boolean(process.env.TEST_DATABASE_URL);
const callers = 8;

let server: TestServer;
let second: TestServer | undefined;
let servers: TestServer[];
beforeAll(async () => {
  server = await startTestServer();
  if (isShared) second = await startSecondServer(server, server.clock);
  servers = second ? [server, second] : [server];
  for (const one of servers) await one.startJobs();
});
afterAll(async () => {
  await second?.close();
  await server.close();
});

const serverOf = (index: number): TestServer => servers[index % servers.length]!;

async function makeUsages(account: string, count: number): Promise<void> {
  for (let start = 0; start < count; start += 200) {
    const inputs = Array.from({ length: Math.min(200, count - start) }, () => ({
      usageSpecification: { refId: usageSpecification.id },
      status: 'rated',
      usageDate: inFebruary,
      relatedParty: [{ refId: account, atReferredType: 'BillingAccount' }],
      ratedProductUsage: [rating(0.01), rating(0.02)],
    }));
    const { errors } = await server.graphql(
      'mutation ($inputs: [UsageCreate!]!) { createUsages(inputs: $inputs) { id } }',
      { inputs },
    );
    expect(errors).toBeUndefined();
  }
}

async function run(index: number, cycle: string): Promise<string> {
  const mutation = 'mutation ($id: ID!, $key: String) { runBillCycle(id: $id, idempotencyKey: $key) { id } }';
  return (await retryWhileBusy((key) => serverOf(index).graphql(mutation, { id: cycle, key }))).data.runBillCycle.id;
}

describe('at the same time', () => {
  it('many who make rates of the same usages make each once', async () => {
    // What one call finds of an account is one transaction: a call that is put off and repeated has counted nothing before.
    const accounts = [newAccount(), newAccount(), newAccount()];
    for (const account of accounts) await makeUsages(account, 800);
    const made = await concurrently(callers * accounts.length, (index) =>
      createRatesFromUsage(serverOf(index), { billingAccountId: accounts[index % accounts.length] }),
    );
    expect(made.reduce((sum, { usages }) => sum + usages, 0)).toBe(2_400);
    expect(made.reduce((sum, { rates }) => sum + rates, 0)).toBe(4_800);
    expect(await server.database.client.usageRate.count()).toBe(4_800);
  });

  it('runs, and whoever makes rates beside them, bill everything once', async () => {
    const cycle = await makeCycle(server);
    await runEnded(server, await run(0, cycle.id));
    const accounts = Array.from({ length: 150 }, () => newAccount());
    await makeRates(
      server,
      accounts.flatMap((id) =>
        [1, 2, 3].map((value) => ({ billingAccount: { id }, date: inFebruary, taxExcludedAmount: eur(value) })),
      ),
    );
    for (const account of accounts.slice(0, 20)) await makeUsages(account, 10);
    const [runs] = await Promise.all([
      concurrently(4, (index) => run(index, cycle.id)),
      concurrently(4, (index) => createRatesFromUsage(serverOf(index), {})),
    ]);
    for (const id of runs) expect(await runEnded(server, id)).toMatchObject({ state: 'done', failed: 0 });
    await runEnded(server, await run(0, cycle.id));
    const sums = new Map<string, number>();
    for (const account of accounts) {
      const bills = await billsOf(server, account);
      sums.set(
        account,
        bills.reduce((sum, { amountDue }) => sum + Math.round(amountDue.value * 100), 0),
      );
    }
    expect([...sums.values()]).toEqual(accounts.map((_, index) => (index < 20 ? 630 : 600)));
    expect(await billingProblems(server)).toEqual([]);
    expect(await read(server, '/appliedCustomerBillingRate?isBilled=false')).toEqual([]);
  });

  it('a bill that is deleted beside a run is billed again, once', async () => {
    const cycle = await makeCycle(server);
    const account = newAccount();
    const ids = await makeRates(
      server,
      [1, 2, 3].map((value) => ({ billingAccount: { id: account }, date: inFebruary, taxExcludedAmount: eur(value) })),
    );
    await runEnded(server, await run(0, cycle.id));
    for (let round = 0; round < 5; round++) {
      const [bill] = await billsOf(server, account);
      const [outcome, id] = await Promise.all([
        retryWhileBusy((key) => remove(server, 'rest', 'CustomerBill', bill.id, key)),
        run(round, cycle.id),
      ]);
      expect(outcome.status).toBe(204);
      await runEnded(server, id);
      await runEnded(server, await run(round, cycle.id));
      const bills = await billsOf(server, account);
      expect([bills.length, bills[0].amountDue]).toEqual([1, eur(6)]);
      expect((await linesOf(server, bills[0].id)).map((line) => line.id)).toEqual(ids);
    }
    expect(await billingProblems(server)).toEqual([]);
  });
});
