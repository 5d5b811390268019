import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.js';
import { Receiver } from '../domain/hub/receiver.js';
import { doctorsProblems } from '../support/doctor.js';
import { eventually } from '../support/eventually.js';
import { bearer, TestIssuer } from '../support/issuer.js';
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

it('never takes one tenant for another, though the released version knows no handles', async () => {
  const issuer = await TestIssuer.start(() => new Date());
  try {
    const settings = { ...storage.env, ...env, ...issuer.env };
    const released = new Program('serve', settings, undefined, await releasedFolder());
    const before = await released.origin(patience);
    const present = new Program('serve', settings);
    const after = await present.origin(patience);
    const as = async (tenant: string): Promise<Record<string, string>> =>
      bearer(await issuer.token({ claims: { tenant } }));
    const ask = async (origin: string, tenant: string, query: string): Promise<any> => {
      const headers = { ...(await as(tenant)), 'content-type': 'application/json' };
      const answer = await fetch(`${origin}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) });
      return ((await answer.json()) as any).data;
    };
    const buckets = async (origin: string, headers: Record<string, string>): Promise<[number, number | undefined]> => {
      const answer = await fetch(`${origin}/tmf-api/prepayBalanceManagement/v4/bucket`, { headers });
      return [answer.status, answer.ok ? ((await answer.json()) as unknown[]).length : undefined];
    };
    const turns = (origin: string, headers: Record<string, string>, seen: unknown[]): Promise<unknown> =>
      eventually(`there are ${seen.join()}`, async () => {
        const found = await buckets(origin, headers);
        return JSON.stringify(found) === JSON.stringify(seen) || undefined;
      });

    const { createTenant } = await ask(
      after,
      'default',
      'mutation { createTenant(input: { handle: "acme", name: "A" }) { id } }',
    );
    const { createApiKey } = await ask(
      after,
      'acme',
      'mutation { createApiKey(input: { name: "k", roles: ["admin"] }) { key } }',
    );
    const byKey = { 'x-api-key': createApiKey.key as string };
    // By its key the released version finds the id that the rows have ...
    await turns(before, byKey, [200, 0]);
    const body = JSON.stringify({ usageType: 'monetary' });
    const made = await fetch(`${before}/tmf-api/prepayBalanceManagement/v4/bucket`, {
      ...{ method: 'POST', headers: { ...byKey, 'content-type': 'application/json' }, body },
    });
    expect(made.status).toBe(201);
    // ... and by the handle it finds nobody, rather than somebody else.
    expect(await buckets(before, await as('acme'))).toEqual([401, undefined]);
    expect(await buckets(after, await as('acme'))).toEqual([200, 1]);
    const renamed = await ask(
      after,
      'default',
      `mutation { renameTenant(id: "${createTenant.id}", handle: "newco") { handle } }`,
    );
    expect(renamed.renameTenant.handle).toBe('newco');
    expect(await buckets(after, await as('newco'))).toEqual([200, 1]);
    expect(await buckets(before, byKey)).toEqual([200, 1]);

    await ask(before, 'default', 'mutation { createTenant(input: { id: "elder", name: "E" }) { id } }');
    await turns(after, await as('elder'), [200, 0]);
  } finally {
    await issuer.close();
  }
});
