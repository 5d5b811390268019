import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { runDoctor } from '../../src/app/cli/doctor/run.js';
import { runMigrate } from '../../src/app/cli/administration/migrate.js';
import { runSeed } from '../../src/app/cli/administration/seed.js';
import type { Database } from '../../src/platform/database/database.js';
import { lockDirectory } from '../../src/platform/database/directory-lock.js';
import { openEmbedded } from '../../src/platform/database/embedded.js';
import { doneOf, type Done } from '../support/command.js';
import { openPostgresql } from '../../src/platform/database/postgresql.js';
import { doctorsProblems } from '../support/doctor.js';
import { postgresqlPath, runDocumented } from '../support/documented-commands.js';
import { OwnCluster } from '../support/own-cluster.js';
import { isLong } from '../support/proof.js';
import { startTestServer, TestClock, type TestServer } from '../support/server.js';
import { storageOf } from '../support/upgrade.js';
import { programArguments } from '../support/programs.js';
import { createServerStorage, startMaxMs, type Storage } from './program.js';

jest.setTimeout(15 * startMaxMs);

const move = (folder: string, env: Record<string, string>, ...more: string[]): Promise<Done> =>
  doneOf(() => runMigrate(['--from', folder, ...more], env));

const folders: string[] = [];
const storages: Storage[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
  for (const storage of storages) await storage.remove();
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tmf-move-'));
  folders.push(folder);
  return folder;
}

describe('moving a sandbox', () => {
  it('is refused where there is nothing to move, or nowhere to move it to', async () => {
    const folder = await newFolder();
    const env = { DATABASE_URL: 'postgres://127.0.0.1:1/nowhere' };
    expect(await move(folder, {})).toMatchObject({
      code: 2,
      errors: expect.stringContaining('--from needs DATABASE_URL'),
    });
    expect(await move(folder, env, '--check')).toMatchObject({ code: 2 });
    expect(await move(folder, env)).toEqual({
      code: 1,
      output: '',
      errors: `directory '${folder}' has no embedded database\n`,
    });
  });

  it('is refused while a server has the folder, and for data of an earlier version', async () => {
    const old = await storageOf('0.1', 'embedded');
    storages.push(old);
    const folder = String(old.env['DATA_DIR']);
    const env = { DATABASE_URL: 'postgres://127.0.0.1:1/nowhere' };
    expect((await move(folder, env)).errors).toMatch(
      /^the data in .* are of an earlier version \(\d+ migrations are missing\)/,
    );
    const lock = await lockDirectory(folder);
    expect((await move(folder, env)).errors).toMatch(/^directory '.*' is in use by process/);
    await lock.release();
  });
});

if (process.env.TEST_DATABASE_URL) {
  const clockNow = '2026-03-01T12:00:00.000Z';
  const paths = [
    ...['/bucket', '/topupBalance', '/adjustBalance', '/reserveBalance', '/transferBalance', '/balanceAction'],
    ...['/usage', '/usageSpecification', '/customerBill', '/customerBillOnDemand', '/appliedCustomerBillingRate'],
    ...['/billCycle', '/billCycleSpecification', '/resourceOrder', '/cancelResourceOrder'],
  ];
  const query = `{
    buckets(limit: 200) { totalCount items { id revision remainingValue { amount units } actions(limit: 50) { items { __typename } }
      entries(limit: 100) { totalCount items { sequence entryType remainingDelta remainingAfter recordedAt } } } }
    parties(limit: 200) { totalCount items { id name balances { usageType totalBalance { amount units } } lastBill { billNo state } } }
    usagesAggregate(groupBy: [usageType]) { items { keys { usageType } count } }
    billRuns(limit: 50) { totalCount items { id state bills } } }`;

  /** What a server says of a database by both transports. */
  async function answers(database: Database): Promise<object> {
    const server = await startTestServer({}, { database, clock: new TestClock(new Date(clockNow)) });
    try {
      const found: Record<string, unknown> = {};
      for (const path of paths) {
        const { status, headers, body } = await server.rest('GET', path);
        found[path] = [status, headers.get('x-total-count'), withoutOrigin(body, server)];
      }
      const { data, errors } = await server.graphql(query);
      expect(errors).toBeUndefined();
      return { ...found, graphql: data };
    } finally {
      await server.close();
    }
  }

  const withoutOrigin = (body: unknown, { url }: TestServer): unknown =>
    JSON.parse(JSON.stringify(body).replaceAll(url, ''));

  describe.each(isLong ? ['kit', 'demo'] : ['kit'])('a sandbox with the %s data', (data) => {
    let folder: string;
    let before: object;
    let target: Storage;

    it('moves into an empty database, which then answers the same by both transports', async () => {
      folder = await newFolder();
      const sandbox = { DATA_DIR: folder };
      expect(await doneOf(() => runSeed([data], sandbox))).toMatchObject({ code: 0 });
      expect(await doneOf(() => runSeed([data === 'kit' ? 'demo' : 'kit'], sandbox))).toMatchObject({
        code: 1,
        output: '',
        errors: expect.stringMatching(/^the database has data already: table "\w+" has rows$/m),
      });
      before = await answers(await openEmbedded(folder));
      expect(before).toMatchObject({ graphql: { buckets: { items: expect.arrayContaining([]) } } });
      target = await createServerStorage();
      storages.push(target);
      const env = { DATABASE_URL: String(target.env['DATABASE_URL']) };
      const moved = await move(folder, env);
      expect(moved).toMatchObject({ code: 0, errors: '' });
      expect(moved.output).toMatch(/^copied Bucket: \d+$/m);
      expect(moved.output).toContain('verified: every table has the same rows\n');
      expect(await answers(await target.open())).toEqual(before);
      expect((await doneOf(() => runDoctor([], env))).output).toMatch(/ books +\d+ buckets equal their ledgers/);
      expect((await move(folder, env)).errors).toMatch(/^the database is in use already: table "\w+" has rows\n$/);
    });

    it('goes on from there by a dump in the newer PostgreSQL that is embedded, and answers the same', async () => {
      const url = String(target.env['DATABASE_URL']);
      const arguments_ = ['--inserts', '--rows-per-insert=500', '--no-owner', '--no-acl', url];
      const PATH = await postgresqlPath();
      const { stdout } = await promisify(execFile)('pg_dump', arguments_, { env: { PATH }, maxBuffer: 2 ** 28 });
      const database = await openEmbedded(await newFolder());
      // Commands to psql, which newer versions of pg_dump write.
      await database.pglite.exec(stdout.replaceAll(/^\\(un)?restrict .*$/gm, ''));
      await database.pglite.exec('RESET ALL');
      expect(await answers(database)).toEqual(before);
    });

    if (process.env.PG17_BIN) {
      it('goes on from there by the documented dump in PostgreSQL 17, and answers the same', async () => {
        const cluster = await OwnCluster.create(process.env.PG17_BIN);
        const cwd = await newFolder();
        try {
          await cluster.start();
          await runDocumented('dump', { BACKUP_URL: String(target.env['DATABASE_URL']) }, { cwd });
          await runDocumented('restore', { RESTORED_URL: cluster.env.ADMIN_URL }, { cwd });
          expect(await answers(await openPostgresql(cluster.env.ADMIN_URL, { poolSize: 5 }))).toEqual(before);
          expect(await doctorsProblems(cluster.env.ADMIN_URL)).toEqual([]);
        } finally {
          await cluster.remove();
        }
      });
    }

    it('tells what happens next behind all events that came along', () => expectNewEpoch(target));

    it('moves whole or not at all, when that is killed in the middle', async () => {
      const target = await createServerStorage();
      storages.push(target);
      const env = { DATABASE_URL: String(target.env['DATABASE_URL']) };
      const source = await newFolder();
      await mkdir(source, { recursive: true });
      await cp(join(folder, 'database'), join(source, 'database'), { recursive: true });
      const child = spawn(process.execPath, [...programArguments('main'), 'migrate', '--from', source], {
        env: { PATH: process.env.PATH, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child.stdout.once('data', () => child.kill('SIGKILL'));
      await once(child, 'close');
      expect(child.signalCode).toBe('SIGKILL');
      const left = await target.inspect((database) =>
        database.statement<{ count: number }>('SELECT count(*)::int AS "count" FROM "Bucket"'),
      );
      expect(left).toEqual([{ count: 0 }]);
      expect(await move(source, env)).toMatchObject({ code: 0 });
    });
  });

  /** New events sort behind all that were moved. */
  async function expectNewEpoch(target: Storage): Promise<void> {
    const server = await startTestServer({}, { database: await target.open() });
    const bucket = { usageType: 'monetary', remainingValue: { amount: 1, units: 'EUR' } };
    const { body } = await server.rest('POST', '/bucket', { body: bucket });
    const [last] = await server.database.statement<{ resourceId: string }>(
      `SELECT "resourceId" FROM "Outbox" ORDER BY "epoch" DESC, "transactionId" DESC, "id" DESC LIMIT 1`,
    );
    expect(last).toEqual({ resourceId: body.id });
    await server.close();
  }
}
