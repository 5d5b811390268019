import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { calledBy, create, transports, made, update, type Transport, type Outcome } from '../../fixtures/transports.js';
import { retryWhileBusy } from '../../support/retry-while-busy.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { startSecondServer } from '../prepay-balance/second-server.js';
import { itemStates, move, orderWith, placeOrder, readOrder } from './orders.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const on = (...ids: string[]): object => ({
  orderItemRelationship: ids.map((itemId) => ({ relationshipType: 'dependsOn', orderItem: { itemId } })),
});
const patchItems = (door: Transport, id: string, orderItem: readonly object[]): Promise<Outcome> =>
  update(server, door, 'ResourceOrder', id, { orderItem });

describe('the items of an order', () => {
  it.each(transports)(
    'have ids of their own, wait for none that is not there, and never for each other, through %s',
    async (door) => {
      const refused: [object[], string][] = [
        [[{ id: '1' }, { id: '1' }], calledBy(door, "orderItem.0.id is that of another item, too: '1'")],
        [
          [{ id: '1', ...on('2') }],
          "orderItem.0.orderItemRelationship depends on the item '2', which the order has not",
        ],
        [[{ id: '1', ...on('1') }], "orderItem depends on itself: '1' waits for '1'"],
        [
          [{ id: '0', ...on('1') }, { id: '1', ...on('2') }, { id: '2', ...on('3', '1') }, { id: '3' }],
          "depends on itself: '1' waits for '2' waits for '1'",
        ],
      ];
      for (const [orderItem, message] of refused) {
        expect(await create(server, door, 'ResourceOrder', { orderItem })).toMatchObject({
          status: 400,
          message: expect.stringContaining(message),
        });
        const { id } = await placeOrder(server, ['9']);
        expect(await patchItems(door, id, [{ id: '9' }, ...orderItem])).toMatchObject({
          status: 400,
          message: expect.stringContaining(message.replace('orderItem.0', 'orderItem.1')),
        });
      }
      const bundled = [
        {
          id: '1',
          orderItemRelationship: [
            { relationshipType: 'bundles', orderItem: { itemId: '9' } },
            { relationshipType: 'dependsOn', orderItem: { itemId: '9', resourceOrderId: 'elsewhere' } },
          ],
        },
      ];
      expect((await create(server, door, 'ResourceOrder', { orderItem: bundled })).status).toBeLessThan(300);
    },
  );

  it.each(transports)('say which other one they wait for, through %s', async (door) => {
    const { id } = await placeOrder(server, ['1']);
    for (const other of [{}, { orderItem: {} }, { orderItem: { resourceOrderId: id } }]) {
      const orderItem = [
        {
          id: '1',
          orderItemRelationship: [{ relationshipType: 'bundles' }, { relationshipType: 'dependsOn', ...other }],
        },
      ];
      const refused = {
        status: 400,
        message: expect.stringContaining('orderItem.0.orderItemRelationship.1.orderItem.itemId is missing'),
      };
      expect(await create(server, door, 'ResourceOrder', { orderItem })).toMatchObject(refused);
      expect(await patchItems(door, id, orderItem)).toMatchObject(refused);
    }
  });

  it.each(transports)('that are under way do not come to wait for what is not completed, through %s', async (door) => {
    const { id } = await orderWith(server, { 1: 'inProgress', 2: 'acknowledged', 3: 'completed' });
    const [, second, third] = (await readOrder(server, id)).orderItem;
    expect(await patchItems(door, id, [{ id: '1', ...on('3', '2') }, second, third])).toMatchObject({
      status: 409,
      message: `item '1' of resourceOrder '${id}' cannot be inProgress before those it depends on are completed: '2' is acknowledged`,
    });
    expect((await patchItems(door, id, [{ id: '1', ...on('3') }, second, third])).status).toBe(200);
  });

  it.each(transports)('change, come and go by an update, while they are not finished, through %s', async (door) => {
    const { id } = await orderWith(server, { 1: 'inProgress', 2: 'acknowledged' });
    const changed = await patchItems(door, id, [
      { id: '1', quantity: 5, resource: { name: 'cable' } },
      { id: '3', action: 'add', ...on('1') },
    ]);
    expect(changed.resource.orderItem).toMatchObject([
      { id: '1', quantity: 5, state: 'inProgress', resource: { name: 'cable' } },
      { id: '3', action: 'add', state: 'acknowledged' },
    ]);
    const { status, message } = await patchItems(door, id, [{ id: '3' }]);
    expect([status, message]).toEqual([
      409,
      `item '1' of resourceOrder '${id}' is inProgress and cannot be removed: only what is acknowledged can`,
    ]);
    expect(await patchItems(door, id, [{ id: '1' }, { id: '4', state: 'inProgress' }])).toMatchObject({
      status: 400,
      message: expect.stringContaining('orderItem.1.state of a new item must be acknowledged'),
    });
    expect(await patchItems(door, id, [])).toMatchObject({
      status: 400,
      message: expect.stringContaining('at least one element'),
    });
  });

  it.each(transports)('that are finished stay as they are, through %s', async (door) => {
    for (const state of ['completed', 'failed', 'cancelled', 'rejected']) {
      const { id, orderItem } = await orderWith(server, { 1: state, 2: 'acknowledged' });
      const same = await patchItems(door, id, [...orderItem.slice(0, 1), { id: '2', quantity: 2 }]);
      expect([state, same.status]).toEqual([state, 200]);
      expect(await patchItems(door, id, [{ ...orderItem[0], quantity: 1 }, { id: '2' }])).toMatchObject({
        status: 409,
        message: `item '1' of resourceOrder '${id}' is ${state} and cannot change any more`,
      });
      expect(await patchItems(door, id, [{ id: '2' }])).toMatchObject({
        status: 409,
        message: expect.stringContaining('cannot be removed'),
      });
    }
  });

  it.each(transports)('do not grow when the order is at its end, while its notes may, through %s', async (door) => {
    const { id, orderItem } = await orderWith(server, { 1: 'completed' });
    expect(await patchItems(door, id, [...orderItem, { id: '2' }])).toMatchObject({
      status: 409,
      message: `resourceOrder '${id}' is completed and gets no further items`,
    });
    expect(
      (await update(server, door, 'ResourceOrder', id, { note: [{ text: 'thank you' }] })).resource.note,
    ).toMatchObject([{ text: 'thank you' }]);
  });

  it('are edited by JSON Patch one by one, and several states move at once', async () => {
    const { id } = await made(server, 'ResourceOrder', { orderItem: [{ id: '1' }, { id: '2', ...on('1') }] });
    const patch = (...operations: object[]): Promise<any> =>
      server.rest('PATCH', `/resourceOrder/${id}`, {
        body: operations,
        headers: { 'content-type': 'application/json-patch+json' },
      });
    await move(server, 'rest', id, ['1', 'inProgress']);
    const { status, body } = await patch(
      { op: 'replace', path: '/orderItem/0/state', value: 'completed' },
      { op: 'replace', path: '/orderItem/1/state', value: 'inProgress' },
      { op: 'add', path: '/orderItem/1/quantity', value: 3 },
      { op: 'add', path: '/orderItem/-', value: { id: '3', action: 'no_change' } },
    );
    expect([status, itemStates(body), body.orderItem[1].quantity, body.orderItem[2].action]).toEqual([
      200,
      { 1: 'completed', 2: 'inProgress', 3: 'acknowledged' },
      3,
      'noChange',
    ]);
    expect((await patch({ op: 'remove', path: '/orderItem/2' })).body.orderItem).toHaveLength(2);
    expect((await patch({ op: 'remove', path: '/orderItem/1' })).status).toBe(409);
    // The other one depends on it.
    expect((await patch({ op: 'remove', path: '/orderItem/0' })).status).toBe(400);
  });
});

describe('changes of one order at a time', () => {
  it('lose nothing: every one of them is there in the end', async () => {
    const ids = ['1', '2', '3', '4', '5', '6'];
    const { id } = await placeOrder(server, ids);
    const insist = async (change: (key: string) => Promise<Outcome>): Promise<void> => {
      for (let tries = 0; tries < 20; tries++) {
        const { status, message } = await retryWhileBusy(change);
        if (status === 200) return;
        // A PATCH that was too slow again and again says so.
        expect([status, message]).toEqual([412, expect.stringContaining('revision')]);
      }
      throw new Error('never got through');
    };
    await Promise.all([
      ...ids.map((itemId, index) =>
        insist((key) => move(server, transports[index % 2] as Transport, id, [itemId, 'inProgress'], key)),
      ),
      insist((key) => update(server, 'rest', 'ResourceOrder', id, { name: 'renamed' }, key)),
      insist((key) => update(server, 'graphql', 'ResourceOrder', id, { category: 'Premium' }, key)),
    ]);
    const order = await readOrder(server, id);
    expect([new Set(Object.values(itemStates(order))), order.name, order.category, order.state]).toEqual([
      new Set(['inProgress']),
      'renamed',
      'Premium',
      'inProgress',
    ]);
  });

  it('all get through, as many as come at once, and each finds what those before it did', async () => {
    // On PostgreSQL two servers share the database; the embedded one has one.
    const second = process.env.TEST_DATABASE_URL ? await startSecondServer(server, server.clock) : undefined;
    const servers = second ? [server, second] : [server];
    const { id } = await placeOrder(server, ['0']);
    const added = Array.from({ length: 60 }, (_, index) => `n${index}`);
    const add = (itemId: string, index: number): Promise<any> =>
      retryWhileBusy((key) =>
        servers[index % servers.length]!.rest('PATCH', `/tmf-api/resourceOrderingManagement/v4/resourceOrder/${id}`, {
          body: [{ op: 'add', path: '/orderItem/-', value: { id: itemId } }],
          headers: { 'content-type': 'application/json-patch+json', 'idempotency-key': key },
        }),
      );
    const answers = await Promise.all(added.map(add)).finally(() => second?.close());
    expect(answers.map(({ status }) => status)).toEqual(added.map(() => 200));
    expect(Object.keys(itemStates(await readOrder(server, id))).sort()).toEqual(['0', ...added].sort());
  });

  it('are refused when they insist on a version that is past', async () => {
    const { id } = await placeOrder(server, ['1']);
    const { headers } = await server.rest('GET', `/resourceOrder/${id}`);
    await update(server, 'rest', 'ResourceOrder', id, { name: 'first' });
    const answer = await server.rest('PATCH', `/resourceOrder/${id}`, {
      body: { name: 'second' },
      headers: { 'if-match': headers.get('etag') as string },
    });
    expect(answer.status).toBe(412);
  });
});

describe('orders are found', () => {
  it('in the very next list, by their date with and without quotes, and by what their resources are', async () => {
    const specification = `spec-${Math.random()}`;
    server.clock.advance(1_001);
    const order = await made(server, 'ResourceOrder', {
      orderItem: [{ id: '1', resource: { resourceSpecification: { id: specification } } }, { id: '2' }],
    });
    const idsBy = async (query: string): Promise<string[]> => {
      const { status, body } = await server.rest('GET', `/resourceOrder${query}`);
      expect([query, status]).toEqual([query, 200]);
      return body.map(({ id }: any) => id);
    };
    expect(await idsBy('')).toContain(order.id);
    for (const query of [
      `?orderDate=${order.orderDate}`,
      `?orderDate=%22${order.orderDate}%22`,
      `?orderDate="${order.orderDate}"`,
      `?id=${order.id}`,
      `?orderItem.resource.resourceSpecification.id=${specification}`,
    ]) {
      expect([query, await idsBy(query)]).toEqual([query, [order.id]]);
    }
    const { data } = await server.graphql(
      'query ($id: String!) { resourceOrders(filter: { orderItem: { some: { resource: { resourceSpecification: { refId: { eq: $id } } } } } }) { items { id } } }',
      { id: specification },
    );
    expect(data.resourceOrders.items).toEqual([{ id: order.id }]);
  });

  it('under every base path, with one canonical address', async () => {
    const order = await placeOrder(server, ['1']);
    for (const base of [
      '/tmf-api/resourceOrderingManagement/v4',
      '/resourceOrderingManagement/v4',
      '/tmf-api/resourceOrdering/v4',
    ]) {
      const answer = await fetch(`${server.url}${base}/resourceOrder/${order.id}`);
      expect([answer.status, ((await answer.json()) as any).href]).toEqual([
        200,
        `${server.url}/tmf-api/resourceOrderingManagement/v4/resourceOrder/${order.id}`,
      ]);
    }
  });
});
