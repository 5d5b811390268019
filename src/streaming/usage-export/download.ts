import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { exportMaxMs, type ExportRun, type UsageExports } from '../../domain/usage/index.js';
import type { Database } from '../../platform/database/database.js';
import { DomainError } from '../../platform/errors.js';
import { Semaphore } from '../../platform/semaphore.js';
import { withSnapshot, type SnapshotReads } from '../../platform/read/snapshot.js';
import { DOWNLOADS_MAX, DOWNLOADS_PER_CLIENT_MAX } from '../limits.js';
import type { Exchange, StreamRoute } from '../routes.js';
import { csvText } from '../csv/csv-text.js';
import { csvType } from '../usage-file-types.js';
import { addColumns, cellsOf, recordOf } from './csv.js';

/** Usages read in one go. */
const pageRows = 1_000;
/** Usages that are made CSV in one go. */
const csvRows = 100;
/** Pages between two reports of how many lines have been sent. */
const progressPages = 10;

/** Where a page begins, and the last id of the export. */
export interface PageRange {
  limit: number;
  after: string | undefined;
  upTo: string;
}

/** Reads a page as JSON texts; `next` is the `after` of the next one, undefined after the last. */
export type ReadItems = (range: PageRange) => Promise<{ items: readonly string[]; next: string | undefined }>;

/** What the routes are built on. */
export interface ExportRoutesOptions {
  database: Database;
  exports: UsageExports;
  /** Usages as GET of TMF REST gives them to this client, by these reads. */
  openItems(exchange: Exchange, query: string, reads: SnapshotReads): ReadItems;
}

/** Routes of exported files, which are written while they are fetched. */
export function exportRoutes(options: ExportRoutesOptions): StreamRoute[] {
  const slots = new Semaphore(DOWNLOADS_MAX, DOWNLOADS_PER_CLIENT_MAX);
  const handle = async (exchange: Exchange): Promise<void> => {
    const [name] = exchange.query.keys();
    if (name !== undefined)
      throw new DomainError('INVALID_QUERY', `'${name}' is no parameter of the bytes of an export`, { path: name });
    if (exchange.request.method === 'HEAD') {
      await describe(options, exchange);
      return;
    }
    const release = slots.tryAcquire(exchange.client);
    if (release === 'full')
      throw new DomainError(
        'UNAVAILABLE',
        `too many exports are being sent, try again later: the limit DOWNLOADS_MAX is ${DOWNLOADS_MAX}`,
      );
    if (release === 'full for this client')
      throw new DomainError(
        'UNAVAILABLE',
        `too many exports are being sent to this client, try again later: the limit DOWNLOADS_PER_CLIENT_MAX is ${DOWNLOADS_PER_CLIENT_MAX}`,
      );
    try {
      await download(options, exchange);
    } finally {
      release();
    }
  };
  return [{ method: 'GET', typeName: 'UsageExport', operation: 'usageExport:download', part: 'content', handle }];
}

/** Answers HEAD: no usage is read, and the task does not count it. */
async function describe({ exports }: ExportRoutesOptions, { response, tenantId, id }: Exchange): Promise<void> {
  setHeaders(response, await exports.require(tenantId, id));
  response.end();
}

function setHeaders(response: ServerResponse, { id, contentType }: Pick<ExportRun, 'id' | 'contentType'>): void {
  response.setHeader('Content-Type', `${contentType};charset=utf-8`);
  response.setHeader(
    'Content-Disposition',
    `attachment; filename="usage-${id}.${contentType === csvType ? 'csv' : 'ndjson'}"`,
  );
}

/** A download that ends early is reported by the task, and breaks the connection. */
async function download({ database, exports, openItems }: ExportRoutesOptions, exchange: Exchange): Promise<void> {
  const { response, tenantId, id } = exchange;
  const run = await exports.begin(tenantId, id);
  const ending = new AbortController();
  const leave = (): void => ending.abort(new Error('the client went away'));
  const cap = setTimeout(
    () => ending.abort(new Error(`it took longer than ${exportMaxMs / 60_000} minutes`)),
    exportMaxMs,
  );
  const { signal } = ending;
  response.once('close', leave);
  const sender = new Sender(exchange, signal, (lines) => exports.progress(run, lines));
  try {
    if (response.destroyed) leave();
    await withSnapshot(database, { maxMs: exportMaxMs, signal, replicaAt: exchange.replicaAt }, async (reads) => {
      const upTo = await exports.lastUsage(reads, tenantId);
      const pages = (): AsyncGenerator<readonly string[]> =>
        pagesOf(upTo, openItems(exchange, run.query, reads), signal);
      await (run.contentType === csvType ? sendCsv(sender, run, pages) : sendNdjson(sender, run, pages));
    });
  } catch (error) {
    // A cancelled statement says no more than that it was.
    const reason: unknown = signal.aborted ? signal.reason : error;
    // An error is no file to be saved.
    if (!response.headersSent) response.removeHeader('Content-Disposition');
    const isKnown = signal.aborted || reason instanceof DomainError;
    await exports.end(run, sender.lines, isKnown ? (reason as Error).message : 'the server failed');
    throw reason;
  } finally {
    clearTimeout(cap);
    response.removeListener('close', leave);
  }
  await exports.end(run, sender.lines);
  // Only now: a client that has the whole file finds the task succeeded.
  exchange.open().end();
}

async function* pagesOf(
  upTo: string | undefined,
  read: ReadItems,
  signal: AbortSignal,
): AsyncGenerator<readonly string[]> {
  if (upTo === undefined) return;
  let after: string | undefined;
  do {
    signal.throwIfAborted();
    const { items, next } = await read({ limit: pageRows, after, upTo });
    yield items;
    after = next;
  } while (after !== undefined);
}

async function sendNdjson(
  sender: Sender,
  run: ExportRun,
  pages: () => AsyncIterable<readonly string[]>,
): Promise<void> {
  setHeaders(sender.exchange.response, run);
  for await (const items of pages()) {
    await sender.write(items.map((item) => `${item}\n`).join(''));
    await sender.count(items.length);
  }
}

/** Reads all usages twice: for the columns, then for the rows. */
async function sendCsv(sender: Sender, run: ExportRun, pages: () => AsyncIterable<readonly string[]>): Promise<void> {
  const columns = new Set(['id', 'usageSpecification.id']);
  for await (const items of pages())
    for (const item of items) addColumns(columns, cellsOf(JSON.parse(item) as Record<string, unknown>));
  setHeaders(sender.exchange.response, run);
  await sender.write(csvText([[...columns]]));
  for await (const items of pages()) {
    for (let at = 0; at < items.length; at += csvRows) {
      const records = items
        .slice(at, at + csvRows)
        .map((item) => recordOf(columns, cellsOf(JSON.parse(item) as Record<string, unknown>)));
      await sender.write(csvText(records));
      // A file may have many columns: others get their turn between two parts of a page.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await sender.count(items.length);
  }
}

/** Writes no faster than the client reads, and reports how far it has come. */
class Sender {
  lines = 0;
  private pages = 0;

  constructor(
    readonly exchange: Exchange,
    private readonly signal: AbortSignal,
    private readonly report: (lines: number) => Promise<void>,
  ) {}

  /** Counts the lines of a page that was written, and reports the count from time to time. */
  async count(lines: number): Promise<void> {
    this.lines += lines;
    this.pages += 1;
    if (this.pages % progressPages === 0) await this.report(this.lines);
  }

  async write(text: string): Promise<void> {
    if (text === '') return;
    const body = this.exchange.open();
    if (!body.write(text)) await once(body, 'drain', { signal: this.signal });
    this.signal.throwIfAborted();
  }
}
