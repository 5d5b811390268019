import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Prisma } from '../../../prisma/generated/client.js';
import { made, remove, update } from '../../fixtures/transports.js';
import { seed } from '../../support/seed.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { make, makeBucket, makeReservation } from '../prepay-balance/balances.js';
import { eur, eventsOf } from './bills.js';
import { accountParty, billingProblems, billsOf, linesOf, makeUsage, newAccount, onDemand, read } from './billing.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.startJobs();
});
afterAll(() => server.close());
afterEach(async () => {
  expect(await billingProblems(server)).toEqual([]);
});

const amount = (value: number): object => ({ amount: value, units: 'EUR' });
const adjust = async (bucketId: string, value: number, more: object = {}): Promise<string> =>
  (
    await made(server, 'AdjustBalance', {
      amount: amount(value),
      bucket: { id: bucketId },
      adjustType: 'oneTimeChargeDebit',
      ...more,
    })
  ).id;
const commit = async (bucketId: string, held: number, used: number): Promise<void> => {
  const id = await makeReservation(server, bucketId, held);
  await make(server, 'AdjustBalance', {
    amount: amount(used),
    bucket: { id: bucketId },
    adjustType: 'reservationDebit',
    reserveBalance: { id },
  });
};
const statement = (bucketId: string, more: object = {}): Promise<any> =>
  onDemand(server, { bucket: { id: bucketId }, relatedParty: { id: '42', '@referredType': 'Individual' }, ...more });
const lineAmounts = async (request: any): Promise<number[]> =>
  (await linesOf(server, request.customerBill.id)).map(
    ({ appliedBillingRateType, taxIncludedAmount }) =>
      (appliedBillingRateType === 'appliedBillingCredit' ? -1 : 1) * taxIncludedAmount.value,
  );

describe('a statement of what a bucket was charged', () => {
  it('is a settled bill, with a number of its own series, of which nothing is due', async () => {
    const account = newAccount();
    const bucket = await makeBucket(server, 100, { partyAccount: { id: account } });
    await adjust(bucket, 4.99, { reason: 'Monthly fee' });
    server.clock.advance(1_000);
    await adjust(bucket, 1.5);
    const request = await statement(bucket);
    expect(request).toMatchObject({ state: 'done', customerBill: { id: expect.any(String) } });
    const [bill] = await billsOf(server, account);
    expect(bill).toMatchObject({
      id: request.customerBill.id,
      state: 'settled',
      billNo: expect.stringMatching(/^PS-2026-\d{6}$/),
      category: 'prepaid statement',
      isCalculated: true,
      runType: 'offCycle',
      billDate: server.clock.now().toISOString(),
      billingPeriod: { endDateTime: server.clock.now().toISOString() },
      billingAccount: { id: account },
      relatedParty: [{ id: '42' }],
      taxExcludedAmount: eur(6.49),
      taxIncludedAmount: eur(6.49),
      amountDue: eur(0),
      remainingAmount: eur(0),
      appliedPayment: [],
    });
    const [first] = await linesOf(server, bill.id);
    expect(first).toMatchObject({
      name: 'Monthly fee',
      isBilled: true,
      appliedBillingRateType: 'appliedBillingCharge',
      taxIncludedAmount: eur(4.99),
      characteristic: [
        { name: 'bucketId', value: bucket },
        { name: 'adjustBalanceId', value: expect.any(String) },
      ],
    });
    expect(await eventsOf(server, bill.id)).toEqual(['CustomerBillCreateEvent']);
    expect(await remove(server, 'rest', 'CustomerBill', bill.id)).toMatchObject({ status: 409 });
  });

  it('has charges, and what was given back of them, but no top-ups, reservations and transfers', async () => {
    const bucket = await makeBucket(server, 100, { partyAccount: { id: newAccount() } });
    const other = await makeBucket(server, 100);
    await make(server, 'TopupBalance', { amount: amount(50), bucket: { id: bucket } });
    await adjust(bucket, 3);
    await adjust(bucket, 1, { adjustType: 'goodWillCredit' });
    await commit(bucket, 10, 7.5);
    await makeReservation(server, bucket, 20);
    await make(server, 'TransferBalance', {
      amount: amount(5),
      bucket: { id: bucket },
      receiverBucket: { id: other },
      transferCost: amount(0.5),
      costOwner: 'originator',
    });
    expect(await lineAmounts(await statement(bucket))).toEqual([3, -1, 7.5, 0.5]);
  });

  it('gives back what was cancelled, of a transfer its cost', async () => {
    const bucket = await makeBucket(server, 100, { partyAccount: { id: newAccount() } });
    const other = await makeBucket(server, 100);
    const debit = await adjust(bucket, 3);
    const credit = await adjust(bucket, 1, { adjustType: 'goodWillCredit' });
    const topup = await make(server, 'TopupBalance', { amount: amount(50), bucket: { id: bucket } });
    const transfer = await make(server, 'TransferBalance', {
      amount: amount(5),
      bucket: { id: bucket },
      receiverBucket: { id: other },
      transferCost: amount(0.5),
      costOwner: 'originator',
    });
    expect(await lineAmounts(await statement(bucket))).toEqual([3, -1, 0.5]);
    for (const [type, id] of [
      ['AdjustBalance', debit],
      ['AdjustBalance', credit],
      ['TopupBalance', topup.id],
      ['TransferBalance', transfer.id],
    ] as const) {
      expect(await update(server, 'rest', type, id, { status: 'cancelled' })).toMatchObject({ status: 200 });
    }
    const back = await statement(bucket);
    expect(await lineAmounts(back)).toEqual([-3, 1, -0.5]);
    expect(await read(server, `/customerBill/${back.customerBill.id}`)).toMatchObject({
      taxIncludedAmount: eur(-2.5),
      amountDue: eur(0),
    });
  });

  it('goes on where the last one ended, and is rejected when nothing was charged since', async () => {
    const account = newAccount();
    const bucket = await makeBucket(server, 100, { partyAccount: { id: account } });
    expect(await statement(bucket)).toMatchObject({ state: 'rejected', description: 'there is nothing to bill' });
    await adjust(bucket, 1);
    await statement(bucket);
    expect(await statement(bucket)).toMatchObject({ state: 'rejected' });
    await adjust(bucket, 2);
    await statement(bucket);
    expect((await billsOf(server, account)).map(({ taxIncludedAmount }) => taxIncludedAmount.value)).toEqual([1, 2]);
  });

  it('has each charge once, also when several are asked for at once beside further charges', async () => {
    const account = newAccount();
    const bucket = await makeBucket(server, 1_000, { partyAccount: { id: account } });
    for (let round = 0; round < 4; round++) {
      await adjust(bucket, 1);
      await Promise.all([
        statement(bucket),
        statement(bucket),
        statement(bucket),
        adjust(bucket, 2),
        adjust(bucket, 3),
      ]);
    }
    await statement(bucket);
    const bills = await billsOf(server, account);
    const lines = (await Promise.all(bills.map(({ id }) => linesOf(server, id)))).flat();
    const actions = lines.map(({ characteristic }) => characteristic[1].value);
    expect([lines.length, new Set(actions).size]).toEqual([12, 12]);
    expect(bills.reduce((sum, { taxIncludedAmount }) => sum + taxIncludedAmount.value, 0)).toBe(24);
    const numbers = bills.map(({ billNo }) => Number(billNo.slice(-6)));
    expect(numbers.map((number) => number - numbers[0]!)).toEqual(bills.map((_, index) => index));
  });

  it('keeps the books: all statements together are what the ledger says was charged', async () => {
    const account = newAccount();
    const bucket = await makeBucket(server, 100_000, { partyAccount: { id: account } });
    const step = fc.oneof(
      fc.integer({ min: 1, max: 9_999 }).map((cents) => ({ kind: 'debit' as const, cents })),
      fc.integer({ min: 1, max: 999 }).map((cents) => ({ kind: 'credit' as const, cents })),
      fc.integer({ min: 2, max: 9_999 }).map((cents) => ({ kind: 'commit' as const, cents })),
      fc.constant({ kind: 'statement' as const, cents: 0 }),
    );
    for (const { kind, cents } of fc.sample(step, { numRuns: 40, seed })) {
      if (kind === 'statement') await statement(bucket);
      else if (kind === 'commit') await commit(bucket, cents / 100, Math.ceil(cents / 2) / 100);
      else
        await adjust(bucket, cents / 100, { adjustType: kind === 'credit' ? 'goodWillCredit' : 'oneTimeChargeDebit' });
    }
    await statement(bucket);
    const [row] = await server.database.query<{ charged: string; stated: string }>(Prisma.sql`
      SELECT (SELECT -sum("remainingDelta" + "reservedDelta") FROM "LedgerEntry" WHERE "bucketId" = ${bucket} AND "entryType" IN ('debit', 'credit', 'commit'))::numeric(20, 2)::text AS "charged",
        (SELECT sum("taxIncludedAmountValue") FROM "CustomerBill" b WHERE b."billingAccount"->>'id' = ${account})::numeric(20, 2)::text AS "stated"`);
    expect(row?.stated).toBe(row?.charged);
  });

  it('is made out to the account that is named', async () => {
    const [own, named] = [newAccount(), newAccount()];
    const bucket = await makeBucket(server, 100, { partyAccount: { id: own } });
    await adjust(bucket, 1);
    expect((await onDemand(server, { bucket: { id: bucket }, billingAccount: { id: named } })).state).toBe('done');
    expect([(await billsOf(server, named)).length, (await billsOf(server, own)).length]).toEqual([1, 0]);
  });

  it('is made out to the account of the bucket, whatever other account of the party waits for a bill', async () => {
    const [own, other] = [newAccount(), newAccount()];
    const party = { id: 'has two accounts', '@referredType': 'Individual' };
    await makeUsage(server, other, [3], { relatedParty: [party, accountParty(other)] });
    const bucket = await makeBucket(server, 100, { partyAccount: { id: own } });
    await adjust(bucket, 1);
    expect((await statement(bucket, { relatedParty: party })).state).toBe('done');
    expect([(await billsOf(server, own)).length, (await billsOf(server, other)).length]).toEqual([1, 0]);
  });

  it('ends with an error where no number tells the sum of the charges, and takes no bill number', async () => {
    const bucket = await makeBucket(server, 100_000_000_000_000, { partyAccount: { id: newAccount() } });
    await adjust(bucket, 100_000_000_000_000);
    await make(server, 'TopupBalance', { amount: amount(0.01), bucket: { id: bucket } });
    await adjust(bucket, 0.01);
    const numberAfter = async (): Promise<number> => {
      const account = newAccount();
      const other = await makeBucket(server, 5, { partyAccount: { id: account } });
      await adjust(other, 1);
      await statement(other);
      return Number((await billsOf(server, account))[0].billNo.slice(-6));
    };
    const before = await numberAfter();
    expect(await statement(bucket)).toMatchObject({
      state: 'terminatedWithError',
      description:
        'the total without tax of 100000000000000.01 EUR has more significant digits than the limit SIGNIFICANT_DIGITS_MAX of 15',
    });
    expect(await numberAfter()).toBe(before + 1);
  });

  it('is refused for a bucket that is not there, holds no money, or has no account', async () => {
    expect(await statement('nobody')).toMatchObject({
      state: 'terminatedWithError',
      description: "bucket 'nobody' does not exist",
    });
    for (const units of ['SMS', 'MB']) {
      const { id } = await made(server, 'Bucket', {
        usageType: 'data',
        remainingValue: { amount: 5, units },
        partyAccount: { id: newAccount() },
      });
      expect(await statement(id)).toMatchObject({
        state: 'terminatedWithError',
        description: `bucket '${id}' is counted in '${units}', which is no currency`,
      });
    }
    const orphan = await makeBucket(server, 5);
    await adjust(orphan, 1);
    expect(await statement(orphan)).toMatchObject({
      state: 'terminatedWithError',
      description: `bucket '${orphan}' has no partyAccount: name the billingAccount`,
    });
  });
});
