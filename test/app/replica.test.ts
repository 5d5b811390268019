import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { Prisma } from '../../prisma/generated/client.js';
import { createLogger } from '../../src/app/logger.js';
import type { Database } from '../../src/platform/database/database.js';
import { applyMigrations } from '../../src/platform/database/migrations.js';
import { openPostgresql } from '../../src/platform/database/postgresql.js';
import { nowhere } from '../../src/platform/database/positions.js';
import { enterTenant } from '../../src/platform/database/tenant-scope.js';
import { anonymous } from '../../src/platform/principal.js';
import { withSnapshot } from '../../src/platform/read/snapshot.js';
import { eventually } from '../support/eventually.js';
import { OwnCluster } from '../support/own-cluster.js';
import { startTestServer, type TestServer } from '../support/server.js';

jest.setTimeout(120_000);

let primary: OwnCluster;
let standby: OwnCluster;
let database: Database;
let server: TestServer;
const log: any[] = [];

const replica = (lagMs = 2_000): { url: string; lagMs: number; reportLagMs: number } => ({
  url: standby.urlOf('tmf'),
  lagMs,
  reportLagMs: 600_000,
});

async function sql<Row>(cluster: OwnCluster, text: string, name = 'tmf'): Promise<Row[]> {
  const client = new pg.Client(cluster.urlOf(name));
  await client.connect();
  try {
    return (await client.query(text)).rows as Row[];
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  primary = await OwnCluster.create();
  await primary.start();
  await sql(primary, 'CREATE DATABASE tmf', 'postgres');
  standby = await OwnCluster.replicaOf(primary);
  await standby.start();
  database = await openPostgresql(primary.urlOf('tmf'), { poolSize: 12, isolatesTenants: true, replica: replica() });
  await applyMigrations(database);
  const stream = { write: (line: string) => void log.push(JSON.parse(line)) };
  server = await startTestServer(
    {},
    {
      database,
      logger: createLogger('info', stream),
      principalOf: ({ headers }) => ({ ...anonymous, id: String(headers['x-who'] ?? 'nobody') }),
    },
  );
  await isUsed(1);
});
afterAll(async () => {
  await server?.close();
  await standby?.remove();
  await primary?.remove();
});

async function figures(): Promise<Map<string, number>> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith('tmf_replica_'));
  return new Map(lines.map((line) => [line.replace(/ [^ ]+$/, ''), Number(line.split(' ').at(-1))]));
}

async function isUsed(used: 0 | 1): Promise<void> {
  await eventually(
    'the replica is read, or not',
    async () => (await figures()).get('tmf_replica_used') === used || undefined,
  );
}

/** Where the statements of these classes ran while this was done, without those that ran nowhere. */
async function placesOf(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await figures();
  await work();
  const after = await figures();
  const grown = [...after].flatMap(([key, value]) => {
    const [, name, place] = /class="(\w+)",place="(\w+)"/.exec(key) ?? [];
    const more = value - (before.get(key) ?? 0);
    return name && more > 0 ? [[`${name} ${place}`, more]] : [];
  });
  return Object.fromEntries(grown);
}

const as = (who: string, headers: Record<string, string> = {}): Record<string, string> => ({
  'x-who': who,
  ...headers,
});

async function make(who: string, name: string, more: object = {}): Promise<{ id: string; position: string }> {
  const body = { usageType: 'monetary', name, ...more };
  const answer = await server.rest('POST', '/bucket', { body, headers: as(who) });
  expect(answer.status).toBe(201);
  return { id: answer.body.id, position: String(answer.headers.get('x-database-position')) };
}

/** How many of this name somebody sees: in a list, in a sum, in a file. */
async function seen(name: string, headers: Record<string, string>): Promise<number[]> {
  const query = `{ buckets(filter: { name: { eq: "${name}" } }) { totalCount items { id } }
    bucketsAggregate(filter: { name: { eq: "${name}" } }) { items { count } } }`;
  const { data, errors } = await server.graphql(query, {}, headers);
  expect(errors).toBeUndefined();
  const file = await fetch(`${server.url}/tmf-api/prepayBalanceManagement/v4/bucket?name=${name}`, {
    headers: { accept: 'application/x-ndjson', ...headers },
  });
  const lines = (await file.text()).split('\n').filter(Boolean);
  return [data.buckets.items.length, data.bucketsAggregate.items[0]?.count ?? 0, lines.length];
}

async function paused(work: () => Promise<void>): Promise<void> {
  await sql(standby, 'SELECT pg_wal_replay_pause()');
  await eventually('replay stands still', async () => {
    const [row] = await sql<{ state: string }>(standby, 'SELECT pg_get_wal_replay_pause_state() AS "state"');
    return row?.state === 'paused' || undefined;
  });
  try {
    await work();
  } finally {
    await sql(standby, 'SELECT pg_wal_replay_resume()');
  }
}

it('lists, sums and files are read from the replica; what is read by id or by a mutation from the primary', async () => {
  const { id, position } = await make('one', 'plain');
  expect(position).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
  await eventually('all of it is on the replica', async () => {
    const places = await placesOf(async () => expect(await seen('plain', as('one'))).toEqual([1, 1, 1]));
    return Object.keys(places).every((name) => name.endsWith('replica')) || undefined;
  });
  const places = await placesOf(() => seen('plain', as('one')));
  expect(Object.keys(places).sort()).toEqual(['export replica', 'read replica', 'report replica']);
  const byId = async (): Promise<void> => {
    expect((await server.rest('GET', `/bucket/${id}`)).status).toBe(200);
    const { data } = await server.graphql(`{ bucket(id: "${id}") { actions { items { id } } } }`);
    expect(data).toEqual({ bucket: { actions: { items: [] } } });
    const write = `mutation { updateBucket(id: "${id}", input: { name: "changed" }) { name actions { totalCount } } }`;
    const written = await server.graphql(write, {}, as('one'));
    expect([written.errors, written.data.updateBucket.name]).toEqual([undefined, 'changed']);
    expect(written.headers.get('x-database-position')).toMatch(/\//);
  };
  expect(await placesOf(byId)).toEqual({});
});

it('whoever wrote reads it, by what this server remembers or by the position; others as the bound of lag lets them', async () => {
  await paused(async () => {
    const { position } = await make('one', 'late');
    expect(await seen('late', as('one'))).toEqual([1, 1, 1]);
    // The bound of sums is long; files of what has due work show what the primary has.
    const [, sum, file] = await seen('late', as('two'));
    expect([sum, file]).toEqual([0, 1]);
    expect(await seen('late', as('two', { 'X-Database-Position': position }))).toEqual([1, 1, 1]);
    expect(await seen('late', as('two', { 'X-Database-Position': 'no position' }))).toEqual([1, 1, 1]);
    await eventually(
      'it is too far behind for lists',
      async () => (await seen('late', as('two')))[0] === 1 || undefined,
    );
    const places = await placesOf(() => seen('late', as('two')));
    expect(places).toMatchObject({ 'report replica': expect.any(Number), 'export primary': 1 });
  });
  await eventually('the replica has it, too', async () => {
    const places = await placesOf(async () => expect((await seen('late', as('one')))[0]).toBe(1));
    return Object.keys(places).every((name) => name.endsWith('replica')) || undefined;
  });
});

it('what is due happens first, on the primary, and is seen', async () => {
  const { id } = await make('one', 'due', { remainingValue: { amount: 10, units: 'EUR' } });
  const end = new Date(server.clock.now().getTime() + 60_000).toISOString();
  const reserve = { bucket: { id }, amount: { amount: 4, units: 'EUR' }, validFor: { endDateTime: end } };
  expect((await server.rest('POST', '/reserveBalance', { body: reserve, headers: as('one') })).status).toBe(201);
  const inFile = async (): Promise<unknown> => {
    const address = `${server.url}/tmf-api/prepayBalanceManagement/v4/bucket?name=due`;
    const file = await fetch(address, { headers: { accept: 'application/x-ndjson', ...as('two') } });
    return JSON.parse(await file.text()).reservedValue?.amount;
  };
  const list = `{ bucketsAggregate(of: reservedValue, filter: { name: { eq: "due" } }) { items { sum } } }`;
  const reserved = async (): Promise<unknown> => {
    const { data, errors } = await server.graphql(list, {}, as('two'));
    expect(errors).toBeUndefined();
    return data.bucketsAggregate.items[0]?.sum;
  };
  await eventually('the replica has the reservation', async () => (await reserved()) === 4 || undefined);
  await paused(async () => {
    server.clock.advance(120_000);
    expect(await reserved()).toBe(0);
    expect(await inFile()).toBe(0);
    // Nothing is due on the primary any more, but the replica still shows it.
    expect(await reserved()).toBe(0);
  });
});

it('a statement that replay cancels is repeated on the primary', async () => {
  await sql(standby, 'ALTER SYSTEM SET max_standby_streaming_delay = 0', 'postgres');
  await sql(standby, 'SELECT pg_reload_conf()');
  await sql(primary, 'CREATE TABLE held (); INSERT INTO held DEFAULT VALUES');
  await eventually('the replica has the table', async () => {
    const [row] = await sql<{ is: boolean }>(standby, `SELECT to_regclass('held') IS NOT NULL AS "is"`);
    return row?.is || undefined;
  });
  const slow = Prisma.sql`SELECT pg_is_in_recovery() AS "isReplica", CASE WHEN pg_is_in_recovery() THEN pg_sleep(60)::text END FROM held`;
  const reading = database.read<{ isReplica: boolean }>(slow, {
    isPlanKept: false,
    workClass: 'report',
    replicaAt: nowhere,
  });
  await eventually('it runs on the replica', async () => {
    const [row] = await sql(standby, `SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'`);
    return row !== undefined || undefined;
  });
  await sql(primary, 'ALTER TABLE held ADD COLUMN x int');
  expect((await reading)[0]).toMatchObject({ isReplica: false });
});

const where = Prisma.sql`SELECT current_setting('tmf.tenant', true) AS "tenant", pg_is_in_recovery() AS "isReplica", current_setting('TimeZone') AS "zone"`;

it.each([false, true])('the replica is told the tenant of a request; behind a pooler: %s', async (isPooled) => {
  const options = {
    poolSize: 6,
    isolatesTenants: true,
    isPooled,
    areStatementsNamed: !isPooled,
    replica: replica(600_000),
  };
  const other = await openPostgresql(primary.urlOf('tmf'), options);
  try {
    other.replica?.watch(createLogger('silent'));
    await eventually('it is near', () => other.replica?.isNear('read') || undefined);
    const expected = { tenant: 'acme', isReplica: true, zone: 'UTC' };
    const { signal } = new AbortController();
    const found = await enterTenant('acme', async () => [
      ...(await other.read(where, { isPlanKept: false, replicaAt: nowhere })),
      ...(await other.read(where, { isPlanKept: false, workClass: 'report', replicaAt: nowhere, signal })),
      ...(await withSnapshot(other, { maxMs: 10_000, signal, replicaAt: nowhere }, (reads) =>
        reads.read(where, { isPlanKept: false }),
      )),
    ]);
    expect(found).toEqual([expected, expected, expected]);
    const leaving = new AbortController();
    const long = Prisma.sql`SELECT pg_sleep(60)::text`;
    const reading = withSnapshot(other, { maxMs: 60_000, signal: leaving.signal, replicaAt: nowhere }, (reads) =>
      reads.read(long, { isPlanKept: false }),
    );
    await eventually('it runs there', async () => {
      const [row] = await sql(standby, `SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'`);
      return row !== undefined || undefined;
    });
    leaving.abort();
    await expect(reading).rejects.toThrow('canceling statement due to user request');
  } finally {
    await other.close();
  }
});

it.each([
  ['tmf', 'it is none: it takes writes itself'],
  ['postgres', 'it is one of another database'],
])('what is no replica of the database is not read: %s', async (name, reason) => {
  const lines: any[] = [];
  const options = { poolSize: 6, replica: { ...replica(600_000), url: primary.urlOf(name) } };
  const other = await openPostgresql(primary.urlOf('tmf'), options);
  try {
    other.replica?.watch(createLogger('info', { write: (line: string) => void lines.push(JSON.parse(line)) }));
    await eventually('it is told', () => lines.length > 0 || undefined);
    expect(lines).toMatchObject([{ level: 40, reason }]);
    const [row] = await other.read<{ isReplica: boolean }>(where, { isPlanKept: false, replicaAt: nowhere });
    expect(row?.isReplica).toBe(false);
  } finally {
    await other.close();
  }
});

it('no request fails when the replica dies, and it is read again when it is back', async () => {
  await isUsed(1);
  log.length = 0;
  let isOver = false;
  let answered = 0;
  const reading = Promise.all(
    ['one', 'two', 'three', 'four'].map(async (who) => {
      for (; !isOver; answered++) {
        const { data, errors } = await server.graphql(
          '{ buckets { items { id } } bucketsAggregate(groupBy: [name]) { items { count } } }',
          {},
          as(who),
        );
        expect(errors).toBeUndefined();
        expect(data.buckets.items.length).toBeGreaterThan(1);
      }
    }),
  );
  const more = async (): Promise<void> => {
    const goal = answered + 20;
    await eventually('more is answered', () => answered >= goal || undefined);
  };
  await more();
  await standby.kill();
  await isUsed(0);
  await more();
  expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
  await standby.start();
  await isUsed(1);
  await more();
  isOver = true;
  await reading;
  const told = log.filter(({ msg }) => /the replica is/.test(msg));
  expect(told.filter(({ reason }) => reason === 'it does not answer')).toHaveLength(1);
  expect(told.at(-1)).toMatchObject({ level: 30 });
});
