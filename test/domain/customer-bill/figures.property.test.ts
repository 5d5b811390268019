import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { seed } from '../../support/seed.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { billsOfRun, billingProblems, inFebruary, makeCycle, makeRates, newAccount, runCycle } from './billing.js';
import { expectedFigures, figuresOf, halvesMissed, type LineInput } from './figures-oracle.js';
import { proofSize } from '../../support/proof.js';

const accountCount = proofSize('FIGURE_ACCOUNTS', { short: 120, long: 250 });

/** Amounts that people have, and those on the edge of rounding. */
const value = fc.oneof(
  fc.integer({ min: 0, max: 99_999 }).map((cents) => cents / 100),
  fc.integer({ min: 0, max: 999_999 }).map((millionths) => millionths / 1_000_000),
  fc.constantFrom(
    0,
    0.005,
    0.015,
    0.0049,
    0.0051,
    0.5,
    1.5,
    0.0005,
    0.002,
    0.00395,
    0.00119,
    0.000000001,
    123_456_789.12,
  ),
);
const percent = fc.constantFrom(0, 5, 7, 7.5, 12, 19, 20, 33.333, 100);
const category = fc.constantFrom('VAT', 'local', undefined);
const taxByRate = fc.record({ taxCategory: category, taxRate: percent });
const fixedTax = fc.record({ taxCategory: category, taxAmount: value });
const currency = fc.constantFrom('EUR', 'EUR', 'EUR', 'JPY', 'KWD', 'points', 'QQQ');
const type = fc.constantFrom(
  'appliedBillingCharge',
  'appliedBillingCharge',
  'appliedPenaltyCharge',
  'appliedBillingCredit',
);

interface Line extends LineInput {
  currency: string;
}

/** How often something is rounded on the bill of these lines, each time by half a coin at most. */
function roundings(lines: readonly LineInput[]): bigint {
  const [gross, net] = [lines.filter((one) => one.taxIncludedAmount), lines.filter((one) => !one.taxIncludedAmount)];
  const kinds = (of: readonly LineInput[]): number =>
    new Set(
      of.flatMap(({ appliedTax = [] }) => appliedTax.map(({ taxCategory, taxRate }) => `${taxCategory} ${taxRate}`)),
    ).size;
  const groups = new Set(
    gross.map(({ appliedTax = [] }) =>
      JSON.stringify(appliedTax.map(({ taxCategory, taxRate }) => [taxCategory, taxRate]).sort()),
    ),
  ).size;
  return BigInt(groups + (net.length > 0 ? 1 : 0) + kinds(net));
}

const withoutUndefined = <T extends object>(row: T): T => JSON.parse(JSON.stringify(row)) as T;

/** Rates as clients say them: without tax, with it, or both; a tax by its rate, by its amount, or only as the difference. */
const line: fc.Arbitrary<Line> = fc
  .record({
    appliedBillingRateType: type,
    currency,
    net: value,
    form: fc.constantFrom('excluded', 'included', 'included', 'both', 'difference'),
    byRate: fc.array(taxByRate, { maxLength: 3 }),
    fixed: fc.array(fixedTax, { maxLength: 1 }),
  })
  .map(({ appliedBillingRateType, currency: unit, net, form, byRate, fixed }) => {
    const money = (amount: number): { value: number; unit: string } => ({ value: amount, unit });
    const appliedTax = [...byRate, ...fixed.map((tax) => ({ ...tax, taxAmount: money(tax.taxAmount) }))];
    if (form === 'difference')
      return withoutUndefined({
        currency: unit,
        appliedBillingRateType,
        taxExcludedAmount: money(net),
        taxIncludedAmount: money(Math.round((net + 1.19) * 1e6) / 1e6),
      });
    if (form === 'both') {
      // As raters do: with one percentage, and each amount rounded by itself.
      const [{ taxRate } = { taxRate: 19 }] = byRate;
      const rounded = (amount: number): { value: number } => money(Math.round(amount * 1_000) / 1_000);
      return withoutUndefined({
        currency: unit,
        appliedBillingRateType,
        taxExcludedAmount: rounded(net),
        taxIncludedAmount: rounded((net * (100 + taxRate)) / 100),
        appliedTax: [{ taxCategory: 'VAT', taxRate }],
      });
    }
    const amount = form === 'excluded' ? { taxExcludedAmount: money(net) } : { taxIncludedAmount: money(net) };
    return withoutUndefined({ currency: unit, appliedBillingRateType, ...amount, appliedTax });
  });

describe('the figures of bills', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ BILL_REPEATED_CHARGES_MAX: '1000000' });
    await server.startJobs();
  });
  afterAll(() => server.close());

  it('are those of their lines in fractions, rounded once for the net amount and once for each tax', async () => {
    const histories = fc.sample(fc.array(line, { minLength: 1, maxLength: 12 }), { numRuns: accountCount, seed });
    // Quotients that do not end, and that together are just half a cent.
    histories.push(
      [0.002, 0.00395].map((gross) => ({
        currency: 'EUR',
        taxIncludedAmount: { value: gross, unit: 'EUR' },
        appliedTax: [{ taxRate: 19 }],
      })),
      [
        [0.0017, 19],
        [0.0032, 12],
        [0.0001, 7],
      ].map(([gross, taxRate]) => ({
        currency: 'EUR',
        taxIncludedAmount: { value: gross!, unit: 'EUR' },
        appliedTax: [{ taxRate: taxRate! }],
      })),
    );
    const accounts = histories.map(() => newAccount());
    const inputs = histories.flatMap((lines, index) =>
      lines.map(({ currency: _currency, ...rate }) => ({
        ...rate,
        billingAccount: { id: accounts[index] },
        date: inFebruary,
      })),
    );
    await makeRates(server, inputs);
    const cycle = await makeCycle(server);
    const run = await runCycle(server, cycle.id);
    expect(run).toMatchObject({ state: 'done', accounts: accounts.length, failed: 0 });

    const expected = histories.flatMap((lines, index) => {
      const currencies = [...new Set(lines.map(({ currency: unit }) => unit))];
      return currencies.map(
        (unit) =>
          [
            `${accounts[index]} ${unit}`,
            expectedFigures(
              lines.filter((one) => one.currency === unit),
              unit,
            ),
          ] as const,
      );
    });
    const bills = await billsOfRun(server, run.id);
    expect(bills).toHaveLength(run.bills);
    const found = new Map(bills.map((bill) => [`${bill.billingAccount.refId} ${bill.amountDue.unit}`, bill]));
    for (const [place, figures] of expected) {
      const bill = found.get(place);
      expect([place, figuresOf(bill)]).toEqual([place, figures]);
      expect([bill.amountDue, bill.remainingAmount]).toEqual([bill.taxIncludedAmount, bill.taxIncludedAmount]);
      expect([place, bill.category]).toEqual([place, figures.included < 0 ? 'credit note' : 'normal']);
      const [account, unit = ''] = place.split(/ (?=\S+$)/);
      const lines = histories[accounts.indexOf(account ?? '')]?.filter((one) => one.currency === unit) ?? [];
      expect([place, halvesMissed(lines, unit, bill.amountDue.value) <= roundings(lines)]).toEqual([place, true]);
    }
    expect(found.size).toBe(expected.length);
    expect(await billingProblems(server)).toEqual([]);
  });

  it('are exactly what was agreed where all prices are in coins and have their tax in them', async () => {
    const coins = fc.record({
      taxCategory: category,
      taxRate: percent,
      coins: fc.integer({ min: 0, max: 99_999 }),
      isCredit: fc.boolean(),
    });
    const histories = fc.sample(
      fc.record({
        unit: fc.constantFrom('EUR', 'JPY', 'KWD'),
        prices: fc.array(coins, { minLength: 1, maxLength: 10 }),
      }),
      { numRuns: 60, seed },
    );
    const coinsOf: Readonly<Record<string, number>> = { EUR: 100, JPY: 1, KWD: 1_000 };
    const accounts = histories.map(() => newAccount());
    await makeRates(
      server,
      histories.flatMap(({ unit, prices }, index) =>
        prices.map(({ taxCategory, taxRate, coins: count, isCredit }) => ({
          billingAccount: { id: accounts[index] },
          date: inFebruary,
          taxIncludedAmount: { value: count / (coinsOf[unit] ?? 1), unit },
          appliedTax: [{ taxCategory, taxRate }],
          ...(isCredit && { appliedBillingRateType: 'appliedBillingCredit' }),
        })),
      ),
    );
    const run = await runCycle(server, (await makeCycle(server)).id);
    const bills = new Map((await billsOfRun(server, run.id)).map((bill) => [bill.billingAccount.refId, bill]));
    for (const [index, { unit, prices }] of histories.entries()) {
      const sum = prices.reduce((total, { coins: count, isCredit }) => total + (isCredit ? -count : count), 0);
      expect([accounts[index], bills.get(accounts[index])?.amountDue]).toEqual([
        accounts[index],
        { value: sum / (coinsOf[unit] ?? 1), unit },
      ]);
    }
    expect(await billingProblems(server)).toEqual([]);
  });
});
