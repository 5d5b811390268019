import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.js';
import { Receiver } from '../domain/hub/receiver.js';
import { doctorsProblems } from '../support/doctor.js';
import { eventually } from '../support/eventually.js';
import { proofSize } from '../support/proof.js';
import { releasedFolder } from '../support/released.js';
import { Load } from './load.js';
import { call, createServerStorage, graphql, killAll, patience, Program, startMaxMs, type Storage } from './program.js';

/** Operations in each part of the upgrade. */
const operations = proofSize('UPGRADE_OPERATIONS', { short: 60, long: 5_000 });
jest.setTimeout(20 * startMaxMs);

let storage: Storage;
let receiver: Receiver;
beforeEach(async () => {
  storage = await createServerStorage();
  receiver = await Receiver.start();
});
afterEach(async () => {
  await killAll();
  await receiver.down();
  await storage.remove();
});

const env = { LOG_LEVEL: 'warn', CALLBACK_ALLOW_PRIVATE: 'on' };

it('serves by the released version and by this one while this one migrates, and no request fails', async () => {
  const released = new Program('serve', { ...storage.env, ...env }, undefined, await releasedFolder());
  const before = await released.origin(patience);
  const load = await Load.begin(before);
  await load.more(operations);

  const present = new Program('serve', { ...storage.env, ...env });
  const after = await present.origin(patience);
  expect((await call(after, 'POST', '/hub', { callback: receiver.url })).status).toBe(201);
  const known = new Set(load.acknowledged);
  const runs = await graphql(before, '{ billRuns(limit: 1) { items { customerBills { items { id } } } } }');
  expect(runs.body).toMatchObject({ data: { billRuns: { items: [] } } });
  await load.goTo(before, after);
  await load.more(2 * operations);
  await load.goTo(after);
  expect(await released.stop()).toBe(0);
  await load.more(operations);
  await load.end();
  expect(load.failures).toEqual([]);

  expect(await load.differences(after)).toEqual([]);
  const events = await storage.inspect((database) =>
    database.query<{ id: string; resourceId: string }>(
      Prisma.sql`SELECT "id", "resourceId" FROM "Outbox" WHERE "eventType" ~ '^(Topup|Adjust|Reserve|Transfer)BalanceCreateEvent$'`,
    ),
  );
  // Each change has its event, whichever server made it, and the hub of the new one tells them all.
  expect(events.map(({ resourceId }) => resourceId).sort()).toEqual([...load.acknowledged].sort());
  const due = events.filter(({ resourceId }) => !known.has(resourceId)).map(({ id }) => id);
  expect(due.length).toBeGreaterThan(operations);
  await eventually('all is told', () => {
    const told = new Set(receiver.events.map(({ eventId }) => eventId));
    return due.every((id) => told.has(id)) || undefined;
  });
  expect([released, present].map(({ errors }) => errors)).toEqual(['', '']);
  expect(await present.stop()).toBe(0);
  expect(await doctorsProblems(storage.env['DATABASE_URL'])).toEqual([]);
});
