import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { remove, update } from '../../fixtures/transports.js';
import { seed } from '../../support/seed.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { eur, pay } from './bills.js';
import {
  billingProblems,
  createRatesFromUsage,
  inFebruary,
  makeCycle,
  makeRate,
  makeUsage,
  onDemand,
  read,
  runCycle,
} from './billing.js';
import { proofSize } from '../../support/proof.js';

const stepCount = proofSize('BILLING_STEPS', { short: 40, long: 240 });
const accounts = ['model 1', 'model 2', 'model 3'];
const april = '2026-04-10T08:00:00.000Z';

const account = fc.constantFrom(...accounts);
const cents = fc.integer({ min: 1, max: 9_999 });
const date = fc.constantFrom(inFebruary, inFebruary, april);
const which = fc.nat(1_000);

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('rate' as const), account, cents, date, isCredit: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('usage' as const),
      account,
      results: fc.array(cents, { minLength: 1, maxLength: 3 }),
      date,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('ratesFromUsage' as const), account }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('run' as const), isDry: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('twoRuns' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('onDemand' as const), account }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('deleteBill' as const), which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('deleteRate' as const), which }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('lead' as const),
      which,
      state: fc.constantFrom('validated', 'sent', 'onHold', 'new'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('pay' as const), which, share: fc.integer({ min: 1, max: 100 }) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const toCents = (value: number): number => Math.round(value * 100);

describe('whatever happens to rates, usages and bills', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ BILL_REPEATED_CHARGES_MAX: '1000000' });
    await server.startJobs();
  });
  afterAll(() => server.close());

  /** All of a kind, in the order of their making. */
  const all = (segment: string): Promise<any[]> => read(server, `/${segment}?limit=1000`);
  const pick = <T>(rows: readonly T[], which: number): T | undefined => rows[which % Math.max(rows.length, 1)];

  /** What is on bills, on rates that wait, and on usages that have no rate, in cents. */
  async function found(name: string): Promise<{ bills: number; rates: number; usages: number }> {
    const bills = (await all('customerBill')).filter(({ billingAccount }) => billingAccount.id === name);
    const rates = (await all('appliedCustomerBillingRate')).filter(({ billingAccount }) => billingAccount.id === name);
    const signed = (rate: any): number =>
      (rate.appliedBillingRateType === 'appliedBillingCredit' ? -1 : 1) * toCents(rate.taxExcludedAmount.value);
    for (const bill of bills) {
      const lines = rates.filter((rate) => rate.bill?.id === bill.id);
      expect([bill.id, lines.reduce((sum, line) => sum + signed(line), 0)]).toEqual([
        bill.id,
        toCents(bill.taxIncludedAmount.value),
      ]);
    }
    const rated = (await all('appliedCustomerBillingRate')).flatMap(
      ({ characteristic }) => characteristic?.map(({ value }: any) => value) ?? [],
    );
    const usages = (await all('usage')).filter(({ relatedParty }) => relatedParty[0].id === name);
    const open = usages.reduce((sum, usage) => {
      const amounts = usage.ratedProductUsage
        .filter(({ isBilled }: any) => isBilled !== true)
        .map((result: any) => toCents(result.taxExcludedRatingAmount.value));
      const count = rated.filter((id) => id === usage.id).length;
      // Of a usage only some of whose results have rates, what waits as a rate is not counted twice.
      return (
        sum +
        (count === usage.ratedProductUsage.length
          ? 0
          : amounts.reduce((one: number, other: number) => one + other, 0) - waitingRatesOf(usage.id, rates))
      );
    }, 0);
    return {
      bills: bills.reduce((sum, bill) => sum + toCents(bill.taxIncludedAmount.value), 0),
      rates: rates.filter(({ isBilled }) => !isBilled).reduce((sum, rate) => sum + signed(rate), 0),
      usages: open,
    };
  }

  function waitingRatesOf(usageId: string, rates: readonly any[]): number {
    const own = rates.filter(({ isBilled, characteristic }) => !isBilled && characteristic?.[0]?.value === usageId);
    return own.reduce((sum, { taxExcludedAmount }) => sum + toCents(taxExcludedAmount.value), 0);
  }

  it('nothing is billed twice and nothing is lost', async () => {
    const cycle = await makeCycle(server);
    /** What each account was charged, in cents, by whatever was not deleted. */
    const charged = new Map(accounts.map((name) => [name, 0]));
    const charge = (name: string, amount: number): void => void charged.set(name, (charged.get(name) ?? 0) + amount);

    async function take(given: Step): Promise<void> {
      switch (given.kind) {
        case 'rate':
          await makeRate(server, given.account, {
            date: given.date,
            taxExcludedAmount: eur(given.cents / 100),
            ...(given.isCredit && { appliedBillingRateType: 'appliedBillingCredit' }),
          });
          return charge(given.account, given.isCredit ? -given.cents : given.cents);
        case 'usage':
          await makeUsage(
            server,
            given.account,
            given.results.map((amount) => amount / 100),
            { usageDate: given.date },
          );
          return charge(
            given.account,
            given.results.reduce((sum, amount) => sum + amount, 0),
          );
        case 'ratesFromUsage':
          return void (await createRatesFromUsage(server, { billingAccountId: given.account }));
        case 'run':
          return void expect(await runCycle(server, cycle.id, { dryRun: given.isDry })).toMatchObject({
            state: 'done',
            failed: 0,
          });
        case 'twoRuns':
          return void (await Promise.all([runCycle(server, cycle.id), runCycle(server, cycle.id)]));
        case 'onDemand':
          return void expect((await onDemand(server, { billingAccount: { id: given.account } })).state).toMatch(
            /^(done|rejected)$/,
          );
        case 'deleteBill': {
          const bill = pick(await all('customerBill'), given.which);
          if (bill)
            expect([204, bill.state]).toContainEqual(
              (await remove(server, 'rest', 'CustomerBill', bill.id)).status === 204 ? 204 : bill.state,
            );
          return;
        }
        case 'deleteRate': {
          const rate = pick(await all('appliedCustomerBillingRate'), given.which);
          if (!rate) return;
          const { status } = await remove(server, 'rest', 'AppliedCustomerBillingRate', rate.id);
          expect(status).toBe(rate.isBilled ? 409 : 204);
          // The rate of a usage comes again.
          if (status === 204 && !rate.characteristic)
            charge(
              rate.billingAccount.id,
              (rate.appliedBillingRateType === 'appliedBillingCredit' ? 1 : -1) * toCents(rate.taxExcludedAmount.value),
            );
          return;
        }
        case 'lead': {
          const bill = pick(await all('customerBill'), given.which);
          if (bill)
            expect([200, 409]).toContain(
              (await update(server, 'rest', 'CustomerBill', bill.id, { state: given.state })).status,
            );
          return;
        }
        case 'pay': {
          const payable = (await all('customerBill')).filter(
            ({ state, remainingAmount }) => ['sent', 'partiallyPaid'].includes(state) && remainingAmount.value > 0,
          );
          const bill = pick(payable, given.which);
          if (bill)
            await pay(
              server,
              'rest',
              bill.id,
              Math.ceil((toCents(bill.remainingAmount.value) * given.share) / 100) / 100,
            );
        }
      }
    }

    const check = async (): Promise<void> => {
      expect(await billingProblems(server)).toEqual([]);
      for (const name of accounts) {
        const { bills, rates, usages } = await found(name);
        expect([name, bills + rates + usages]).toEqual([name, charged.get(name)]);
      }
    };

    for (const [index, given] of fc.sample(step, { numRuns: stepCount, seed }).entries()) {
      await take(given);
      if (index % 20 === 19) await check();
    }
    await check();

    // In the end everything is on a bill.
    const last = await makeCycle(server, {
      name: 'Until the end',
      validFor: { startDateTime: '2026-01-01T00:00:00.000Z', endDateTime: '2027-01-01T00:00:00.000Z' },
    });
    await runCycle(server, last.id);
    for (const name of accounts)
      expect([name, await found(name)]).toEqual([name, { bills: charged.get(name), rates: 0, usages: 0 }]);
    expect(await runCycle(server, last.id)).toMatchObject({ accounts: 0, bills: 0 });
  }, 240_000);
});
