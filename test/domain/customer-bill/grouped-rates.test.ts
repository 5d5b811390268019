import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../../support/server.js';
import { billIn, eur } from './bills.js';
import { inFebruary, makeCycle, makeRates, newAccount, billsOf, runCycle } from './billing.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.startJobs();
});
afterAll(() => server.close());

/** A bill of a run with these lines. */
async function billOf(lines: readonly object[]): Promise<any> {
  const account = newAccount();
  await makeRates(
    server,
    lines.map((line) => ({ billingAccount: { id: account }, date: inFebruary, ...line })),
  );
  await runCycle(server, (await makeCycle(server)).id);
  const [bill] = await billsOf(server, account);
  return bill;
}

const group =
  'appliedBillingRateType name productId taxRate count taxExcludedAmount { value unit } taxIncludedAmount { value unit }';

async function grouped(id: string, by: readonly string[]): Promise<any[]> {
  const { data, errors } = await server.graphql(
    `query ($id: ID!, $by: [RateGrouping!]!) { customerBill(id: $id) { groupedRates(by: $by) { ${group} } } }`,
    { id, by },
  );
  if (errors) throw new Error(JSON.stringify(errors));
  return data.customerBill.groupedRates;
}

const nothing = {
  appliedBillingRateType: null,
  name: null,
  productId: null,
  taxRate: null,
  taxExcludedAmount: null,
  taxIncludedAmount: null,
};
const vat = (taxRate: number): object => ({ taxCategory: 'VAT', taxRate });

describe('the lines of a bill', () => {
  it('are gathered by each of what they differ in, and summed up exactly', async () => {
    const { id } = await billOf([
      {
        name: 'Call',
        product: { id: 'm' },
        taxExcludedAmount: eur(0.1),
        taxIncludedAmount: eur(0.119),
        appliedTax: [vat(19)],
      },
      {
        name: 'Call',
        product: { id: 'm' },
        taxExcludedAmount: eur(0.2),
        taxIncludedAmount: eur(0.238),
        appliedTax: [vat(19)],
      },
      { name: 'Call', product: { id: 's' }, taxExcludedAmount: eur(5), appliedTax: [vat(7), vat(19)] },
      { name: 'Voucher', taxExcludedAmount: eur(0.3), appliedBillingRateType: 'appliedBillingCredit' },
    ]);
    expect(await grouped(id, [])).toEqual([{ ...nothing, count: 4, taxExcludedAmount: eur(5) }]);
    expect(await grouped(id, ['TYPE'])).toEqual([
      { ...nothing, appliedBillingRateType: 'appliedBillingCharge', count: 3, taxExcludedAmount: eur(5.3) },
      { ...nothing, appliedBillingRateType: 'appliedBillingCredit', count: 1, taxExcludedAmount: eur(-0.3) },
    ]);
    expect(await grouped(id, ['NAME'])).toMatchObject([
      { name: 'Call', count: 3 },
      { name: 'Voucher', count: 1 },
    ]);
    expect(await grouped(id, ['PRODUCT'])).toMatchObject([
      { productId: 'm', count: 2, taxExcludedAmount: eur(0.3), taxIncludedAmount: eur(0.357) },
      { productId: 's', count: 1 },
      { productId: null, count: 1 },
    ]);
    expect(await grouped(id, ['TAX_RATE'])).toMatchObject([
      { taxRate: '19', count: 2 },
      { taxRate: '19+7', count: 1 },
      { taxRate: null, count: 1 },
    ]);
    expect(await grouped(id, ['PRODUCT', 'TYPE', 'NAME', 'TAX_RATE', 'TYPE'])).toMatchObject([
      { appliedBillingRateType: 'appliedBillingCharge', name: 'Call', productId: 'm', taxRate: '19', count: 2 },
      { appliedBillingRateType: 'appliedBillingCharge', name: 'Call', productId: 's', taxRate: '19+7', count: 1 },
      { appliedBillingRateType: 'appliedBillingCredit', name: 'Voucher', productId: null, taxRate: null, count: 1 },
    ]);
  });

  it('have no sum of an amount that only some of them have', async () => {
    const { id } = await billOf([
      { name: 'Fee', taxExcludedAmount: eur(10) },
      { name: 'Ticket', taxIncludedAmount: eur(11.9), appliedTax: [vat(19)] },
      { name: 'Ticket', taxIncludedAmount: eur(1.19), appliedTax: [vat(19)] },
    ]);
    expect(await grouped(id, [])).toEqual([{ ...nothing, count: 3 }]);
    expect(await grouped(id, ['NAME'])).toEqual([
      { ...nothing, name: 'Fee', count: 1, taxExcludedAmount: eur(10) },
      { ...nothing, name: 'Ticket', count: 2, taxIncludedAmount: eur(13.09) },
    ]);
  });

  it('are at most 1,000 groups of each bill', async () => {
    const lines = (count: number): object[] =>
      Array.from({ length: count }, (_, index) => ({ name: `line ${index}`, taxExcludedAmount: eur(1) }));
    const [large, small] = [await billOf(lines(1_005)), await billOf(lines(3))];
    const { data } = await server.graphql(
      'query ($ids: [String!]) { customerBills(filter: { id: { in: $ids } }) { items { groupedRates(by: [NAME]) { count } } } }',
      { ids: [large.id, small.id] },
    );
    expect(data.customerBills.items.map(({ groupedRates }: any) => groupedRates.length)).toEqual([1_000, 3]);
  });

  it('are none where a bill has none', async () => {
    expect(await grouped((await billIn(server, 'new')).id, ['NAME'])).toEqual([]);
  });

  it('of many bills are read by one statement', async () => {
    for (let index = 0; index < 5; index++) await billOf([{ name: `line ${index}`, taxExcludedAmount: eur(index) }]);
    const asked: string[] = [];
    const { database } = server as { database: { query: (...given: any[]) => Promise<unknown> } };
    const { query } = database;
    database.query = (sql: { text: string }, ...more: unknown[]) => {
      if (sql.text.includes('json_agg')) asked.push(sql.text);
      return query.call(database, sql, ...more);
    };
    try {
      const { data } = await server.graphql(
        '{ customerBills(limit: 5) { items { groupedRates(by: [NAME]) { count } byType: groupedRates(by: [TYPE]) { count } } } }',
      );
      expect(data.customerBills.items).toHaveLength(5);
      expect(asked).toHaveLength(2);
    } finally {
      database.query = query;
    }
  });
});
