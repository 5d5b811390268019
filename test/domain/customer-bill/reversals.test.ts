import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { transports, update, type Outcome } from '../../fixtures/transports.js';
import { seed } from '../../support/seed.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { concurrently } from '../../support/concurrently.js';
import { startSecondServer } from '../prepay-balance/second-server.js';
import { apply, billIn, eur, eventsOf, newPaymentId, pay, reverse } from './bills.js';

let server: TestServer;
let servers: TestServer[];
beforeAll(async () => {
  server = await startTestServer();
  servers = server.database.url ? [server, await startSecondServer(server, server.clock)] : [server];
});
afterAll(async () => {
  for (const one of servers.slice(1)) await one.close();
  await server.close();
});

const due = { amountDue: eur(100) };
const read = async (id: string): Promise<any> => (await server.rest('GET', `/customerBill/${id}`)).body;
const standing = ({ state, remainingAmount, appliedPayment }: any): unknown[] => [
  state,
  remainingAmount.value,
  appliedPayment.map(({ appliedAmount }: any) => appliedAmount.value),
];
const told = ({ status, replayed, resource }: Outcome): unknown[] => [status, replayed, ...standing(resource)];

describe.each(transports)('a payment that is sent again, through %s', (door) => {
  it('is there once, and answered as it is, also when the bill is settled', async () => {
    const { id } = await billIn(server, 'sent', due);
    const part = { paymentId: newPaymentId() };
    expect(told(await pay(server, door, id, 40, part))).toEqual([200, false, 'partiallyPaid', 60, [40]]);
    const before = await read(id);
    const events = await eventsOf(server, id);
    expect(told(await pay(server, door, id, 40, part))).toEqual([200, true, 'partiallyPaid', 60, [40]]);
    expect([await read(id), await eventsOf(server, id)]).toEqual([before, events]);
    const rest = { paymentId: newPaymentId() };
    await pay(server, door, id, 60, rest);
    for (const [value, which] of [
      [40, part],
      [60, rest],
    ] as const)
      expect(told(await pay(server, door, id, value, which))).toEqual([200, true, 'settled', 0, [40, 60]]);
    await update(server, 'rest', 'CustomerBill', id, { state: 'onHold' });
    expect(told(await pay(server, door, id, 40, part))).toEqual([200, true, 'onHold', 0, [40, 60]]);
  });

  it('with another amount is refused, and changes nothing', async () => {
    const { id } = await billIn(server, 'sent', due);
    const paymentId = newPaymentId();
    await pay(server, door, id, 40, { paymentId });
    const before = await read(id);
    for (const [value, unit] of [
      [40.01, 'EUR'],
      [39, 'EUR'],
      [40, 'USD'],
    ] as const) {
      expect(await pay(server, door, id, value, { paymentId, unit })).toMatchObject({
        status: 409,
        message: `payment '${paymentId}' is applied to customerBill '${id}' with 40 EUR, not ${value} ${unit}`,
      });
    }
    expect(await read(id)).toEqual(before);
    // Another bill may have a part of the same payment.
    const other = await billIn(server, 'sent', due);
    expect(await pay(server, door, other.id, 7, { paymentId })).toMatchObject({ status: 200 });
  });
});

describe.each(transports)('a payment that is reversed, through %s', (door) => {
  it('opens the bill again, whole or in part', async () => {
    const { id } = await billIn(server, 'sent', due);
    const [first, second] = [newPaymentId(), newPaymentId()];
    await pay(server, door, id, 40, { paymentId: first });
    await pay(server, door, id, 60, { paymentId: second });
    const count = (await eventsOf(server, id)).length;
    expect(told(await reverse(server, door, id, second, 25))).toEqual([200, false, 'partiallyPaid', 25, [40, 60, -25]]);
    expect((await eventsOf(server, id)).slice(count)).toEqual([
      'CustomerBillStateChangeEvent',
      'CustomerBillAttributeValueChangeEvent',
    ]);
    expect(told(await reverse(server, door, id, first, 40))).toEqual([
      200,
      false,
      'partiallyPaid',
      65,
      [40, 60, -25, -40],
    ]);
    expect((await eventsOf(server, id)).slice(count + 2)).toEqual(['CustomerBillAttributeValueChangeEvent']);
    expect(told(await reverse(server, door, id, second, 35))).toEqual([
      200,
      false,
      'sent',
      100,
      [40, 60, -25, -40, -35],
    ]);
    expect(told(await pay(server, door, id, 100))).toEqual([200, false, 'settled', 0, [40, 60, -25, -40, -35, 100]]);
  });

  it('is reversed once by each reversalId', async () => {
    const { id } = await billIn(server, 'sent', due);
    const [paymentId, other, reversalId] = [newPaymentId(), newPaymentId(), newPaymentId()];
    await pay(server, door, id, 40, { paymentId });
    await pay(server, door, id, 30, { paymentId: other });
    expect(told(await reverse(server, door, id, paymentId, 10, { reversalId }))).toEqual([
      200,
      false,
      'partiallyPaid',
      40,
      [40, 30, -10],
    ]);
    expect(told(await reverse(server, door, id, paymentId, 10, { reversalId }))).toEqual([
      200,
      true,
      'partiallyPaid',
      40,
      [40, 30, -10],
    ]);
    expect((await read(id)).appliedPayment.at(-1)).toEqual({
      payment: { id: paymentId },
      appliedAmount: eur(-10),
      reversalId,
    });
    for (const [payment, value] of [
      [paymentId, 11],
      [other, 10],
    ] as const) {
      expect(await reverse(server, door, id, payment, value, { reversalId })).toMatchObject({
        status: 409,
        message: expect.stringContaining(
          `reversal '${reversalId}' of customerBill '${id}' took back 10 EUR of payment '${paymentId}'`,
        ),
      });
    }
    // The payment itself, of which something is left, is still known.
    expect(told(await pay(server, door, id, 40, { paymentId }))).toEqual([
      200,
      true,
      'partiallyPaid',
      40,
      [40, 30, -10],
    ]);
  });

  it('without a reversalId goes by its own id', async () => {
    const { id } = await billIn(server, 'sent', due);
    const paymentId = newPaymentId();
    await pay(server, door, id, 100, { paymentId });
    const nameless = { reversalId: null };
    expect(told(await reverse(server, door, id, paymentId, 30, nameless))).toEqual([
      200,
      false,
      'partiallyPaid',
      30,
      [100, -30],
    ]);
    expect(told(await reverse(server, door, id, paymentId, 30, nameless))).toEqual([
      200,
      true,
      'partiallyPaid',
      30,
      [100, -30],
    ]);
    expect((await read(id)).appliedPayment.at(-1).reversalId).toBe(paymentId);
    expect(await reverse(server, door, id, paymentId, 70, nameless)).toMatchObject({
      status: 409,
      message: expect.stringContaining('another one needs a reversalId of its own'),
    });
  });

  it('never comes back more than whole, and is not used again then', async () => {
    const { id } = await billIn(server, 'sent', due);
    const [paymentId, other] = [newPaymentId(), newPaymentId()];
    await pay(server, door, id, 40, { paymentId });
    await pay(server, door, id, 50, { paymentId: other });
    expect(await reverse(server, door, id, paymentId, 40.01)).toMatchObject({
      status: 409,
      message: `of payment '${paymentId}' of customerBill '${id}' 40 can be reversed, less than 40.01`,
    });
    await reverse(server, door, id, paymentId, 30);
    expect(await reverse(server, door, id, paymentId, 10.01)).toMatchObject({ status: 409 });
    await reverse(server, door, id, paymentId, 10);
    const before = await read(id);
    for (const value of [40, 41])
      expect(await pay(server, door, id, value, { paymentId })).toMatchObject({
        status: 409,
        message: `payment '${paymentId}' of customerBill '${id}' was reversed and is not used again`,
      });
    expect(await reverse(server, door, id, paymentId, 0.01)).toMatchObject({ status: 409 });
    expect(await read(id)).toEqual(before);
  });

  it('is refused where there is no such payment, in another currency, and while the bill is on hold', async () => {
    const { id } = await billIn(server, 'sent', due);
    const paymentId = newPaymentId();
    expect(await reverse(server, door, id, paymentId, 1)).toMatchObject({
      status: 400,
      message: expect.stringContaining(`has no payment '${paymentId}' that could be reversed`),
    });
    await pay(server, door, id, 40, { paymentId });
    expect(await reverse(server, door, id, paymentId, 1, { unit: 'USD' })).toMatchObject({ status: 422 });
    expect(await reverse(server, door, id, paymentId, 1, { reversalId: 'x'.repeat(256) })).toMatchObject({
      status: 400,
      message: expect.stringContaining('reversalId'),
    });
    expect(
      await apply(server, door, id, { payment: { id: 'p' }, appliedAmount: eur(1) as any, reversalId: 'r' }),
    ).toMatchObject({ status: 400, message: expect.stringContaining('reversalId goes with a reversal') });
    await update(server, 'rest', 'CustomerBill', id, { state: 'onHold' });
    expect(await reverse(server, door, id, paymentId, 1)).toMatchObject({
      status: 409,
      message: expect.stringContaining('is onHold'),
    });
    await update(server, 'rest', 'CustomerBill', id, { state: 'partiallyPaid' });
    expect((await reverse(server, door, id, paymentId, 40)).resource.state).toBe('sent');
    expect((await update(server, 'rest', 'CustomerBill', id, { state: 'settled' })).resource).toMatchObject({
      state: 'settled',
      remainingAmount: eur(0),
    });
  });
});

describe('payments and reversals', () => {
  it('are told apart by addAppliedPayment, which takes no negative ones, and reverseAppliedPayment, which takes an amount of either sign', async () => {
    const { id } = await billIn(server, 'sent', due);
    const paymentId = newPaymentId();
    await pay(server, 'graphql', id, 40, { paymentId });
    const say = (mutation: string, value: number): Promise<any> =>
      server.graphql(
        `mutation ($id: ID!, $input: AppliedPaymentInput!) { bill: ${mutation}(id: $id, input: $input) { state remainingAmount { value } } }`,
        {
          id,
          input: {
            payment: { refId: paymentId },
            appliedAmount: eur(value),
            reversalId: value < 0 ? undefined : 'r-1',
          },
        },
      );
    expect((await say('addAppliedPayment', -10)).errors).toMatchObject([
      {
        message: expect.stringContaining('appliedAmount.value must be greater than zero'),
        extensions: { status: 400 },
      },
    ]);
    expect((await say('reverseAppliedPayment', 10)).data.bill).toEqual({
      state: 'partiallyPaid',
      remainingAmount: { value: 70 },
    });
  });

  it('are one of each when several of one request are equal, and go in order', async () => {
    const { id } = await billIn(server, 'sent', due);
    const payment = { payment: { id: 'p-1' }, appliedAmount: eur(40) };
    const reversal = { payment: { id: 'p-1' }, appliedAmount: eur(-40), reversalId: 'r-1' };
    const add = (value: object): object => ({ op: 'add', path: '/appliedPayment/-', value });
    const headers = { 'content-type': 'application/json-patch+json' };
    const answer = await server.rest('PATCH', `/customerBill/${id}`, {
      body: [payment, payment, reversal, reversal].map(add),
      headers,
    });
    expect([answer.status, ...standing(answer.body)]).toEqual([200, 'sent', 100, [40, -40]]);
  });

  it('that arrive at once at two servers are taken once each', async () => {
    const { id } = await billIn(server, 'sent', due);
    const paymentId = newPaymentId();
    const at = (index: number): TestServer => servers[index % servers.length]!;
    const paid = await concurrently(12, (index) =>
      pay(at(index), transports[Math.floor(index / 2) % 2]!, id, 100, { paymentId }),
    );
    expect(paid.map(({ status }) => status)).toEqual(Array(12).fill(200));
    expect(paid.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(standing(await read(id))).toEqual(['settled', 0, [100]]);
    const returned = await concurrently(12, (index) =>
      reverse(at(index), transports[Math.floor(index / 2) % 2]!, id, paymentId, 100, { reversalId: 'returned' }),
    );
    expect(returned.map(({ status }) => status)).toEqual(Array(12).fill(200));
    expect(returned.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(standing(await read(id))).toEqual(['sent', 100, [100, -100]]);
  });

  it('leave what a model of them leaves, whatever order they come in', async () => {
    const step = fc.record({
      paymentId: fc.constantFrom('a', 'b', 'c'),
      reversalId: fc.constantFrom(null, 'r', 's'),
      cents: fc.constantFrom(1_000, 2_500, 4_000),
      isReversal: fc.boolean(),
    });
    for (const steps of fc.sample(fc.array(step, { minLength: 10, maxLength: 25 }), { numRuns: 6, seed })) {
      const { id } = await billIn(server, 'sent', due);
      const entries: { paymentId: string; reversalId?: string; cents: number }[] = [];
      const sum = (paymentId?: string): number =>
        entries
          .filter((one) => paymentId === undefined || one.paymentId === paymentId)
          .reduce((total, { cents }) => total + cents, 0);
      for (const { paymentId, reversalId, cents, isReversal } of steps) {
        const outcome = isReversal
          ? await reverse(server, 'rest', id, paymentId, cents / 100, { reversalId })
          : await pay(server, 'rest', id, cents / 100, { paymentId });
        const name = reversalId ?? paymentId;
        const known = entries.find((one) =>
          isReversal ? one.reversalId === name : one.paymentId === paymentId && one.cents > 0,
        );
        const isKnown =
          known !== undefined &&
          known.paymentId === paymentId &&
          Math.abs(known.cents) === cents &&
          (isReversal || sum(paymentId) > 0);
        const isTaken = known === undefined && (isReversal ? sum(paymentId) >= cents : sum() + cents <= 10_000);
        if (isTaken) entries.push(isReversal ? { paymentId, reversalId: name, cents: -cents } : { paymentId, cents });
        expect([outcome.status < 300, outcome.status < 300 && outcome.replayed]).toEqual([isKnown || isTaken, isKnown]);
      }
      const remaining = 10_000 - sum();
      const state = remaining === 0 ? 'settled' : sum() === 0 ? 'sent' : 'partiallyPaid';
      expect(standing(await read(id))).toEqual([state, remaining / 100, entries.map(({ cents }) => cents / 100)]);
    }
  });
});
