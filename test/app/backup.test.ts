import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { Receiver } from '../domain/hub/receiver.js';
import { doctorsProblems } from '../support/doctor.js';
import { runDocumented } from '../support/documented-commands.js';
import { eventually } from '../support/eventually.js';
import { isLong, proofSize } from '../support/proof.js';
import { Load } from './load.js';
import { call, killAll, patience, Program, startMaxMs } from './program.js';

/** Operations before the dump, and during it. */
const operations = proofSize('BACKUP_OPERATIONS', { short: 60, long: 5_000 });
jest.setTimeout(20 * startMaxMs);

const superuser = process.env.TEST_SUPERUSER_DATABASE_URL ?? process.env.TEST_DATABASE_URL!;
const name = `tmf_backup_${process.pid}_${randomBytes(4).toString('hex')}`;
const [original, copy] = [`${name}_original`, `${name}_copy`];

let receiver: Receiver;
let folder: string;

async function ask<T extends pg.QueryResultRow>(database: string | undefined, ...statements: string[]): Promise<T[]> {
  const client = new pg.Client(database === undefined ? superuser : urlOf(database, superuser));
  await client.connect();
  try {
    let rows: T[] = [];
    for (const statement of statements) ({ rows } = await client.query<T>(statement));
    return rows;
  } finally {
    await client.end();
  }
}

function urlOf(database: string, base: string): string {
  const url = new URL(base);
  url.pathname = `/${database}`;
  return url.href;
}

/** As the role that owns the database and is bound by policies, which serves. */
function ownersUrl(database: string): string {
  const url = new URL(urlOf(database, superuser));
  url.username = url.password = name;
  return url.href;
}

beforeEach(async () => {
  await ask(
    undefined,
    `CREATE ROLE ${name} LOGIN PASSWORD '${name}' NOSUPERUSER NOBYPASSRLS`,
    `CREATE DATABASE ${original} OWNER ${name} TEMPLATE template0`,
    `CREATE DATABASE ${copy} OWNER ${name} TEMPLATE template0`,
  );
  receiver = await Receiver.start();
  folder = await mkdtemp(join(tmpdir(), 'tmf-backup-'));
});
afterEach(async () => {
  await killAll();
  await receiver.down();
  await rm(folder, { recursive: true });
  await ask(
    undefined,
    `DROP DATABASE IF EXISTS ${original} WITH (FORCE)`,
    `DROP DATABASE IF EXISTS ${copy} WITH (FORCE)`,
    `DROP ROLE IF EXISTS ${name}`,
  );
});

it.each(isLong ? ['off', 'on'] : ['on'])(
  'a dump under load, by the documented commands, is whole and goes on; row level security %s',
  async (walls) => {
    const env = { LOG_LEVEL: 'error', CALLBACK_ALLOW_PRIVATE: 'on', ROW_LEVEL_SECURITY: walls };
    const before = new Program('serve', { ...env, DATABASE_URL: ownersUrl(original) });
    let origin = await before.origin(patience);
    expect((await call(origin, 'POST', '/hub', { callback: receiver.url })).status).toBe(201);
    const load = await Load.begin(origin);
    await load.more(operations);
    const acknowledged = new Set(load.acknowledged);
    await runDocumented('dump', { BACKUP_URL: urlOf(original, superuser) }, { cwd: folder });
    await load.more(operations);
    await load.end();
    expect(load.failures).toEqual([]);
    expect(await before.stop()).toBe(0);

    await runDocumented('restore', { RESTORED_URL: ownersUrl(copy) }, { cwd: folder });
    expect(await doctorsProblems(ownersUrl(copy))).toEqual([]);
    const there = await ask<{ id: string }>(copy, 'SELECT "id" FROM "BalanceAction"');
    const ids = new Set(there.map(({ id }) => id));
    expect([...acknowledged].filter((id) => !ids.has(id))).toEqual([]);
    // What came after the dump had begun is in the original alone.
    expect(ids.size).toBeLessThan(load.acknowledged.size);

    const after = new Program('serve', { ...env, DATABASE_URL: ownersUrl(copy) });
    origin = await after.origin(patience);
    const [bucket] = (await call(origin, 'GET', '/bucket?limit=1')).body;
    const further = await call(origin, 'POST', '/topupBalance', {
      bucket: { id: bucket.id },
      amount: { amount: 1, units: 'EUR' },
    });
    expect(further.status).toBe(201);
    const events = await ask<{ id: string; resourceId: string }>(
      copy,
      `SELECT "id", "resourceId" FROM "Outbox" WHERE "resourceType" = 'topupBalance' ORDER BY "epoch", "transactionId", "id"`,
    );
    expect(events.at(-1)?.resourceId).toBe(further.body.id);
    await eventually('the receiver is told of all that is in the copy', () => {
      const told = new Set(receiver.events.map(({ eventId }) => eventId));
      return events.every(({ id }) => told.has(id)) || undefined;
    });
    expect(await after.stop()).toBe(0);
  },
);
