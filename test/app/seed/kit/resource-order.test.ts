import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { Prisma } from '../../../../prisma/generated/client.js';
import { seedResourceOrder } from '../../../../src/app/seed/kit/resource-order.js';
import { createServer, type AppServer } from '../../../../src/app/server.js';
import { readConfig } from '../../../../src/platform/config.js';
import { contentOf } from '../../../fixtures/rows.js';
import { openTestDatabase, type TestDatabase } from '../../../support/database.js';

const logger = pino({ level: 'silent' });
const config = readConfig({ PORT: '0', SEED: 'none', LOG_LEVEL: 'silent' }, 'sandbox');

describe('the kit orders', () => {
  let database: TestDatabase;
  let server: AppServer;
  beforeAll(async () => {
    database = await openTestDatabase();
    server = await createServer({ config, database, logger });
    await seedResourceOrder({ config, database, logger }, server.domains);
  });
  afterAll(async () => {
    await server.close();
    await database.close();
  });

  const states = async (): Promise<string[]> =>
    (await database.client.resourceOrder.findMany({ orderBy: { id: 'asc' } })).map(({ state }) => state);
  const rounds = async (count: number): Promise<number[]> => {
    const moved: number[] = [];
    for (let round = 0; round < count; round++)
      moved.push(await server.domains.resourceOrder.simulator.round(new AbortController().signal));
    return moved;
  };

  it('are ten in different states, one of them with its cancellation', async () => {
    expect(await states()).toEqual([
      'acknowledged',
      'inProgress',
      'inProgress',
      'held',
      'pending',
      'completed',
      'failed',
      'partial',
      'cancelled',
      'rejected',
    ]);
    expect((await database.client.cancelResourceOrder.findMany()).map(({ state }) => state)).toEqual(['done']);
  });

  it('are written once, also when the first start died before it could say so', async () => {
    const tables = ['ResourceOrder', 'CancelResourceOrder', 'Outbox'];
    const before = await contentOf(database);
    await database.transaction((tx) => tx.execute(Prisma.sql`DELETE FROM "ServerState" WHERE "key" = 'demo orders'`));
    await seedResourceOrder({ config, database, logger }, server.domains);
    const after = await contentOf(database);
    for (const table of tables) expect([table, after[table]]).toEqual([table, before[table]]);
  });

  it('are walked to their end by the simulator where they ask for it, item by item, and others are left alone', async () => {
    expect(await rounds(4)).toEqual([1, 1, 1, 0]);
    expect(await states()).toEqual([
      'acknowledged',
      'completed',
      'inProgress',
      'held',
      'pending',
      'completed',
      'failed',
      'partial',
      'cancelled',
      'rejected',
    ]);
  });
});
