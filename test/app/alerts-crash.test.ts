import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.js';
import { eventually } from '../support/eventually.js';
import { proofSize } from '../support/proof.js';
import { retryWhileBusy } from '../support/retry-while-busy.js';
import { call, createMigratedStorage, killAll, Program, startMaxMs, type Storage } from './program.js';

/** Debits of 1 that take a bucket from full to empty, through all of its thresholds. */
const debits = proofSize('DEBITS', { short: 200, long: 1_000 });
/** Servers that are killed meanwhile. */
const kills = proofSize('CRASH_ROUNDS', { short: 2, long: 15 });
const thresholds = 10;
const writers = 16;
jest.setTimeout((kills + 3) * startMaxMs);

let storage: Storage;
beforeEach(async () => {
  storage = await createMigratedStorage();
});
afterEach(async () => {
  await killAll();
  await storage.remove();
});

const eur = (amount: number): object => ({ amount, units: 'EUR' });

it('tells each threshold of a bucket once, at its value, while servers are killed between concurrent debits', async () => {
  const env = { ...storage.env, SEED: 'none', LOG_LEVEL: 'warn' };
  let program = new Program('start', env);
  let origin = await program.origin();
  const levels = Array.from({ length: thresholds }, (_, index) => Math.floor((debits * index) / thresholds) + 1);
  const threshold = levels.map((level) => ({ amount: eur(level) }));
  const { body } = await call(origin, 'POST', '/bucket', {
    usageType: 'monetary',
    remainingValue: eur(debits),
    threshold,
  });
  const { id } = body;
  const open = Array.from({ length: debits }, (_, index) => `debit-${index}`);
  let done = 0;

  const send = async (key: string): Promise<void> => {
    const debit = { adjustType: 'oneTimeChargeDebit', amount: eur(1), bucket: { id } };
    const answer = await retryWhileBusy(() => call(origin, 'POST', '/adjustBalance', debit, key));
    expect({ key, status: answer.status }).toEqual({ key, status: 201 });
    done += 1;
  };
  /** Sends what is open until the server is gone; what was not answered is open again, under its key. */
  const work = async (): Promise<void> => {
    for (let key = open.shift(); key !== undefined; key = open.shift()) {
      const sent = key;
      const error = await send(sent).catch((thrown: Error) => thrown);
      if (error === undefined) continue;
      // That is what fetch throws when no answer comes; its TypeError is not the one of this realm.
      if (error.name !== 'TypeError') throw error;
      open.push(sent);
      return;
    }
  };
  const workAll = (): Promise<unknown> => Promise.all(Array.from({ length: writers }, work));

  for (let round = 1; round <= kills; round++) {
    const goal = Math.floor((debits * (round - Math.random())) / (kills + 1));
    let isOver = false;
    const working = workAll().finally(() => (isOver = true));
    await eventually('enough is taken', () => isOver || done >= goal || undefined);
    await program.kill();
    await working;
    program = new Program('start', env);
    origin = await program.origin();
  }
  while (open.length > 0) await workAll();
  const bucket = (await call(origin, 'GET', `/bucket/${id}`)).body;
  expect([done, bucket.remainingValue.amount]).toEqual([debits, 0]);
  expect(await program.stop()).toBe(0);

  const told = await storage.inspect((database) =>
    database.query<{ type: string; level: string | null; remaining: string }>(Prisma.sql`
      SELECT "eventType" AS "type", "payload" #>> '{lastReachedThreshold,amount,amount}' AS "level",
        "payload" #>> '{remainingValue,amount}' AS "remaining"
      FROM "Outbox" WHERE "eventType" ~ '^Bucket(ThresholdReached|Depleted)Event$' ORDER BY "id"`),
  );
  const reached = (level: number): object => ({
    type: 'BucketThresholdReachedEvent',
    level: String(level),
    remaining: String(level),
  });
  expect(told).toEqual([...levels.reverse().map(reached), { type: 'BucketDepletedEvent', level: '1', remaining: '0' }]);
});
