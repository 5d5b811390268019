import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { runPartition } from '../../src/app/cli/administration/partition.js';
import { runArchive } from '../../src/app/cli/archive/run.js';
import type { Database } from '../../src/platform/database/database.js';
import { keepPartitionsByTime, partitionByTime } from '../../src/platform/database/partition-by-time.js';
import { indexPartitions } from '../../src/platform/database/partitioned-index.js';
import { raisingOf } from '../../src/platform/database/tenant-wall.js';
import { eventually } from '../support/eventually.js';
import { doctorsProblems } from '../support/doctor.js';
import { startTestServer, TestClock, type TestServer } from '../support/server.js';
import { linesOf, taken, usage } from '../streaming/imports.js';
import { createServerStorage, startMaxMs, type Storage } from './program.js';

jest.setTimeout(5 * startMaxMs);

const january = new Date('2026-01-10T12:00:00Z');
const log = { warn: (details: object): void => expect(details).toBeUndefined() };
const inMonths = { width: 'month', now: january } as const;

let folder: string;
let storage: Storage;
let database: Database;
let server: TestServer;
const clock = new TestClock(january);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tmf-partition-'));
  storage = await createServerStorage(process.env.TEST_DATABASE_TEMPLATE);
  database = await storage.open();
  server = await startTestServer({}, { database: await storage.open(), clock });
});
afterAll(async () => {
  await server.close();
  await database.close();
  await rm(folder, { recursive: true });
  await storage.remove();
});

const rows = <T>(sql: string): Promise<T[]> => database.statement<T>(sql);
const run = (sql: string): Promise<void> => database.script(sql);

/** The partitions, and how many usages each has. */
async function partitions(): Promise<Record<string, number>> {
  const names = await rows<{ name: string }>(
    `SELECT inhrelid::regclass::text AS "name" FROM pg_inherits WHERE inhparent = '"Usage"'::regclass ORDER BY 1`,
  );
  const counted = names.map(async ({ name }) => {
    const [row] = await rows<{ count: number }>(`SELECT count(*)::int AS "count" FROM ${name}`);
    return [name.replaceAll('"', ''), row!.count] as const;
  });
  return Object.fromEntries(await Promise.all(counted));
}

async function made(externalId: string, status = 'received'): Promise<string> {
  const body = {
    ...usage(externalId, { usageDate: clock.now().toISOString() }),
    relatedParty: [{ id: 'jane', role: 'customer', '@referredType': 'Customer' }],
  };
  const { status: code, body: answer } = await server.rest('POST', '/usage', { body });
  expect([code, answer]).toEqual([201, expect.anything()]);
  if (status !== 'received')
    expect((await server.rest('PATCH', `/usage/${answer.id}`, { body: { status } })).status).toBe(200);
  return answer.id;
}

/** What clients see, by every way to it. */
async function seen(): Promise<unknown> {
  const paths = ['', '?sort=-usageDate', '?relatedParty.id=jane', '?status=rejected', '?externalId=a'];
  const lists = await Promise.all(paths.map(async (path) => (await server.rest('GET', `/usage${path}`)).body));
  const ones = await Promise.all(lists[0].map(async ({ id }: any) => (await server.rest('GET', `/usage/${id}`)).body));
  const { data } = await server.graphql(
    '{ usageAggregate(groupBy: [month, party]) { month party count } party(id: "jane") { usages { items { id } } } }',
  );
  const reported = await rows('SELECT usage_id FROM reporting.usages ORDER BY 1').catch(
    (error: Error) => error.message,
  );
  return { lists, ones, data, reported };
}

async function command(args: string[], runner = runPartition): Promise<{ code: number; output: string }> {
  let output = '';
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    jest.spyOn(process[name], 'write').mockImplementation((text) => {
      output += String(text);
      return true;
    }),
  );
  try {
    return { code: await runner(args, storage.env), output };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

const archive = (...args: string[]): Promise<{ code: number; output: string }> => command(args, runArchive);
const before = ['--before', '2026-02-01T00:00:00Z'];

it('is refused on the embedded database, and where it is used in a wrong way', async () => {
  await expect(partitionByTime({ kind: 'pglite' } as Database, 'Usage', inMonths)).rejects.toThrow(
    'the embedded database has plain tables',
  );
  expect(await command(['--by', 'decade'])).toMatchObject({
    code: 2,
    output: expect.stringMatching(/^--by is one of month, quarter, year\n/),
  });
  expect(await command(['--check'])).toEqual({ code: 1, output: 'Usage has no partitions\n' });
});

it('is refused while somebody keeps the table, and where ids are none of a time before', async () => {
  await made('a', 'rejected');
  const times = { lockMs: 20, pauseMs: 20, locksMaxMs: 100 };
  await database.transaction(async (tx) => {
    await tx.statement('LOCK TABLE "Usage" IN ROW EXCLUSIVE MODE', []);
    await expect(partitionByTime(database, 'Usage', { ...inMonths, times })).rejects.toThrow("'Usage' got no lock");
  });
  const december = { ...inMonths, now: new Date('2025-12-10T00:00:00Z') };
  await expect(partitionByTime(database, 'Usage', december)).rejects.toThrow("'Usage' has ids that are none of ours");
  expect(await rows(`SELECT conname FROM pg_constraint WHERE conname LIKE 'Usage_until%'`)).toEqual([]);
});

it('leaves nothing that refuses rows one day when it is broken off', async () => {
  const proofs = (): Promise<unknown[]> => rows(`SELECT 1 FROM pg_constraint WHERE conname LIKE 'Usage_until%'`);
  await run(`ALTER TABLE "Usage" ADD CONSTRAINT "Usage_until_2026_02_01" CHECK ("id" < '01KG') NOT VALID`);
  await keepPartitionsByTime(database, 'Usage', new Date('2026-01-30T00:00:00Z'), log);
  expect(await proofs()).toHaveLength(1);
  await keepPartitionsByTime(database, 'Usage', new Date('2026-01-31T12:00:00Z'), log);
  expect(await proofs()).toHaveLength(0);
});

it('makes the table the first partition as it is, while a server goes on', async () => {
  await made('b', 'rejected');
  for (const statement of raisingOf('Usage')) await run(statement);
  await run(`ALTER TABLE "Usage" ADD CONSTRAINT "Usage_until_2025_01_01" CHECK ("id" < '01KG') NOT VALID`);
  // More often than plans are made anew for.
  for (let time = 0; time < 7; time++) await seen();
  const whole = await seen();
  const file = `SELECT pg_relation_filenode(oid) FROM pg_class WHERE relname =`;
  const [was] = await rows(`${file} 'Usage'`);
  expect(await partitionByTime(database, 'Usage', inMonths)).toBe(true);
  expect(await rows(`${file} 'Usage_until_2026_02_01'`)).toEqual([was]);
  expect(await partitions()).toEqual({ Usage_until_2026_02_01: 2, Usage_2026_02: 0, Usage_other: 0 });
  expect(await seen()).toEqual(whole);
  expect(
    await rows(`SELECT relname FROM pg_class WHERE relname LIKE 'Usage\\_%' AND relkind = 'r' AND relispartition
      AND NOT (relrowsecurity AND relforcerowsecurity) OR relname = 'Usage' AND NOT relforcerowsecurity`),
  ).toEqual([]);
  // Views, and functions that take a row, are about the whole.
  const dependents = `SELECT d.objid FROM pg_depend d JOIN pg_class c ON c.relname = 'Usage_until_2026_02_01' AND d.refobjid IN (c.oid, c.reltype)
    WHERE d.classid IN ('pg_rewrite'::regclass, 'pg_proc'::regclass)`;
  expect(await rows(dependents)).toEqual([]);
  expect(await rows(`SELECT 1 FROM pg_views WHERE schemaname = 'reporting' AND viewname LIKE 'usage%'`)).toHaveLength(
    3,
  );
  expect(
    await rows(`SELECT 1 FROM pg_proc WHERE (SELECT reltype FROM pg_class WHERE relname = 'Usage') = ANY(proargtypes)`),
  ).toHaveLength(2);
  expect(await doctorsProblems(storage.env['DATABASE_URL'])).toEqual([]);
});

it('changes nothing when it is done, and keeps the width', async () => {
  expect(await command(['--by', 'month'])).toEqual({
    code: 0,
    output: 'Usage has a partition for each month already\n',
  });
  expect(await command(['--check'])).toEqual({ code: 0, output: 'Usage has a partition for each month\n' });
  expect(await command([])).toEqual({ code: 1, output: "table 'Usage' has a partition for each month already\n" });
});

it('has the next months made by the server, with all that the table has', async () => {
  clock.set('2026-02-20T12:00:00.000Z');
  await server.startJobs();
  await eventually('the month ahead is there', async () => 'Usage_2026_03' in (await partitions()) || undefined);
  await made('c');
  expect(await taken(server, { content: linesOf([usage('d'), usage('a'), { usageDate: 'never' }]) })).toMatchObject({
    accepted: 1,
    rejected: 2,
  });
  clock.set('2026-03-01T12:00:00.000Z');
  await made('e', 'rejected');
  await keepPartitionsByTime(database, 'Usage', clock.now(), log);
  expect(await partitions()).toEqual({
    ...{ Usage_until_2026_02_01: 2, Usage_2026_02: 2, Usage_2026_03: 1, Usage_2026_04: 0, Usage_other: 0 },
  });
  const unlike = await rows(`
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = '"Usage"'::regclass AND NOT (
      c.relforcerowsecurity AND (SELECT count(*) FROM pg_index x WHERE x.indrelid = c.oid AND x.indisvalid) =
        (SELECT count(*) FROM pg_index x WHERE x.indrelid = i.inhparent AND x.indisvalid)
      AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attoptions @> '{n_distinct=1000}'))`);
  expect(unlike).toEqual([]);
  expect(await doctorsProblems(storage.env['DATABASE_URL'])).toEqual([]);
});

it('lets later versions make indexes without locks, and drop them', async () => {
  const name = 'Usage_later_idx';
  const make = `-- why\nCREATE INDEX CONCURRENTLY IF NOT EXISTS "${name}"\n  ON "Usage" ("tenantId", "description");\n`;
  const valid = (): Promise<unknown[]> =>
    rows(`SELECT 1 FROM pg_index WHERE indisvalid AND indexrelid = to_regclass('"${name}"')`);
  await database.dedicated(async (connection) => {
    expect(await indexPartitions(connection, make, 100)).toBe(true);
    expect(await valid()).toHaveLength(1);
    expect(await indexPartitions(connection, make, 100)).toBe(true);
    const drop = `DROP INDEX CONCURRENTLY IF EXISTS "${name}";`;
    // Nobody waits behind it for whoever reads for long.
    await database.dedicated(async (reader) => {
      await reader.script('BEGIN; SELECT 1 FROM "Usage" LIMIT 1');
      await connection.script('SET lock_timeout = 0');
      await expect(indexPartitions(connection, drop, 100)).rejects.toMatchObject({ code: '55P03' });
      await reader.script('ROLLBACK');
    });
    expect(await indexPartitions(connection, drop, 100)).toBe(true);
    expect(await indexPartitions(connection, make.replace('"Usage"', '"Bucket"'), 100)).toBe(false);
  });
  expect(await valid()).toHaveLength(0);
});

it('has what an archive deletes dropped whole, where nothing else is in a partition', async () => {
  const open = await made('late');
  // As if it came in January.
  await run(`UPDATE "Usage" SET "id" = '01KF00000000000000000000ZZ' WHERE "id" = '${open}'`);
  expect(await archive('--to', join(folder, 'first'), ...before, '--delete')).toMatchObject({
    code: 0,
    output: expect.stringContaining('deleted usage: 2'),
  });
  expect(await partitions()).toMatchObject({ Usage_until_2026_02_01: 1 });
  expect(await archive('restore', join(folder, 'first'))).toMatchObject({ code: 0 });
  await run(`DELETE FROM "Usage" WHERE "id" = '01KF00000000000000000000ZZ'`);
  const whole = await seen();
  expect(await archive('--to', join(folder, 'second'), ...before, '--delete')).toMatchObject({
    code: 0,
    output: expect.stringContaining('deleted usage: 2'),
  });
  expect(await partitions()).toEqual({ Usage_2026_02: 2, Usage_2026_03: 1, Usage_2026_04: 0, Usage_other: 0 });
  expect(await archive('restore', join(folder, 'second'))).toMatchObject({ code: 0 });
  expect(await partitions()).toMatchObject({ Usage_other: 2 });
  expect(await seen()).toEqual(whole);
  expect(await doctorsProblems(storage.env['DATABASE_URL'])).toEqual([]);
});
