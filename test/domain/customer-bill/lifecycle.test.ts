import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { calledBy, create, transports, made, remove, update, type Transport } from '../../fixtures/transports.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { billIn, eur, eventsOf, standings } from './bills.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** What may become of a bill without payments, written down a second time. */
const lifecycle: Readonly<Record<string, readonly string[]>> = {
  new: ['validated', 'onHold'],
  validated: ['sent', 'onHold'],
  sent: ['partiallyPaid', 'settled', 'onHold'],
  partiallyPaid: ['settled', 'onHold'],
  settled: ['onHold'],
  'onHold:new': ['new', 'validated'],
  'onHold:validated': ['validated'],
  'onHold:sent': ['sent', 'validated'],
  'onHold:partiallyPaid': ['partiallyPaid', 'validated'],
  'onHold:settled': ['settled', 'validated'],
};
const states = ['new', 'onHold', 'validated', 'sent', 'partiallyPaid', 'settled'];
const everyWay = standings.flatMap((from) =>
  states.flatMap((to) => transports.map((door): [string, string, Transport] => [from, to, door])),
);

describe.each(transports)('when a bill was last updated, through %s', (door) => {
  it('is said by the server, or by an update that says it', async () => {
    const bill = await billIn(server, 'new');
    const said = '2026-02-03T04:05:06.789Z';
    expect((await update(server, door, 'CustomerBill', bill.id, { lastUpdate: said })).resource.lastUpdate).toBe(said);
    expect((await eventsOf(server, bill.id)).slice(1)).toEqual(['CustomerBillAttributeValueChangeEvent']);
    expect(
      (
        await update(server, door, 'CustomerBill', bill.id, {
          state: 'validated',
          lastUpdate: '2026-02-04T00:00:00.000Z',
        })
      ).resource,
    ).toMatchObject({ state: 'validated', lastUpdate: '2026-02-04T00:00:00.000Z' });
    // Sent back as it was read, it says nothing.
    const { resource } = await update(server, door, 'CustomerBill', bill.id, {
      state: 'sent',
      lastUpdate: '2026-02-04T00:00:00.000Z',
    });
    expect(resource.lastUpdate).toBe(server.clock.now().toISOString());
    for (const wrong of [null, 'yesterday'])
      expect(await update(server, door, 'CustomerBill', bill.id, { lastUpdate: wrong })).toMatchObject({
        status: 400,
        message: expect.stringContaining(door === 'rest' || wrong === null ? 'lastUpdate' : ''),
      });
  });
});

describe('the lifecycle of a bill', () => {
  it.each(everyWay)('from %s to %s is as it should be, through %s', async (from, to, door) => {
    const bill = await billIn(server, from);
    const { status, message, resource } = await update(server, door, 'CustomerBill', bill.id, { state: to });
    const [present, before] = from.split(':') as [string, string?];
    if (to === present) {
      expect([status, resource]).toEqual([200, bill]);
    } else if (lifecycle[from]?.includes(to)) {
      expect([status, resource.state, resource.stateBeforeHold]).toEqual([
        200,
        to,
        to === 'onHold' ? present : undefined,
      ]);
    } else {
      expect([status, message]).toEqual([
        409,
        expect.stringContaining(`customerBill '${bill.id}' is ${present} and cannot become ${to}: it may become `),
      ]);
      expect((await server.rest('GET', `/customerBill/${bill.id}`)).body).toEqual(bill);
    }
    if (before) expect(bill.stateBeforeHold).toBe(before);
  });

  it.each(transports)('begins as new or onHold, and nowhere else, through %s', async (door) => {
    for (const state of states) {
      const { status, message, resource } = await create(server, door, 'CustomerBill', {
        billingAccount: { id: 'a' },
        state,
      });
      if (state === 'new' || state === 'onHold')
        expect([status < 300, resource.state, resource.stateBeforeHold]).toEqual([
          true,
          state,
          state === 'onHold' ? 'new' : undefined,
        ]);
      else expect([status, message]).toEqual([400, expect.stringContaining('state must at first be new or onHold')]);
    }
  });

  it.each(transports)('knows no other state, through %s', async (door) => {
    const { id } = await billIn(server, 'new');
    for (const state of ['New', 'paid', '', 'constructor', '__proto__']) {
      expect(await update(server, door, 'CustomerBill', id, { state })).toMatchObject({
        status: 400,
        message: expect.stringContaining(door === 'rest' ? 'state must be one of' : 'does not exist in'),
      });
    }
  });

  it.each(standings.flatMap((standing) => transports.map((door) => [standing, door] as const)))(
    'lets a bill that is %s go only when it is new, through %s',
    async (standing, door) => {
      const { id, state } = await billIn(server, standing);
      const { status, message } = await remove(server, door, 'CustomerBill', id);
      if (standing === 'new') expect(status).toBeLessThan(300);
      else
        expect([status, message]).toEqual([
          409,
          `customerBill '${id}' is ${state}: only a bill that is new can be deleted`,
        ]);
    },
  );

  it('tells nothing remains of what is settled by hand, and all of it again when that is taken back', async () => {
    const settled = await billIn(server, 'settled', { amountDue: eur(10) });
    expect(settled.remainingAmount).toEqual(eur(0));
    const held = await update(server, 'rest', 'CustomerBill', settled.id, { state: 'onHold' });
    expect(held.resource.remainingAmount).toEqual(eur(0));
    expect(
      (await update(server, 'rest', 'CustomerBill', settled.id, { state: 'validated' })).resource.remainingAmount,
    ).toEqual(eur(10));
  });
});

describe('a new bill', () => {
  it.each(transports)('is that of an account, through %s', async (door) => {
    for (const nobody of [{}, { billingAccount: null, financialAccount: null }]) {
      expect(await create(server, door, 'CustomerBill', nobody)).toMatchObject({
        status: 400,
        message: expect.stringContaining('billingAccount is missing'),
      });
    }
    expect((await create(server, door, 'CustomerBill', { financialAccount: { id: 'f' } })).status).toBeLessThan(300);
  });

  it('has a document with an id of its own, whatever it is given', async () => {
    const { id, billDocument } = await billIn(server, 'new');
    expect(billDocument.map((document: any) => [document.id, document.mimeType])).toEqual([
      [`${id}-pdf`, 'application/pdf'],
      [`${id}-json`, 'application/json'],
      [`${id}-csv`, 'text/csv'],
    ]);
    const given = await billIn(server, 'new', { billDocument: [{ name: 'one' }, { id: 'abc', name: 'two' }] });
    expect(given.billDocument).toEqual([
      { id: `${given.id}-1`, name: 'one' },
      { id: 'abc', name: 'two' },
    ]);
    expect((await billIn(server, 'new', { billDocument: [] })).billDocument).toHaveLength(3);
  });

  it('is due with its tax, unless it says otherwise, and remains to be paid', async () => {
    const { amountDue, remainingAmount, appliedPayment } = await billIn(server, 'new', {
      taxIncludedAmount: eur(11.9),
    });
    expect([amountDue, remainingAmount, appliedPayment]).toEqual([eur(11.9), eur(11.9), []]);
    expect(await billIn(server, 'new', { taxIncludedAmount: eur(11.9), amountDue: eur(20) })).toMatchObject({
      amountDue: eur(20),
      remainingAmount: eur(20),
    });
  });

  it.each([
    [
      'amounts that do not add up',
      { taxExcludedAmount: eur(10), taxIncludedAmount: eur(12), taxItem: [{ taxAmount: eur(1.9) }] },
      'taxIncludedAmount must be taxExcludedAmount and taxItem together, 11.9: 12',
    ],
    [
      'several currencies',
      { taxExcludedAmount: eur(10), amountDue: { value: 10, unit: 'USD' } },
      "amountDue.unit must be 'EUR', as in taxExcludedAmount: 'USD'",
    ],
    [
      'a tax in another currency',
      { taxExcludedAmount: eur(10), taxItem: [{ taxAmount: { value: 1, unit: 'USD' } }] },
      'taxItem.0.taxAmount.unit',
    ],
    ['a tax without an amount', { taxItem: [{ taxRate: 19 }] }, 'taxItem.0.taxAmount'],
    ['a negative tax rate', { taxItem: [{ taxRate: -1, taxAmount: eur(1) }] }, 'taxItem.0.taxRate'],
    ['another kind of run', { runType: 'regular bill run' }, 'runType'],
    [
      'a period that ends before it starts',
      { billingPeriod: { startDateTime: '2026-02-01T00:00:00.000Z', endDateTime: '2026-01-01T00:00:00.000Z' } },
      'billingPeriod must end after it starts',
    ],
    ['an account without a name', { billingAccount: { id: '' } }, 'billingAccount.id'],
    ['a cycle with too long an id', { billCycle: { id: 'x'.repeat(256) } }, 'billCycle.id'],
    [
      'a document of negative size',
      { billDocument: [{ size: { amount: -1, units: 'B' } }] },
      'billDocument.0.size.amount',
    ],
  ])('is refused with %s', async (_title, more, named) => {
    for (const door of transports) {
      const { status, message } = await create(server, door, 'CustomerBill', { billingAccount: { id: 'a' }, ...more });
      expect([door, status, message]).toEqual([
        door,
        400,
        expect.stringContaining(door === 'rest' ? named : calledBy(door, named).split('.').at(-1)!.split(' ')[0]!),
      ]);
    }
  });
});

describe('the events of a bill', () => {
  it.each(transports)('tell what happened, once each, through %s', async (door) => {
    const { resource } = await create(server, door, 'CustomerBill', { billingAccount: { id: 'a' } });
    await update(server, door, 'CustomerBill', resource.id, { billCycle: { id: 'c' } });
    await update(server, door, 'CustomerBill', resource.id, { billCycle: { id: 'c' }, state: 'new' });
    await update(server, door, 'CustomerBill', resource.id, { state: 'onHold' });
    await update(server, door, 'CustomerBill', resource.id, { state: 'new', billCycle: null });
    await update(server, door, 'CustomerBill', resource.id, { state: 'settled' });
    await remove(server, door, 'CustomerBill', resource.id);
    expect(await eventsOf(server, resource.id)).toEqual([
      'CustomerBillCreateEvent',
      'CustomerBillAttributeValueChangeEvent',
      'CustomerBillStateChangeEvent',
      'CustomerBillStateChangeEvent',
      'CustomerBillAttributeValueChangeEvent',
      'CustomerBillDeleteEvent',
    ]);
  });
});

describe('a request for a bill', () => {
  it.each(transports)('is for an account or a party, and in progress, through %s', async (door) => {
    expect(await create(server, door, 'CustomerBillOnDemand', {})).toMatchObject({
      status: 400,
      message: expect.stringContaining('billingAccount is missing'),
    });
    for (const who of [
      { billingAccount: { id: 'A0815' } },
      { relatedParty: { id: '42', '@referredType': 'Individual' } },
    ]) {
      expect((await create(server, door, 'CustomerBillOnDemand', who)).resource).toMatchObject({
        ...who,
        state: 'inProgress',
      });
    }
  });

  it.each(transports)('is withdrawn by the client, and done by nobody but the server, through %s', async (door) => {
    const { id } = await made(server, 'CustomerBillOnDemand', { billingAccount: { id: 'A0815' } });
    for (const state of ['done', 'rejected']) {
      expect(await update(server, door, 'CustomerBillOnDemand', id, { state })).toMatchObject({
        status: 409,
        message: expect.stringContaining('it may become terminatedWithError'),
      });
    }
    expect(await update(server, door, 'CustomerBillOnDemand', id, { state: 'over' })).toMatchObject({ status: 400 });
    expect(await remove(server, door, 'CustomerBillOnDemand', id)).toMatchObject({
      status: 409,
      message: expect.stringContaining('in progress'),
    });
    expect(
      await update(server, door, 'CustomerBillOnDemand', id, {
        state: 'terminatedWithError',
        description: 'not needed',
      }),
    ).toMatchObject({ status: 200 });
    expect(await update(server, door, 'CustomerBillOnDemand', id, { state: 'inProgress' })).toMatchObject({
      status: 409,
    });
    await remove(server, door, 'CustomerBillOnDemand', id);
    expect(await eventsOf(server, id)).toEqual([
      'CustomerBillOnDemandCreateEvent',
      'CustomerBillOnDemandStateChangeEvent',
      'CustomerBillOnDemandAttributeValueChangeEvent',
      'CustomerBillOnDemandDeleteEvent',
    ]);
  });
});

describe('what TMF678 publishes', () => {
  it('is read in other words, too', async () => {
    const { resource } = await create(server, 'rest', 'CustomerBill', {
      billingAccount: { id: 'A0815' },
      status: 'new',
      '@schemalocation': 'https://schemas.example/bill.json',
      billDocument: [
        {
          id: 'DOC_1234',
          uri: 'https://documents.example/1',
          size: 172851,
          validfor: { startDateTime: '2020-01-05T12:00:56.982Z' },
          '@referredtype': 'application/pdf',
        },
      ],
    });
    expect(resource).toMatchObject({
      state: 'new',
      '@schemaLocation': 'https://schemas.example/bill.json',
      billDocument: [
        {
          url: 'https://documents.example/1',
          size: { amount: 172851, units: 'bytes' },
          '@referredType': 'application/pdf',
        },
      ],
    });
    await update(server, 'rest', 'CustomerBill', resource.id, { state: 'validated' });
    await update(server, 'rest', 'CustomerBill', resource.id, { state: 'sent' });
    expect(
      (await update(server, 'rest', 'CustomerBill', resource.id, { status: 'partiallySettled' })).resource.state,
    ).toBe('partiallyPaid');
    expect(
      (
        await create(server, 'rest', 'AppliedCustomerBillingRate', {
          billingAccount: { id: 'A' },
          type: 'appliedBillingCredit',
        })
      ).resource.appliedBillingRateType,
    ).toBe('appliedBillingCredit');
    const specification = await made(server, 'BillCycleSpecification', { billingPeriod: 'monthly' });
    expect(specification.billingPeriod).toBe('month');
    const cycle = await made(server, 'BillCycle', { billCycleSpecification: { id: specification.id } });
    expect(cycle.BillCycleSpecification).toEqual({ id: specification.id });
    expect(
      (
        await server.rest(
          'GET',
          `/billCycle?billCycleSpecification.id=${specification.id}&fields=BillCycleSpecification`,
        )
      ).body,
    ).toEqual([{ id: cycle.id, href: cycle.href, BillCycleSpecification: { id: specification.id } }]);
  });
});
