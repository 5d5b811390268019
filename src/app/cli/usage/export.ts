import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { access, rename, rm } from 'node:fs/promises';
import { PassThrough, Readable, Transform } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { readOptions } from '../administration/command.js';
import { counted, Progress } from '../progress.js';
import { Refused, requireAccepted, ServerClient, serverOptions, unreachable, withRetries } from '../remote/client.js';
import { kindOf, typeOf } from './import-arguments.js';

interface ExportTask {
  readonly id: string;
  readonly status: string;
  readonly lines: number;
  readonly errorLog?: string;
}

class ExportClient extends ServerClient {
  private readonly key = randomUUID();

  constructor(url: string) {
    super(url, '/tmf-api/usageManagement/v4/exportJob');
  }

  make(query: string | undefined, contentType: string): Promise<ExportTask> {
    return this.post<ExportTask>('', { contentType, ...(query !== undefined && { query }) }, this.key);
  }

  task(id: string): Promise<ExportTask> {
    return this.json<ExportTask>(`/${id}`);
  }

  /** The bytes of the file. A stream that breaks off is no whole file. */
  async content(id: string): Promise<Readable> {
    const answer = await this.open(`/${id}/content`).catch((error: unknown) => {
      throw unreachable(error);
    });
    if (!answer.ok || answer.body === null) requireAccepted(answer.status, await answer.text());
    return Readable.fromWeb(answer.body as ReadableStream<Uint8Array>);
  }
}

/** Fetches the usages that a query finds into a file, which appears when everything is in it. */
export async function exportFile(given: string[]): Promise<void> {
  const text = { type: 'string' } as const;
  const { values, id: path } = readOptions(given, { ...serverOptions, query: text, type: text }, 1);
  const isFile = path !== '-';
  const kind = isFile ? kindOf(path, values.type) : { contentType: typeOf(values.type ?? 'ndjson'), isPacked: false };
  const client = new ExportClient(values.url);
  if (isFile) await requireAbsent(path);
  let bytes = 0;
  const progress = new Progress(() => `${counted(Math.round(bytes / 1_000_000))} MB fetched`);
  const counting = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  const partial = `${path}.partial`;
  try {
    const { id } = await withRetries(progress, () => client.make(values.query, kind.contentType));
    const source = await withRetries(progress, () => client.content(id));
    const packing = kind.isPacked ? createGzip() : new PassThrough();
    await pipeline(source, counting, packing, isFile ? createWriteStream(partial) : process.stdout, { end: isFile })
      // A file that ends early is told of by the task.
      .catch(async (error: unknown) => {
        const why = await client.task(id).then(
          ({ errorLog }) => errorLog,
          () => undefined,
        );
        throw new Refused(0, `the file broke off: ${why ?? unreachable(error).message}`);
      });
    const { lines } = await withRetries(progress, () => client.task(id));
    if (isFile) await rename(partial, path);
    progress.end();
    (isFile ? process.stdout : process.stderr).write(`succeeded: ${counted(lines)} lines\n`);
  } finally {
    progress.end();
    if (isFile) await rm(partial, { force: true });
  }
}

async function requireAbsent(path: string): Promise<void> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) throw new Refused(0, `'${path}' is there already`);
}
