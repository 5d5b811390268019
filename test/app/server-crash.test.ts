import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.js';
import { call, createMigratedStorage, graphql, killAll, Program, startMaxMs, type Storage } from './program.js';
import { eventually } from '../support/eventually.js';
import { retryWhileBusy } from '../support/retry-while-busy.js';
import { proofSize } from '../support/proof.js';

/** Servers that are killed. */
const rounds = proofSize('CRASH_ROUNDS', { short: 2, long: 20 });
// One more start than rounds, and the rounds themselves.
jest.setTimeout((rounds + 3) * startMaxMs);
const writers = 8;
/** Acknowledged writes after which a round's server is killed, at most; the others are still on their way. */
const writesPerRound = 80;
const opening = 1_000_000;
const topupAmount = 1.25;
const reservedAmount = 0.5;
const committedAmount = 0.125;
const transferredAmount = 2;
const costAmount = 0.25;
const entriesMax = 1000;

let storage: Storage;
beforeEach(async () => {
  storage = await createMigratedStorage();
});
afterEach(async () => {
  await killAll();
  await storage.remove();
});

type Kind = 'topup' | 'reserve' | 'transfer' | 'commit';

interface Write {
  kind: Kind;
  key: string;
  path: string;
  body: object;
}

const eur = (amount: number): object => ({ amount, units: 'EUR' });

it('keeps every acknowledged write through kill -9, each once, and the ledger gives the balance', async () => {
  const env = { ...storage.env, SEED: 'none', LOG_LEVEL: 'warn', AUDIT: 'on' };
  let program = new Program('start', env);
  let origin = await program.origin();
  const make = async (amount: number): Promise<{ id: string }> => ({
    id: (await call(origin, 'POST', '/bucket', { usageType: 'monetary', remainingValue: eur(amount) })).body.id,
  });
  const [bucket, friend] = [await make(opening), await make(0)];
  const acknowledged = new Map<Write, string>();
  const unanswered: Write[] = [];
  /** Acknowledged reservations that nobody was asked to commit yet. */
  const reservations: string[] = [];
  let count = 0;

  const next = (): Write => {
    count += 1;
    const key = `write-${count}`;
    const reservation = count % 4 === 0 ? reservations.pop() : undefined;
    if (reservation) {
      const body = {
        adjustType: 'reservationDebit',
        reserveBalance: { id: reservation },
        amount: eur(committedAmount),
      };
      return { kind: 'commit', key, path: '/adjustBalance', body };
    }
    if (count % 4 === 1)
      return { kind: 'reserve', key, path: '/reserveBalance', body: { amount: eur(reservedAmount), bucket } };
    if (count % 4 === 2)
      return {
        kind: 'transfer',
        key,
        path: '/transferBalance',
        body: { amount: eur(transferredAmount), bucket, receiverBucket: friend, transferCost: eur(costAmount) },
      };
    return { kind: 'topup', key, path: '/topupBalance', body: { amount: eur(topupAmount), bucket } };
  };
  const send = async (write: Write): Promise<void> => {
    const { status, body } = await retryWhileBusy(() => call(origin, 'POST', write.path, write.body, write.key));
    expect({ write, status, body }).toMatchObject({ status: 201 });
    acknowledged.set(write, body.id);
    if (write.kind === 'reserve') reservations.push(body.id);
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
    const goal = acknowledged.size + 1 + Math.floor(Math.random() * writesPerRound);
    let isOver = false;
    const working = Promise.all(Array.from({ length: writers }, work)).finally(() => (isOver = true));
    await eventually('enough is written', () => isOver || acknowledged.size >= goal || undefined);
    await program.kill();
    await working;

    program = new Program('start', env);
    origin = await program.origin();
    for (const [write, id] of acknowledged) {
      // A reservation may have been committed since, by whoever got no answer.
      expect((await call(origin, 'GET', `${write.path}/${id}`)).body).toMatchObject(
        write.kind === 'reserve' ? { id, bucket } : { id, status: 'completed' },
      );
    }
    // Nobody knows whether these arrived: the same key makes it safe to ask again.
    for (const write of unanswered.splice(0)) await send(write);
  }

  expect([acknowledged.size, new Set(acknowledged.values()).size]).toEqual([count, count]);
  const made = (kind: Kind): number => [...acknowledged.keys()].filter((write) => write.kind === kind).length;
  const [topups, reserves, commits, transfers] = [made('topup'), made('reserve'), made('commit'), made('transfer')];
  const expected = [
    {
      // A commit consumes a part of what was reserved, and gives the rest back.
      entries: 1 + topups + reserves + 2 * commits + 2 * transfers,
      remaining:
        opening +
        topups * topupAmount -
        reserves * reservedAmount +
        commits * (reservedAmount - committedAmount) -
        transfers * (transferredAmount + costAmount),
      reserved: (reserves - commits) * reservedAmount,
    },
    { entries: 1 + transfers, remaining: transfers * transferredAmount, reserved: 0 },
  ];
  for (const [index, { id }] of [bucket, friend].entries()) {
    const stored = (await call(origin, 'GET', `/bucket/${id}`)).body;
    expect([stored.remainingValue.amount, stored.reservedValue.amount]).toEqual([
      expected[index]?.remaining,
      expected[index]?.reserved,
    ]);
    expect(await replay(origin, id)).toEqual(expected[index]);
  }

  expect(await program.stop()).toBe(0);
  const events = await storage.inspect((database) =>
    database.query<{ type: string; count: number }>(
      Prisma.sql`SELECT "eventType" AS "type", count(*)::int AS "count" FROM "Outbox" WHERE "eventType" ~ '^(Topup|Reserve|Transfer|Adjust)BalanceCreateEvent$' GROUP BY 1 ORDER BY 1`,
    ),
  );
  expect(events).toEqual([
    { type: 'AdjustBalanceCreateEvent', count: commits },
    { type: 'ReserveBalanceCreateEvent', count: reserves },
    { type: 'TopupBalanceCreateEvent', count: topups },
    { type: 'TransferBalanceCreateEvent', count: transfers },
  ]);
  const unrecorded = await storage.inspect((database) =>
    database.query(Prisma.sql`
      SELECT a."id" FROM "BalanceAction" a WHERE a."tenantId" = 'default' AND NOT EXISTS (
        SELECT 1 FROM "AuditRecord" r
        WHERE r."tenantId" = a."tenantId" AND r."operation" ~ '^create' AND r."outcome" = 'done' AND r."resourceIds" = jsonb_build_array(a."id")
      )`),
  );
  expect(unrecorded).toEqual([]);
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
