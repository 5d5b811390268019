import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { promisify } from 'node:util';
import {
  brotliCompress,
  constants,
  createBrotliCompress,
  createGzip,
  gzip,
  type BrotliOptions,
  type ZlibOptions,
} from 'node:zlib';
import Negotiator from 'negotiator';

/** Smaller bodies are sent as they are: they fit into a packet or two. */
const compressFromBytes = 1_400;
/** Of Brotli and gzip; higher levels cost more time than the bytes they save are worth. */
const quality = 4;
/** How long written bytes may wait in the compressor for more. */
const flushMs = 1_000;

const brotliOptions: BrotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: quality } };
const gzipOptions: ZlibOptions = { level: quality };

type Coding = 'br' | 'gzip';
const codings: Coding[] = ['br', 'gzip'];

/** Text formats. Images, PDF and archives are compressed already, and a server-sent event must not wait for the next one. */
const compressible =
  /^(?:text\/(?!event-stream)|application\/(?:[\w.+-]*\+)?(?:json|xml|yaml)\b|application\/(?:x-ndjson|javascript|graphql)\b|image\/svg\+xml)/i;
const noTransform = /\bno-transform\b/i;

const gzipWhole: (bytes: Buffer, options: ZlibOptions) => Promise<Buffer> = promisify(gzip);
const brotliWhole: (bytes: Buffer, options: BrotliOptions) => Promise<Buffer> = promisify(brotliCompress);

const codeWhole: Readonly<Record<Coding, (bytes: Buffer) => Promise<Buffer>>> = {
  br: (bytes) =>
    brotliWhole(bytes, { params: { ...brotliOptions.params, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
  gzip: (bytes) => gzipWhole(bytes, gzipOptions),
};

/** The published types lack `options`: the order in which encodings of equal weight are preferred. */
interface EncodingNegotiator {
  encodings(available: string[], options: { preferred: string[] }): string[];
}

/** The content coding for this answer, whose headers must be set; undefined: none. */
function codingFor(request: IncomingMessage, response: ServerResponse): Coding | undefined {
  const { 'accept-encoding': accepted, 'cache-control': wish = '' } = request.headers;
  if (accepted === undefined || request.method === 'HEAD' || response.hasHeader('Content-Encoding')) return undefined;
  if (!compressible.test(String(response.getHeader('Content-Type') ?? ''))) return undefined;
  if (noTransform.test(String(response.getHeader('Cache-Control') ?? '')) || noTransform.test(wish)) return undefined;
  // Identity, when the client accepts neither.
  const negotiator: EncodingNegotiator = new Negotiator({ headers: { 'accept-encoding': String(accepted) } });
  const preferred = negotiator.encodings([...codings, 'identity'], { preferred: codings })[0];
  return codings.find((coding) => coding === preferred);
}

/** A strong ETag becomes weak, as the bytes are no longer those it stands for: RFC 9110 §8.8.1. */
function setCoding(response: ServerResponse, coding: Coding): void {
  response.setHeader('Content-Encoding', coding);
  const tag = response.getHeader('ETag');
  if (typeof tag === 'string' && !tag.startsWith('W/')) response.setHeader('ETag', `W/${tag}`);
}

/** Returns the whole body as this client gets it; a promise when it has to be compressed. */
export function encodeBody(
  request: IncomingMessage,
  response: ServerResponse,
  body: string | Buffer,
): string | Buffer | Promise<Buffer> {
  if (body.length < compressFromBytes) return body;
  const coding = codingFor(request, response);
  if (coding === undefined) return body;
  setCoding(response, coding);
  return codeWhole[coding](typeof body === 'string' ? Buffer.from(body) : body);
}

/** Returns the stream to write a body to that is produced while it is sent: the answer itself, or a compressor in front of it. */
export function openBody(request: IncomingMessage, response: ServerResponse): Writable {
  const coding = codingFor(request, response);
  if (coding === undefined) return response;
  setCoding(response, coding);
  response.removeHeader('Content-Length');
  // From here on no refusal can replace this answer.
  response.flushHeaders();
  const compressor = coding === 'br' ? createBrotliCompress(brotliOptions) : createGzip(gzipOptions);
  let flushedBytes = 0;
  const flushing = setInterval(() => {
    if (compressor.bytesWritten === flushedBytes || compressor.writableNeedDrain) return;
    flushedBytes = compressor.bytesWritten;
    compressor.flush();
  }, flushMs).unref();
  compressor.once('close', () => clearInterval(flushing));
  // When the client goes, the compressor is destroyed, and the writer sees that. Not stream.pipeline, which adds seven 'close'
  // listeners to the answer: with those that every answer has, Node would warn of a leak.
  compressor.on('error', () => response.destroy());
  response.once('close', () => compressor.destroy());
  compressor.pipe(response);
  return compressor;
}
