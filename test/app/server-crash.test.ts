import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.js';
import { call, createStorage, eventually, graphql, killAll, Program, type Storage } from './program.js';

jest.setTimeout(180_000);

const rounds = 3;
const writers = 8;
/** Acknowledged writes after which a round's server is killed; the others are still on their way. */
const writesPerRound = 40;
const opening = 1_000_000;
const topupAmount = 1.25;
const reservedAmount = 0.5;
const entriesMax = 1000;

let storage: Storage;
beforeEach(async () => {
  storage = await createStorage();
});
afterEach(async () => {
  await killAll();
  await storage.remove();
});

interface Write {
  key: string;
  path: string;
  body: object;
}

it('keeps every acknowledged write through kill -9, each once, and the ledger gives the balance', async () => {
  const env = { ...storage.env, SEED: 'none', LOG_LEVEL: 'warn' };
  let program = new Program('start', env);
  let origin = await program.origin();
  const created = await call(origin, 'POST', '/bucket', { usageType: 'monetary', remainingValue: { amount: opening, units: 'EUR' } });
  const bucket = { id: created.body.id as string };
  const acknowledged = new Map<Write, string>();
  const unanswered: Write[] = [];
  let count = 0;

  const next = (): Write => {
    count += 1;
    const isTopup = count % 3 !== 0;
    const amount = { amount: isTopup ? topupAmount : reservedAmount, units: 'EUR' };
    return { key: `write-${count}`, path: isTopup ? '/topupBalance' : '/reserveBalance', body: { amount, bucket } };
  };
  const send = async (write: Write): Promise<void> => {
    const { status, body } = await call(origin, 'POST', write.path, write.body, write.key);
    expect({ write, status, body }).toMatchObject({ status: 201 });
    acknowledged.set(write, body.id);
  };
  /** Writes until the server is gone. */
  const work = async (): Promise<void> => {
    for (;;) {
      const write = next();
      const answer = await send(write).catch((error: Error) => error);
      if (answer === undefined) continue;
      // That is what fetch throws when no answer comes; its TypeError is not the one of this realm.
      if (answer.name !== 'TypeError') throw answer;
      unanswered.push(write);
      return;
    }
  };

  for (let round = 1; round <= rounds; round++) {
    const goal = acknowledged.size + writesPerRound;
    let isOver = false;
    const working = Promise.all(Array.from({ length: writers }, work)).finally(() => (isOver = true));
    await eventually('enough is written', () => isOver || acknowledged.size >= goal || undefined);
    await program.kill();
    await working;

    program = new Program('start', env);
    origin = await program.origin();
    for (const [write, id] of acknowledged) {
      expect((await call(origin, 'GET', `${write.path}/${id}`)).body).toMatchObject({ id, bucket });
    }
    // Nobody knows whether these arrived: the same key makes it safe to ask again.
    for (const write of unanswered.splice(0)) await send(write);
  }

  const topups = [...acknowledged.keys()].filter(({ path }) => path === '/topupBalance').length;
  const reservations = acknowledged.size - topups;
  expect([acknowledged.size, new Set(acknowledged.values()).size]).toEqual([count, count]);
  const stored = (await call(origin, 'GET', `/bucket/${bucket.id}`)).body;
  expect([stored.remainingValue.amount, stored.reservedValue.amount]).toEqual([
    opening + topups * topupAmount - reservations * reservedAmount,
    reservations * reservedAmount,
  ]);
  const replayed = await replay(origin, bucket.id);
  expect(replayed).toEqual({ entries: count + 1, remaining: stored.remainingValue.amount, reserved: stored.reservedValue.amount });

  expect(await program.stop()).toBe(0);
  const events = await storage.inspect((database) =>
    database.query<{ type: string; count: number }>(
      Prisma.sql`SELECT "eventType" AS "type", count(*)::int AS "count" FROM "Outbox" WHERE "eventType" ~ '^(Topup|Reserve)BalanceCreateEvent$' GROUP BY 1 ORDER BY 1`,
    ),
  );
  expect(events).toEqual([
    { type: 'ReserveBalanceCreateEvent', count: reservations },
    { type: 'TopupBalanceCreateEvent', count: topups },
  ]);
});

/** Adds the ledger up; every entry must follow from the one before. All amounts here are exact in binary. */
async function replay(origin: string, id: string): Promise<{ entries: number; remaining: number; reserved: number }> {
  let [entries, remaining, reserved] = [0, 0, 0];
  for (;;) {
    const { body } = await graphql(
      origin,
      `{ bucket(id: "${id}") { entries(offset: ${entries}, limit: ${entriesMax}, orderBy: [{ sequence: ASC }]) {
        items { sequence remainingDelta reservedDelta remainingAfter reservedAfter } } } }`,
    );
    expect(body.errors).toBeUndefined();
    const { items } = body.data.bucket.entries;
    for (const entry of items) {
      remaining += entry.remainingDelta;
      reserved += entry.reservedDelta;
      entries += 1;
      expect(entry).toMatchObject({ sequence: entries, remainingAfter: remaining, reservedAfter: reserved });
    }
    if (items.length < entriesMax) return { entries, remaining, reserved };
  }
}
