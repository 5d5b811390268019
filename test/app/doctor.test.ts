import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { runDoctor } from '../../src/app/cli/doctor/run.js';
import type { Finding } from '../../src/app/cli/doctor/findings.js';
import { doneOf, type Done } from '../support/command.js';
import { startTestServer, type TestServer } from '../support/server.js';

const eur = (amount: number): object => ({ amount, units: 'EUR' });

const visit = (env: NodeJS.ProcessEnv, ...args: string[]): Promise<Done> => doneOf(() => runDoctor(args, env));

async function findings(env: NodeJS.ProcessEnv, ...args: string[]): Promise<Map<string, Finding>> {
  const { output } = await visit(env, '--json', ...args);
  return new Map((JSON.parse(output) as Finding[]).map((finding) => [finding.check, finding]));
}

describe('doctor of PostgreSQL', () => {
  let server: TestServer;
  let client: pg.Client;
  let env: NodeJS.ProcessEnv;
  let bucket: string;
  beforeAll(async () => {
    server = await startTestServer();
    const post = async (path: string, body: object): Promise<string> =>
      (await server.rest('POST', path, { body })).body.id as string;
    const money = { usageType: 'monetary', remainingValue: eur(10) };
    bucket = await post('/bucket', money);
    const other = await post('/bucket', money);
    await post('/topupBalance', { amount: eur(5), bucket: { id: bucket } });
    await post('/reserveBalance', { amount: eur(3), bucket: { id: bucket }, usageType: 'monetary' });
    await post('/transferBalance', {
      ...{ amount: eur(1), bucket: { id: bucket }, receiverBucket: { id: other } },
      usageType: 'monetary',
    });
    env = { DATABASE_URL: server.database.url };
    client = new pg.Client(server.database.url);
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await server.close();
  });

  it('finds the books and the schema in order, while a server runs', async () => {
    const found = await findings(env);
    expect(found.get('books')).toEqual({ check: 'books', grade: 'ok', found: '2 buckets equal their ledgers' });
    for (const check of ['version', 'encoding', 'rights', 'schema', 'indexes', 'background jobs', 'events'])
      expect([check, found.get(check)?.grade]).toEqual([check, 'ok']);
  });

  it('says in words what to do, and exits 1 when there is a problem', async () => {
    const { code, output, errors } = await visit({ ...env, DATABASE_POOL_SIZE: '1000' });
    expect([code, errors]).toEqual([1, 'there are problems\n']);
    expect(output).toMatch(/^problem +connections +\d+ at most/m);
    expect(output).toContain('connections: raise max_connections, or lower DATABASE_POOL_SIZE\n');
  });

  it.each([
    ['a balance that was changed by hand', '"remainingValueAmount" = "remainingValueAmount" + 1', 'remaining 12'],
    ['a reserved amount that nobody holds', '"reservedValueAmount" = 4', 'reserved 4'],
    ['an entry that is missing', '"entrySequence" = "entrySequence" + 1', 'entries, its ledger has'],
  ])('finds %s', async (_, change, words) => {
    const restore = await client.query(`SELECT * FROM "Bucket" WHERE "id" = $1`, [bucket]);
    await client.query(`UPDATE "Bucket" SET ${change} WHERE "id" = $1`, [bucket]);
    const books = (await findings(env)).get('books');
    const row = restore.rows[0] as Record<string, unknown>;
    await client.query(
      'UPDATE "Bucket" SET "remainingValueAmount" = $2, "reservedValueAmount" = $3, "entrySequence" = $4 WHERE "id" = $1',
      [bucket, row['remainingValueAmount'], row['reservedValueAmount'], row['entrySequence']],
    );
    expect(books).toMatchObject({ grade: 'problem' });
    expect(books?.found).toContain(`1 of 2 buckets do not: bucket ${bucket} of default`);
    expect(books?.found).toContain(words);
    expect((await findings(env, '--no-books')).has('books')).toBe(false);
  });

  it('finds an index that could not be built', async () => {
    const unique = 'CREATE UNIQUE INDEX CONCURRENTLY "broken" ON "Bucket" ("usageType")';
    await expect(client.query(unique)).rejects.toThrow('could not create unique index');
    expect((await findings(env)).get('indexes')).toMatchObject({ grade: 'problem', found: 'invalid: broken' });
    await client.query('DROP INDEX "broken"');
  });

  it('finds jobs that have failed for good, and a schema that lacks a part', async () => {
    await client.query(`UPDATE pgboss.job SET state = 'failed' WHERE name = 'settle-balances'`);
    await client.query(
      `INSERT INTO pgboss.job (name, state) SELECT 'settle-balances', 'failed' WHERE NOT EXISTS (SELECT 1 FROM pgboss.job WHERE state = 'failed')`,
    );
    expect((await findings(env)).get('background jobs')).toMatchObject({
      grade: 'warning',
      found: expect.stringContaining('of settle-balances'),
    });
    await client.query('DROP INDEX "SpendLimit_dueAt_idx"');
    expect((await findings(env)).get('schema')).toMatchObject({
      grade: 'problem',
      found: expect.stringContaining("'SpendLimit_dueAt_idx'"),
    });
  });
});

describe('doctor of an empty embedded database', () => {
  it('says that migrations are missing, and nothing of what is not there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tmf-doctor-'));
    const found = await findings({ DATA_DIR: join(folder, 'data') });
    await rm(folder, { recursive: true });
    expect(found.get('schema')).toMatchObject({ grade: 'warning', advice: 'start the server, or migrate' });
    expect(found.has('books')).toBe(false);
  });

  it('refuses wrong use', async () => {
    expect((await visit({}, '--colour')).code).toBe(2);
    expect((await visit({}, '--help')).output).toContain('tmf-balance-server doctor');
  });
});
