import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { create, made, rate, remove, update } from '../../fixtures/transports.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { makeBucket } from '../prepay-balance/balances.js';
import { eur, eventsOf } from './bills.js';
import {
  accountParty,
  billingProblems,
  billsOf,
  createRatesFromUsage,
  inFebruary,
  linesOf,
  makeCycle,
  makeRate,
  makeUsage,
  newAccount,
  onDemand,
  rating,
  read,
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
beforeEach(async () => {
  // What an earlier test left is billed, or at least rated.
  await createRatesFromUsage(server);
  await runCycle(server, cycle.id);
});
afterEach(async () => {
  expect(await billingProblems(server)).toEqual([]);
});

const ratesOf = async (account: string): Promise<any[]> =>
  read(server, `/appliedCustomerBillingRate?billingAccount.id=${encodeURIComponent(account)}`);
const usageOf = async (id: string): Promise<any> => read(server, `/usage/${id}`);

describe('a rated usage', () => {
  it('that is marked to be rated again waits until it is', async () => {
    const account = newAccount();
    const usage = await makeUsage(server, account, [4]);
    await update(server, 'rest', 'Usage', usage.id, { status: 'rerated' });
    expect(await createRatesFromUsage(server, { billingAccountId: account })).toEqual({
      usages: 0,
      rates: 0,
      hasMore: false,
    });
    await runCycle(server, cycle.id);
    expect(await ratesOf(account)).toEqual([]);
    await rate(server, 'graphql', usage.id, [rating(5)]);
    expect(await createRatesFromUsage(server, { billingAccountId: account })).toEqual({
      usages: 1,
      rates: 1,
      hasMore: false,
    });
    expect((await ratesOf(account)).map(({ taxExcludedAmount }) => taxExcludedAmount)).toEqual([eur(5)]);
  });

  it('becomes a rate of its account, and waits as one', async () => {
    const account = newAccount();
    const usage = await makeUsage(server, account, [], {
      description: 'a call',
      relatedParty: [
        { id: '42', '@referredType': 'Individual' },
        { ...accountParty(account), name: 'Main' },
      ],
      ratedProductUsage: [
        {
          taxExcludedRatingAmount: eur(1),
          taxIncludedRatingAmount: eur(1.19),
          taxRate: 19,
          productRef: { id: 'p', name: 'Product' },
        },
      ],
    });
    expect(await createRatesFromUsage(server, { billingAccountId: account })).toEqual({
      usages: 1,
      rates: 1,
      hasMore: false,
    });
    const [made] = await ratesOf(account);
    expect(made).toEqual({
      id: expect.any(String),
      href: expect.any(String),
      appliedBillingRateType: 'appliedBillingCharge',
      date: inFebruary,
      isBilled: false,
      name: 'voice',
      description: 'a call',
      billingAccount: { id: account, name: 'Main' },
      product: { id: 'p', name: 'Product' },
      periodCoverage: { startDateTime: inFebruary },
      characteristic: [{ name: 'usageId', value: usage.id, valueType: 'string' }],
      taxExcludedAmount: eur(1),
      taxIncludedAmount: eur(1.19),
      appliedTax: [{ taxCategory: 'VAT', taxRate: 19, taxAmount: eur(0.19) }],
    });
    expect(await eventsOf(server, made.id)).toEqual(['AppliedCustomerBillingRateCreateEvent']);
    expect(await createRatesFromUsage(server, { billingAccountId: account })).toEqual({
      usages: 0,
      rates: 0,
      hasMore: false,
    });
    expect(await usageOf(usage.id)).toEqual(usage);
  });

  it('stays as it was rated while it has a rate, and is rated again when that is deleted', async () => {
    const account = newAccount();
    const { id } = await makeUsage(server, account);
    await createRatesFromUsage(server, { billingAccountId: account });
    const [{ id: rateId }] = await ratesOf(account);
    const refusal = {
      status: 409,
      message: `usage '${id}' became the appliedCustomerBillingRate '${rateId}', which must be deleted first`,
      reference: rateId,
    };
    expect(await rate(server, 'graphql', id, [rating(2)])).toMatchObject(refusal);
    expect(await rate(server, 'rest', id, [rating(2)])).toMatchObject({ ...refusal, reference: expect.anything() });
    expect(await update(server, 'rest', 'Usage', id, { relatedParty: [accountParty(newAccount())] })).toMatchObject({
      status: 409,
    });
    expect(await update(server, 'rest', 'Usage', id, { usageDate: '2026-02-11T00:00:00.000Z' })).toMatchObject({
      status: 409,
    });
    expect(await remove(server, 'rest', 'Usage', id)).toMatchObject({ status: 409, message: refusal.message });
    expect(await update(server, 'rest', 'Usage', id, { description: 'for people' })).toMatchObject({ status: 200 });

    expect((await remove(server, 'rest', 'AppliedCustomerBillingRate', rateId)).status).toBe(204);
    expect(await rate(server, 'graphql', id, [rating(2)])).toMatchObject({ status: 200 });
    expect(await runCycle(server, cycle.id)).toMatchObject({ bills: 1 });
    expect(await billsOf(server, account)).toMatchObject([{ amountDue: eur(2) }]);
  });

  it('is billed by a run, with or without a rate before, each of its results once', async () => {
    const [rated, fresh] = [newAccount(), newAccount()];
    const usages = [await makeUsage(server, rated, [1, 2]), await makeUsage(server, fresh, [1, 2])];
    await createRatesFromUsage(server, { billingAccountId: rated });
    await makeRate(server, fresh, { taxExcludedAmount: eur(4) });
    expect(await runCycle(server, cycle.id)).toMatchObject({ accounts: 2, bills: 2 });
    expect((await billsOf(server, rated)).map(({ amountDue }) => amountDue)).toEqual([eur(3)]);
    const [bill] = await billsOf(server, fresh);
    expect([bill.amountDue, (await linesOf(server, bill.id)).length]).toEqual([eur(7), 3]);
    for (const { id } of usages) {
      const usage = await usageOf(id);
      expect([usage.status, usage.ratedProductUsage.map(({ isBilled }: any) => isBilled)]).toEqual([
        'billed',
        [true, true],
      ]);
      expect(await eventsOf(server, id)).toEqual(['UsageCreateEvent', 'UsageStateChangeEvent']);
      expect(await remove(server, 'rest', 'Usage', id)).toMatchObject({
        status: 409,
        message: `usage '${id}' is billed and cannot be deleted`,
      });
    }
    expect(await runCycle(server, cycle.id)).toMatchObject({ accounts: 0, bills: 0 });
  });

  it('waits again when its bill is deleted, and is billed again once', async () => {
    const account = newAccount();
    const { id } = await makeUsage(server, account, [1, 2]);
    await runCycle(server, cycle.id);
    const [bill] = await billsOf(server, account);
    await remove(server, 'rest', 'CustomerBill', bill.id);
    const freed = await usageOf(id);
    expect([freed.status, freed.ratedProductUsage.map(({ isBilled }: any) => isBilled)]).toEqual([
      'rated',
      [false, false],
    ]);
    expect(await eventsOf(server, id)).toEqual(['UsageCreateEvent', 'UsageStateChangeEvent', 'UsageStateChangeEvent']);
    await runCycle(server, cycle.id);
    expect((await billsOf(server, account)).map(({ amountDue }) => amountDue)).toEqual([eur(3)]);
  });

  it('of several results gives each of them back by itself', async () => {
    const account = newAccount();
    const { id } = await makeUsage(server, account, [], {
      ratedProductUsage: [
        rating(1),
        { taxExcludedRatingAmount: { value: 2, unit: 'USD' } },
        { usageRatingTag: 'no amount' },
      ],
    });
    await createRatesFromUsage(server, { billingAccountId: account });
    const [euros] = (await ratesOf(account)).filter(({ taxExcludedAmount }) => taxExcludedAmount.unit === 'EUR');
    // The rate of one result is deleted: only that one becomes a rate again.
    await remove(server, 'rest', 'AppliedCustomerBillingRate', euros.id);
    expect(await createRatesFromUsage(server, { billingAccountId: account })).toEqual({
      usages: 1,
      rates: 1,
      hasMore: false,
    });
    expect(await runCycle(server, cycle.id)).toMatchObject({ bills: 2 });
    expect((await usageOf(id)).status).toBe('billed');
    // The bill of one currency is deleted: the other result stays billed.
    const bill = (await billsOf(server, account)).find(({ amountDue }) => amountDue.unit === 'USD');
    await remove(server, 'rest', 'CustomerBill', bill.id);
    const usage = await usageOf(id);
    expect([usage.status, usage.ratedProductUsage.map(({ isBilled }: any) => isBilled)]).toEqual([
      'rated',
      [true, false, undefined],
    ]);
    expect(await rate(server, 'graphql', id, [rating(9)])).toMatchObject({ status: 409 });
    expect(await runCycle(server, cycle.id)).toMatchObject({ bills: 1 });
    expect((await billsOf(server, account)).map(({ amountDue }) => amountDue)).toEqual([
      eur(1),
      { value: 2, unit: 'USD' },
    ]);
  });

  it('is not billed for what others billed already, also after its bill is deleted', async () => {
    const account = newAccount();
    const { id } = await makeUsage(server, account, [], {
      ratedProductUsage: [rating(1, { isBilled: true }), rating(2)],
    });
    await runCycle(server, cycle.id);
    const [bill] = await billsOf(server, account);
    expect(bill.amountDue).toEqual(eur(2));
    await remove(server, 'rest', 'CustomerBill', bill.id);
    for (const { id: rateId } of await ratesOf(account))
      await remove(server, 'rest', 'AppliedCustomerBillingRate', rateId);
    await runCycle(server, cycle.id);
    expect((await billsOf(server, account)).map(({ amountDue }) => amountDue)).toEqual([eur(2)]);
    expect((await usageOf(id)).ratedProductUsage.map(({ isBilled }: any) => isBilled)).toEqual([true, true]);
  });

  it.each([
    ['is not rated yet', { status: 'guided', ratedProductUsage: [rating(1)] }],
    ['was rejected', { status: 'rejected', ratedProductUsage: [rating(1)] }],
    ['has no amount', { ratedProductUsage: [{ usageRatingTag: 'included usage' }] }],
    ['is billed elsewhere', { ratedProductUsage: [rating(1, { isBilled: true })] }],
    ['is of a later period', { usageDate: '2026-03-01T00:00:00.000Z' }],
  ])('that %s is not billed', async (_title, more) => {
    const account = newAccount();
    const { id } = await makeUsage(server, account, [1], more);
    const before = await usageOf(id);
    expect(await runCycle(server, cycle.id)).toMatchObject({ accounts: 0, bills: 0 });
    expect([await billsOf(server, account), await usageOf(id)]).toEqual([[], before]);
  });

  it('that consumed a bucket is paid already', async () => {
    const account = newAccount();
    const bucket = await makeBucket(server, 100);
    const { id } = await makeUsage(server, account, [], {
      ratedProductUsage: [{ taxIncludedRatingAmount: eur(1) }],
      chargeTo: { bucket: { id: bucket } },
    });
    expect(await createRatesFromUsage(server, { billingAccountId: account })).toMatchObject({ usages: 0 });
    expect(await runCycle(server, cycle.id)).toMatchObject({ bills: 0 });
    // Billed instead when it is charged no more.
    expect(await update(server, 'rest', 'Usage', id, { chargeTo: null })).toMatchObject({ status: 200 });
    expect(await runCycle(server, cycle.id)).toMatchObject({ bills: 1 });
    expect(await update(server, 'rest', 'Usage', id, { chargeTo: { bucket: { id: bucket } } })).toMatchObject({
      status: 409,
    });
  });

  it('without an account is billed to the account that is named for its party', async () => {
    const [party, account, own] = [`party ${newAccount()}`, newAccount(), newAccount()];
    const partyRef = { id: party, '@referredType': 'Individual' };
    const without = await made(server, 'Usage', {
      usageSpecification,
      status: 'rated',
      usageDate: inFebruary,
      ratedProductUsage: [rating(1)],
      relatedParty: [partyRef],
    });
    await makeUsage(server, own, [2], { relatedParty: [partyRef, accountParty(own)] });
    expect(await createRatesFromUsage(server, {})).toMatchObject({ usages: 1 });
    expect(await createRatesFromUsage(server, { relatedPartyId: party })).toMatchObject({ usages: 0 });
    expect(await createRatesFromUsage(server, { billingAccountId: account })).toMatchObject({ usages: 0 });
    expect(
      await createRatesFromUsage(server, { billingAccountId: account, relatedPartyId: party, before: inFebruary }),
    ).toMatchObject({ usages: 0 });
    expect(await createRatesFromUsage(server, { billingAccountId: account, relatedPartyId: party })).toEqual({
      usages: 1,
      rates: 1,
      hasMore: false,
    });
    await runCycle(server, cycle.id);
    expect([(await billsOf(server, account))[0].amountDue, (await billsOf(server, own))[0].amountDue]).toEqual([
      eur(1),
      eur(2),
    ]);
    expect((await usageOf(without.id)).status).toBe('billed');
  });

  it('of unnamed tax takes the tax from between its amounts', async () => {
    const account = newAccount();
    await makeUsage(server, account, [], {
      ratedProductUsage: [
        { taxExcludedRatingAmount: eur(1), taxIncludedRatingAmount: eur(1.195) },
        { taxIncludedRatingAmount: eur(119), taxRate: 19 },
      ],
    });
    await runCycle(server, cycle.id);
    const [bill] = await billsOf(server, account);
    expect(bill.taxExcludedAmount).toEqual(eur(101));
    expect(bill.taxIncludedAmount).toEqual(eur(120.2));
    expect(bill.taxItem).toEqual(
      expect.arrayContaining([
        { taxCategory: 'VAT', taxRate: 19, taxAmount: eur(19) },
        { taxCategory: 'VAT', taxAmount: eur(0.2) },
      ]),
    );
  });

  it('is refused with two currencies in one result, and with an account that no index takes', async () => {
    const usage = { usageSpecification, status: 'rated' };
    expect(
      await create(server, 'rest', 'Usage', {
        ...usage,
        ratedProductUsage: [{ taxExcludedRatingAmount: eur(1), taxIncludedRatingAmount: { value: 1, unit: 'USD' } }],
      }),
    ).toMatchObject({
      status: 400,
      message: "ratedProductUsage.0.taxIncludedRatingAmount.unit must be 'EUR', as in taxExcludedRatingAmount: 'USD'",
    });
    const id = Array.from({ length: 5_000 }, (_, index) => (index * 7919).toString(36)).join('');
    for (const wrong of [id, '']) {
      expect(
        await create(server, 'rest', 'Usage', {
          ...usage,
          ratedProductUsage: [rating(1)],
          relatedParty: [accountParty(wrong)],
        }),
      ).toMatchObject({ status: 400, message: expect.stringContaining('relatedParty.0.id') });
    }
  });

  it('is on the bill that is asked for', async () => {
    const account = newAccount();
    const { id } = await makeUsage(server, account, [3], { usageDate: server.clock.now().toISOString() });
    const request = await onDemand(server, { billingAccount: { id: account } });
    expect(request.state).toBe('done');
    expect(await read(server, `/customerBill/${request.customerBill.id}`)).toMatchObject({
      runType: 'offCycle',
      amountDue: eur(3),
    });
    expect((await usageOf(id)).status).toBe('billed');
  });
});

describe('createRatesFromUsage', () => {
  it('takes many usages in one call, and says whether there are more', async () => {
    const account = newAccount();
    const inputs = Array.from({ length: 200 }, () => ({
      usageSpecification: { refId: usageSpecification.id },
      status: 'rated',
      usageDate: inFebruary,
      relatedParty: [{ refId: account, atReferredType: 'BillingAccount' }],
      ratedProductUsage: [rating(0.01)],
    }));
    for (let part = 0; part < 6; part++) {
      const { errors } = await server.graphql(
        'mutation ($inputs: [UsageCreate!]!) { createUsages(inputs: $inputs) { id } }',
        { inputs },
      );
      expect(errors).toBeUndefined();
    }
    expect(await createRatesFromUsage(server, { billingAccountId: account })).toEqual({
      usages: 1_200,
      rates: 1_200,
      hasMore: false,
    });
    await runCycle(server, cycle.id);
    expect((await billsOf(server, account)).map(({ amountDue }) => amountDue)).toEqual([eur(12)]);
  });

  it('refuses an empty account or party by name', async () => {
    for (const [name, path] of [
      ['billingAccountId', 'billingAccount.id'],
      ['relatedPartyId', 'relatedParty.id'],
    ] as const) {
      const { errors } = await server.graphql(
        'mutation ($input: RatesFromUsageInput!) { createRatesFromUsage(input: $input) { usages } }',
        { input: { [name]: '' } },
      );
      expect(errors).toMatchObject([
        { message: expect.stringContaining(path), extensions: { code: 'INVALID_ATTRIBUTE' } },
      ]);
    }
  });
});
