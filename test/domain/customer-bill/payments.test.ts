import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { transports, update } from '../../fixtures/transports.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { billIn, eur, eventsOf, pay, standings } from './bills.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const due = { amountDue: eur(100) };
const jsonPatch = { 'content-type': 'application/json-patch+json' };
const read = async (id: string): Promise<any> => (await server.rest('GET', `/customerBill/${id}`)).body;

describe.each(transports)('a payment through %s', (door) => {
  it('leaves a bill partially paid, and settles it when nothing remains', async () => {
    const { id } = await billIn(server, 'sent', due);
    expect((await pay(server, door, id, 33.33)).resource).toMatchObject({
      state: 'partiallyPaid',
      remainingAmount: eur(66.67),
    });
    expect((await pay(server, door, id, 0.000000001)).resource).toMatchObject({
      state: 'partiallyPaid',
      remainingAmount: eur(66.669999999),
    });
    const { resource } = await pay(server, door, id, 66.669999999);
    expect(resource).toMatchObject({ state: 'settled', remainingAmount: eur(0) });
    expect(resource.appliedPayment.map(({ appliedAmount }: any) => appliedAmount.value)).toEqual([
      33.33, 0.000000001, 66.669999999,
    ]);
    expect((await eventsOf(server, id)).slice(3)).toEqual([
      'CustomerBillStateChangeEvent',
      'CustomerBillAttributeValueChangeEvent',
      'CustomerBillAttributeValueChangeEvent',
      'CustomerBillStateChangeEvent',
      'CustomerBillAttributeValueChangeEvent',
    ]);
  });

  it('of more than remains is refused and changes nothing', async () => {
    const { id } = await billIn(server, 'sent', due);
    await pay(server, door, id, 60);
    const before = await read(id);
    expect(await pay(server, door, id, 40.01)).toMatchObject({
      status: 409,
      message: `of customerBill '${id}' remain 40 EUR, less than the payment of 40.01`,
    });
    expect(await read(id)).toEqual(before);
    await pay(server, door, id, 40);
    expect(await pay(server, door, id, 0.01)).toMatchObject({ status: 409 });
  });

  it('is refused in another currency, and of nothing', async () => {
    const { id } = await billIn(server, 'sent', due);
    expect(await pay(server, door, id, 1, { unit: 'USD' })).toMatchObject({
      status: 422,
      message: expect.stringContaining("is due in 'EUR'"),
    });
    for (const value of [0, -1])
      expect(await pay(server, door, id, value)).toMatchObject({
        status: 400,
        message: expect.stringContaining('appliedAmount.value must be greater than zero'),
      });
    const { id: unpriced } = await billIn(server, 'sent');
    expect(await pay(server, door, unpriced, 1)).toMatchObject({
      status: 409,
      message: expect.stringContaining('has no amountDue'),
    });
  });

  it.each(standings)('of a bill that is %s is taken if the bill was sent', async (standing) => {
    const { id, state } = await billIn(server, standing, due);
    const { status, message, resource } = await pay(server, door, id, 100);
    if (standing === 'sent' || standing === 'partiallyPaid') expect([status, resource.state]).toEqual([200, 'settled']);
    else
      expect([status, message]).toEqual([
        409,
        expect.stringContaining(
          standing === 'settled' ? 'remain 0 EUR' : `is ${state}: only a bill that was sent is paid`,
        ),
      ]);
  });

  it('repeated under its key is taken once', async () => {
    const { id } = await billIn(server, 'sent', due);
    const key = `pay-${id}-${door}`;
    const once = { key, paymentId: 'once' };
    const answers = [await pay(server, door, id, 10, once), await pay(server, door, id, 10, once)];
    expect(answers.map(({ status, replayed }) => [status, replayed])).toEqual([
      [200, false],
      [200, true],
    ]);
    expect((await read(id)).remainingAmount).toEqual(eur(90));
  });
});

describe('payments that arrive at once', () => {
  it('are taken as long as they fit, and none is lost', async () => {
    const { id } = await billIn(server, 'sent', due);
    const answers = await Promise.all(Array.from({ length: 15 }, () => pay(server, 'graphql', id, 10)));
    expect(answers.map(({ status }) => status).sort()).toEqual([
      ...Array<number>(10).fill(200),
      ...Array<number>(5).fill(409),
    ]);
    const bill = await read(id);
    expect([bill.state, bill.remainingAmount, bill.appliedPayment.length]).toEqual(['settled', eur(0), 10]);
  });
});

describe('the payments of a bill', () => {
  it('lead its state, which no client changes by hand then', async () => {
    const { id } = await billIn(server, 'sent', due);
    await pay(server, 'rest', id, 10);
    expect(await update(server, 'rest', 'CustomerBill', id, { state: 'settled' })).toMatchObject({
      status: 409,
      message: expect.stringContaining('its state follows its payments'),
    });
    expect((await update(server, 'rest', 'CustomerBill', id, { state: 'onHold' })).resource.remainingAmount).toEqual(
      eur(90),
    );
    expect(await update(server, 'rest', 'CustomerBill', id, { state: 'validated' })).toMatchObject({
      status: 409,
      message: expect.stringContaining('it may become partiallyPaid'),
    });
    expect((await update(server, 'rest', 'CustomerBill', id, { state: 'partiallyPaid' })).resource).toMatchObject({
      state: 'partiallyPaid',
      remainingAmount: eur(90),
    });
  });

  it('are added, also several at once and together with the sending, but neither changed nor removed', async () => {
    const { id } = await billIn(server, 'validated', due);
    const payment = (value: number): object => ({
      payment: { id: `p-${value}`, name: 'Transfer' },
      appliedAmount: eur(value),
    });
    const { status, resource } = await update(server, 'graphql', 'CustomerBill', id, {
      state: 'sent',
      appliedPayment: [payment(1), payment(2)],
    });
    expect([status, resource.state, resource.remainingAmount]).toEqual([200, 'partiallyPaid', eur(97)]);
    for (const list of [[], [payment(1)], [payment(2), payment(1)], [payment(1), payment(3), payment(2)], null]) {
      expect(await update(server, 'graphql', 'CustomerBill', id, { appliedPayment: list })).toMatchObject({
        status: 400,
        message: expect.stringContaining('appliedPayment takes further payments at its end'),
      });
    }
    for (const operation of [
      { op: 'remove', path: '/appliedPayment/0' },
      { op: 'replace', path: '/appliedPayment/0/appliedAmount/value', value: 50 },
      { op: 'add', path: '/appliedPayment/0', value: payment(3) },
    ]) {
      const answer = await server.rest('PATCH', `/customerBill/${id}`, { body: [operation], headers: jsonPatch });
      expect([operation.op, answer.status, answer.body.message]).toEqual([
        operation.op,
        400,
        expect.stringContaining('appliedPayment'),
      ]);
    }
    expect(await update(server, 'rest', 'CustomerBill', id, { ...(await read(id)) })).toMatchObject({
      status: 200,
      resource: { remainingAmount: eur(97) },
    });
  });

  it('leave no remainder that a number of JSON could not tell', async () => {
    const { id } = await billIn(server, 'sent', { amountDue: eur(99_999_999_999) });
    expect(await pay(server, 'rest', id, 0.00001)).toMatchObject({
      status: 400,
      message: expect.stringContaining('significant digits'),
    });
    expect(await pay(server, 'rest', id, 0.0001)).toMatchObject({
      status: 200,
      resource: { remainingAmount: eur(99_999_999_998.9999) },
    });
  });
});
