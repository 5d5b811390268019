import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../../src/platform/json-object.js';
import { calledBy, create, transports, made, remove, update } from '../../fixtures/transports.js';
import { eventually } from '../../support/eventually.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { eventsOf, itemStates, move, orderWith, placeOrder, readOrder, tasksOf } from './orders.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const request = (id: string, more: object = {}): object => ({
  resourceOrder: { id },
  cancellationReason: 'no longer required',
  ...more,
});
const open = ['acknowledged', 'inProgress', 'pending', 'held'];

describe('a cancellation', () => {
  it.each(open.flatMap((state) => transports.map((door) => [state, door] as const)))(
    'cancels an order that is %s, through %s',
    async (state, door) => {
      const { id } = await orderWith(server, { 1: state, 2: 'acknowledged' });
      const { resource: task } = await create(server, door, 'CancelResourceOrder', request(id));
      const now = server.clock.now().toISOString();
      expect(task).toMatchObject({
        state: 'done',
        effectiveCancellationDate: now,
        cancellationReason: 'no longer required',
        resourceOrder: { id },
      });
      const order = await readOrder(server, id);
      expect([order.state, itemStates(order), order.cancellationDate, order.cancellationReason]).toEqual([
        'cancelled',
        { 1: 'cancelled', 2: 'cancelled' },
        now,
        'no longer required',
      ]);
      expect((await eventsOf(server, id)).filter(([type]) => type.endsWith('StateChangeEvent')).slice(-3)).toEqual([
        ['ResourceOrderStateChangeEvent', 'assessingCancellation'],
        ['ResourceOrderStateChangeEvent', 'pendingCancellation'],
        ['ResourceOrderStateChangeEvent', 'cancelled'],
      ]);
      expect(await eventsOf(server, task.id)).toEqual([
        ['CancelResourceOrderCreateEvent', 'accepted'],
        ['CancelResourceOrderStateChangeEvent', 'inProgress'],
        ['CancelResourceOrderStateChangeEvent', 'done'],
      ]);
    },
  );

  it.each(transports)('of an order that is kept back by a client ends that, too, through %s', async (door) => {
    const { id } = await placeOrder(server, ['1']);
    await update(server, door, 'ResourceOrder', id, { state: 'held' });
    expect((await create(server, door, 'CancelResourceOrder', request(id))).resource.state).toBe('done');
    const { state, requestedState } = await readOrder(server, id);
    expect([state, requestedState]).toEqual(['cancelled', undefined]);
  });

  it.each(transports)(
    'is refused when an item is completed, and the order is where it was, through %s',
    async (door) => {
      const before = await orderWith(server, { 1: 'completed', 2: 'pending' });
      const { status, resource: task } = await create(server, door, 'CancelResourceOrder', request(before.id));
      expect(status).toBeLessThan(300);
      expect(task).toMatchObject({
        state: 'terminatedWithError',
        failureMessage: `item '1' of resourceOrder '${before.id}' is completed: only the other items can be cancelled, by their ids`,
      });
      expect(task.effectiveCancellationDate).toBe(undefined);
      expect(await readOrder(server, before.id)).toEqual(before);
      expect((await eventsOf(server, before.id)).slice(-2)).toEqual([
        ['ResourceOrderStateChangeEvent', 'assessingCancellation'],
        ['ResourceOrderStateChangeEvent', 'pending'],
      ]);
    },
  );

  it.each(
    ['completed', 'failed', 'cancelled', 'rejected'].flatMap((state) =>
      transports.map((door) => [state, door] as const),
    ),
  )('is refused when the order is %s, through %s', async (state, door) => {
    const { id } = await orderWith(server, { 1: state });
    const told = await eventsOf(server, id);
    const { resource } = await create(server, door, 'CancelResourceOrder', request(id));
    expect([resource.state, resource.failureMessage]).toEqual([
      'terminatedWithError',
      `resourceOrder '${id}' is ${state} and cannot be cancelled`,
    ]);
    expect(await eventsOf(server, id)).toEqual(told);
  });

  it.each(transports)('needs an order that is there, through %s', async (door) => {
    expect(await create(server, door, 'CancelResourceOrder', request('nobody'))).toMatchObject({
      status: 422,
      message: "resourceOrder 'nobody' does not exist",
    });
    const { id } = await placeOrder(server, ['1']);
    for (const [more, message] of [
      [{ orderItem: [] }, 'orderItem must have at least one element'],
      [{ orderItem: [{}] }, 'orderItem.0.itemId is missing'],
      [
        { orderItem: [{ itemId: '1', resourceOrderId: 'other' }] },
        "orderItem.0.resourceOrderId is not that of the order to cancel: 'other'",
      ],
      [
        { resourceOrder: { id: '' } },
        'resourceOrder.id must have 1 to 255 characters: the limit NAME_LENGTH_MAX is 255',
      ],
    ] as const) {
      expect(await create(server, door, 'CancelResourceOrder', request(id, more))).toMatchObject({
        status: 400,
        message: expect.stringContaining(calledBy(door, message)),
      });
    }
    expect(await tasksOf(server, id)).toEqual([]);
  });

  it.each(transports)('of chosen items cancels these, and the rest goes on, through %s', async (door) => {
    const { id } = await orderWith(server, { 1: 'inProgress', 2: 'acknowledged', 3: 'completed' });
    const first = await create(server, door, 'CancelResourceOrder', request(id, { orderItem: [{ itemId: '1' }] }));
    expect(first.resource.state).toBe('done');
    const order = await readOrder(server, id);
    expect([order.state, itemStates(order), order.cancellationDate]).toEqual([
      'inProgress',
      { 1: 'cancelled', 2: 'acknowledged', 3: 'completed' },
      undefined,
    ]);
    const refused: [string, string][] = [
      ['1', `item '1' of resourceOrder '${id}' is cancelled and cannot be cancelled`],
      ['3', `item '3' of resourceOrder '${id}' is completed and cannot be cancelled`],
      ['9', `there is no item '9' of resourceOrder '${id}'`],
    ];
    for (const [itemId, failureMessage] of refused) {
      expect(
        (await create(server, door, 'CancelResourceOrder', request(id, { orderItem: [{ itemId }] }))).resource,
      ).toMatchObject({ state: 'terminatedWithError', failureMessage });
    }
    await create(server, door, 'CancelResourceOrder', request(id, { orderItem: [{ itemId: '2' }] }));
    expect((await readOrder(server, id)).state).toBe('partial');
  });

  it.each(transports)('of the items under way asks for what the others wait to know, through %s', async (door) => {
    const { id } = await orderWith(server, { 1: 'inProgress', 2: 'pending' });
    await create(
      server,
      door,
      'CancelResourceOrder',
      request(id, { orderItem: [{ itemId: '1', resourceOrderId: id }] }),
    );
    expect((await eventsOf(server, id)).slice(-3)).toEqual([
      ['ResourceOrderStateChangeEvent', 'pending'],
      ['ResourceOrderAttributeValueChangeEvent', 'pending'],
      ['ResourceOrderInformationRequiredEvent', 'pending'],
    ]);
  });

  it.each(transports)('leaves no item behind that waits for a cancelled one, through %s', async (door) => {
    const wait = { orderItemRelationship: [{ relationshipType: 'dependsOn', orderItem: { itemId: '1' } }] };
    const { id } = await made(server, 'ResourceOrder', { orderItem: [{ id: '1' }, { id: '2', ...wait }, { id: '3' }] });
    const { resource } = await create(
      server,
      door,
      'CancelResourceOrder',
      request(id, { orderItem: [{ itemId: '1' }] }),
    );
    expect(resource.failureMessage).toBe(
      `item '2' of resourceOrder '${id}' depends on what is to be cancelled: cancel it, too`,
    );
    const both = await create(
      server,
      door,
      'CancelResourceOrder',
      request(id, { orderItem: [{ itemId: '1' }, { itemId: '2' }] }),
    );
    expect([both.resource.state, itemStates(await readOrder(server, id))]).toEqual([
      'done',
      { 1: 'cancelled', 2: 'cancelled', 3: 'acknowledged' },
    ]);
  });

  it.each(transports)('by PATCH is the same task, and refused for the same reasons, through %s', async (door) => {
    const { id } = await orderWith(server, { 1: 'inProgress' });
    await update(server, door, 'ResourceOrder', id, { state: 'cancelled', cancellationReason: 'changed my mind' });
    const [task] = await tasksOf(server, id);
    expect(task).toMatchObject({
      state: 'done',
      cancellationReason: 'changed my mind',
      effectiveCancellationDate: server.clock.now().toISOString(),
    });
    const states = (await eventsOf(server, id))
      .filter(([type]) => type === 'ResourceOrderStateChangeEvent')
      .map(([, state]) => state);
    expect(states).toEqual(['inProgress', 'assessingCancellation', 'pendingCancellation', 'cancelled']);
    expect((await eventsOf(server, task.id)).map(([, state]) => state)).toEqual(['accepted', 'inProgress', 'done']);

    const done = await orderWith(server, { 1: 'completed', 2: 'inProgress' });
    const refused = await update(server, door, 'ResourceOrder', done.id, { state: 'cancelled' });
    expect([refused.status, refused.message]).toEqual([
      409,
      `item '1' of resourceOrder '${done.id}' is completed: only the other items can be cancelled, by their ids`,
    ]);
    expect(await tasksOf(server, done.id)).toEqual([]);
  });

  it('of two at once one wins, and the other says why', async () => {
    for (let round = 0; round < 5; round++) {
      const { id } = await orderWith(server, { 1: 'inProgress' });
      const tasks = await Promise.all(
        transports.map((door) => create(server, door, 'CancelResourceOrder', request(id))),
      );
      expect(tasks.map(({ resource }) => resource.state).sort()).toEqual(['done', 'terminatedWithError']);
      expect(tasks.find(({ resource }) => resource.state !== 'done')?.resource.failureMessage).toBe(
        `resourceOrder '${id}' is cancelled and cannot be cancelled`,
      );
      expect((await eventsOf(server, id)).filter(([, state]) => state === 'cancelled').length).toBeGreaterThan(0);
    }
  });

  it('keeps no address of its order: the right one is made when it is read', async () => {
    const { id, href } = await placeOrder(server, ['1']);
    const { resource } = await create(server, 'graphql', 'CancelResourceOrder', {
      resourceOrder: { id, href: 'http://elsewhere.example/order' },
    });
    expect(resource.resourceOrder).toEqual({ id, href });
    const told = await server.database.client.outbox.findMany({
      where: { resourceType: 'cancelResourceOrder', resourceId: resource.id },
    });
    expect(told.map(({ payload }) => (payload as JsonObject)['resourceOrder'])).toEqual(told.map(() => ({ id })));
    expect(told.length).toBeGreaterThan(0);
    for (const query of ['sort=resourceOrder.href', 'resourceOrder.href=x', `filter=$[?(@.resourceOrder.href=='x')]`]) {
      expect([query, await server.rest('GET', `/cancelResourceOrder?${query}`)]).toMatchObject([
        query,
        { status: 400, body: { message: expect.stringContaining('href') } },
      ]);
    }
  });

  it('is answered again under its key, with what came of it', async () => {
    const { id } = await placeOrder(server, ['1']);
    const first = await create(server, 'rest', 'CancelResourceOrder', request(id), 'cancel once');
    const again = await create(server, 'graphql', 'CancelResourceOrder', request(id), 'cancel once');
    expect([again.replayed, again.resource]).toEqual([true, first.resource]);
    expect(await tasksOf(server, id)).toHaveLength(1);
  });

  it('is read with its order, and the order with its cancellations', async () => {
    const { id } = await placeOrder(server, ['1']);
    const { resource: task } = await create(server, 'rest', 'CancelResourceOrder', request(id));
    expect(task.resourceOrder.href).toBe(`${server.url}/tmf-api/resourceOrderingManagement/v4/resourceOrder/${id}`);
    const { data } = await server.graphql(
      'query ($id: ID!, $task: ID!) { cancelResourceOrder(id: $task) { resourceOrder { target { state } } } resourceOrder(id: $id) { cancelResourceOrders { items { id state } } } }',
      { id, task: task.id },
    );
    expect(data).toEqual({
      cancelResourceOrder: { resourceOrder: { target: { state: 'cancelled' } } },
      resourceOrder: { cancelResourceOrders: { items: [{ id: task.id, state: 'done' }] } },
    });
  });
});

describe('a cancellation that is due later', () => {
  it('waits until its time, and then does what can still be done', async () => {
    const later = new Date(server.clock.now().getTime() + 3_600_000).toISOString();
    const orders = await Promise.all([
      orderWith(server, { 1: 'inProgress' }),
      orderWith(server, { 1: 'inProgress' }),
      placeOrder(server, ['1']),
    ]);
    const tasks = await Promise.all(
      orders.map(({ id }) =>
        create(server, 'rest', 'CancelResourceOrder', request(id, { requestedCancellationDate: later })),
      ),
    );
    expect(tasks.map(({ resource }) => resource.state)).toEqual(['accepted', 'accepted', 'accepted']);
    expect((await readOrder(server, orders[0].id)).state).toBe('inProgress');
    await move(server, 'rest', orders[1].id, ['1', 'completed']);
    await remove(server, 'rest', 'ResourceOrder', orders[2].id);
    server.clock.set(later);
    await server.startJobs();
    const states = async (): Promise<any[]> =>
      Promise.all(
        tasks.map(async ({ resource }) => (await server.rest('GET', `/cancelResourceOrder/${resource.id}`)).body),
      );
    const ended = await eventually('the cancellations end', async () => {
      const present = await states();
      return present.some(({ state }) => state === 'accepted') ? undefined : present;
    });
    expect(ended.map(({ state, failureMessage }) => [state, failureMessage])).toEqual([
      ['done', undefined],
      ['terminatedWithError', `resourceOrder '${orders[1].id}' is completed and cannot be cancelled`],
      ['terminatedWithError', `resourceOrder '${orders[2].id}' does not exist any more`],
    ]);
    expect((await readOrder(server, orders[0].id)).cancellationDate).toBe(later);
  });
});

describe('the story of an order', () => {
  it('that is started, of which one item fails and the rest is cancelled, reads right', async () => {
    const { id } = await placeOrder(server, ['cable', 'number', 'router']);
    const told: string[] = [];
    const look = async (): Promise<void> => {
      const order = await readOrder(server, id);
      told.push(`${order.state}: ${Object.values(itemStates(order)).join(', ')}`);
    };
    await update(server, 'rest', 'ResourceOrder', id, { state: 'inProgress' });
    await look();
    await move(server, 'graphql', id, ['number', 'failed']);
    await look();
    await create(server, 'rest', 'CancelResourceOrder', request(id));
    await look();
    expect(told).toEqual([
      'inProgress: inProgress, inProgress, inProgress',
      'inProgress: inProgress, failed, inProgress',
      'cancelled: cancelled, failed, cancelled',
    ]);
  });
});
