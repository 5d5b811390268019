import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Prisma } from '../../../prisma/generated/client.js';
import { Backfills, type Backfill } from '../../../src/platform/database/backfills.js';
import { allMappings } from '../../../graphql/resource-mapping.js';
import '../../../graphql/schema.js';
import { StrayWordsError, wordsOfEnums } from '../../../src/platform/database/words-of-enums.js';
import type { Database } from '../../../src/platform/database/database.js';
import { createMigratedStorage, type Storage } from '../../app/program.js';
import { startChild } from '../../support/child.js';
import { eventually } from '../../support/eventually.js';
import { countOnce, rowsPerBatch } from './count-once.js';

const { sql } = Prisma;

const rowCount = 305;
const batchCount = Math.floor(rowCount / rowsPerBatch) + 1;

let storage: Storage;
let log: any[];

beforeEach(async () => {
  log = [];
  storage = await createMigratedStorage();
  await storage.inspect(async (database) => {
    await database.script(
      `CREATE TABLE "counted" ("id" integer PRIMARY KEY, "times" integer NOT NULL DEFAULT 0); INSERT INTO "counted" SELECT i FROM generate_series(1, ${rowCount}) i`,
    );
  });
});

afterEach(() => storage.remove());

function backfillsOf(database: Database, backfills: readonly Backfill[]): Backfills {
  const logger = pino({ level: 'info' }, { write: (line: string) => void log.push(JSON.parse(line)) });
  return new Backfills(database, { now: () => new Date() }, logger, backfills);
}

/** How often each row was counted, and how many rows that is. */
function times(database: Database): Promise<{ times: number; rows: number }[]> {
  return database.query(sql`SELECT "times", count(*)::int AS "rows" FROM "counted" GROUP BY 1 ORDER BY 1`);
}

const everyRowOnce = [{ times: 1, rows: rowCount }];

describe('backfills', () => {
  test('go on behind the last batch after a kill, and are done once', async () => {
    const child = startChild(
      'test/platform/database/backfill-child.ts',
      storage.env['DATABASE_URL'] ?? storage.env['DATA_DIR']!,
    );
    for (let batch = 0; batch < 5; batch++) expect(await child.line()).toBe('batch');
    await child.kill();
    await storage.inspect(async (database) => {
      const [{ rows: left } = { rows: 0 }] = (await times(database)).filter((one) => one.times === 0);
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThan(rowCount);
      let batches = 0;
      await backfillsOf(database, [countOnce('counted', () => batches++)]).runBlocking();
      expect(await times(database)).toEqual(everyRowOnce);
      expect(batches).toBe(Math.floor(left / rowsPerBatch) + 1);
      expect(log).toMatchObject([
        { msg: 'backfill goes on' },
        { msg: 'backfill done', backfill: 'counted', batches: batchCount, changed: rowCount },
      ]);
      await backfillsOf(database, [countOnce('counted', () => batches++)]).runBlocking();
      expect(await times(database)).toEqual(everyRowOnce);
    });
  });

  test('that do not block are done in the background, after those that do', async () => {
    await storage.inspect(async (database) => {
      const told: string[] = [];
      const backfills = backfillsOf(database, [
        countOnce('later', () => told.push('later'), { isBlocking: false }),
        countOnce('first', () => told.push('first')),
      ]);
      await backfills.runBlocking();
      expect(new Set(told)).toEqual(new Set(['first']));
      backfills.start();
      await eventually(
        'the other is done',
        () => log.some(({ msg, backfill }) => msg === 'backfill done' && backfill === 'later') || undefined,
      );
      await backfills.stop();
      expect(told).toEqual([...Array(batchCount).fill('first'), ...Array(batchCount).fill('later')]);
      expect(await times(database)).toEqual([{ times: 2, rows: rowCount }]);
    });
  });

  test('stop behind a batch, and roll back one that fails', async () => {
    await storage.inspect(async (database) => {
      const backfill = countOnce('counted', () => {
        throw new Error('no');
      });
      await expect(backfillsOf(database, [backfill]).runBlocking()).rejects.toThrow('no');
      expect(await times(database)).toEqual([{ times: 0, rows: rowCount }]);

      let batches = 0;
      const stopped = backfillsOf(database, [countOnce('counted', () => batches++, { isBlocking: false })]);
      stopped.start();
      await eventually('a batch is done', () => batches > 0 || undefined);
      await stopped.stop();
      expect(batches).toBeLessThan(batchCount);
      expect((await times(database)).find((one) => one.times === 1)?.rows).toBe(batches * rowsPerBatch);
    });
  });

  test('refuse one that does not come forward, and two of one name', async () => {
    await storage.inspect(async (database) => {
      const stuck: Backfill = { name: 'stuck', isBlocking: true, batch: async () => ({ next: 'here', changed: 0 }) };
      await expect(backfillsOf(database, [stuck]).runBlocking()).rejects.toThrow(
        `backfill 'stuck' does not get beyond 'here'`,
      );
      expect(() => backfillsOf(database, [stuck, stuck])).toThrow('two backfills have one name');
    });
  });

  test('find words that an attribute has not, by table, column, value and number, and then go on', async () => {
    const insert = (table: string, row: object): Prisma.Sql =>
      sql`INSERT INTO ${Prisma.raw(`"${table}"`)} (${Prisma.raw(
        Object.keys(row)
          .map((name) => `"${name}"`)
          .join(', '),
      )})
        SELECT ${Prisma.raw(
          Object.keys(row)
            .map((name) => `"${name}"`)
            .join(', '),
        )} FROM jsonb_populate_record(NULL::${Prisma.raw(`"${table}"`)}, ${JSON.stringify(row)}::jsonb)`;
    const at = '2026-01-01T00:00:00Z';
    const order = (id: string, action: string, usageState: string): Prisma.Sql =>
      insert('ResourceOrder', {
        tenantId: 'default',
        id,
        state: 'inProgress',
        orderDate: at,
        updatedAt: at,
        orderItem: [
          { id: '1', action: 'add' },
          { id: '2', action, resource: { resourceRelationship: [{ resource: { usageState } }] } },
        ],
      });
    const usage = (id: string, status: string): Prisma.Sql =>
      insert('Usage', {
        tenantId: 'default',
        id,
        status,
        usageDate: at,
        updatedAt: at,
        usageSpecification: { id: '1' },
      });
    await storage.inspect(async (database) => {
      const run = (statement: Prisma.Sql): Promise<number> => database.transaction((tx) => tx.execute(statement));
      const check = (): Promise<void> => backfillsOf(database, [wordsOfEnums(allMappings())]).runBlocking();
      const messageOf = (): Promise<string> =>
        check().then(
          () => 'nothing',
          (error: unknown) => {
            expect(error).toBeInstanceOf(StrayWordsError);
            return (error as Error).message;
          },
        );
      for (const statement of [
        usage('1', 'rated'),
        usage('2', 'Rated'),
        usage('3', 'Rated'),
        order('1', 'modify', 'busy'),
        order('2', 'Add', 'lazy'),
      ])
        await run(statement);
      const message = await messageOf();
      expect(message).toContain(
        "ResourceOrder.orderItem.action has 'Add' (1) and knows add, modify, delete, noChange; ",
      );
      expect(message).toContain(
        "ResourceOrder.orderItem.resource.resourceRelationship.resource.usageState has 'lazy' (1) and knows idle, active, busy. ",
      );
      await run(sql`DELETE FROM "ResourceOrder" WHERE "id" = '2'`);
      expect(await messageOf()).toMatch(/: Usage\.status has 'Rated' \(2\) and knows received, /);
      await run(sql`UPDATE "Usage" SET "status" = 'rated' WHERE "status" = 'Rated'`);
      expect(await messageOf()).toBe('nothing');
      expect(log.at(-1)).toMatchObject({ msg: 'backfill done', backfill: 'words-of-enums', changed: 0 });
    });
  });

  if (process.env.TEST_DATABASE_URL) {
    test('are shared by servers that start at once', async () => {
      await storage.inspect(async (database) => {
        const other = await storage.open();
        let batches = 0;
        await Promise.all(
          [database, other].map((one) => backfillsOf(one, [countOnce('counted', () => batches++)]).runBlocking()),
        );
        await other.close();
        expect(await times(database)).toEqual(everyRowOnce);
        expect(batches).toBe(batchCount);
      });
    });
  }
});
