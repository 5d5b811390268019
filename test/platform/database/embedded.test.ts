import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Prisma } from '../../../prisma/generated/client.js';
import { DirectoryLockedError, lockDirectory } from '../../../src/platform/database/directory-lock.js';
import { DATABASE_FOLDER, DataDirectoryError, openEmbedded } from '../../../src/platform/database/embedded.js';
import { startChild } from '../../support/child.js';
import { openTestDatabase } from '../../support/database.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tmf-embedded-'));
});

afterEach(() => rm(directory, { recursive: true }));

describe('the embedded database', () => {
  test('keeps what was written, and frees the directory when closed', async () => {
    const first = await openEmbedded(directory);
    await first.client.$executeRaw`CREATE TABLE "kept" ("id" integer)`;
    await first.close();
    const second = await openEmbedded(directory);
    expect(await second.query(Prisma.sql`SELECT count(*)::integer AS "count" FROM "kept"`)).toEqual([{ count: 0 }]);
    await second.close();
  });

  test('refuses a directory that another process has, and takes it over with its data when that is killed', async () => {
    const holder = startChild('test/platform/database/hold-database.ts', directory);
    expect(await holder.line()).toBe('written');
    await expect(openEmbedded(directory)).rejects.toThrow(DirectoryLockedError);
    await holder.kill();
    const database = await openEmbedded(directory);
    expect(await database.query(Prisma.sql`SELECT "id" FROM "kept"`)).toEqual([{ id: 1 }]);
    await database.close();
  });

  test('frees the directory when the database does not open', async () => {
    const broken = { loadDataDir: new Blob(['no archive']) };
    await expect(openEmbedded(directory, broken)).rejects.toThrow();
    await (await lockDirectory(directory)).release();
  });

  test('refuses a folder that is not empty and no database, and leaves what is in it', async () => {
    const folder = join(directory, DATABASE_FOLDER);
    await mkdir(join(folder, 'base'), { recursive: true });
    await writeFile(join(folder, 'postgresql.conf'), '');
    const before = (await readdir(folder)).sort();
    await expect(openEmbedded(directory)).rejects.toThrow(DataDirectoryError);
    await expect(openEmbedded(directory)).rejects.toThrow(/^directory '[^\n]*' is not empty and is no database[^\n]*$/);
    expect((await readdir(folder)).sort()).toEqual(before);
  });

  test('tells of a directory that cannot be written in one line', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    await expect(openEmbedded(file)).rejects.toThrow(/^cannot use directory '[^\n]*$/);
  });

  test('throws when a commit fails', async () => {
    const database = await openTestDatabase();
    await database.client.$executeRaw`CREATE TABLE "late" ("id" integer UNIQUE DEFERRABLE INITIALLY DEFERRED)`;
    const insert = (id: number): Promise<number> =>
      database.transaction((tx) => tx.execute(Prisma.sql`INSERT INTO "late" VALUES (${id})`));
    const outcomes = await Promise.allSettled([insert(1), insert(1), insert(2)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await database.close();
  });
});
