import { createHash } from 'node:crypto';
import { finished } from 'node:stream/promises';
import { DomainError } from '../../platform/errors.js';
import {
  documentFormats,
  type BillLines,
  type BillWithCount,
  type DocumentFormat,
  type RateRow,
} from '../../domain/customer-bill/index.js';
import { Semaphore } from '../../platform/semaphore.js';
import { DOCUMENT_SEND_MS_MAX, LARGE_BILL_LINES, LARGE_DOCUMENTS_MAX } from '../limits.js';
import type { Exchange, StreamRoute } from '../routes.js';
import { csvHead, csvRows } from './csv.js';
import { plainText } from './figures.js';
import { documentTypes } from './formats.js';
import { write } from '../write.js';

/** Raised when equal figures are rendered otherwise than before. */
const renderingVersion = 2;

const typeName = 'CustomerBill';

/** What the routes are built on. */
export interface BillDocumentOptions {
  lines: BillLines;
  /** Name at the head of every bill of a tenant. */
  issuerOf(tenantId: string): string;
  /** IANA zone by whose calendar a tenant dates. */
  zoneOf(tenantId: string): string;
}

type Writer = (exchange: Exchange, found: BillWithCount, options: BillDocumentOptions) => Promise<void>;

const writers: Readonly<Record<DocumentFormat, Writer>> = { pdf: sendPdf, json: sendJson, csv: sendCsv };

/** The documents of a bill, made of its stored figures for clients that may read the bill. */
export function billDocumentRoutes(options: BillDocumentOptions): StreamRoute[] {
  const largeDocuments = new LargeDocuments();
  return documentFormats.map((format) => ({
    method: 'GET',
    typeName,
    operation: 'customerBill:readDocument',
    shows: ['customerBill', 'appliedCustomerBillingRate'],
    // What CustomerBill.billDocument.url leads to.
    part: `document.${format}`,
    handle: (exchange) => sendDocument(exchange, format, options, largeDocuments),
  }));
}

/** Limits how many documents of large bills are made at once. */
class LargeDocuments {
  private readonly large = new Semaphore(LARGE_DOCUMENTS_MAX);

  async run(lineCount: number, work: () => Promise<void>): Promise<void> {
    if (lineCount < LARGE_BILL_LINES) return work();
    const release = this.large.tryAcquire();
    if (typeof release === 'string')
      throw new DomainError(
        'UNAVAILABLE',
        `too many documents of large bills are being made, try again later: the limit LARGE_DOCUMENTS_MAX is ${LARGE_DOCUMENTS_MAX}`,
      );
    try {
      await work();
    } finally {
      release();
    }
  }
}

async function sendDocument(
  exchange: Exchange,
  format: DocumentFormat,
  options: BillDocumentOptions,
  largeDocuments: LargeDocuments,
): Promise<void> {
  const { request, response, tenantId, id, query } = exchange;
  const [name] = query.keys();
  if (name !== undefined)
    throw new DomainError('INVALID_QUERY', `'${name}' is no parameter of a document: it has none`, { path: name });
  const found = await options.lines.find(tenantId, id);
  if (found === undefined) throw new DomainError('NOT_FOUND', `CustomerBill '${id}' does not exist`);
  const tag = tagOf(found, format, { issuer: options.issuerOf(tenantId), zone: options.zoneOf(tenantId) });
  const version = {
    ETag: tag,
    'Last-Modified': new Date(found.bill.lastUpdate).toUTCString(),
    // The client asks again each time, and mostly hears that nothing has changed.
    'Cache-Control': 'private, no-cache',
  };
  if (exchange.isNotModified(tag)) {
    response.writeHead(304, version).end();
    return;
  }
  response.statusCode = 200;
  const headers = {
    ...version,
    'Content-Type': format === 'pdf' ? documentTypes[format] : `${documentTypes[format]};charset=utf-8`,
    'Content-Disposition': `inline; filename="${fileName(found)}.${format}"`,
  };
  for (const [header, value] of Object.entries(headers)) response.setHeader(header, value);
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const cap = setTimeout(() => response.destroy(), DOCUMENT_SEND_MS_MAX);
  try {
    await largeDocuments.run(found.lineCount, () => writers[format](exchange, found, options));
    exchange.open().end();
    await finished(response);
  } catch (error) {
    // A client that leaves early is no failure.
    if (response.destroyed) return;
    // They do not describe the error that is answered instead.
    if (!response.headersSent) for (const header of Object.keys(headers)) response.removeHeader(header);
    throw error;
  } finally {
    clearTimeout(cap);
  }
}

/** The ETag: bills change with their revision only, except that a new bill may get more lines. */
function tagOf(
  { bill, lineCount }: BillWithCount,
  format: DocumentFormat,
  { issuer, zone }: { issuer: string; zone: string },
): string {
  const facts = [renderingVersion, format, bill.id, bill.revision, lineCount, issuer, zone];
  return `"${createHash('sha256').update(JSON.stringify(facts)).digest('base64url').slice(0, 22)}"`;
}

/** Of characters that need no encoding anywhere. */
function fileName({ bill }: BillWithCount): string {
  return (plainText(bill.billNo) || bill.id).replaceAll(/[^\w.-]/g, '_');
}

/** What draws is loaded with the first bill: it is the largest of all that a server may need. */
async function sendPdf(
  { tenantId, open }: Exchange,
  { bill, lineCount }: BillWithCount,
  { lines, issuerOf, zoneOf }: BillDocumentOptions,
): Promise<void> {
  const { id } = bill;
  const [issuer, zone] = [issuerOf(tenantId), zoneOf(tenantId)];
  const linesOf = (ids: readonly string[]): AsyncIterable<readonly RateRow[]> => lines.byId(tenantId, ids);
  const { writePdf } = await import('./pdf.js');
  return writePdf({ bill, lineCount, groups: () => lines.groups(tenantId, id), linesOf, issuer, zone }, open());
}

/** The bill as TMF JSON, and beside its attributes its rates. */
async function sendJson(
  { tenantId, id, open, represent }: Exchange,
  _found: BillWithCount,
  { lines }: BillDocumentOptions,
): Promise<void> {
  const [bill] = await represent(typeName, [id]);
  if (bill === undefined) throw new DomainError('NOT_FOUND', `CustomerBill '${id}' does not exist`);
  const out = open();
  await write(out, `${JSON.stringify(bill).slice(0, -1)},"appliedCustomerBillingRate":[`);
  let separator = '';
  for await (const ids of lines.idPages(tenantId, id)) {
    for (const rate of await represent('AppliedCustomerBillingRate', ids)) {
      await write(out, separator + JSON.stringify(rate));
      separator = ',';
    }
  }
  await write(out, ']}');
}

async function sendCsv(
  { tenantId, id, open }: Exchange,
  _found: BillWithCount,
  { lines }: BillDocumentOptions,
): Promise<void> {
  const out = open();
  await write(out, csvHead);
  for await (const rates of lines.all(tenantId, id)) await write(out, csvRows(rates));
}
