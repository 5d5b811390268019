import { auditPages, type StoredAudit } from '../../platform/audit/audit-pages.js';
import type { Clock } from '../../platform/clock.js';
import type { Database } from '../../platform/database/database.js';
import { parseDateTime } from '../../platform/date-time.js';
import { DomainError, abbreviated } from '../../platform/errors.js';
import { write } from '../write.js';
import { csvText } from '../csv/csv-text.js';
import type { Exchange, StreamRoute } from '../routes.js';

/** A download takes no longer. */
const exportMaxMs = 600_000;

const columns = [
  'at',
  'id',
  'principalId',
  'principalKind',
  'keyId',
  'address',
  'requestId',
  'transport',
  'operation',
  'resourceType',
  'resourceIds',
  'outcome',
  'code',
  'detail',
] as const satisfies readonly (keyof StoredAudit)[];

/** How records are written: what a file begins with, and each page of it. */
interface Format {
  readonly type: string;
  readonly head: string;
  text(records: readonly StoredAudit[]): string;
}

const formats: Readonly<Record<string, Format>> = {
  ndjson: {
    type: 'application/x-ndjson',
    head: '',
    text: (records) => records.map((record) => `${JSON.stringify(record)}\n`).join(''),
  },
  csv: {
    type: 'text/csv; charset=utf-8',
    head: csvText([columns]),
    text: (records) => csvText(records.map((record) => columns.map((column) => cell(record[column])))),
  },
};

function cell(value: StoredAudit[keyof StoredAudit]): string {
  return typeof value === 'string' ? value : (value ?? []).join(' ');
}

/** `GET /audit/export?from=&to=&format=`: the records of a time, oldest first. */
export function auditExportRoutes(database: Database, clock: Clock): StreamRoute[] {
  return [
    {
      method: 'GET',
      typeName: 'AuditRecord',
      path: '/audit/export',
      operation: 'auditRecord:export',
      shows: ['auditRecord'],
      handle: (exchange) => sendRecords(database, clock, exchange),
    },
  ];
}

async function sendRecords(database: Database, clock: Clock, exchange: Exchange): Promise<void> {
  const { query, tenantId, response, request } = exchange;
  for (const name of query.keys())
    if (!['from', 'to', 'format'].includes(name))
      throw new DomainError(
        'INVALID_QUERY',
        `there is no parameter '${abbreviated(name)}' here, but from, to and format`,
        {
          path: name,
        },
      );
  const from = timeOf(query, 'from') ?? new Date(0);
  const to = timeOf(query, 'to') ?? clock.now();
  const name = query.get('format') ?? 'ndjson';
  const format = Object.hasOwn(formats, name) ? formats[name] : undefined;
  if (format === undefined)
    throw new DomainError('INVALID_QUERY', `format is ndjson or csv, not '${abbreviated(name)}'`, { path: 'format' });

  response.setHeader('Content-Type', format.type);
  response.setHeader('Content-Disposition', `attachment; filename="audit.${name}"`);
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const leaving = new AbortController();
  const leave = (): void => leaving.abort(new Error('the client went away'));
  response.once('close', leave);
  const late = setTimeout(leave, exportMaxMs);
  try {
    const pages = auditPages(database, tenantId, { from, to }, leaving.signal);
    // The first page may be refused, and an error is no file.
    const first = await pages.next();
    const out = exchange.open();
    await write(out, format.head);
    if (first.done !== true) await write(out, format.text(first.value));
    for await (const page of pages) await write(out, format.text(page));
    out.end();
  } catch (error) {
    if (!response.headersSent) response.removeHeader('Content-Disposition');
    throw error;
  } finally {
    clearTimeout(late);
    response.removeListener('close', leave);
  }
}

function timeOf(query: URLSearchParams, name: string): Date | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const time = parseDateTime(text);
  if (time === undefined)
    throw new DomainError('INVALID_QUERY', `${name} is no time like 2026-03-01T00:00:00Z: '${abbreviated(text)}'`, {
      path: name,
    });
  return time;
}
