import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.js';
import { applyMigrations } from '../../src/platform/database/migrations.js';
import type { Database } from '../../src/platform/database/database.js';
import { call, createMigratedStorage, killAll, Program, type Storage } from './program.js';
import { eventually } from '../support/eventually.js';

jest.setTimeout(180_000);

let storage: Storage;
beforeEach(async () => {
  storage = await createMigratedStorage();
  await storage.inspect((database) => applyMigrations(database));
});
afterEach(async () => {
  await killAll();
  await storage.remove();
});

/** What somebody else was answered under the key so many days ago. */
async function remember(key: string, days: number): Promise<void> {
  await storage.inspect((database) =>
    database.transaction((tx) =>
      tx.execute(
        Prisma.sql`INSERT INTO "Idempotency" VALUES ('default', ${key}, 'of another request', '{"answer":{}}', now() - ${days}::int * interval '1 day')`,
      ),
    ),
  );
}

const createUnder = async (origin: string, key: string): Promise<number> =>
  (await call(origin, 'POST', '/bucket', { usageType: 'monetary' }, key)).status;

it('a server forgets old idempotency keys by itself, and no others', async () => {
  await remember('old', 8);
  await remember('young', 6);
  const program = new Program('start', { ...storage.env, SEED: 'none', IDEMPOTENCY_KEY_DAYS: '7' });
  const origin = await program.origin();
  await eventually('the old key is free', async () => (await createUnder(origin, 'old')) === 201 || undefined);
  expect(await createUnder(origin, 'young')).toBe(422);
  expect(await program.stop()).toBe(0);
  expect(program.errors).toBe('');
});

it('a server with BACKGROUND_JOBS=off leaves that to another one', async () => {
  await remember('old', 31);
  const web = new Program('start', { ...storage.env, SEED: 'none', BACKGROUND_JOBS: 'off' });
  expect(await createUnder(await web.origin(), 'old')).toBe(422);
  expect(await web.stop()).toBe(0);
  const waiting = await storage.inspect((database) => database.query(Prisma.sql`SELECT 1 FROM pgboss.job`));
  expect(waiting).toEqual([]);

  const other = new Program('start', { ...storage.env, SEED: 'none' });
  const origin = await other.origin();
  await eventually('the old key is free', async () => (await createUnder(origin, 'old')) === 201 || undefined);
});

it('a server lets reservations lapse and makes top-ups that are due, though nobody asks', async () => {
  const program = new Program('start', { ...storage.env, SEED: 'none', BACKGROUND_JOBS: 'off' });
  const origin = await program.origin();
  const bucket = {
    id: (await call(origin, 'POST', '/bucket', { usageType: 'monetary', remainingValue: { amount: 10, units: 'EUR' } }))
      .body.id,
  };
  const soon = new Date(Date.now() + 10_000).toISOString();
  const reserved = await call(origin, 'POST', '/reserveBalance', {
    bucket,
    amount: { amount: 4, units: 'EUR' },
    expirationDate: soon,
  });
  const ordered = await call(origin, 'POST', '/topupBalance', {
    bucket,
    amount: { amount: 5, units: 'EUR' },
    requestedDate: soon,
  });
  expect([reserved.status, ordered.status]).toEqual([201, 201]);
  expect(await program.stop()).toBe(0);

  const silent = new Program('start', { ...storage.env, SEED: 'none' });
  await silent.prints(/due work processed/);
  const entryTypes = (database: Database): Promise<{ entryType: string }[]> =>
    database.query(Prisma.sql`SELECT "entryType" FROM "LedgerEntry" ORDER BY "sequence"`);
  expect(await silent.stop()).toBe(0);
  expect((await storage.inspect(entryTypes)).map(({ entryType }) => entryType)).toEqual([
    'opening',
    'reserve',
    'expire',
    'topup',
  ]);
});
