import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { z } from 'zod';
import { StartError } from '../../../platform/start-error.js';

/** An archive cannot be written, is not whole, or is not like the database. One line. */
export class ArchiveError extends StartError {
  override readonly name = 'ArchiveError';
}

export const kindNames = ['usage', 'action', 'entry'] as const;
export type KindName = (typeof kindNames)[number];

const manifestSchema = z.strictObject({
  format: z.literal(1),
  /** The last migration of the database that it was made of. */
  schemaVersion: z.string(),
  madeAt: z.string(),
  before: z.string(),
  /** Null: all. */
  tenantId: z.string().nullable(),
  files: z.array(
    z.strictObject({
      path: z.string().regex(/^[\w%.~()!*'-]+\/(usage|action|entry)-\d{4}-\d\d\.ndjson(\.gz)?$/),
      tenantId: z.string(),
      /** What it was called then. */
      tenant: z.string(),
      kind: z.enum(kindNames),
      month: z.string(),
      rows: z.number().int(),
      bytes: z.number().int(),
      sha256: z.string(),
      firstKey: z.string(),
      lastKey: z.string(),
      /** Sums of amounts, decimals, by their units. */
      sums: z.record(z.string(), z.string()),
    }),
  ),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type ArchivedFile = Manifest['files'][number];

export const manifestName = 'manifest.json';

/** What an archive says it has. Undefined where the folder has no manifest; throws ArchiveError where it cannot be read. */
export async function findManifest(folder: string): Promise<Manifest | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, manifestName), 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(String((error as NodeJS.ErrnoException).code))) return undefined;
    throw error;
  }
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch {
    throw new ArchiveError(`'${join(folder, manifestName)}' is no manifest that this version knows`);
  }
}

/** Throws ArchiveError where there is no archive. */
export async function readManifest(folder: string): Promise<Manifest> {
  const manifest = await findManifest(folder);
  if (manifest === undefined) throw new ArchiveError(`'${folder}' is no archive: it has no ${manifestName}`);
  return manifest;
}

/** Throws ArchiveError unless every file is as the manifest says. */
export async function verifyFiles(folder: string, { files }: Manifest): Promise<void> {
  for (const file of files) {
    const path = join(folder, file.path);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) throw new ArchiveError(`'${file.path}' is missing`);
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    if (found.size !== file.bytes || hash.digest('hex') !== file.sha256)
      throw new ArchiveError(`'${file.path}' was changed: its SHA-256 is another one`);
    let rows = 0;
    for await (const lines of batchesOf(folder, file)) rows += lines.length;
    if (rows !== file.rows) throw new ArchiveError(`'${file.path}' has ${rows} rows, not ${file.rows}`);
  }
}

/** Lines that are handed over at once. */
const batchMax = 500;

/** The lines of a file, some at a time. */
export async function* batchesOf(folder: string, { path }: Pick<ArchivedFile, 'path'>): AsyncGenerator<string[]> {
  const bytes = createReadStream(join(folder, path));
  const input = path.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes;
  // A pipe hands no failure on.
  bytes.on('error', (error) => void input.destroy(error));
  let lines: string[] = [];
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    lines.push(line);
    if (lines.length < batchMax) continue;
    yield lines;
    lines = [];
  }
  if (lines.length > 0) yield lines;
}

/** Until what was written to a file or a folder lies on the disk. */
export async function synced(path: string): Promise<void> {
  const handle: FileHandle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
