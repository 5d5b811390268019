import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Prisma } from '../../prisma/generated/client.js';
import type { ReadOptions } from '../../src/platform/database/database.js';
import { type Decimal, zero } from '../../src/platform/decimal.js';
import { makeRate, onDemand } from '../domain/customer-bill/billing.js';
import { startTestServer, type TestServer } from '../support/server.js';

// What stands below every customer of the demo data is the same as what one adds up of the lists of everything.

type Row = Record<string, any>;
const final = ['completed', 'failed', 'partial', 'cancelled', 'rejected'];
const below = `balances { usageType buckets totalBalance { amount units } reservedBalance { amount units } }
  unbilled { unit taxExcludedAmount taxIncludedAmount count } lastBill { id }`;

describe('sums below a customer', () => {
  let server: TestServer;
  let lists: Record<'buckets' | 'rates' | 'usages' | 'bills' | 'orders', Row[]>;
  let statements = 0;

  beforeAll(async () => {
    server = await startTestServer({ SEED: 'demo' });
    const made = await ask(
      'mutation { createRatesFromUsage(input: { billingAccountId: "account-20" }) { usages rates } }',
    );
    expect(made.createRatesFromUsage.rates).toBeGreaterThan(0);
    await makeRate(server, 'account-9', { appliedBillingRateType: 'appliedBillingCredit' });
    await makeRate(server, 'account-9', { taxExcludedAmount: { value: 3, unit: 'USD' } });
    await makeRate(server, 'account-9', { date: '2027-01-01T00:00:00.000Z' });
    await server.rest('PATCH', '/bucket/money-3', { body: { status: 'suspended' } });
    const party = 'relatedParty { refId atReferredType }';
    const all = async (many: string, fields: string): Promise<Row[]> =>
      (await ask(`{ ${many}(limit: 1000) { items { id ${fields} } } }`))[many].items;
    const amounts = 'isBilled taxExcludedAmount { value unit } taxIncludedAmount { value unit }';
    lists = {
      buckets: await all(
        'buckets',
        `${party} status usageType validFor { startDateTime endDateTime } partyAccount { refId } logicalResource { value } remainingValue { amount units } reservedValue { amount }`,
      ),
      rates: await all(
        'appliedCustomerBillingRates',
        `appliedBillingRateType date billingAccount { refId } characteristic { name value } ${amounts}`,
      ),
      usages: await all(
        'usages',
        `${party} status usageDate chargeTo { bucket { refId } } ratedProductUsage { isBilled
          taxExcludedRatingAmount { value unit } taxIncludedRatingAmount { value unit } }`,
      ),
      bills: await all('customerBills', `${party} billDate billingAccount { refId }`),
      orders: await all('resourceOrders', `${party} state`),
    };
    const { read } = server.database;
    Object.assign(server.database, {
      read: (sql: Prisma.Sql, options: ReadOptions) => ((statements += 1), read(sql, options)),
    });
  });
  afterAll(() => server.close());

  async function ask(query: string): Promise<any> {
    const { data, errors } = await server.graphql(query);
    expect(errors).toBeUndefined();
    return data;
  }

  /** The answer of a list below which all of it is asked for: one statement. */
  async function customers(many: string, fields: string): Promise<Row[]> {
    statements = 0;
    const data = await ask(`{ ${many}(limit: 60) { items { ${fields} ${below} } } }`);
    expect(statements).toBe(1);
    return data[many].items;
  }

  const names =
    (id: string, isAccount = false) =>
    ({ relatedParty }: Row): boolean =>
      (relatedParty ?? []).some(
        (one: Row) => one.refId === id && (!isAccount || one.atReferredType === 'BillingAccount'),
      );

  /** Sums in groups, in the order of their keys. */
  function grouped(parts: readonly { key: string[]; values: (number | null | undefined)[] }[]): Row[] {
    const groups = new Map<string, typeof parts>();
    for (const part of parts) groups.set(part.key.join(' '), [...(groups.get(part.key.join(' ')) ?? []), part]);
    return [...groups]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, group]) => ({
        key: group[0]?.key,
        count: group.length,
        sums: group[0]?.values.map((_, index) => {
          const values = group.map((part) => part.values[index]);
          return values.some((value) => value === null || value === undefined)
            ? null
            : values.reduce((sum: Decimal, value) => sum.plus(value as number), zero).toNumber();
        }),
      }));
  }

  function balancesOf(isIts: (bucket: Row) => boolean): Row[] {
    const now = server.clock.now().toISOString();
    const spendable = lists.buckets.filter(
      (one) =>
        isIts(one) &&
        one['status'] === 'active' &&
        one['remainingValue'] &&
        !(one['validFor']?.startDateTime > now) &&
        !(one['validFor']?.endDateTime <= now),
    );
    const sums = grouped(
      spendable.map(({ usageType, remainingValue, reservedValue }) => ({
        key: [usageType, remainingValue.units],
        values: [remainingValue.amount, reservedValue?.amount ?? 0],
      })),
    );
    return sums.map(({ key: [usageType, units], count: buckets, sums: [remaining, reserved] }) => ({
      usageType,
      buckets,
      totalBalance: { amount: remaining, units },
      reservedBalance: { amount: reserved, units },
    }));
  }

  function unbilledOf(accounts: readonly string[]): Row[] {
    const now = server.clock.now().toISOString();
    const rated = new Set(
      lists.rates.flatMap(({ characteristic }) => (characteristic ?? []).map(({ value }: Row) => value)),
    );
    const parts = (excluded: Row | null, included: Row | null, sign = 1): { key: string[]; values: any[] }[] =>
      excluded || included
        ? [
            {
              key: [(excluded ?? included)?.['unit']],
              values: [excluded && excluded['value'] * sign, included && included['value'] * sign],
            },
          ]
        : [];
    const rates = lists.rates
      .filter((one) => !one['isBilled'] && one['date'] <= now && accounts.includes(one['billingAccount']?.refId))
      .flatMap((one) =>
        parts(
          one['taxExcludedAmount'],
          one['taxIncludedAmount'],
          one['appliedBillingRateType'] === 'appliedBillingCredit' ? -1 : 1,
        ),
      );
    const usages = lists.usages
      .filter(
        (one) =>
          one['status'] === 'rated' &&
          !one['chargeTo'] &&
          !rated.has(one['id']) &&
          accounts.some((account) => names(account, true)(one)),
      )
      .flatMap((one) => (one['ratedProductUsage'] ?? []).filter((result: Row) => !result['isBilled']))
      .flatMap((result: Row) => parts(result['taxExcludedRatingAmount'], result['taxIncludedRatingAmount']));
    return grouped([...rates, ...usages]).map(({ key: [unit], count, sums }) => ({
      unit,
      taxExcludedAmount: sums[0],
      taxIncludedAmount: sums[1],
      count,
    }));
  }

  function lastBillOf(isIts: (bill: Row) => boolean): Row | null {
    const place = ({ billDate, id }: Row): string => `${billDate ?? ''} ${id}`;
    const [last] = lists.bills.filter(isIts).sort((a, b) => (place(a) < place(b) ? 1 : -1));
    return last ? { id: last['id'] } : null;
  }

  it('a party has those of its buckets and accounts, and its open orders', async () => {
    const found = await customers(
      'parties',
      'id billingAccounts(limit: 9) { items { id } } openOrders(limit: 9) { totalCount items { id } } some: openOrders(filter: { state: { eq: inProgress } }, limit: 9) { items { id } }',
    );
    expect(found.length).toBeGreaterThanOrEqual(20);
    for (const { id, billingAccounts, openOrders, some, ...sums } of found) {
      const accounts = billingAccounts.items.map((one: Row) => one['id']);
      expect({ id, ...sums }).toEqual({
        id,
        balances: balancesOf(names(id)),
        unbilled: unbilledOf(accounts),
        lastBill: lastBillOf((bill) => names(id)(bill) || accounts.includes(bill['billingAccount']?.refId)),
      });
      const open = lists.orders.filter((order) => names(id)(order) && !final.includes(order['state']));
      expect(openOrders).toEqual({ totalCount: open.length, items: open.map((order) => ({ id: order['id'] })) });
      expect(some.items).toEqual(
        open.filter(({ state }) => state === 'inProgress').map((order) => ({ id: order['id'] })),
      );
    }
    for (const list of ['balances', 'unbilled', 'lastBill'])
      expect(found.filter((one) => one[list] && one[list].length !== 0).length).toBeGreaterThan(5);
    const money = found.find(({ id }) => id === 'customer-3')?.['balances'].map((one: Row) => one['usageType']);
    expect(money).not.toContain('monetary');
    expect(found.some(({ openOrders }) => openOrders.totalCount > 0)).toBe(true);
  });

  it('a balance of a party is its accumulatedBalance', async () => {
    const { parties, accumulatedBalances } = await ask(
      `{ parties(limit: 60) { items { id balances { usageType totalBalance { amount units } } } }
         accumulatedBalances(limit: 1000) { items { relatedParty { refId } usageType totalBalance { amount units } } } }`,
    );
    for (const { id, balances } of parties.items) {
      const accumulated = accumulatedBalances.items
        .filter(names(id))
        .map(({ usageType, totalBalance }: Row) => ({ usageType, totalBalance }));
      expect(new Set(balances)).toEqual(new Set(accumulated));
    }
  });

  it('an account has its own', async () => {
    const found = await customers('billingAccounts', 'id');
    expect(found.length).toBeGreaterThanOrEqual(17);
    for (const { id, ...sums } of found)
      expect({ id, ...sums }).toEqual({
        id,
        balances: balancesOf((bucket) => bucket['partyAccount']?.refId === id),
        unbilled: unbilledOf([id]),
        lastBill: lastBillOf((bill) => bill['billingAccount']?.refId === id),
      });
    const { unbilled } = found.find(({ id }) => id === 'account-9') as Row;
    expect(unbilled.map(({ unit }: Row) => unit)).toEqual(['EUR', 'USD']);
  });

  it('a number has those of its buckets and accounts', async () => {
    const found = await customers('logicalResources', 'value billingAccounts(limit: 9) { items { id } }');
    expect(found.length).toBeGreaterThanOrEqual(20);
    for (const { value, billingAccounts, ...sums } of found) {
      const accounts = billingAccounts.items.map((one: Row) => one['id']);
      expect({ value, ...sums }).toEqual({
        value,
        balances: balancesOf((bucket) => (bucket['logicalResource'] ?? []).some((one: Row) => one['value'] === value)),
        unbilled: unbilledOf(accounts),
        lastBill: lastBillOf((bill) => accounts.includes(bill['billingAccount']?.refId)),
      });
    }
  });

  it('references of the last bill lead on, and its lines are a list, all by one statement', async () => {
    statements = 0;
    const { party } = await ask(
      `{ party(id: "customer-1") { lastBill { billNo billingAccount { billingAccount { id lastBill { billNo } } }
           appliedCustomerBillingRates(limit: 2) { totalCount items { name bill { target { billNo } } } } } } }`,
    );
    expect(statements).toBe(1);
    const { billNo, billingAccount, appliedCustomerBillingRates } = party.lastBill;
    expect(billingAccount.billingAccount).toEqual({ id: 'account-1', lastBill: { billNo } });
    expect(appliedCustomerBillingRates.items[0].bill.target.billNo).toBe(billNo);
  });

  const ofBill = `amountDue { value unit } taxExcludedAmount { value unit } taxIncludedAmount { value unit } state category
    taxItem { taxRate taxAmount { value unit } } relatedParty { refId role party { name } } billingAccount { refId billingAccount { name } }`;

  it('the next bill is the one that is made then, of each account and currency, and nothing is written before', async () => {
    const ofAccounts = `{ billingAccounts(limit: 30) { items { id nextBill { ${ofBill} } } } }`;
    const foreseen = new Map<string, Row[]>(
      (await ask(ofAccounts)).billingAccounts.items.map(({ id, nextBill }: Row) => [id, nextBill]),
    );
    const { parties } = await ask(
      `{ parties(limit: 30) { items { billingAccounts(limit: 9) { items { id } } nextBill { ${ofBill} } } } }`,
    );
    for (const { nextBill, billingAccounts } of parties.items)
      expect(nextBill).toEqual(billingAccounts.items.flatMap(({ id }: Row) => foreseen.get(id)));
    expect([...foreseen.values()].filter((bills) => bills.length > 0).length).toBeGreaterThan(8);
    expect(
      foreseen
        .get('account-9')
        ?.map(({ amountDue }) => amountDue.unit)
        .sort(),
    ).toEqual(['EUR', 'USD']);
    const { items: before } = (await ask('{ customerBills(limit: 1000) { items { id } } }')).customerBills;
    expect(before).toHaveLength(lists.bills.length);
    await server.startJobs();
    for (const [account, bills] of foreseen) {
      await onDemand(server, { billingAccount: { id: account, name: account } });
      const made = await ask(
        `{ customerBills(limit: 1000, filter: { billingAccount: { refId: { eq: "${account}" } } }) { items { id ${ofBill} } } }`,
      );
      const news = made.customerBills.items.filter(({ id }: Row) => !before.some((bill: Row) => bill['id'] === id));
      expect({ account, bills: new Set(bills) }).toEqual({
        account,
        bills: new Set(news.map(({ id: _id, ...bill }: Row) => bill)),
      });
    }
    expect((await ask(ofAccounts)).billingAccounts.items.flatMap(({ nextBill }: Row) => nextBill)).toEqual([]);
  });

  it('the next bill of an account with too many charges is refused, and no other', async () => {
    await server.database.script(`
      INSERT INTO "AppliedCustomerBillingRate" SELECT r.* FROM
        (SELECT to_jsonb(b) AS "rate" FROM "AppliedCustomerBillingRate" b LIMIT 1) b, generate_series(1, 10001) n,
        jsonb_populate_record(NULL::"AppliedCustomerBillingRate", b."rate" || jsonb_build_object('id', 'many-' || n,
          'isBilled', false, 'bill', NULL, 'billingAccount', '{"id": "account-10"}'::jsonb, 'date', '2026-02-01T00:00:00Z')) r`);
    await makeRate(server, 'account-11');
    const { data, errors } = await server.graphql(
      '{ many: party(id: "customer-10") { name nextBill { state } } other: party(id: "customer-11") { nextBill { state } } }',
    );
    expect(data.many).toEqual({ name: expect.any(String), nextBill: null });
    expect(data.other.nextBill).toHaveLength(1);
    expect(errors?.map(({ path, message }) => [path, message])).toEqual([
      [['many', 'nextBill'], expect.stringMatching(/NEXT_BILL_CHARGES_MAX is 10000$/)],
    ]);
  });
});
