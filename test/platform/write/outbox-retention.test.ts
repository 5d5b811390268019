import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import { outboxCursors } from '../../../src/domain/outbox-cursors.js';
import { firstIdAt } from '../../../src/platform/ids.js';
import { OutboxRetention } from '../../../src/platform/write/outbox-retention.js';
import { insertEvents } from '../../../src/platform/write/outbox.js';
import { openTestDatabase, type TestDatabase } from '../../support/database.js';

const { sql } = Prisma;
const dayMs = 24 * 3_600_000;

let database: TestDatabase;
let warnings: object[];
let retention: OutboxRetention;
beforeEach(async () => {
  database = await openTestDatabase();
  warnings = [];
  retention = new OutboxRetention(database, {
    cursors: outboxCursors,
    keptMs: 30 * dayMs,
    log: { warn: (details) => void warnings.push(details) },
  });
});
afterEach(() => database.close());

/** An event that was written at this time. */
async function event(at: string, id = firstIdAt(new Date(at))): Promise<string> {
  const about = { eventType: 'BucketDeleteEvent', resourceType: 'bucket', resourceId: '1', payload: {} };
  const write = insertEvents('default', [{ id, occurredAt: new Date(at).toISOString(), ...about }]);
  await database.transaction((tx) => tx.execute(write!));
  return id;
}

/** The cursor of a registration behind this event; undefined: that of everything is told. */
const cursorAt = (id: string): Promise<number> =>
  database.client.$executeRaw(sql`
    INSERT INTO "HubCursor" ("tenantId", "hubId", "epoch", "transactionId", "eventId", "delivered", "nextAt")
    SELECT "tenantId", 'hub', "epoch", "transactionId", "id", '[]', now() FROM "Outbox" WHERE "id" = ${id}
    ON CONFLICT ("tenantId", "hubId") DO UPDATE SET "transactionId" = EXCLUDED."transactionId", "eventId" = EXCLUDED."eventId"`);

/** The partitions, and how many events each has. */
async function partitions(): Promise<Record<string, number>> {
  const rows = await database.query<{ name: string }>(
    sql`SELECT relname::text AS "name" FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = '"Outbox"'::regclass ORDER BY 1`,
  );
  const counts: Record<string, number> = {};
  for (const { name } of rows) {
    const [row] = await database.query<{ count: number }>(
      sql`SELECT count(*)::int AS "count" FROM ${Prisma.raw(`"${name}"`)}`,
    );
    counts[name] = row!.count;
  }
  return counts;
}

const others = async (): Promise<number | undefined> => (await partitions())['Outbox_other'];

describe('events', () => {
  it('lie in the week of their ids, of which three are there ahead of time', async () => {
    await retention.prepare(new Date('2031-01-01T12:00:00Z'));
    await event('2031-01-05T23:59:59.999Z');
    await event('2031-01-06T00:00:00Z');
    expect(await partitions()).toMatchObject({ Outbox_2030_12_30: 1, Outbox_2031_01_06: 1, Outbox_2031_01_13: 0 });
    expect(await partitions()).not.toHaveProperty('Outbox_2031_01_20');
    await retention.prepare(new Date('2031-01-07T12:00:00Z'));
    expect(await partitions()).toHaveProperty('Outbox_2031_01_20');
    expect(warnings).toEqual([]);
  });

  it('that came before their week had a partition stay where they are', async () => {
    await event('2031-01-08T00:00:00Z');
    await retention.prepare(new Date('2031-01-07T12:00:00Z'));
    expect(await partitions()).not.toHaveProperty('Outbox_2031_01_06');
    expect(await partitions()).toMatchObject({ Outbox_2031_01_13: 0 });
    expect(warnings).toMatchObject([{ partition: 'Outbox_2031_01_06' }]);
    expect(await others()).toBe(1);
  });

  it('are dropped a week at once when all of it is too old, and those of no week by themselves', async () => {
    await event('2031-01-02T00:00:00Z');
    await event('2031-02-02T00:00:00Z');
    await retention.prepare(new Date('2031-01-06T00:00:00Z'));
    await event('2031-01-08T00:00:00Z');
    const last = await event('2031-01-14T00:00:00Z');
    await cursorAt(last);
    await retention.run(new Date('2031-02-11T23:00:00Z'));
    expect(await partitions()).toMatchObject({ Outbox_2031_01_06: 1, Outbox_2031_01_13: 1 });
    expect(await others()).toBe(1);
    await retention.run(new Date('2031-02-12T00:00:00Z'));
    expect(await partitions()).not.toHaveProperty('Outbox_2031_01_06');
    expect(await partitions()).toMatchObject({ Outbox_2031_01_13: 1 });
    expect(warnings).toEqual([]);
  });

  it('are kept while a registration has not come to them, but not for ever', async () => {
    const before = await event('2031-01-05T00:00:00Z');
    await cursorAt(before);
    await retention.prepare(new Date('2031-01-06T00:00:00Z'));
    const inWeek = await event('2031-01-08T00:00:00Z');
    const inNone = await event('2031-01-05T12:00:00Z');
    await retention.run(new Date('2031-03-01T00:00:00Z'));
    expect(await partitions()).toMatchObject({ Outbox_2031_01_06: 1 });
    // What it has come to is gone.
    expect(await others()).toBe(1);
    await cursorAt(inWeek);
    await retention.run(new Date('2031-03-01T00:00:00Z'));
    expect(await partitions()).not.toHaveProperty('Outbox_2031_01_06');
    expect(await others()).toBe(1);
    expect(inNone).not.toBe(before);
    await retention.run(new Date('2031-03-10T00:00:00Z'));
    expect(await others()).toBe(0);
  });
});

it('drops nothing that would make others wait, and drops it later', async () => {
  // The embedded database has one transaction at a time.
  const isShared = database.kind === 'postgresql';
  await retention.prepare(new Date('2031-01-06T00:00:00Z'));
  await event('2031-01-08T00:00:00Z');
  const now = new Date('2031-03-20T00:00:00Z');
  await retention.prepare(now);
  if (isShared) {
    await database.transaction(async (tx) => {
      await tx.query(sql`SELECT count(*)::int AS "count" FROM "Outbox"`);
      await retention.run(now);
    });
    expect(await partitions()).toMatchObject({ Outbox_2031_01_06: 1 });
    // Of the first that could not be dropped; those behind it have their turn when it is gone.
    expect(warnings).toHaveLength(1);
  }
  await retention.run(now);
  expect(await partitions()).not.toHaveProperty('Outbox_2031_01_06');
});

it('knows every table that goes through the events', async () => {
  const rows = await database.query<{ name: string }>(sql`
    SELECT table_name::text AS "name" FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name IN ('epoch', 'transactionId', 'eventId')
    GROUP BY 1 HAVING count(*) = 3 ORDER BY 1`);
  expect(rows.map(({ name }) => name)).toEqual([...outboxCursors].sort());
});
