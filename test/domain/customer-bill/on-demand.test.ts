import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { create, transports, made, update } from '../../fixtures/transports.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { eur, eventsOf } from './bills.js';
import {
  accountParty,
  billingProblems,
  billsOf,
  demandEnded,
  linesOf,
  makeCycle,
  makeRate,
  makeUsage,
  newAccount,
  onDemand,
  read,
  runCycle,
} from './billing.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.startJobs();
});
afterAll(() => server.close());
afterEach(async () => {
  expect(await billingProblems(server)).toEqual([]);
});

const dollars = (value: number): object => ({ value, unit: 'USD' });
let parties = 0;
const newParty = (): { id: string; '@referredType': string } => ({
  id: `party ${++parties}`,
  '@referredType': 'Individual',
});

describe('a bill on demand', () => {
  it('has all that an account has unbilled, up to now', async () => {
    const account = newAccount();
    const present = server.clock.now().getTime();
    const dated = async (time: number): Promise<string> =>
      (await makeRate(server, account, { date: new Date(time).toISOString() })).id;
    const due = [await dated(present - 40 * 24 * 3_600_000), await dated(present)];
    await dated(present + 1);
    const request = await onDemand(server, { billingAccount: { id: account }, name: 'Please' });
    expect(request).toMatchObject({ state: 'done', name: 'Please', customerBill: { id: expect.any(String) } });
    expect(request.description).toBeUndefined();
    const bill = await read(server, `/customerBill/${request.customerBill.id}`);
    expect(bill).toMatchObject({
      state: 'new',
      runType: 'offCycle',
      category: 'normal',
      billDate: server.clock.now().toISOString(),
      amountDue: eur(20),
    });
    expect(bill.billRunId).toBeUndefined();
    expect((await linesOf(server, bill.id)).map(({ id }) => id)).toEqual(due);
    for (const door of transports) {
      const further = { isBilled: true, bill: { id: bill.id }, taxExcludedAmount: eur(1) };
      expect(await create(server, door, 'AppliedCustomerBillingRate', further)).toMatchObject({
        status: 409,
        message: expect.stringContaining('takes no more'),
      });
    }
    expect(await linesOf(server, bill.id)).toHaveLength(due.length);
    expect(await eventsOf(server, request.id)).toEqual([
      'CustomerBillOnDemandCreateEvent',
      'CustomerBillOnDemandStateChangeEvent',
    ]);
    const { data } = await server.graphql(
      'query ($id: ID!) { customerBillOnDemand(id: $id) { customerBill { target { amountDue { value } } } } }',
      { id: request.id },
    );
    expect(data.customerBillOnDemand.customerBill.target.amountDue.value).toBe(20);
  });

  it('is rejected where there is nothing to bill', async () => {
    const account = newAccount();
    await makeRate(server, account, { date: '2030-01-01T00:00:00.000Z' });
    const request = await onDemand(server, { billingAccount: { id: account } });
    expect(request).toMatchObject({ state: 'rejected', description: 'there is nothing to bill' });
    expect([request.customerBill, await billsOf(server, account)]).toEqual([undefined, []]);
  });

  it('keeps the description of its client beside the reason of the server', async () => {
    const described = { description: 'As agreed by phone', name: 'Please' };
    const empty = await onDemand(server, { billingAccount: { id: newAccount() }, ...described });
    expect(empty).toMatchObject({ ...described, state: 'rejected', stateReason: 'there is nothing to bill' });
    const account = newAccount();
    await makeRate(server, account);
    await makeRate(server, account, { taxExcludedAmount: dollars(3) });
    const several = await onDemand(server, { billingAccount: { id: account }, ...described });
    expect(several).toMatchObject({
      ...described,
      state: 'done',
      stateReason: expect.stringContaining('one bill for each currency'),
    });
    const failed = await onDemand(server, {
      billingAccount: { id: newAccount() },
      bucket: { id: 'nobody' },
      ...described,
    });
    expect(failed).toMatchObject({
      ...described,
      state: 'terminatedWithError',
      stateReason: "bucket 'nobody' does not exist",
    });
    const { data } = await server.graphql(
      'query ($id: ID!) { customerBillOnDemand(id: $id) { description stateReason } }',
      { id: failed.id },
    );
    expect(data.customerBillOnDemand).toEqual({ description: described.description, stateReason: failed.stateReason });
    // A client may still describe it otherwise; the reason stays.
    expect(
      (await update(server, 'rest', 'CustomerBillOnDemand', failed.id, { description: 'Otherwise' })).resource,
    ).toMatchObject({ description: 'Otherwise', stateReason: failed.stateReason });
    expect(await read(server, '/customerBillOnDemand?stateReason.regex=%5Ebucket&description=Otherwise')).toMatchObject(
      [{ id: failed.id }],
    );
  });

  it.each(transports)('begins in progress, and in no other state, through %s', async (door) => {
    const account = { billingAccount: { id: newAccount() } };
    expect(await create(server, door, 'CustomerBillOnDemand', { ...account, state: 'inProgress' })).toMatchObject({
      status: door === 'rest' ? 201 : 200,
    });
    for (const state of ['done', 'rejected']) {
      expect(await create(server, door, 'CustomerBillOnDemand', { ...account, state })).toMatchObject({
        status: 400,
        message: `state must at first be inProgress: '${state}'`,
      });
    }
  });

  it('is one bill for each currency, and names them', async () => {
    const account = newAccount();
    await makeRate(server, account);
    await makeRate(server, account, { taxExcludedAmount: dollars(3) });
    const request = await onDemand(server, { billingAccount: { id: account } });
    const bills = await billsOf(server, account);
    expect(bills.map(({ amountDue }) => amountDue)).toEqual([eur(10), dollars(3)]);
    expect(request).toMatchObject({
      state: 'done',
      customerBill: { id: bills[0].id },
      description: `one bill for each currency; the others: ${bills[1].id}`,
    });
  });

  it('of a party is that of its one account with something to bill', async () => {
    const [party, account, paid] = [newParty(), newAccount(), newAccount()];
    await makeUsage(server, account, [3], { relatedParty: [party, accountParty(account)] });
    // An account of the same party that has nothing unbilled any more.
    await makeUsage(server, paid, [3], { relatedParty: [party, accountParty(paid)] });
    await onDemand(server, { billingAccount: { id: paid } });
    const request = await onDemand(server, { relatedParty: party });
    expect(request.state).toBe('done');
    expect(await billsOf(server, account)).toMatchObject([
      { id: request.customerBill.id, amountDue: eur(3), relatedParty: [party] },
    ]);
    // The bill names the party: what the account has later is found by it, too.
    await makeRate(server, account, { taxExcludedAmount: eur(4) });
    expect((await onDemand(server, { relatedParty: party })).state).toBe('done');
  });

  it('of a party finds the account by usages that a run has billed', async () => {
    const [party, account] = [newParty(), newAccount()];
    await makeUsage(server, account, [3], { relatedParty: [party, accountParty(account)] });
    await runCycle(server, (await makeCycle(server)).id);
    await makeRate(server, account, { taxExcludedAmount: eur(4) });
    expect((await onDemand(server, { relatedParty: party })).state).toBe('done');
    expect((await billsOf(server, account)).map(({ amountDue }) => amountDue)).toEqual([eur(3), eur(4)]);
  });

  it('of a party is rejected where it has several accounts, or none', async () => {
    const party = newParty();
    for (const account of [newAccount(), newAccount()])
      await makeUsage(server, account, [3], { relatedParty: [party, accountParty(account)] });
    expect(await onDemand(server, { relatedParty: party })).toMatchObject({
      state: 'rejected',
      description: 'the party has several accounts with something to bill: name the billingAccount',
    });
    expect(await onDemand(server, { relatedParty: newParty() })).toMatchObject({
      state: 'rejected',
      description: 'there is nothing to bill',
    });
  });

  it('of an account that is asked for twice at once is made once', async () => {
    for (let round = 0; round < 5; round++) {
      const account = newAccount();
      await makeRate(server, account);
      await makeUsage(server, account, [3]);
      const requests = await Promise.all(
        Array.from({ length: 4 }, () => onDemand(server, { billingAccount: { id: account } })),
      );
      expect(requests.map(({ state }) => state).sort()).toEqual(['done', 'rejected', 'rejected', 'rejected']);
      expect((await billsOf(server, account)).map(({ amountDue }) => amountDue)).toEqual([eur(13)]);
    }
  });

  it('ends with an error where the account has more rates than one bill takes, and leaves all of them unbilled', async () => {
    const account = newAccount();
    await makeUsage(server, account);
    await server.database.dedicated((connection) =>
      connection.script(`
        INSERT INTO "AppliedCustomerBillingRate" ("tenantId", "id", "appliedBillingRateType", "date", "isBilled", "taxExcludedAmountValue", "taxExcludedAmountUnit", "billingAccount", "updatedAt")
        SELECT 'default', 'rate-of-many-' || n, 'appliedBillingCharge', '2026-02-10', false, 1, 'EUR', '{"id": "${account}"}', now() FROM generate_series(1, 50000) n`),
    );
    expect(await onDemand(server, { billingAccount: { id: account } })).toMatchObject({
      state: 'terminatedWithError',
      description: 'has 50001 rates, more than one bill takes: the limit RATES_PER_BILL_MAX is 50000',
    });
    expect(await billsOf(server, account)).toEqual([]);
    await server.database.dedicated((connection) =>
      connection.script(`DELETE FROM "AppliedCustomerBillingRate" WHERE "id" LIKE 'rate-of-many-%'`),
    );
  });

  it('ends with an error where no number tells the total, and leaves everything unbilled', async () => {
    const account = newAccount();
    for (const value of [900_000_000_000_000, 0.01]) await makeRate(server, account, { taxExcludedAmount: eur(value) });
    expect(await onDemand(server, { billingAccount: { id: account } })).toMatchObject({
      state: 'terminatedWithError',
      description:
        'the total without tax of 900000000000000.01 EUR has more significant digits than the limit SIGNIFICANT_DIGITS_MAX of 15',
    });
    expect(await billsOf(server, account)).toEqual([]);
  });
});

describe('a request for a bill that is withdrawn', () => {
  it('before it ran makes no bill', async () => {
    const other = await startTestServer();
    try {
      const account = newAccount();
      await makeRate(other, account);
      const { id } = await made(other, 'CustomerBillOnDemand', { billingAccount: { id: account } });
      expect(await update(other, 'rest', 'CustomerBillOnDemand', id, { state: 'terminatedWithError' })).toMatchObject({
        status: 200,
      });
      await other.startJobs();
      // One that came later is fulfilled: the work had its turn.
      const later = await onDemand(other, { billingAccount: { id: account } });
      expect([later.state, (await demandEnded(other, id)).state]).toEqual(['done', 'terminatedWithError']);
      expect((await billsOf(other, account)).map((bill) => bill.id)).toEqual([later.customerBill.id]);
    } finally {
      await other.close();
    }
  });

  it('after it ran is refused', async () => {
    const account = newAccount();
    await makeRate(server, account);
    const { id } = await onDemand(server, { billingAccount: { id: account } });
    expect(await update(server, 'rest', 'CustomerBillOnDemand', id, { state: 'terminatedWithError' })).toMatchObject({
      status: 409,
      message: expect.stringContaining('is done and cannot become'),
    });
  });
});
