import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { create, transports, update } from '../fixtures/transports.js';
import { makeCycle } from '../domain/customer-bill/billing.js';
import { startTestServer, type TestServer } from '../support/server.js';

// A state that a creation says is never ignored: it is the one that the server sets, or it is refused. (Those of balance
// actions, of which some do count, have tests of their own; usages and bills begin in more than one.)

let server: TestServer;
let cycleId: string;
beforeAll(async () => {
  server = await startTestServer();
  cycleId = (await makeCycle(server)).id;
});
afterAll(() => server.close());

interface Case {
  type: string;
  attribute: 'state' | 'status';
  taken: string;
  /** Read by TMF REST only, as published samples say it. */
  sampled?: string;
  refused: readonly string[];
  input: () => Promise<object>;
}

const order = { orderItem: [{ id: '1' }] };
const cases: Case[] = [
  {
    type: 'ResourceOrder',
    attribute: 'state',
    taken: 'acknowledged',
    refused: ['inProgress', 'completed', 'x', ''],
    input: () => Promise.resolve(order),
  },
  {
    type: 'CancelResourceOrder',
    attribute: 'state',
    taken: 'accepted',
    sampled: 'assessingCancellation',
    refused: ['done', 'terminatedWithError', 'x'],
    input: async () => ({ resourceOrder: { id: (await create(server, 'rest', 'ResourceOrder', order)).resource.id } }),
  },
  {
    type: 'CustomerBillOnDemand',
    attribute: 'state',
    taken: 'inProgress',
    refused: ['done', 'terminatedWithError', 'x'],
    input: () => Promise.resolve({ billingAccount: { id: 'A1' } }),
  },
  {
    type: 'UsageExport',
    attribute: 'status',
    taken: 'notStarted',
    refused: ['succeeded', 'x'],
    input: () => Promise.resolve({ contentType: 'text/csv' }),
  },
  {
    type: 'UsageImport',
    attribute: 'status',
    taken: 'notStarted',
    refused: ['succeeded', 'x'],
    input: () => Promise.resolve({ contentType: 'text/csv' }),
  },
  {
    type: 'BillRun',
    attribute: 'state',
    taken: 'inProgress',
    refused: ['done', 'x'],
    input: () => Promise.resolve({ billCycle: { id: cycleId }, dryRun: true }),
  },
  {
    type: 'CustomerBill',
    attribute: 'state',
    taken: 'new',
    refused: ['settled', 'x'],
    input: () => Promise.resolve({ billingAccount: { id: 'A1' }, amountDue: { value: 1, unit: 'EUR' } }),
  },
];

describe.each(transports)('the state of what is created through %s', (door) => {
  // Runs are begun by a mutation of another name, and files have other names in REST (see below).
  const asked = cases.filter(({ type }) => (door === 'rest' ? !type.startsWith('Usage') : type !== 'BillRun'));

  it.each(asked.filter(({ type }) => type !== 'CustomerBill'))(
    'of a $type is taken where it says what is anyway, and is no other command',
    async ({ type, attribute, taken, sampled, input }) => {
      const body = await input();
      const key = `${door} ${type}`;
      const plain = await create(server, door, type, body, key);
      expect([plain.message, plain.status < 300]).toEqual([undefined, true]);
      for (const state of sampled && door === 'rest' ? [taken, sampled] : [taken])
        expect(await create(server, door, type, { ...body, [attribute]: state }, key)).toMatchObject({
          replayed: true,
          resource: { id: plain.resource.id },
        });
    },
  );

  it.each(asked)('of a $type is refused where it says anything else', async ({ type, attribute, refused, input }) => {
    const body = await input();
    for (const state of refused) {
      const answer = await create(server, door, type, { ...body, [attribute]: state });
      expect([answer.status, answer.message]).toEqual([400, expect.stringMatching(`\\b${attribute}\\b`)]);
    }
  });

  it('of an item of an order, too', async () => {
    expect(
      await create(server, door, 'ResourceOrder', { orderItem: [{ id: '1', state: 'acknowledged' }] }),
    ).toMatchObject({ resource: { state: 'acknowledged' } });
    expect(
      await create(server, door, 'ResourceOrder', { orderItem: [{ id: '1' }, { id: '2', state: 'completed' }] }),
    ).toMatchObject({ status: 400, message: expect.stringContaining('orderItem.1.state must be one of acknowledged') });
  });
});

describe.each(['importJob', 'exportJob'])('the status of a new %s through REST', (path) => {
  it('is the one that it begins in', async () => {
    const post = (status: string): ReturnType<TestServer['rest']> =>
      server.rest('POST', `/${path}`, { body: { contentType: 'text/csv', status } });
    expect((await post('notStarted')).status).toBe(201);
    expect(await post('succeeded')).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('status must at first be notStarted') },
    });
  });
});

describe.each(transports)('cancellationDate of an order through %s', (door) => {
  const date = '2026-02-20T10:00:00.000Z';

  it('may be said until the order is at its end, and is kept when it is cancelled', async () => {
    const { id } = (await create(server, door, 'ResourceOrder', order)).resource;
    expect(await update(server, door, 'ResourceOrder', id, { cancellationDate: date })).toMatchObject({
      resource: { state: 'acknowledged', cancellationDate: date },
    });
    expect(await update(server, door, 'ResourceOrder', id, { state: 'cancelled' })).toMatchObject({
      resource: { state: 'cancelled', cancellationDate: date },
    });
    const changed = await update(server, door, 'ResourceOrder', id, { cancellationDate: '2026-02-21T10:00:00.000Z' });
    expect([changed.status, changed.message]).toEqual([
      409,
      expect.stringContaining('cancellationDate cannot be changed'),
    ]);
    expect(
      (await update(server, door, 'ResourceOrder', id, { cancellationDate: date, description: 'same' })).status,
    ).toBe(200);
  });

  it('may come with the cancellation, or is that of the server', async () => {
    const [one, other] = [
      (await create(server, door, 'ResourceOrder', order)).resource,
      (await create(server, door, 'ResourceOrder', order)).resource,
    ];
    expect(
      await update(server, door, 'ResourceOrder', one.id, { state: 'cancelled', cancellationDate: date }),
    ).toMatchObject({ resource: { state: 'cancelled', cancellationDate: date } });
    expect(await update(server, door, 'ResourceOrder', other.id, { state: 'cancelled' })).toMatchObject({
      resource: { cancellationDate: server.clock.now().toISOString() },
    });
  });
});
