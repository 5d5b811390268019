import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import { DatabaseOpenError, refuseOldServer } from '../../../src/platform/database/connecting.js';
import { openPostgresql } from '../../../src/platform/database/postgresql.js';
import { eventually } from '../../support/eventually.js';
import { createDatabase, dropDatabase, urlOf } from '../../support/postgresql.js';

describe('opening a PostgreSQL server', () => {
  test('refuses one that is not there, on one line and without the password', async () => {
    const attempt = openPostgresql('postgres://app:secret@127.0.0.1:1/app', { poolSize: 1 });
    await expect(attempt).rejects.toThrow(DatabaseOpenError);
    await expect(attempt).rejects.toThrow(/^cannot use PostgreSQL at 127\.0\.0\.1:1: .*ECONNREFUSED.*$/);
    await expect(attempt).rejects.not.toThrow('secret');
  });

  test('refuses a url that cannot be read, without the password', async () => {
    const attempt = openPostgresql('postgres://app:secret@host:port/app', { poolSize: 1 });
    await expect(attempt).rejects.toThrow(/^cannot read the PostgreSQL url: .+$/);
    await expect(attempt).rejects.not.toThrow('secret');
  });

  test('refuses a schema other than public, which would be ignored', async () => {
    await expect(openPostgresql('postgres://127.0.0.1:1/app?schema=billing', { poolSize: 1 })).rejects.toThrow(
      "the PostgreSQL url names schema 'billing'; only 'public' is supported",
    );
  });

  test('refuses a server older than 15', () => {
    expect(() => refuseOldServer('14.12 (Debian 14.12-1)', 'db:5432')).toThrow(
      'PostgreSQL at db:5432 is 14.12 (Debian 14.12-1); 15 or newer is needed',
    );
    expect(() => refuseOldServer('9.6.24', 'db:5432')).toThrow(DatabaseOpenError);
    refuseOldServer('15.0', 'db:5432');
    refuseOldServer('18beta1', 'db:5432');
  });
});

if (process.env.TEST_DATABASE_URL) {
  describe('a connection to a PostgreSQL server', () => {
    let name: string;

    beforeAll(async () => {
      name = await createDatabase();
    });

    afterAll(() => dropDatabase(name));

    async function setting(url: string, setting: string): Promise<string> {
      const database = await openPostgresql(url, { poolSize: 1 });
      const [row] = await database.query<{ value: string }>(Prisma.sql`SELECT current_setting(${setting}) AS "value"`);
      await database.close();
      return row!.value;
    }

    test('has UTC, a statement timeout and a name', async () => {
      expect(await setting(urlOf(name), 'TimeZone')).toBe('UTC');
      expect(await setting(urlOf(name), 'statement_timeout')).toBe('5s');
      expect(await setting(urlOf(name), 'application_name')).toBe('tmf-balance-server');
    });

    test('keeps the settings that the url carries, except the time zone', async () => {
      const url = new URL(urlOf(name));
      url.searchParams.set('options', '-c work_mem=5MB -c statement_timeout=7000 -c TimeZone=Asia/Tokyo');
      url.searchParams.set('application_name', 'other');
      expect(await setting(url.href, 'work_mem')).toBe('5MB');
      expect(await setting(url.href, 'statement_timeout')).toBe('7s');
      expect(await setting(url.href, 'TimeZone')).toBe('UTC');
      expect(await setting(url.href, 'application_name')).toBe('other');
    });

    test('that is idle and lost ends nothing, even before Prisma was ever used, and is closed in the end', async () => {
      const database = await openPostgresql(urlOf(name), { poolSize: 2 });
      const [{ pid } = { pid: 0 }] = await database.statement<{ pid: number }>('SELECT pg_backend_pid() AS "pid"');
      const other = await openPostgresql(urlOf(name), { poolSize: 1 });
      await other.statement('SELECT pg_terminate_backend($1)', [pid]);
      await database.statement('SELECT 1').catch(() => database.statement('SELECT 1'));
      await database.close();
      const count = `SELECT count(*)::int AS "count" FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`;
      await eventually(
        'no connection is left',
        async () => (await other.statement<{ count: number }>(count))[0]?.count === 0 || undefined,
      );
      await other.close();
    });

    test('is refused for a database that does not exist, by its name', async () => {
      await expect(openPostgresql(urlOf('nowhere'), { poolSize: 1 })).rejects.toThrow(
        'database "nowhere" does not exist',
      );
    });
  });
}
