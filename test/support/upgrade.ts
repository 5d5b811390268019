import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompressSync } from 'node:zlib';
import pg from 'pg';
import { DATABASE_FOLDER } from '../../src/platform/database/embedded.js';
import type { KeptCall } from '../fixtures/upgrade/doors.js';
import { createFolderStorage, createServerStorage, type Storage } from '../app/program.js';

/** Where the databases of the fixture can be opened here. */
export const kinds: readonly Kind[] = process.env.TEST_DATABASE_URL ? ['embedded', 'postgresql'] : ['embedded'];
export type Kind = 'embedded' | 'postgresql';

const fixtures = join(process.cwd(), 'test/fixtures/upgrade');

/** What the version that wrote a database told of it. */
export interface Described {
  kept: KeptCall[];
  bills: { bill: any; csv: string }[];
  /** Rows of each table. */
  counts: Record<string, number>;
  /** Ids of all events, in their order. */
  outbox: string[];
}

/** What stands beside the database that a version wrote. */
export async function describedBy(version: string, kind: Kind): Promise<Described> {
  return JSON.parse((await unpacked(version, `${kind}.json.br`)).toString()) as Described;
}

async function unpacked(version: string, file: string): Promise<Buffer> {
  return brotliDecompressSync(await readFile(join(fixtures, version, file)));
}

/** The database that a version wrote, as it left it. */
export async function storageOf(version: string, kind: Kind): Promise<Storage> {
  return kind === 'embedded' ? folderOf(version) : restored(version);
}

async function folderOf(version: string): Promise<Storage> {
  const storage = await createFolderStorage();
  const folder = join(String(storage.env['DATA_DIR']), DATABASE_FOLDER);
  await mkdir(folder);
  const archive = join(String(storage.env['DATA_DIR']), 'archive.tar');
  await writeFile(archive, await unpacked(version, 'embedded.tar.br'));
  await promisify(execFile)('tar', ['--extract', `--file=${archive}`, `--directory=${folder}`]);
  await rm(archive);
  return storage;
}

async function restored(version: string): Promise<Storage> {
  const storage = await createServerStorage();
  const sql = (await unpacked(version, 'postgresql.sql.br')).toString();
  const client = new pg.Client(String(storage.env['DATABASE_URL']));
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
  return storage;
}
