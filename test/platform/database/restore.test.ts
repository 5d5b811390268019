import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Database } from '../../../src/platform/database/database.js';
import { applyMigrations } from '../../../src/platform/database/migrations.js';
import { createServerStorage, type Storage } from '../../app/program.js';
import { startTestServer } from '../../support/server.js';
import { storageOf } from '../../support/upgrade.js';

const run = promisify(execFile);
const storages: Storage[] = [];

afterEach(() => Promise.all(storages.splice(0).map((storage) => storage.remove())));

/** Where Debian keeps the clients of each version, newest first; elsewhere they are in the PATH. */
async function clientPath(): Promise<string> {
  const folder = '/usr/lib/postgresql';
  const versions = await readdir(folder).catch(() => []);
  const folders = versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(folder, version, 'bin'));
  return [...folders, process.env.PATH].join(':');
}

/** Every row of every table, the jobs' included, as one digest for each. */
async function digests(database: Database): Promise<Record<string, string>> {
  const tables = await database.statement<{ schema: string; name: string }>(
    `SELECT schemaname AS "schema", tablename AS "name" FROM pg_tables WHERE schemaname IN ('public', 'pgboss') ORDER BY 1, 2`,
  );
  const found: Record<string, string> = {};
  for (const { schema, name } of tables) {
    const [row] = await database.statement<{ digest: string }>(
      `SELECT count(*) || ' ' || md5(coalesce(string_agg(t.row, E'\\n' ORDER BY t.row COLLATE "C"), '')) AS "digest" FROM (SELECT r::text AS row FROM "${schema}"."${name}" r) t`,
    );
    found[`${schema}.${name}`] = row!.digest;
  }
  return found;
}

describe('a database that is dumped and restored', () => {
  if (process.env.TEST_DATABASE_URL) {
    test('has every row of every table, and serves', async () => {
      const source = await storageOf('0.1', 'postgresql');
      const target = await createServerStorage();
      storages.push(source, target);
      await source.inspect(applyMigrations);
      const folder = await mkdtemp(join(tmpdir(), 'tmf-dump-'));
      const env = { ...process.env, PATH: await clientPath() };
      const file = join(folder, 'dump');
      await run('pg_dump', ['--format=custom', `--file=${file}`, source.env['DATABASE_URL']!], { env });
      await run('pg_restore', ['--exit-on-error', '--no-owner', `--dbname=${target.env['DATABASE_URL']}`, file], {
        env,
      });
      await rm(folder, { recursive: true });

      const before = await source.inspect(digests);
      expect(Object.keys(before).length).toBeGreaterThan(30);
      expect(before['public.Usage']).not.toMatch(/^0 /);
      expect(await target.inspect(digests)).toEqual(before);

      const database = await target.open();
      expect(await applyMigrations(database)).toEqual([]);
      const server = await startTestServer({}, { database });
      const { body } = await server.rest('GET', '/usage?limit=100');
      expect(body).toHaveLength(Number(before['public.Usage']!.split(' ')[0]));
      const usage = {
        usageSpecification: { id: 'data' },
        usageDate: '2026-03-01T00:00:00.000Z',
        status: 'rated',
        ratedProductUsage: [1, 2].map((value) => ({ taxExcludedRatingAmount: { value, unit: 'EUR' } })),
      };
      expect((await server.rest('POST', '/usage', { body: usage })).status).toBe(201);
      await server.close();
    });
  } else {
    test('in a folder has every row of every table', async () => {
      const source = await storageOf('0.1', 'embedded');
      storages.push(source);
      const { openEmbedded } = await import('../../../src/platform/database/embedded.js');
      const database = await openEmbedded(source.env['DATA_DIR']!);
      await applyMigrations(database);
      const before = await digests(database);
      const dump = await database.pglite.dumpDataDir('none');
      await database.close();
      const restored = await openEmbedded(undefined, { loadDataDir: dump });
      expect(await digests(restored)).toEqual(before);
      await restored.close();
    });
  }
});
