import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import { createMigratedStorage, type Storage } from '../../app/program.js';
import { startTestServer, type TestServer } from '../../support/server.js';

const { sql } = Prisma;

let storage: Storage;
beforeEach(async () => {
  storage = await createMigratedStorage();
});
afterEach(() => storage.remove());

/** Starts a server on the database, works with it, and answers the resources whose events are there, in the order of readers. */
async function toldAfter(work: (server: TestServer) => Promise<void>): Promise<string[]> {
  const server = await startTestServer({}, { database: await storage.open() });
  await work(server);
  const rows = await server.database.query<{ id: string }>(
    sql`SELECT "resourceId" AS "id" FROM "Outbox" ORDER BY "epoch", "transactionId", "id"`,
  );
  await server.close();
  return rows.map(({ id }) => id);
}

async function make(server: TestServer, ids: string[]): Promise<void> {
  const { body } = await server.rest('POST', '/bucket', { body: { usageType: 'monetary' } });
  ids.push(body.id);
}

/** As in a cluster that has seen more transactions than this one ever will. */
const fromBusierCluster = 'UPDATE "Outbox" SET "transactionId" = "transactionId" + 1000000000000';
const fromAnotherCluster = `UPDATE "ServerState" SET "value" = jsonb_set("value", '{system}', '"another"') WHERE "key" = 'outbox epoch'`;

describe('events', () => {
  test.each([
    ['of transactions that are still to come here', [fromBusierCluster]],
    ['of another cluster', [fromBusierCluster, fromAnotherCluster]],
    [
      'of a version that knew no epoch',
      [`UPDATE "Outbox" SET "epoch" = 0`, `DELETE FROM "ServerState" WHERE "key" = 'outbox epoch'`, fromBusierCluster],
    ],
  ])('stand before what is written after a restore, %s', async (_name, statements) => {
    const ids: string[] = [];
    const twice = async (server: TestServer): Promise<void> => {
      await make(server, ids);
      await make(server, ids);
    };
    expect(await toldAfter(twice)).toEqual(ids);
    await storage.inspect((database) => database.script(statements.join(';')));
    expect(await toldAfter(twice)).toEqual(ids);
    // And once more, as it goes from one cluster to the next.
    await storage.inspect((database) => database.script(fromBusierCluster));
    expect(await toldAfter(twice)).toEqual(ids);
    expect(ids).toHaveLength(6);
  });

  test('have ids in order across a restart after the clock was put back', async () => {
    const ids: string[] = [];
    for (const time of ['2026-03-02T00:00:00.000Z', '2026-03-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z']) {
      await toldAfter(async (server) => {
        server.clock.set(time);
        await make(server, ids);
        await make(server, ids);
      });
    }
    expect(ids).toEqual([...ids].sort());
  });

  test('begin no epoch when the server is only started again', async () => {
    const epochs = (server: TestServer): Promise<{ epoch: number }[]> =>
      server.database.query(sql`SELECT DISTINCT "epoch" FROM "Outbox"`);
    const ids: string[] = [];
    await toldAfter((server) => make(server, ids));
    await toldAfter(async (server) => {
      await make(server, ids);
      expect(await epochs(server)).toHaveLength(1);
    });
  });
});
