import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.js';
import { Receiver } from '../domain/hub/receiver.js';
import { send } from '../fixtures/http.js';
import { figures, linesOf, ndjson, taken, usage, usagePath, usagesOf } from '../streaming/imports.js';
import { concurrently } from '../support/concurrently.js';
import { eventually } from '../support/eventually.js';
import { PgBouncer } from '../support/pgbouncer.js';
import { retryWhileBusy } from '../support/retry-while-busy.js';
import { call, createServerStorage, graphql, killAll, Program, startMaxMs, type Storage } from './program.js';

jest.setTimeout(8 * startMaxMs);

/** Far fewer than the servers would take. */
const poolSize = 3;
const writers = 12;
/** Acknowledged top-ups before PgBouncer is killed, and after. */
const writesOfPart = 30;

let storage: Storage;
let bouncer: PgBouncer;
let receiver: Receiver;
beforeEach(async () => {
  storage = await createServerStorage();
  bouncer = await PgBouncer.start(storage.env['DATABASE_URL']!, poolSize);
  receiver = await Receiver.start();
});
afterEach(async () => {
  await killAll();
  await receiver.down();
  await bouncer.remove();
  await storage.remove();
});

const eur = (amount: number): object => ({ amount, units: 'EUR' });

async function ask(origin: string, query: string): Promise<any> {
  const { body } = await retryWhileBusy(() => graphql(origin, query));
  expect(body.errors).toBeUndefined();
  return body.data;
}

it('two servers start, work and are exact behind a PgBouncer in transaction mode, which is killed meanwhile', async () => {
  const env = {
    DATABASE_URL: bouncer.url,
    DATABASE_POOLER: 'on',
    STATEMENT_NAMES: 'off',
    DATABASE_POOL_SIZE: '12',
    LOG_LEVEL: 'error',
    CALLBACK_ALLOW_PRIVATE: 'on',
  };
  // The first one makes the tables.
  const programs = [new Program('serve', env)];
  const origin = await programs[0]!.origin();
  programs.push(new Program('serve', env));
  const origins = [origin, await programs[1]!.origin()];
  await retryWhileBusy((key) => call(origin, 'POST', '/hub', { callback: receiver.url }, key));
  const bucket = (): Promise<{ body: any }> =>
    retryWhileBusy((key) => call(origin, 'POST', '/bucket', { usageType: 'monetary', remainingValue: eur(0) }, key));
  const ids = (await concurrently(4, bucket)).map(({ body }) => body.id as string);

  const acknowledged: string[] = [];
  let isOver = false;
  const write = async (first: number): Promise<void> => {
    for (let turn = first; !isOver; turn++) {
      const body = { bucket: { id: ids[turn % ids.length] }, amount: eur(1) };
      const key = randomUUID();
      // A client that gets no answer comes again, at the other server.
      const answer = await eventually('the top-up is answered', async () => {
        const one = await call(origins[turn++ % 2]!, 'POST', '/topupBalance', body, key).catch(() => undefined);
        return one?.status === 503 ? undefined : one;
      });
      expect(answer).toMatchObject({ status: 201 });
      acknowledged.push(answer.body.id);
    }
  };
  const writing = concurrently(writers, write);
  const more = async (): Promise<void> => {
    const goal = acknowledged.length + writesOfPart;
    await eventually('more is acknowledged', () => acknowledged.length >= goal || undefined);
  };
  await more();
  await bouncer.kill();
  await new Promise((done) => setTimeout(done, 300));
  await bouncer.up();
  await more();
  isOver = true;
  await writing;

  // Files, jobs and bills.
  const place = { url: origin };
  const names = Array.from({ length: 30 }, (_, index) => `cdr-${index}`);
  const rated = {
    status: 'rated',
    relatedParty: [{ id: 'account-1', '@referredType': 'BillingAccount' }],
    ratedProductUsage: [{ taxExcludedRatingAmount: { value: 1, unit: 'EUR' } }],
  };
  const content = linesOf(names.map((name) => usage(name, rated)));
  expect(figures(await taken(place, { content }))).toEqual(['succeeded', 30, 30, 0, 0]);
  expect((await usagesOf(place)).map(({ externalId }) => externalId).sort()).toEqual(names.sort());
  const headers = { 'content-type': 'application/json' };
  const order = await send(origin, 'POST', `${usagePath}/exportJob`, {
    body: JSON.stringify({ contentType: ndjson }),
    headers,
  });
  const file = await (await fetch(order.body.url)).text();
  expect(file.trimEnd().split('\n')).toHaveLength(30);
  const csv = await fetch(`${origin}${usagePath}/usage`, { headers: { accept: 'text/csv' } });
  expect((await csv.text()).trimEnd().split('\n')).toHaveLength(31);

  const { createBillCycle: cycle } = await ask(
    origin,
    `mutation { createBillCycle(input: { name: "March", billingDate: "2026-04-02T00:00:00Z", billCycleSpecification: { refId: "monthly" },
      validFor: { startDateTime: "2026-03-01T00:00:00Z", endDateTime: "2026-04-01T00:00:00Z" } }) { id } }`,
  );
  const { runBillCycle: run } = await ask(origin, `mutation { runBillCycle(id: "${cycle.id}") { id } }`);
  const done = await eventually('the run ends', async () => {
    const { billRun } = await ask(origins[1]!, `{ billRun(id: "${run.id}") { state bills failed } }`);
    return billRun.state === 'inProgress' ? undefined : billRun;
  });
  expect(done).toEqual({ state: 'done', bills: 1, failed: 0 });
  const { customerBills } = await ask(origin, '{ customerBills { totalCount items { amountDue { value } } } }');
  expect(customerBills).toEqual({ totalCount: 1, items: [{ amountDue: { value: 30 } }] });

  // Nobody was forgotten, nothing moved twice, and every event is told.
  const topups = await storage.inspect((database) =>
    database.query<{ id: string }>(
      Prisma.sql`SELECT "actionId" AS "id" FROM "LedgerEntry" WHERE "entryType" = 'topup'`,
    ),
  );
  expect(topups.map(({ id }) => id).sort()).toEqual(acknowledged.sort());
  const { buckets } = await ask(origin, '{ buckets { items { id remainingValue { amount } } } }');
  const total = buckets.items.reduce((sum: number, one: any) => sum + one.remainingValue.amount, 0);
  expect(total).toBe(acknowledged.length);
  const told = (): string[] =>
    receiver.events.flatMap(({ eventType, event }) =>
      eventType === 'TopupBalanceCreateEvent' ? [event.topupBalance.id] : [],
    );
  await eventually('all is told', () => told().length >= acknowledged.length || undefined);
  expect(told().sort()).toEqual(acknowledged);
  expect(await Promise.all(programs.map((program) => program.stop()))).toEqual([0, 0]);
});
