import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.js';
import { Receiver } from '../domain/hub/receiver.js';
import { eventually } from '../support/eventually.js';
import { proofSize } from '../support/proof.js';
import { openConnection, type TcpProxy } from '../support/tcp-proxy.js';
import { call, createMigratedStorage, killAll, Program, startMaxMs, type Storage } from './program.js';

/** Times that the receiver goes away, and a server and the database with it. */
const rounds = proofSize('HUB_CRASH_ROUNDS', { short: 1, long: 8 });
jest.setTimeout((2 * rounds + 6) * startMaxMs);
const buckets = 6;
/** Acknowledged top-ups in each part of a round. */
const writes = 30;

let storage: Storage;
let receiver: Receiver;
let line: TcpProxy;
beforeEach(async () => {
  storage = await createMigratedStorage();
  receiver = await Receiver.start();
  line = await openConnection(storage.env.DATABASE_URL!);
});
afterEach(async () => {
  await killAll();
  line.cut();
  await receiver.down();
  await storage.remove();
});

it('tells every committed change through kills of receiver, servers and database, in order, and nothing else', async () => {
  const env = {
    DATABASE_URL: line.url,
    LOG_LEVEL: 'error',
    CALLBACK_ALLOW_PRIVATE: 'on',
    CALLBACK_TIMEOUT_SECONDS: '2',
  };
  const programs = [new Program('serve', env), new Program('serve', env)];
  const origins = await Promise.all(programs.map((program) => program.origin()));
  const made = await call(origins[0]!, 'POST', '/hub', { callback: receiver.url });
  expect(made.status).toBe(201);
  const ids: string[] = [];
  for (let count = 0; count < buckets; count++) {
    const remainingValue = { amount: 1, units: 'EUR' };
    ids.push((await call(origins[0]!, 'POST', '/bucket', { usageType: 'monetary', remainingValue })).body.id);
  }

  let [acknowledged, isOver] = [0, false];
  /** Tops one bucket up, at one server after the other, whatever becomes of it. */
  const write = async (id: string, first: number): Promise<void> => {
    for (let turn = first; !isOver; turn++) {
      const body = { bucket: { id }, amount: { amount: 1, units: 'EUR' } };
      const answer = await call(origins[turn % 2]!, 'POST', '/topupBalance', body).catch(() => undefined);
      if (answer?.status === 201) acknowledged += 1;
      else await new Promise((done) => setTimeout(done, 50));
    }
  };
  const writing = Promise.all(ids.map(write));
  const more = async (): Promise<void> => {
    const goal = acknowledged + writes;
    await eventually('more is written', () => acknowledged >= goal || undefined);
  };
  for (let round = 0; round < rounds; round++) {
    await more();
    await receiver.down();
    await more();
    await programs[round % 2]!.kill();
    await more();
    line.cut();
    await new Promise((done) => setTimeout(done, 500));
    await line.mend();
    programs[round % 2] = new Program('serve', env);
    origins[round % 2] = await programs[round % 2]!.origin();
    await more();
    await receiver.up();
    await more();
  }
  isOver = true;
  await writing;

  const look = <T>(sql: Prisma.Sql): Promise<T[]> => storage.inspect((database) => database.query<T>(sql));
  // Who was not answered may have been served after the others: nothing changes any more when all is told.
  const committed = async (): Promise<string[]> =>
    (
      await look<{ id: string }>(Prisma.sql`
        SELECT "id" FROM "Outbox" WHERE "resourceType" IN ('bucket', 'topupBalance')
        UNION ALL SELECT o."id" || '.' || (i ->> 0) FROM "Outbox" o, jsonb_array_elements(o."impact") i WHERE jsonb_typeof(o."impact") = 'array'`)
    )
      .map(({ id }) => id)
      .sort();
  await eventually('all is told', async () => receiver.events.length >= (await committed()).length || undefined);
  const told = receiver.events;
  expect(told.map(({ eventId }) => eventId).sort()).toEqual(await committed());

  // The same id says the same, however often it comes.
  const bodies = new Map<string, string>();
  for (const { event, body } of receiver.deliveries) {
    expect(body).toBe(bodies.get(event.eventId) ?? body);
    bodies.set(event.eventId, body);
  }

  const ledger = await look<{ id: string; action: string; remaining: number }>(Prisma.sql`
    SELECT "bucketId" AS "id", "actionId" AS "action", "remainingAfter"::float8 AS "remaining" FROM "LedgerEntry" WHERE "entryType" = 'topup' ORDER BY "bucketId", "sequence"`);
  expect(ledger.length).toBeGreaterThanOrEqual(acknowledged);
  const topups = told.filter(({ eventType }) => eventType === 'TopupBalanceCreateEvent');
  expect(topups.map(({ event }) => event.topupBalance.id).sort()).toEqual(ledger.map(({ action }) => action).sort());
  for (const id of ids) {
    const balances = told
      .filter(({ event, eventType }) => event.bucket?.id === id && eventType !== 'BucketCreateEvent')
      .map(({ event }) => event.bucket.remainingValue.amount);
    expect(balances).toEqual(ledger.filter((entry) => entry.id === id).map(({ remaining }) => remaining));
  }
});
