import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { createServer, type AppServer } from '../../../src/app/server.js';
import { readConfig } from '../../../src/platform/config.js';
import { anonymous } from '../../../src/platform/principal.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';

describe('the simulator', () => {
  let database: TestDatabase;
  let server: AppServer;
  beforeAll(async () => {
    database = await openTestDatabase();
    server = await createServer({
      config: readConfig({ PORT: '0', SEED: 'none', LOG_LEVEL: 'silent' }, 'sandbox'),
      database,
      logger: pino({ level: 'silent' }),
    });
  });
  afterAll(async () => {
    await server.close();
    await database.close();
  });
  beforeEach(async () => {
    await database.client.resourceOrder.deleteMany();
  });

  const write = { tenantId: anonymous.tenantId, principalId: anonymous.id };
  const round = (): Promise<number> => server.domains.resourceOrder.simulator.round(new AbortController().signal);
  const on = (itemId: string): object => ({
    orderItemRelationship: [{ relationshipType: 'dependsOn', orderItem: { itemId } }],
  });
  const order = async (
    orderItem: { id: string }[],
    moves: readonly [itemId: string, state: string][] = [],
  ): Promise<string> => {
    const { answer } = await server.domains.resourceOrder.orders.create(write, {
      ...{ category: 'simulated' },
      orderItem,
    });
    const id = String(answer['id']);
    for (const [itemId, state] of moves)
      await server.domains.resourceOrder.orders.updateItem(write, { id }, itemId, { state });
    return id;
  };
  const standing = async (id: string): Promise<string> => {
    const { state, orderItem } = await database.client.resourceOrder.findFirstOrThrow({ where: { id } });
    return `${state}: ${(orderItem as { state: string }[]).map((item) => item.state).join(', ')}`;
  };

  it('moves one item of an order in each round, those first that others wait for', async () => {
    const id = await order([{ id: '1', ...on('2') }, { id: '2' }]);
    const told: string[] = [];
    while ((await round()) > 0) told.push(await standing(id));
    expect(told).toEqual([
      'inProgress: acknowledged, inProgress',
      'inProgress: acknowledged, completed',
      'inProgress: inProgress, completed',
      'completed: completed, completed',
    ]);
  });

  it('gives up what waits for something that was not completed', async () => {
    const ids = [
      await order([{ id: '1' }, { id: '2', ...on('1') }, { id: '3', ...on('2') }], [['1', 'failed']]),
      await order(
        [{ id: '1' }, { id: '2', ...on('1') }],
        [
          ['2', 'pending'],
          ['1', 'rejected'],
        ],
      ),
      await order(
        [{ id: '1' }, { id: '2', ...on('1') }],
        [
          ['2', 'held'],
          ['1', 'failed'],
        ],
      ),
    ];
    for (let rounds = 0; rounds < 3; rounds++) await round();
    expect(await Promise.all(ids.map(standing))).toEqual([
      'failed: failed, failed, failed',
      'cancelled: rejected, cancelled',
      'cancelled: failed, cancelled',
    ]);
  });

  it('comes to every order, however many there are', async () => {
    for (let count = 0; count < 25; count++) await order([{ id: '1' }, { id: '2', ...on('1') }], [['1', 'failed']]);
    const last = await order([{ id: '1' }]);
    for (let rounds = 0; rounds < 5; rounds++) await round();
    expect(await standing(last)).toBe('completed: completed');
  });

  it('leaves alone what a client keeps back, and what is not simulated', async () => {
    const kept = await order([{ id: '1' }]);
    await server.domains.resourceOrder.orders.update(write, { id: kept, input: { state: 'held' } });
    await server.domains.resourceOrder.orders.create(write, { orderItem: [{ id: '1' }] });
    expect(await round()).toBe(0);
  });
});
