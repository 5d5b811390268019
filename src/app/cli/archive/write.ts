import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { PassThrough, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Decimal } from '../../../platform/decimal.js';
import type { ArchivedRow } from '../../../platform/database/kept-rows.js';
import { ArchiveError, manifestName, synced, type ArchivedFile, type KindName, type Manifest } from './manifest.js';

/** Months of one kind, each of which is a file that is open while its rows come. */
const monthsMax = 600;

/** A file that is being written. */
class OpenFile {
  private readonly sink: Transform;
  private readonly hash = createHash('sha256');
  private readonly ended: Promise<void>;
  private bytes = 0;
  private rows = 0;
  private firstKey: string | undefined;
  private lastKey = '';
  private readonly sums = new Map<string, Decimal>();

  constructor(
    private readonly folder: string,
    private readonly about: Pick<ArchivedFile, 'path' | 'tenantId' | 'tenant' | 'kind' | 'month'>,
  ) {
    this.sink = about.path.endsWith('.gz') ? createGzip() : new PassThrough();
    const counted = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.hash.update(chunk);
        this.bytes += chunk.length;
        done(null, chunk);
      },
    });
    this.ended = pipeline(this.sink, counted, createWriteStream(join(folder, about.path)));
    this.ended.catch(() => undefined);
  }

  async write({ key, line, amount, units }: ArchivedRow): Promise<void> {
    this.rows++;
    this.lastKey = key.join(' ');
    this.firstKey ??= this.lastKey;
    if (amount !== null && units !== null && units !== '')
      this.sums.set(units, new Decimal(amount).plus(this.sums.get(units) ?? 0));
    // The end of the pipeline fails where the disk does.
    if (!this.sink.write(`${line}\n`)) await Promise.race([once(this.sink, 'drain'), this.ended]);
  }

  async close(): Promise<ArchivedFile> {
    this.sink.end();
    await this.ended;
    await synced(join(this.folder, this.about.path));
    const { rows, bytes, lastKey, firstKey = '' } = this;
    const sums = Object.fromEntries(
      [...this.sums].sort(([one], [other]) => (one < other ? -1 : 1)).map(([units, sum]) => [units, sum.toFixed()]),
    );
    return { ...this.about, rows, bytes, sha256: this.hash.digest('hex'), firstKey, lastKey, sums };
  }
}

/** The rows of one kind of one tenant. */
export interface Part {
  readonly tenantId: string;
  /** What people call it. */
  readonly tenant: string;
  readonly kind: KindName;
  readonly rows: AsyncIterable<readonly ArchivedRow[]>;
}

/**
 * Writes an archive to a folder that is not there yet, or empty. It comes to be there at once and whole: until then it lies
 * beside it, and what an earlier attempt left there goes.
 */
export async function writeArchive(
  folder: string,
  head: Omit<Manifest, 'files' | 'format'>,
  parts: AsyncIterable<Part>,
  { isPacked, progress }: { isPacked: boolean; progress: (kind: KindName, rows: number) => void },
): Promise<Manifest> {
  const place = resolve(folder);
  const there = await readdir(place).catch(() => []);
  if (there.length > 0) throw new ArchiveError(`the folder '${folder}' is not empty`);
  const draft = `${place}.partial`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  const files: ArchivedFile[] = [];
  for await (const { tenantId, tenant, kind, rows } of parts) {
    const open = new Map<string, OpenFile>();
    const tenantFolder = encodeURIComponent(tenant).replace(/^\.+$/, (dots) => dots.replaceAll('.', '%2E'));
    let count = 0;
    for await (const batch of rows) {
      for (const row of batch) {
        const file = open.get(row.month) ?? (await begin(row.month));
        await file.write(row);
      }
      count += batch.length;
      progress(kind, count);
    }
    for (const [, file] of [...open].sort(([one], [other]) => (one < other ? -1 : 1))) files.push(await file.close());

    async function begin(month: string): Promise<OpenFile> {
      if (open.size === monthsMax)
        throw new ArchiveError(`${kind} of tenant '${tenant}' is of more than ${monthsMax} months`);
      await mkdir(join(draft, tenantFolder), { recursive: true });
      const path = `${tenantFolder}/${kind}-${month}.ndjson${isPacked ? '.gz' : ''}`;
      const file = new OpenFile(draft, { path, tenantId, tenant, kind, month });
      open.set(month, file);
      return file;
    }
  }
  const manifest: Manifest = { format: 1, ...head, files };
  await writeFile(join(draft, manifestName), `${JSON.stringify(manifest, null, 2)}\n`);
  await synced(join(draft, manifestName));
  for (const name of new Set(files.map(({ path }) => dirname(path)))) await synced(join(draft, name));
  await synced(draft);
  await rename(draft, place);
  await synced(dirname(place));
  return manifest;
}
