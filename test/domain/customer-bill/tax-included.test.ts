import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { create, transports, made, update } from '../../fixtures/transports.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { bytesOf, pagesOf } from '../../streaming/bills.js';
import { eur } from './bills.js';
import {
  accountParty,
  billingProblems,
  billsOf,
  previewsOfRun,
  inFebruary,
  linesOf,
  makeCycle,
  makeRate,
  makeRates,
  makeUsage,
  newAccount,
  onDemand,
  read,
  runCycle,
} from './billing.js';

let server: TestServer;
let cycle: any;
beforeAll(async () => {
  server = await startTestServer();
  await server.startJobs();
  cycle = await makeCycle(server);
});
afterAll(() => server.close());
afterEach(async () => {
  expect(await billingProblems(server)).toEqual([]);
});

const vat = (taxRate: number, more: object = {}): object => ({
  appliedTax: [{ taxCategory: 'VAT', taxRate, ...more }],
});
const gross = (value: number, taxRate: number, more: object = {}, unit = 'EUR'): object => ({
  taxIncludedAmount: { value, unit },
  ...vat(taxRate),
  ...more,
});
const net = (value: number, taxRate: number, more: object = {}, unit = 'EUR'): object => ({
  taxExcludedAmount: { value, unit },
  ...vat(taxRate),
  ...more,
});
const credit = { appliedBillingRateType: 'appliedBillingCredit' };

/** Total, net amount and taxes by rate. */
const figuresOf = (bill: any): unknown[] => [
  bill.taxIncludedAmount.value,
  bill.taxExcludedAmount.value,
  Object.fromEntries(bill.taxItem.map(({ taxRate, taxAmount }: any) => [taxRate ?? 'amount', taxAmount.value])),
];

const cases: [string, object[], unknown[]][] = [
  ['9.99 at 20 %', [gross(9.99, 20)], [9.99, 8.32, { 20: 1.67 }]],
  ['prices of two rates', [gross(9.99, 19), gross(4.99, 7)], [14.98, 13.05, { 7: 0.33, 19: 1.6 }]],
  ['a credit', [gross(9.99, 20, credit)], [-9.99, -8.32, { 20: -1.67 }]],
  ['3 yen', [gross(3, 10, {}, 'JPY')], [3, 3, { 10: 0 }]],
  ['5 yen at 20 %', [gross(5, 20, {}, 'JPY')], [5, 4, { 20: 1 }]],
  [
    'a price in a currency with three decimals',
    [gross(0.999, 5, {}, 'KWD'), gross(1.001, 5, {}, 'KWD')],
    [2, 1.905, { 5: 0.095 }],
  ],
  [
    'three prices of one rate, rounded together',
    [gross(0.333, 19), gross(0.333, 19), gross(0.334, 19)],
    [1, 0.84, { 19: 0.16 }],
  ],
  ['a price and its refund', [gross(9.99, 20), gross(9.99, 20, credit)], [0, 0, { 20: 0 }]],
  ['a price of no tax', [gross(9.99, 0), { taxIncludedAmount: eur(0.01) }], [10, 10, { 0: 0 }]],
  ['net prices', [net(8.325, 20)], [10, 8.33, { 20: 1.67 }]],
  [
    'both kinds, each by its own rule',
    [gross(9.99, 20), net(8.325, 20), net(1, 7)],
    [21.06, 17.65, { 7: 0.07, 20: 3.34 }],
  ],
  [
    'a price that is told with and without its tax',
    [{ taxExcludedAmount: eur(8.33), ...gross(9.99, 20) }],
    [9.99, 8.32, { 20: 1.67 }],
  ],
  [
    'three of them',
    [1, 2, 3].map(() => ({ taxExcludedAmount: eur(8.33), ...gross(9.99, 20) })),
    [29.97, 24.97, { 20: 5 }],
  ],
  [
    'a price with an amount of tax',
    [{ taxIncludedAmount: eur(5), appliedTax: [{ taxCategory: 'levy', taxAmount: eur(0.125) }] }],
    [5, 4.87, { amount: 0.13 }],
  ],
  [
    'a price with a percentage and an amount',
    [
      {
        taxIncludedAmount: eur(12.49),
        appliedTax: [
          { taxCategory: 'VAT', taxRate: 20 },
          { taxCategory: 'levy', taxAmount: eur(0.5) },
        ],
      },
    ],
    [12.49, 9.99, { 20: 2, amount: 0.5 }],
  ],
  [
    'a price with two taxes in it',
    [
      {
        taxIncludedAmount: eur(9.99),
        appliedTax: [
          { taxCategory: 'VAT', taxRate: 20 },
          { taxCategory: 'local', taxRate: 5 },
        ],
      },
    ],
    [9.99, 7.99, { 5: 0.4, 20: 1.6 }],
  ],
  [
    'a tax of which neither rate nor amount is told',
    [{ taxExcludedAmount: eur(10), taxIncludedAmount: eur(12), appliedTax: [{ taxCategory: 'VAT' }] }],
    [12, 10, { amount: 2 }],
  ],
];

describe('prices that were given with tax', () => {
  it.each(cases)('are billed at just that by a run: %s', async (_title, rates, expected) => {
    const account = newAccount();
    await makeRates(
      server,
      rates.map((one) => ({ billingAccount: { id: account }, date: inFebruary, ...one })),
    );
    const tried = await previewsOfRun(server, (await runCycle(server, cycle.id, { dryRun: true })).id);
    expect(tried.map(figuresOf)).toEqual([expected]);
    await runCycle(server, cycle.id);
    const [bill] = await billsOf(server, account);
    expect(figuresOf(bill)).toEqual(expected);
    expect([bill.amountDue, bill.remainingAmount]).toEqual([bill.taxIncludedAmount, bill.taxIncludedAmount]);
    expect(bill.category).toBe((expected[0] as number) < 0 ? 'credit note' : 'normal');
  });

  it.each(transports)('are billed so on demand, whichever door they came through: %s', async (door) => {
    for (const [, rates, expected] of cases.slice(0, 4)) {
      const account = newAccount();
      for (const one of rates)
        expect(
          (
            await create(server, door, 'AppliedCustomerBillingRate', {
              billingAccount: { id: account },
              date: inFebruary,
              ...one,
            })
          ).status,
        ).toBeLessThan(300);
      const request = await onDemand(server, { billingAccount: { id: account } });
      expect(figuresOf(await read(server, `/customerBill/${request.customerBill.id}`))).toEqual(expected);
    }
  });

  it('are billed so where they are results of usages, with or without rates before', async () => {
    const results = [
      { taxIncludedRatingAmount: eur(9.99), taxRate: 20 },
      { taxExcludedRatingAmount: eur(8.33), taxIncludedRatingAmount: eur(9.99), taxRate: 20 },
    ];
    for (const isRated of [false, true]) {
      const account = newAccount();
      await makeUsage(server, account, [], { ratedProductUsage: results });
      if (isRated)
        await server.graphql(
          'mutation ($id: ID!) { createRatesFromUsage(input: { billingAccountId: $id }) { rates } }',
          { id: account },
        );
      await runCycle(server, cycle.id);
      expect((await billsOf(server, account)).map(figuresOf)).toEqual([[19.98, 16.65, { 20: 3.33 }]]);
    }
  });

  it('have no tax where the usage is exempt of it', async () => {
    const account = newAccount();
    await makeUsage(server, account, [], {
      ratedProductUsage: [
        { taxIncludedRatingAmount: eur(10), taxRate: 19, isTaxExempt: true },
        { taxExcludedRatingAmount: eur(5), taxRate: 19, isTaxExempt: true },
      ],
    });
    await runCycle(server, cycle.id);
    expect((await billsOf(server, account)).map(figuresOf)).toEqual([[15, 15, {}]]);
  });

  it('stand on the documents of their bill as they were given, beside the net amounts that add up to it', async () => {
    const account = newAccount();
    await makeRates(
      server,
      [gross(9.99, 20, { name: 'Tariff' }), net(1, 20, { name: 'Fee' })].map((one) => ({
        billingAccount: { id: account },
        date: inFebruary,
        ...one,
      })),
    );
    await runCycle(server, cycle.id);
    const [{ id }] = await billsOf(server, account);
    const text = (await pagesOf(await bytesOf(server, id))).join(' ');
    for (const part of [
      '9.99 EUR with tax',
      'VAT 20 % 9.32 1.87',
      'Net amount 9.32 EUR Tax 1.87 EUR Total including tax 11.19 EUR',
    ])
      expect(text).toContain(part);
    expect((await bytesOf(server, id, 'csv')).toString()).toContain(',9.99,EUR,');
    const document = JSON.parse((await bytesOf(server, id, 'json')).toString());
    expect([
      document.amountDue,
      document.appliedCustomerBillingRate.map(({ taxIncludedAmount }: any) => taxIncludedAmount),
    ]).toEqual([eur(11.19), [eur(9.99), undefined]]);
  });

  it('are billed again as they were when their bill is deleted', async () => {
    const account = newAccount();
    await makeRate(server, account, { taxExcludedAmount: undefined, ...gross(9.99, 20) });
    await runCycle(server, cycle.id);
    const [bill] = await billsOf(server, account);
    expect((await server.rest('DELETE', `/customerBill/${bill.id}`)).status).toBe(204);
    await runCycle(server, cycle.id);
    const [again] = await billsOf(server, account);
    expect(figuresOf(again)).toEqual(figuresOf(bill));
    expect(await linesOf(server, again.id)).toMatchObject([{ taxIncludedAmount: eur(9.99) }]);
  });
});

describe('a rate with both amounts', () => {
  const account = { billingAccount: accountParty('account-1') };

  it.each(transports)(
    'is refused when more lies between them than its taxes and their rounding, through %s',
    async (door) => {
      for (const [excluded, included] of [
        [8.33, 9.99],
        [8.32, 9.99],
        [8.325, 9.99],
        [8.33, 10],
      ] as const) {
        expect(
          (
            await create(server, door, 'AppliedCustomerBillingRate', {
              ...account,
              taxExcludedAmount: eur(excluded),
              ...gross(included, 20),
            })
          ).status,
        ).toBeLessThan(300);
      }
      for (const [excluded, included] of [
        [8.33, 10.02],
        [10, 10],
        [8.33, 8.33],
        [8.33, 9.97],
      ] as const) {
        expect(
          await create(server, door, 'AppliedCustomerBillingRate', {
            ...account,
            taxExcludedAmount: eur(excluded),
            ...gross(included, 20),
          }),
        ).toMatchObject({
          status: 400,
          message: expect.stringContaining('taxIncludedAmount must be taxExcludedAmount and its taxes'),
        });
      }
    },
  );

  it.each(transports)('does not come to differ by a change of one of them, through %s', async (door) => {
    const { id } = await made(server, 'AppliedCustomerBillingRate', {
      ...account,
      taxExcludedAmount: eur(10),
      ...gross(12, 20),
    });
    expect(await update(server, door, 'AppliedCustomerBillingRate', id, { taxExcludedAmount: eur(20) })).toMatchObject({
      status: 400,
      message: expect.stringContaining('taxIncludedAmount'),
    });
    expect(
      await update(server, door, 'AppliedCustomerBillingRate', id, {
        taxExcludedAmount: eur(20),
        taxIncludedAmount: eur(24),
      }),
    ).toMatchObject({ status: 200 });
    expect(
      await update(server, door, 'AppliedCustomerBillingRate', id, {
        taxIncludedAmount: null,
        taxExcludedAmount: eur(30),
      }),
    ).toMatchObject({ status: 200 });
  });
});
