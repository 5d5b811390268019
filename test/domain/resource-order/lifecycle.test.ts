import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { calledBy, create, transports, made, remove, update, type Transport } from '../../fixtures/transports.js';
import { startTestServer, type TestServer } from '../../support/server.js';
import { eventsOf, itemStates, move, orderWith, placeOrder, readOrder, waysTo } from './orders.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** What whoever does the work may make of an item, written down a second time. */
const moves: Readonly<Record<string, readonly string[]>> = {
  acknowledged: ['rejected', 'inProgress', 'pending', 'held', 'failed'],
  inProgress: ['pending', 'held', 'completed', 'failed'],
  pending: ['inProgress', 'cancelled'],
  held: ['inProgress', 'cancelled'],
  completed: [],
  failed: [],
  cancelled: [],
  rejected: [],
};
const targets = [...Object.keys(moves), 'assessingCancellation', 'pendingCancellation'];

/** What a word is refused with that an enum has not. */
const noWord = (door: Transport): string => (door === 'rest' ? 'must be one of' : 'does not exist in');

describe('an item', () => {
  it.each(Object.keys(moves).flatMap((from) => transports.map((door) => [from, door] as const)))(
    'that is %s moves along the table only, through %s',
    async (from, door) => {
      for (const to of targets) {
        const { id } = await orderWith(server, { 1: from, 2: 'acknowledged' });
        const { status, message, resource } = await move(server, door, id, ['1', to]);
        if (to === from || moves[from]?.includes(to))
          expect([from, to, status, itemStates(resource)['1']]).toEqual([from, to, 200, to]);
        else {
          const allowed = moves[from]?.length ? `it may become ${moves[from].join(' or ')}` : undefined;
          expect([from, to, status]).toEqual([from, to, 409]);
          expect(message).toContain(`item '1' of resourceOrder '${id}' is ${from} and cannot`);
          if (allowed) expect(message).toContain(allowed);
        }
      }
    },
  );

  it.each(transports)('is in no state that there is not, through %s', async (door) => {
    const { id } = await placeOrder(server, ['1']);
    for (const state of ['partial', 'done', '', 'constructor']) {
      const { status, message } = await move(server, door, id, ['1', state]);
      expect([state, status, message]).toEqual([state, 400, expect.stringContaining(noWord(door))]);
    }
  });

  it('starts when those it depends on are completed, and not before', async () => {
    const wait = { orderItemRelationship: [{ relationshipType: 'dependsOn', orderItem: { itemId: '1' } }] };
    for (const door of transports) {
      const { id } = await made(server, 'ResourceOrder', { orderItem: [{ id: '1' }, { id: '2', ...wait }] });
      const early = {
        status: 409,
        message: `item '2' of resourceOrder '${id}' cannot be inProgress before those it depends on are completed: '1' is acknowledged`,
      };
      expect(await move(server, door, id, ['2', 'inProgress'])).toMatchObject(early);
      await move(server, door, id, ['1', 'inProgress']);
      expect((await move(server, door, id, ['2', 'inProgress'])).message).toContain("'1' is inProgress");
      await move(server, door, id, ['1', 'completed']);
      expect((await move(server, door, id, ['2', 'inProgress'])).status).toBe(200);
    }
  });

  it('does not start while a client keeps the order back, but ends', async () => {
    for (const door of transports) {
      for (const kept of ['held', 'pending']) {
        const { id } = await orderWith(server, { 1: 'inProgress', 2: 'acknowledged' });
        await update(server, door, 'ResourceOrder', id, { state: kept });
        expect(await move(server, door, id, ['2', 'inProgress'])).toMatchObject({
          status: 409,
          message: expect.stringContaining(`cannot start while the order is ${kept}`),
        });
        expect((await move(server, door, id, ['1', 'completed'])).resource.state).toBe(kept);
        expect((await move(server, door, id, ['2', 'rejected'])).resource.state).toBe('partial');
        expect((await readOrder(server, id)).requestedState).toBe(undefined);
      }
    }
  });

  it('is moved with a note and an expected date, which the order keeps', async () => {
    const { id } = await placeOrder(server, ['1'], { note: [{ id: 'n', text: 'first' }] });
    const { data } = await server.graphql(
      `mutation ($id: ID!) { updateResourceOrderItem(orderId: $id, itemId: "1", state: inProgress, note: "on it", expectedCompletionDate: "2026-04-01T00:00:00Z") {
        state startDate expectedCompletionDate note { itemId text date } } }`,
      { id },
    );
    const now = server.clock.now().toISOString();
    expect(data.updateResourceOrderItem).toEqual({
      state: 'inProgress',
      startDate: now,
      expectedCompletionDate: '2026-04-01T00:00:00.000Z',
      note: [
        { itemId: 'n', text: 'first', date: null },
        { itemId: expect.stringMatching(/^[0-9A-Z]{26}$/), text: 'on it', date: now },
      ],
    });
    for (const [args, status, message] of [
      ['itemId: "9", state: failed', 404, "item '9' of resourceOrder"],
      ['itemId: "1"', 400, 'a state, a note or an expectedCompletionDate'],
      ['itemId: "1", note: ""', 400, 'note must not be empty'],
      ['itemId: "1", state: completed, ifRevision: 1', 412, 'revision'],
    ] as const) {
      const { errors } = await server.graphql(
        `mutation ($id: ID!) { updateResourceOrderItem(orderId: $id, ${args}) { id } }`,
        { id },
      );
      expect([errors?.[0]?.extensions.status, errors?.[0]?.message]).toEqual([
        status,
        expect.stringContaining(message),
      ]);
    }
  });

  it('is moved once under one idempotency key', async () => {
    const { id } = await placeOrder(server, ['1']);
    const query =
      'mutation ($id: ID!) { updateResourceOrderItem(orderId: $id, itemId: "1", note: "once", idempotencyKey: "item once") { revision note { text } } }';
    const [first, second] = [await server.graphql(query, { id }), await server.graphql(query, { id })];
    expect(second.data).toEqual(first.data);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect((await readOrder(server, id)).note).toHaveLength(1);
  });
});

describe('an order', () => {
  const asked: Readonly<Record<string, readonly string[]>> = {
    acknowledged: ['inProgress', 'pending', 'held', 'rejected', 'cancelled'],
    inProgress: ['pending', 'held', 'cancelled'],
    pending: ['inProgress', 'held', 'cancelled'],
    held: ['inProgress', 'pending', 'cancelled'],
    completed: [],
    failed: [],
    cancelled: [],
    rejected: [],
  };
  const all = [...Object.keys(asked), 'partial', 'assessingCancellation', 'pendingCancellation'];

  it.each(Object.keys(asked).flatMap((from) => transports.map((door) => [from, door] as const)))(
    'that is %s is led by a client only where the table says, through %s',
    async (from, door) => {
      for (const to of all) {
        const { id, state } = await orderWith(server, { 1: from });
        expect(state).toBe(from);
        const { status, message, resource } = await update(server, door, 'ResourceOrder', id, { state: to });
        if (to === from || asked[from]?.includes(to))
          expect([from, to, status, resource.state]).toEqual([from, to, 200, to]);
        else
          expect([from, to, status, message]).toEqual([
            from,
            to,
            409,
            expect.stringContaining(`resourceOrder '${id}' is ${from} and cannot become ${to}: it may`),
          ]);
      }
    },
  );

  it.each(transports)('is in no state that there is not, through %s', async (door) => {
    const { id } = await placeOrder(server, ['1']);
    for (const state of ['Held', 'done', '', 'constructor']) {
      expect(await update(server, door, 'ResourceOrder', id, { state })).toMatchObject({
        status: 400,
        message: expect.stringContaining(noWord(door)),
      });
    }
  });

  it.each(transports)('starts what can start, and goes on with what waits, through %s', async (door) => {
    const wait = { orderItemRelationship: [{ relationshipType: 'dependsOn', orderItem: { itemId: '1' } }] };
    const { id } = await made(server, 'ResourceOrder', { orderItem: [{ id: '1' }, { id: '2', ...wait }, { id: '3' }] });
    server.clock.advance(1_234);
    const started = await update(server, door, 'ResourceOrder', id, { state: 'inProgress' });
    expect([itemStates(started.resource), started.resource.startDate]).toEqual([
      { 1: 'inProgress', 2: 'acknowledged', 3: 'inProgress' },
      server.clock.now().toISOString(),
    ]);
    await move(server, door, id, ['1', 'held']);
    await move(server, door, id, ['3', 'pending']);
    expect((await readOrder(server, id)).state).toBe('pending');
    const resumed = await update(server, door, 'ResourceOrder', id, { state: 'inProgress' });
    expect(itemStates(resumed.resource)).toEqual({ 1: 'inProgress', 2: 'acknowledged', 3: 'inProgress' });
  });

  it.each(transports)('that is held goes back to what its items do, through %s', async (door) => {
    const { id } = await orderWith(server, { 1: 'inProgress', 2: 'held', 3: 'acknowledged' });
    const held = await update(server, door, 'ResourceOrder', id, { state: 'held' });
    expect([held.resource.state, held.resource.requestedState]).toEqual(['held', 'held']);
    const lifted = await update(server, door, 'ResourceOrder', id, { state: 'inProgress' });
    expect([lifted.resource.state, lifted.resource.requestedState, itemStates(lifted.resource)]).toEqual([
      'inProgress',
      undefined,
      { 1: 'inProgress', 2: 'held', 3: 'acknowledged' },
    ]);
  });

  it.each(transports)(
    'is not started when nothing of it can be, nor rejected once some of it is cancelled, through %s',
    async (door) => {
      const wait = { orderItemRelationship: [{ relationshipType: 'dependsOn', orderItem: { itemId: '1' } }] };
      const { id } = await made(server, 'ResourceOrder', { orderItem: [{ id: '1' }, { id: '2', ...wait }] });
      await move(server, door, id, ['1', 'rejected']);
      expect(await update(server, door, 'ResourceOrder', id, { state: 'inProgress' })).toMatchObject({
        status: 409,
        message: expect.stringContaining('none of its items can start'),
      });
      const other = await orderWith(server, { 1: 'cancelled', 2: 'acknowledged' });
      expect(await update(server, door, 'ResourceOrder', other.id, { state: 'rejected' })).toMatchObject({
        status: 409,
        message: expect.stringContaining('its items are cancelled, acknowledged'),
      });
    },
  );

  it('has the dates of its transitions, to the millisecond', async () => {
    server.clock.advance(7);
    const ordered = await placeOrder(server, ['1', '2']);
    expect(ordered.orderDate).toBe(server.clock.now().toISOString());
    const dated = async (to: [string, string]): Promise<any> => {
      server.clock.advance(61_003);
      return (await move(server, 'graphql', ordered.id, to)) && readOrder(server, ordered.id);
    };
    const started = await dated(['1', 'inProgress']);
    const startDate = server.clock.now().toISOString();
    expect([started.startDate, started.completionDate]).toEqual([startDate, undefined]);
    await dated(['1', 'completed']);
    const done = await dated(['2', 'rejected']);
    expect([done.state, done.startDate, done.completionDate, done.cancellationDate, done.orderDate]).toEqual([
      'partial',
      startDate,
      server.clock.now().toISOString(),
      undefined,
      ordered.orderDate,
    ]);
    const cancelled = await update(server, 'rest', 'ResourceOrder', (await placeOrder(server, ['1'])).id, {
      state: 'cancelled',
      cancellationReason: 'no longer needed',
    });
    expect([cancelled.resource.cancellationDate, cancelled.resource.cancellationReason]).toEqual([
      server.clock.now().toISOString(),
      'no longer needed',
    ]);
    const planned = await placeOrder(server, ['1'], { startDate: '2026-12-24T00:00:00.001Z' });
    await move(server, 'rest', planned.id, ['1', 'inProgress']);
    expect((await readOrder(server, planned.id)).startDate).toBe('2026-12-24T00:00:00.001Z');
  });

  it.each(transports)(
    'that its items hold up is kept there, when a client asks for that, until it is lifted, through %s',
    async (door) => {
      for (const kept of ['held', 'pending']) {
        const { id } = await orderWith(server, { 1: kept, 2: 'acknowledged' });
        expect((await update(server, door, 'ResourceOrder', id, { state: kept })).resource).toMatchObject({
          state: kept,
          requestedState: kept,
        });
        expect((await eventsOf(server, id)).at(-1)).toEqual(['ResourceOrderAttributeValueChangeEvent', kept]);
        for (const item of ['1', '2'])
          expect(await move(server, door, id, [item, 'inProgress'])).toMatchObject({
            status: 409,
            message: expect.stringContaining(`cannot start while the order is ${kept}`),
          });
        const lifted = await update(server, door, 'ResourceOrder', id, { state: 'inProgress' });
        expect([lifted.resource.state, lifted.resource.requestedState, itemStates(lifted.resource)]).toEqual([
          'inProgress',
          undefined,
          { 1: 'inProgress', 2: 'acknowledged' },
        ]);
      }
    },
  );

  it('tells of its state, of its attributes, and of what it waits to know', async () => {
    const { id } = await placeOrder(server, ['1']);
    await update(server, 'rest', 'ResourceOrder', id, { name: 'renamed' });
    await update(server, 'rest', 'ResourceOrder', id, { startDate: '2026-12-24T00:00:00Z' });
    await move(server, 'rest', id, ['1', 'inProgress']);
    await update(server, 'rest', 'ResourceOrder', id, { state: 'pending' });
    await update(server, 'rest', 'ResourceOrder', id, { state: 'pending' });
    await remove(server, 'rest', 'ResourceOrder', id);
    expect(await eventsOf(server, id)).toEqual([
      ['ResourceOrderCreateEvent', 'acknowledged'],
      ['ResourceOrderAttributeValueChangeEvent', 'acknowledged'],
      ['ResourceOrderAttributeValueChangeEvent', 'acknowledged'],
      ['ResourceOrderStateChangeEvent', 'inProgress'],
      ['ResourceOrderAttributeValueChangeEvent', 'inProgress'],
      ['ResourceOrderStateChangeEvent', 'pending'],
      ['ResourceOrderInformationRequiredEvent', 'pending'],
    ]);
  });

  it.each(Object.keys(waysTo).flatMap((state) => transports.map((door) => [state, door] as const)))(
    'that is %s is deleted only when it was not begun or is at its end, through %s',
    async (state, door) => {
      const { id } = await orderWith(server, { 1: state });
      const { status, message } = await remove(server, door, 'ResourceOrder', id);
      if (['inProgress', 'pending', 'held'].includes(state))
        expect([status, message]).toEqual([409, `resourceOrder '${id}' is ${state}: cancel it before deleting it`]);
      else expect(status).toBeLessThan(300);
    },
  );

  it.each(transports)('refuses what it cannot be made of, through %s', async (door: Transport) => {
    const refused: [object, string][] = [
      [{ orderItem: [] }, 'orderItem must have at least one element'],
      [
        { orderItem: [{ id: '' }] },
        calledBy(door, 'orderItem.0.id must have 1 to 255 characters: the limit NAME_LENGTH_MAX is 255'),
      ],
      [
        { orderItem: [{ id: '1' }], name: 'x'.repeat(256) },
        'name must have at most 255 characters: the limit NAME_LENGTH_MAX is 255',
      ],
      [{ orderItem: [{ id: '1' }], priority: 5 }, 'priority must be from 0 (highest) to 4 (lowest): 5'],
      [{ orderItem: [{ id: '1' }], priority: -1 }, 'priority must be from 0'],
      [{ orderItem: [{ id: '1', quantity: -1 }] }, 'orderItem.0.quantity must be greater than zero'],
      [{ orderItem: [{ id: '1', quantity: 0 }] }, 'orderItem.0.quantity must be greater than zero'],
      [{ orderItem: [{ id: '1', action: 'buy' }] }, noWord(door)],
      [{ orderItem: [{ id: '1', resource: { usageState: 'lazy' } }] }, noWord(door)],
      [
        {
          orderItem: [
            {
              id: '1',
              resource: { resourceRelationship: [{ relationshipType: 'x', resource: { operationalState: 'on' } }] },
            },
          ],
        },
        noWord(door),
      ],
    ];
    for (const [body, message] of refused)
      expect(await create(server, door, 'ResourceOrder', body)).toMatchObject({
        status: 400,
        message: expect.stringContaining(message),
      });
  });

  it('nests resources two levels deep, and refuses deeper ones by their path', async () => {
    const nest = (resource: object): object => ({
      orderItem: [{ id: '1', resource: { resourceRelationship: [{ relationshipType: 'reliesOn', resource }] } }],
    });
    expect((await create(server, 'rest', 'ResourceOrder', nest({ name: 'inner' }))).status).toBe(201);
    const deeper = await create(server, 'rest', 'ResourceOrder', nest({ resourceRelationship: [] }));
    expect([deeper.status, deeper.message]).toEqual([
      400,
      expect.stringContaining('orderItem.0.resource.resourceRelationship.0.resource.resourceRelationship'),
    ]);
    expect((await create(server, 'graphql', 'ResourceOrder', nest({ resourceRelationship: [] }))).status).toBe(400);
  });

  it('understands the words of the other edition, and takes the states that it begins in', async () => {
    const body = {
      orderItem: [{ id: '1', action: 'no_change', state: 'acknowledged' }],
      externalReference: [{ id: '4711', entityType: 'PurchaseOrder', owner: 'Acme' }],
      note: [{ text: 'no id' }],
      state: 'acknowledged',
    };
    const { status, resource } = await create(server, 'rest', 'ResourceOrder', body);
    expect([status, resource]).toEqual([
      201,
      expect.objectContaining({
        state: 'acknowledged',
        orderItem: [{ id: '1', action: 'noChange', state: 'acknowledged' }],
        externalReference: [{ id: '4711', externalReferenceType: 'PurchaseOrder', name: 'Acme' }],
        note: [{ id: expect.stringMatching(/^[0-9A-Z]{26}$/), text: 'no id' }],
      }),
    ]);
  });
});
