import { setMaxListeners } from 'node:events';
import { DomainError } from '../../platform/errors.js';
import type { PaceLimits } from '../../platform/pace.js';
import { Semaphore } from '../../platform/semaphore.js';
import type { Upload, UsageImports, UsageInput } from '../../domain/usage/index.js';
import { csvType, usageFileTypes } from '../usage-file-types.js';
import { UPLOADS_MAX } from '../limits.js';
import type { Exchange, StreamRoute } from '../routes.js';
import { BrokenOff, contentOf, requireReadable } from './content.js';
import type { CsvColumns } from './csv-columns.js';
import { csvRecords } from './csv.js';
import { ndjsonRecords, type FileRecord, type Position } from './records.js';

/** How long a file is read before other requests get their turn. */
const turnMs = 10;

/** What the routes are built on. */
export interface ImportRoutesOptions {
  imports: UsageImports;
  /** A usage as a POST of its JSON would give it. */
  readUsage(body: unknown): UsageInput;
  columns: CsvColumns;
  /** The pace that a sender has to keep. */
  pace: PaceLimits;
  /** Files that one client may send at once, of all those that are taken. */
  perClientMax: number;
  /** Aborted when the server stops: uploads break off then, and continue when they are sent again. */
  stopping: AbortSignal;
}

const typeName = 'UsageImport';
const mediaTypes = new Set<string>(usageFileTypes);

/** Routes of imported files: sent with a new task, or to an existing one; and the log of refused lines. */
export function importRoutes(options: ImportRoutesOptions): StreamRoute[] {
  const uploads = new ImportUploads(options);
  const content = {
    typeName,
    operation: 'usageImport:upload' as const,
    part: 'content',
    mediaTypes,
    handle: (exchange: Exchange) => uploads.receiveContent(exchange),
  };
  return [
    {
      method: 'POST',
      typeName,
      operation: 'usageImport:upload',
      mediaTypes,
      handle: (exchange) => uploads.receiveNew(exchange),
    },
    { method: 'PUT', ...content },
    { method: 'POST', ...content },
    {
      method: 'GET',
      typeName,
      operation: 'usageImport:readErrors',
      part: 'errorLog',
      handle: (exchange) => sendProblems(options, exchange),
    },
  ];
}

/** What a line costs: about as much as the creation of a usage. */
const linePoints = 10;

class ImportUploads {
  private readonly slots: Semaphore;

  constructor(private readonly options: ImportRoutesOptions) {
    this.slots = new Semaphore(UPLOADS_MAX, options.perClientMax);
    // Every upload listens to it; node takes more than ten for a leak.
    setMaxListeners(UPLOADS_MAX, options.stopping);
  }

  /** Creates a task and receives its file in one request. Repeated under its key, it continues that task. */
  async receiveNew(exchange: Exchange): Promise<void> {
    const { imports } = this.options;
    const { tenantId, write, query } = exchange;
    requireParameters(query, ['mode']);
    requireReadable(exchange.request.headers);
    await this.withSlot(exchange, async () => {
      const input = { mode: query.get('mode'), contentType: exchange.mediaType };
      const { answer, replayed } = await imports.create(write, input);
      const { id } = answer;
      if (replayed) exchange.response.setHeader('Idempotency-Replayed', 'true');
      if (!replayed || !(await imports.isReceived(tenantId, id))) await this.receive(exchange, id);
      await exchange.answer(201, id);
    });
  }

  /** Receives the file of an existing task. */
  async receiveContent(exchange: Exchange): Promise<void> {
    requireParameters(exchange.query, []);
    requireReadable(exchange.request.headers);
    await this.withSlot(exchange, () => this.receive(exchange, exchange.id));
    await exchange.answer(200, exchange.id);
  }

  private async withSlot({ client }: Exchange, work: () => Promise<void>): Promise<void> {
    const release = this.slots.tryAcquire(client);
    if (release === 'full')
      throw new DomainError(
        'UNAVAILABLE',
        `too many files are being received, try again later: the limit UPLOADS_MAX is ${UPLOADS_MAX}`,
      );
    if (release === 'full for this client')
      throw new DomainError(
        'UNAVAILABLE',
        `too many files of this client are being received, try again later: the limit UPLOADS_PER_CLIENT_MAX is ${this.options.perClientMax}`,
      );
    try {
      await work();
    } finally {
      release();
    }
  }

  private async receive(exchange: Exchange, id: string): Promise<void> {
    const { imports, columns, stopping, pace } = this.options;
    const contentType = exchange.mediaType;
    const upload = await imports.begin(exchange.write, id, (expected) => requireSameType(contentType, expected));
    const position: Position = { line: 0 };
    try {
      const content = contentOf(exchange.request, stopping, pace);
      await this.addAll(
        upload,
        contentType === csvType ? csvRecords(content, columns, position) : ndjsonRecords(content, position),
      );
      await upload.end();
    } catch (error) {
      const refusal = toRefusal(error, position.line);
      await upload.interrupt((refusal ?? new Error('the server failed')).message);
      throw refusal ?? error;
    } finally {
      exchange.costs(position.line * linePoints);
      upload.close();
    }
  }

  private async addAll(upload: Upload, records: AsyncIterable<FileRecord>): Promise<void> {
    let turnEnds = performance.now() + turnMs;
    for await (const { line, text, read } of records) {
      await upload.add(line, text, () => this.options.readUsage(read()));
      if (performance.now() < turnEnds) continue;
      await new Promise((resolve) => setImmediate(resolve));
      turnEnds = performance.now() + turnMs;
    }
  }
}

/** Adds to a refusal where in the file it occurred; undefined for a failure of the server. */
function toRefusal(error: unknown, line: number): DomainError | undefined {
  if (error instanceof BrokenOff)
    return new DomainError('INVALID_BODY', `behind line ${line} the upload broke off: ${error.message}`);
  if (!(error instanceof DomainError)) return undefined;
  const saysWhere = error.code === 'CONFLICT' || error.code === 'UNAVAILABLE' || /\bline \d/.test(error.message);
  return saysWhere ? error : new DomainError(error.code, `behind line ${line}: ${error.message}`, error.details);
}

async function sendProblems(
  { imports }: ImportRoutesOptions,
  { tenantId, id, query, response, open }: Exchange,
): Promise<void> {
  requireParameters(query, []);
  const problems = await imports.problems(tenantId, id);
  if (problems === undefined) throw new DomainError('NOT_FOUND', `usageImport '${id}' does not exist`);
  response.setHeader('Content-Type', 'application/x-ndjson;charset=utf-8');
  open().end(problems.map((problem) => `${JSON.stringify(problem)}\n`).join(''));
}

function requireParameters(query: URLSearchParams, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (!known.includes(name))
      throw new DomainError(
        'INVALID_QUERY',
        `'${name}' is no parameter here${known.length > 0 ? `: ${known.join(', ')} is` : ''}`,
        { path: name },
      );
    if (query.getAll(name).length > 1)
      throw new DomainError('INVALID_QUERY', `'${name}' is given twice`, { path: name });
  }
}

function requireSameType(contentType: string, expected: string): void {
  if (contentType !== expected)
    throw new DomainError(
      'UNSUPPORTED_MEDIA_TYPE',
      `Content-Type '${contentType}' is not that of the task, ${expected}`,
    );
}
