import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { transports, create, made, remove, update } from '../../fixtures/transports.js';
import { contentOf } from '../../fixtures/rows.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { eur, eventsOf } from './bills.js';
import {
  billingProblems,
  billsOf,
  billsOfRun,
  previewsOfRun,
  february,
  inFebruary,
  linesOf,
  makeCycle,
  makeRate,
  makeRates,
  makeUsage,
  newAccount,
  read,
  runCycle,
  runEnded,
} from './billing.js';
import { eventually } from '../../support/eventually.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.startJobs();
});
afterAll(() => server.close());
afterEach(async () => {
  expect(await billingProblems(server)).toEqual([]);
});

/** A cycle of its own, so that the tests do not bill what others made: everything earlier is billed here. */
async function freshCycle(): Promise<any> {
  const cycle = await makeCycle(server);
  await runCycle(server, cycle.id);
  return cycle;
}

describe('a run of a bill cycle', () => {
  it.each(transports)('is refused for a cycle that is not there or has no end, through %s', async (door) => {
    expect(await create(server, door, 'BillRun', { billCycle: { id: 'nobody' } })).toMatchObject({
      status: 404,
      message: "billCycle 'nobody' does not exist",
    });
    const endless = await makeCycle(server, { validFor: { startDateTime: february.startDateTime } });
    expect(await create(server, door, 'BillRun', { billCycle: { id: endless.id } })).toMatchObject({
      status: 409,
      message: `billCycle '${endless.id}' has no period: its validFor has no end`,
    });
  });

  it('bills what is dated in the period and before it, and leaves what comes later', async () => {
    const cycle = await freshCycle();
    const account = newAccount();
    const dated = async (date: string): Promise<string> => (await makeRate(server, account, { date })).id;
    const within = [
      await dated('2025-12-24T00:00:00.000Z'),
      await dated(february.startDateTime),
      await dated('2026-02-28T23:59:59.999Z'),
    ];
    const later = [await dated(february.endDateTime), await dated('2026-03-15T00:00:00.000Z')];
    const run = await runCycle(server, cycle.id);
    expect(run).toMatchObject({
      state: 'done',
      dryRun: false,
      accounts: 1,
      bills: 1,
      held: 0,
      failed: 0,
      billCycle: { id: cycle.id, name: 'February' },
      startedAt: expect.any(String),
      endedAt: expect.any(String),
    });
    const [bill] = await billsOf(server, account);
    expect((await linesOf(server, bill.id)).map(({ id }) => id)).toEqual(within);
    for (const id of later)
      expect(await read(server, `/appliedCustomerBillingRate/${id}`)).toMatchObject({ isBilled: false });
    expect(await eventsOf(server, run.id)).toEqual([
      'BillRunCreateEvent',
      'BillRunAttributeValueChangeEvent',
      'BillRunStateChangeEvent',
    ]);
    expect(await eventsOf(server, bill.id)).toEqual(['CustomerBillCreateEvent']);
    expect(await eventsOf(server, within[0]!)).toEqual([
      'AppliedCustomerBillingRateCreateEvent',
      'AppliedCustomerBillingRateAttributeValueChangeEvent',
    ]);
  });

  it('makes bills with the dates of its cycle, that nobody has numbered yet', async () => {
    await freshCycle();
    const specification = await made(server, 'BillCycleSpecification', {
      name: 'Monthly',
      billingPeriod: 'month',
      billingDateShift: 30,
      paymentDueDateOffset: 44,
    });
    const cycle = await made(server, 'BillCycle', {
      name: 'February',
      BillCycleSpecification: { id: specification.id },
      billingDate: '2026-03-03T00:00:00.000Z',
      validFor: february,
    });
    const account = newAccount();
    await makeRate(server, account, {
      billingAccount: { id: account, name: 'Größe & Maß' },
      taxExcludedAmount: eur(100),
      appliedTax: [{ taxCategory: 'VAT', taxRate: 19 }],
    });
    const run = await runCycle(server, cycle.id);
    expect(await billsOf(server, account)).toEqual([
      {
        id: expect.any(String),
        href: expect.stringContaining('/customerBill/'),
        state: 'new',
        category: 'normal',
        runType: 'onCycle',
        billRunId: run.id,
        isCalculated: true,
        billCycle: { id: cycle.id, name: 'February' },
        billingPeriod: february,
        billDate: '2026-03-03T00:00:00.000Z',
        paymentDueDate: '2026-03-17T00:00:00.000Z',
        billingAccount: { id: account, name: 'Größe & Maß' },
        taxExcludedAmount: eur(100),
        taxItem: [{ taxCategory: 'VAT', taxRate: 19, taxAmount: eur(19) }],
        taxIncludedAmount: eur(119),
        amountDue: eur(119),
        remainingAmount: eur(119),
        appliedPayment: [],
        billDocument: expect.any(Array),
        lastUpdate: server.clock.now().toISOString(),
      },
    ]);
  });

  it('bills nothing a second time, and what comes late on a further bill', async () => {
    const cycle = await freshCycle();
    const account = newAccount();
    await makeRate(server, account);
    expect(await runCycle(server, cycle.id)).toMatchObject({ accounts: 1, bills: 1 });
    expect(await runCycle(server, cycle.id)).toMatchObject({ state: 'done', accounts: 0, bills: 0 });
    await makeRate(server, account, { taxExcludedAmount: eur(3) });
    expect(await runCycle(server, cycle.id)).toMatchObject({ accounts: 1, bills: 1 });
    expect((await billsOf(server, account)).map(({ amountDue }) => amountDue)).toEqual([eur(10), eur(3)]);
  });

  it('makes one bill for each currency, and a credit note where the credits are more', async () => {
    const cycle = await freshCycle();
    const account = newAccount();
    const currencies = [
      'EUR',
      'JPY',
      'KWD',
      'points',
      'eur',
      '€',
      ...Array.from({ length: 20 }, (_, index) => `token ${index}`),
    ];
    for (const unit of currencies) await makeRate(server, account, { taxExcludedAmount: { value: 1, unit } });
    await makeRate(server, account, {
      taxExcludedAmount: { value: 2.5, unit: 'EUR' },
      appliedBillingRateType: 'appliedBillingCredit',
    });
    const run = await runCycle(server, cycle.id);
    expect(run).toMatchObject({ accounts: 1, bills: currencies.length });
    const bills = await billsOfRun(server, run.id);
    expect(new Set(bills.map(({ amountDue }) => amountDue.unit))).toEqual(new Set(currencies));
    expect(bills.find(({ amountDue }) => amountDue.unit === 'EUR')).toMatchObject({
      category: 'credit note',
      amountDue: eur(-1.5),
    });
  });

  it.each([
    ['EUR', 10.51],
    // Prices in these are mostly shown without decimals, but they are paid with two.
    ['HUF', 10.51],
    ['IDR', 10.51],
    ['COP', 10.51],
    ['ISK', 11],
    ['JPY', 11],
    ['IQD', 10.506],
    ['TND', 10.506],
    ['CLF', 10.5055],
  ])('rounds %s to its minor unit of ISO 4217', async (unit, value) => {
    const cycle = await freshCycle();
    const account = newAccount();
    await makeRate(server, account, { taxExcludedAmount: { value: 10.5055, unit } });
    await runCycle(server, cycle.id);
    expect((await billsOf(server, account)).map(({ amountDue }) => amountDue)).toEqual([{ value, unit }]);
  });

  it('leaves rates without an amount where they are', async () => {
    const cycle = await freshCycle();
    const account = newAccount();
    const { id } = await makeRate(server, account, { taxExcludedAmount: undefined });
    expect(await runCycle(server, cycle.id)).toMatchObject({ accounts: 0, bills: 0 });
    await update(server, 'rest', 'AppliedCustomerBillingRate', id, { taxIncludedAmount: eur(7) });
    expect(await runCycle(server, cycle.id)).toMatchObject({ accounts: 1, bills: 1 });
  });

  it.each([
    [
      'has too many digits',
      [900_000_000_000_000, 0.01],
      'total without tax of 900000000000000.01 EUR has more significant digits than the limit SIGNIFICANT_DIGITS_MAX of 15',
    ],
    [
      'is too large',
      Array<number>(30).fill(1e15),
      'total without tax of 30000000000000000 EUR exceeds the limit AMOUNT_MAX of 1000000000000000',
    ],
  ])('tells of an account whose total %s, and bills the others', async (_title, values, message) => {
    const cycle = await freshCycle();
    const [before, wrong, behind] = [newAccount(), newAccount(), newAccount()];
    await makeRate(server, before);
    await makeRates(
      server,
      values.map((value) => ({ billingAccount: { id: wrong }, date: inFebruary, taxExcludedAmount: eur(value) })),
    );
    await makeRate(server, behind);
    const run = await runCycle(server, cycle.id);
    expect(run).toMatchObject({
      state: 'done',
      accounts: 3,
      bills: 2,
      failed: 1,
      failure: [{ account: wrong, message: `the ${message}` }],
    });
    expect([
      (await billsOf(server, before)).length,
      (await billsOf(server, wrong)).length,
      (await billsOf(server, behind)).length,
    ]).toEqual([1, 0, 1]);
    // It is told again until somebody mends it.
    expect(await runCycle(server, cycle.id)).toMatchObject({ accounts: 1, bills: 0, failed: 1 });
    for (const { id } of await read(
      server,
      `/appliedCustomerBillingRate?billingAccount.id=${encodeURIComponent(wrong)}`,
    ))
      await remove(server, 'rest', 'AppliedCustomerBillingRate', id);
  });

  it('finds accounts whatever their ids are, each once', async () => {
    const cycle = await freshCycle();
    const unique = String(Date.now());
    const names = [
      ' ',
      'with spaces',
      "O'Hara",
      '"quoted"',
      '~',
      'Größe',
      '日本',
      '😀',
      '\uFFFD',
      'a',
      'B',
      'A',
      '%',
      '_',
      '\\',
      '{"id":1}',
      'x'.repeat(200),
      'null',
    ];
    const ids = names.map((name) => `${name}${unique}`);
    await makeRates(
      server,
      ids.flatMap((id) =>
        [1, 2].map((value) => ({ billingAccount: { id }, date: inFebruary, taxExcludedAmount: eur(value) })),
      ),
    );
    const dry = await runCycle(server, cycle.id, { dryRun: true });
    expect((await previewsOfRun(server, dry.id)).map(({ billingAccount }) => billingAccount.refId).sort()).toEqual(
      [...ids].sort(),
    );
    const run = await runCycle(server, cycle.id);
    expect([run.accounts, run.bills]).toEqual([ids.length, ids.length]);
    const bills = await billsOfRun(server, run.id);
    expect(bills.map(({ billingAccount }) => billingAccount.refId).sort()).toEqual([...ids].sort());
    expect(bills.every(({ amountDue }) => amountDue.value === 3)).toBe(true);
  });

  it('goes through many accounts in batches, and tells how far it is', async () => {
    const cycle = await freshCycle();
    const names = Array.from({ length: 250 }, () => newAccount());
    await makeRates(
      server,
      names.map((id) => ({ billingAccount: { id }, date: inFebruary, taxExcludedAmount: eur(1) })),
    );
    const seen = new Set<number>();
    const run = await made(server, 'BillRun', { billCycle: { id: cycle.id } });
    const ended = await eventually('the run ends', async () => {
      const now = await read(server, `/billRun/${run.id}`);
      seen.add(now.accounts);
      return now.state === 'inProgress' ? undefined : now;
    });
    expect([...seen].every((accounts) => accounts % 100 === 0 || accounts === 250)).toBe(true);
    expect(ended).toMatchObject({ state: 'done', accounts: 250, bills: 250 });
    expect(ended.lastAccount).toBe([...names].sort().at(-1));
    const { data } = await server.graphql(
      'query ($id: ID!) { billRun(id: $id) { customerBills(limit: 3, filter: { amountDue: { value: { gt: 0 } } }) { totalCount items { appliedCustomerBillingRates { totalCount } } } } }',
      { id: run.id },
    );
    expect(data.billRun.customerBills).toEqual({
      totalCount: 250,
      items: Array(3).fill({ appliedCustomerBillingRates: { totalCount: 1 } }),
    });
  });

  it.each([
    [
      'is deleted',
      (other: TestServer, id: string) => remove(other, 'rest', 'BillCycle', id),
      'the bill cycle was deleted',
    ],
    [
      'loses its end',
      (other: TestServer, id: string) => update(other, 'rest', 'BillCycle', id, { validFor: null }),
      'the bill cycle has no end any more',
    ],
  ])('fails, and says so, when its cycle %s before it is through', async (_title, change, message) => {
    const other = await startTestServer();
    try {
      const cycle = await makeCycle(other);
      await makeRate(other, newAccount());
      const run = await made(other, 'BillRun', { billCycle: { id: cycle.id } });
      expect((await change(other, cycle.id)).status).toBeLessThan(300);
      await other.startJobs();
      expect(await runEnded(other, run.id)).toMatchObject({ state: 'failed', message, bills: 0 });
    } finally {
      await other.close();
    }
  });

  it('is answered the same under its key, and made once', async () => {
    const cycle = await freshCycle();
    const account = newAccount();
    await makeRate(server, account);
    const before = await server.database.client.billRun.count();
    for (const door of transports) {
      const key = `run-${door}`;
      const [first, second] = [
        await create(server, door, 'BillRun', { billCycle: { id: cycle.id } }, key),
        await create(server, door, 'BillRun', { billCycle: { id: cycle.id } }, key),
      ];
      expect([first.resource.id, first.replayed, second.replayed]).toEqual([second.resource.id, false, true]);
      await runEnded(server, first.resource.id);
    }
    expect(await server.database.client.billRun.count()).toBe(before + 2);
    expect(await billsOf(server, account)).toHaveLength(1);
  });

  it('is the same by runBillCycle', async () => {
    const cycle = await freshCycle();
    const account = newAccount();
    await makeRate(server, account);
    const { data } = await server.graphql('mutation ($id: ID!) { runBillCycle(id: $id) { id state dryRun } }', {
      id: cycle.id,
    });
    expect(data.runBillCycle).toMatchObject({ state: 'inProgress', dryRun: false });
    expect(await runEnded(server, data.runBillCycle.id)).toMatchObject({ state: 'done', bills: 1 });
    const { errors } = await server.graphql('mutation { runBillCycle(id: "nobody") { id } }');
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'NOT_FOUND', status: 404 });
  });
});

describe('a dry run', () => {
  it('gives the bills of the run that follows, and writes nothing else', async () => {
    const cycle = await freshCycle();
    for (let index = 0; index < 12; index++) {
      const account = newAccount();
      await makeRate(server, account, {
        taxExcludedAmount: eur(index + 0.335),
        appliedTax: [{ taxCategory: 'VAT', taxRate: 19 }],
      });
      await makeRate(server, account, { taxExcludedAmount: { value: index, unit: 'USD' } });
      await makeUsage(server, account, [0.5, 0.25]);
      if (index === 5)
        await makeRates(
          server,
          Array.from({ length: 20 }, () => ({
            billingAccount: { id: account },
            date: inFebruary,
            taxExcludedAmount: eur(5),
          })),
        );
    }
    const {
      BillRun: _runs,
      BillRunPreview: _previews,
      Outbox: _events,
      Idempotency: _keys,
      ...before
    } = await contentOf(server.database);
    const dry = await runCycle(server, cycle.id, { dryRun: true });
    const { BillRun, BillRunPreview, Outbox, Idempotency, ...after } = await contentOf(server.database);
    expect(after).toEqual(before);
    expect(dry).toMatchObject({ state: 'done', dryRun: true, accounts: 12, bills: 24, held: 1, failed: 0 });
    expect(await eventsOf(server, dry.id)).toEqual([
      'BillRunCreateEvent',
      'BillRunAttributeValueChangeEvent',
      'BillRunStateChangeEvent',
    ]);

    const tried = await previewsOfRun(server, dry.id);
    expect(tried).toHaveLength(24);
    const run = await runCycle(server, cycle.id);
    expect(run).toMatchObject({ accounts: dry.accounts, bills: dry.bills, held: dry.held, failed: dry.failed });
    const real = await billsOfRun(server, run.id);
    expect(real).toMatchObject(tried);
    // They are no bills, nor is what was made a trial.
    expect(await read(server, `/customerBill?billRunId=${dry.id}`)).toEqual([]);
    expect(await billsOfRun(server, dry.id)).toEqual([]);
    expect(await previewsOfRun(server, run.id)).toEqual([]);
  });

  it('can be looked at beside later runs, until it is too old (test/app/retention.test.ts)', async () => {
    const cycle = await freshCycle();
    await makeRate(server, newAccount());
    const dry = await runCycle(server, cycle.id, { dryRun: true });
    const count = async (): Promise<number> =>
      (
        await server.graphql('query ($id: ID!) { billRun(id: $id) { customerBillPreviews { totalCount } } }', {
          id: dry.id,
        })
      ).data.billRun.customerBillPreviews.totalCount;
    expect(await count()).toBe(1);
    await runCycle(server, cycle.id);
    expect(await count()).toBe(1);
  });
});

describe('the brake', () => {
  const alike = (account: string, count: number, more: object = {}): object[] =>
    Array.from({ length: count }, () => ({
      billingAccount: { id: account },
      date: inFebruary,
      name: 'Roaming',
      product: { id: 'roam' },
      taxExcludedAmount: eur(5),
      ...more,
    }));

  it('lets 15 equal charges of a product and day pass, and holds a bill with more', async () => {
    const cycle = await freshCycle();
    const [fine, held, days, products, credits, free] = [
      newAccount(),
      newAccount(),
      newAccount(),
      newAccount(),
      newAccount(),
      newAccount(),
    ];
    await makeRates(server, [
      ...alike(fine, 15),
      ...alike(held, 16),
      ...alike(days, 10),
      ...alike(days, 10, { date: '2026-02-11T08:00:00.000Z' }),
      ...alike(products, 10),
      ...alike(products, 10, { product: { id: 'other' } }),
      ...alike(credits, 10),
      ...alike(credits, 40, { appliedBillingRateType: 'appliedBillingCredit' }),
      ...alike(free, 40, { taxExcludedAmount: eur(0) }),
    ]);
    const run = await runCycle(server, cycle.id);
    expect(run).toMatchObject({ bills: 6, held: 1 });
    for (const account of [fine, days, products, credits, free])
      expect(await billsOf(server, account)).toMatchObject([{ state: 'new' }]);
    const [bill] = await billsOf(server, held);
    expect(bill).toMatchObject({
      state: 'onHold',
      stateBeforeHold: 'new',
      holdReason: "product 'roam' is charged with the same amount more than 15 times on 2026-02-10",
    });
    expect(bill.billNo).toBeUndefined();
    // Somebody has looked at it.
    const { resource } = await update(server, 'rest', 'CustomerBill', bill.id, { state: 'validated' });
    expect([resource.state, resource.holdReason, resource.billNo]).toEqual([
      'validated',
      undefined,
      expect.stringMatching(/^INV-/),
    ]);
  });

  it("counts the operator's days, and bounds what is to be paid", async () => {
    const other = await startTestServer({ OPERATOR_TIME_ZONE: 'Pacific/Auckland', BILL_TOTAL_MAX: '100' });
    try {
      await other.startJobs();
      const cycle = await makeCycle(other, { validFor: february });
      // 11 and 12 February there, 11 February in UTC.
      const [two, one, rich, creditor] = [newAccount(), newAccount(), newAccount(), newAccount()];
      await makeRates(other, [
        ...alike(two, 8, { date: '2026-02-11T10:59:59.999Z', taxExcludedAmount: eur(1) }),
        ...alike(two, 8, { date: '2026-02-11T11:00:00.000Z', taxExcludedAmount: eur(1) }),
        ...alike(one, 8, { date: '2026-02-11T11:00:00.000Z', taxExcludedAmount: eur(1) }),
        ...alike(one, 8, { date: '2026-02-12T10:59:59.999Z', taxExcludedAmount: eur(1) }),
        ...alike(rich, 1, { taxExcludedAmount: eur(100.01) }),
        ...alike(creditor, 1, { taxExcludedAmount: eur(100.01), appliedBillingRateType: 'appliedBillingCredit' }),
      ]);
      expect(await runCycle(other, cycle.id)).toMatchObject({ bills: 4, held: 3 });
      expect(await billsOf(other, two)).toMatchObject([{ state: 'new' }]);
      expect(await billsOf(other, one)).toMatchObject([
        { state: 'onHold', holdReason: expect.stringContaining('2026-02-12') },
      ]);
      expect(await billsOf(other, rich)).toMatchObject([
        { holdReason: 'the total of 100.01 EUR exceeds the limit of 100' },
      ]);
      expect(await billsOf(other, creditor)).toMatchObject([
        { holdReason: 'the total of -100.01 EUR exceeds the limit of 100' },
      ]);
    } finally {
      await other.close();
    }
  });
});

describe('a bill of a run that is deleted', () => {
  it('frees its rates, which are billed again once', async () => {
    const cycle = await freshCycle();
    const account = newAccount();
    const ids = await makeRates(
      server,
      [1, 2, 3].map((value) => ({ billingAccount: { id: account }, date: inFebruary, taxExcludedAmount: eur(value) })),
    );
    await runCycle(server, cycle.id);
    const [bill] = await billsOf(server, account);
    expect((await remove(server, 'rest', 'CustomerBill', bill.id)).status).toBe(204);
    expect(await runCycle(server, cycle.id)).toMatchObject({ bills: 1 });
    const [again, ...others] = await billsOf(server, account);
    expect([others, again.amountDue]).toEqual([[], eur(6)]);
    expect((await linesOf(server, again.id)).map(({ id }) => id)).toEqual(ids);
  });
});
