import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { calledBy, create, createMany, transports, made, remove, update } from '../../fixtures/transports.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { billIn, eur, eventsOf } from './bills.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const billingAccount = { id: 'account-1' };
const read = async (id: string): Promise<any> => (await server.rest('GET', `/appliedCustomerBillingRate/${id}`)).body;

describe.each(transports)('a rate through %s', (door) => {
  it('waits to be billed to an account', async () => {
    expect(await create(server, door, 'AppliedCustomerBillingRate', { isBilled: false })).toMatchObject({
      status: 400,
      message: expect.stringContaining('billingAccount is missing'),
    });
    const { resource } = await create(server, door, 'AppliedCustomerBillingRate', { billingAccount });
    expect(resource).toMatchObject({
      isBilled: false,
      billingAccount,
      appliedBillingRateType: 'appliedBillingCharge',
      date: server.clock.now().toISOString(),
    });
  });

  it('stands on a bill of ours when it is billed', async () => {
    const bill = await billIn(server, 'new', { billingAccount: { id: 'account-2', name: 'Second' } });
    expect(await create(server, door, 'AppliedCustomerBillingRate', { isBilled: true, billingAccount })).toMatchObject({
      status: 400,
      message: expect.stringContaining('bill is missing'),
    });
    expect(
      await create(server, door, 'AppliedCustomerBillingRate', {
        isBilled: false,
        billingAccount,
        bill: { id: bill.id },
      }),
    ).toMatchObject({ status: 400, message: expect.stringContaining('bill') });
    expect(
      await create(server, door, 'AppliedCustomerBillingRate', { isBilled: true, bill: { id: 'nobody' } }),
    ).toMatchObject({ status: 422, message: "bill 'nobody' does not exist" });
    expect(
      await create(server, door, 'AppliedCustomerBillingRate', {
        isBilled: true,
        billingAccount,
        bill: { id: bill.id },
      }),
    ).toMatchObject({
      status: 400,
      message: expect.stringContaining(calledBy(door, "billingAccount.id must be that of the bill, 'account-2'")),
    });
    const { resource } = await create(server, door, 'AppliedCustomerBillingRate', {
      isBilled: true,
      bill: { id: bill.id, href: 'http://elsewhere.example/bill' },
    });
    expect(
      (await server.database.client.appliedCustomerBillingRate.findFirstOrThrow({ where: { id: resource.id } })).bill,
    ).toEqual({ id: bill.id });
    expect(resource).toMatchObject({
      isBilled: true,
      bill: { id: bill.id, href: bill.href },
      billingAccount: { id: 'account-2', name: 'Second' },
    });
  });

  it('comes too late for a bill that has left new', async () => {
    const bill = await billIn(server, 'validated');
    expect(
      await create(server, door, 'AppliedCustomerBillingRate', { isBilled: true, bill: { id: bill.id } }),
    ).toMatchObject({ status: 409, message: expect.stringContaining('only a bill that is new takes rates') });
  });

  it('needs an account, which a bill of a financial account has not', async () => {
    const bill = await made(server, 'CustomerBill', { financialAccount: { id: 'f' } });
    expect(
      await create(server, door, 'AppliedCustomerBillingRate', { isBilled: true, bill: { id: bill.id } }),
    ).toMatchObject({ status: 400, message: expect.stringContaining('billingAccount is missing') });
    expect(
      (
        await create(server, door, 'AppliedCustomerBillingRate', {
          isBilled: true,
          billingAccount,
          bill: { id: bill.id },
        })
      ).status,
    ).toBeLessThan(300);
  });

  it('is neither changed nor deleted once it is billed', async () => {
    const bill = await billIn(server, 'new');
    const rate = await made(server, 'AppliedCustomerBillingRate', {
      isBilled: true,
      bill: { id: bill.id },
      name: 'Fee',
    });
    expect(await update(server, door, 'AppliedCustomerBillingRate', rate.id, { name: 'another' })).toMatchObject({
      status: 409,
      message: expect.stringContaining('is billed and cannot be changed'),
    });
    expect(await update(server, door, 'AppliedCustomerBillingRate', rate.id, { name: 'Fee' })).toMatchObject({
      status: 200,
    });
    expect(await remove(server, door, 'AppliedCustomerBillingRate', rate.id)).toMatchObject({
      status: 409,
      message: expect.stringContaining('is billed and cannot be deleted'),
    });
    expect(await read(rate.id)).toEqual(rate);
  });

  it.each([
    [
      'amounts that do not add up',
      {
        taxExcludedAmount: eur(10),
        taxIncludedAmount: eur(12),
        appliedTax: [{ taxAmount: eur(1) }, { taxAmount: eur(0.9) }],
      },
      'taxIncludedAmount',
    ],
    [
      'two currencies',
      { taxExcludedAmount: eur(10), taxIncludedAmount: { value: 12, unit: 'USD' } },
      'taxIncludedAmount.unit',
    ],
    ['a negative tax', { appliedTax: [{ taxAmount: eur(-1) }] }, 'appliedTax.0.taxAmount.value'],
    [
      'another type',
      { appliedBillingRateType: 'monthly' },
      'appliedBillingRateType must be one of appliedBillingCharge, appliedBillingCredit, appliedPenaltyCharge',
    ],
    ['an account with too long an id', { billingAccount: { id: 'x'.repeat(256) } }, 'billingAccount.id'],
    ['a characteristic without a name', { characteristic: [{ name: '', value: 1 }] }, 'characteristic.0.name'],
  ])('is refused with %s, when it is made and when it is changed', async (_title, wrong, named) => {
    expect(await create(server, door, 'AppliedCustomerBillingRate', { billingAccount, ...wrong })).toMatchObject({
      status: 400,
      message: expect.stringContaining(calledBy(door, named)),
    });
    const { id } = await made(server, 'AppliedCustomerBillingRate', { billingAccount });
    expect(await update(server, door, 'AppliedCustomerBillingRate', id, wrong)).toMatchObject({
      status: 400,
      message: expect.stringContaining(calledBy(door, named)),
    });
  });

  it('keeps amounts that add up when only one of them is changed', async () => {
    const { id } = await made(server, 'AppliedCustomerBillingRate', {
      billingAccount,
      taxExcludedAmount: eur(0.1),
      taxIncludedAmount: eur(0.3),
      appliedTax: [{ taxAmount: eur(0.2) }],
    });
    expect(await update(server, door, 'AppliedCustomerBillingRate', id, { taxExcludedAmount: eur(0.2) })).toMatchObject(
      { status: 400, message: expect.stringContaining('together, 0.4: 0.3') },
    );
    expect(
      await update(server, door, 'AppliedCustomerBillingRate', id, {
        taxExcludedAmount: eur(0.2),
        taxIncludedAmount: eur(0.4),
      }),
    ).toMatchObject({ status: 200 });
  });

  it('says which of several is refused, and none is kept', async () => {
    const before = await server.database.client.appliedCustomerBillingRate.count();
    expect(
      await createMany(server, door, 'AppliedCustomerBillingRate', [
        { billingAccount },
        { isBilled: true, bill: { id: 'nobody' } },
      ]),
    ).toMatchObject({ status: 422, message: "element 1: bill 'nobody' does not exist" });
    expect(await createMany(server, door, 'AppliedCustomerBillingRate', [{ billingAccount }, {}])).toMatchObject({
      status: 400,
      message: expect.stringMatching(/^element 1: billingAccount/),
    });
    expect(await server.database.client.appliedCustomerBillingRate.count()).toBe(before);
  });
});

describe('the rates of a bill', () => {
  it('are read with it, and wait again when it is deleted', async () => {
    const bill = await billIn(server, 'new');
    const other = await billIn(server, 'new');
    const rates = [];
    for (const name of ['a', 'b', 'c'])
      rates.push(await made(server, 'AppliedCustomerBillingRate', { isBilled: true, bill: { id: bill.id }, name }));
    await made(server, 'AppliedCustomerBillingRate', { isBilled: true, bill: { id: other.id }, name: 'd' });
    const query =
      'query ($ids: [String!]) { customerBills(filter: { id: { in: $ids } }) { items { appliedCustomerBillingRates(limit: 2) { totalCount items { name bill { target { id } } } } } } }';
    const { data } = await server.graphql(query, { ids: [bill.id, other.id] });
    const line = (name: string, id: string): object => ({ name, bill: { target: { id } } });
    expect(data.customerBills.items.map((item: any) => item.appliedCustomerBillingRates)).toEqual([
      { totalCount: 3, items: [line('a', bill.id), line('b', bill.id)] },
      { totalCount: 1, items: [line('d', other.id)] },
    ]);
    await remove(server, 'rest', 'CustomerBill', bill.id);
    for (const { bill: _bill, ...rate } of rates) {
      expect(await read(rate.id)).toEqual({ ...rate, isBilled: false });
      expect(await eventsOf(server, rate.id)).toEqual([
        'AppliedCustomerBillingRateCreateEvent',
        'AppliedCustomerBillingRateAttributeValueChangeEvent',
      ]);
    }
    await remove(server, 'rest', 'AppliedCustomerBillingRate', rates[0].id);
    expect((await eventsOf(server, rates[0].id)).at(-1)).toBe('AppliedCustomerBillingRateDeleteEvent');
  });
});
