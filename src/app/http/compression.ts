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

/** Less is sent as it is: it fits into a packet or two. */
const compressFromBytes = 1_024;
/** Beyond it each step costs more time than it saves bytes. */
const quality = 4;
/** How long what was written may wait in the coder for more to come. */
const flushMs = 1_000;

const brotliOptions: BrotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: quality } };
const gzipOptions: ZlibOptions = { level: quality };

type Coding = 'br' | 'gzip';
const codings: Coding[] = ['br', 'gzip'];

/** Text in all its forms; images, PDF and archives are packed already, and an event must not wait for the next one. */
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

/** The coding in which an answer goes to this client, whose headers are set. */
function codingFor(request: IncomingMessage, response: ServerResponse): Coding | undefined {
  const { 'accept-encoding': accepted, 'cache-control': wish = '' } = request.headers;
  if (accepted === undefined || request.method === 'HEAD' || response.hasHeader('Content-Encoding')) return undefined;
  if (!compressible.test(String(response.getHeader('Content-Type') ?? ''))) return undefined;
  if (noTransform.test(String(response.getHeader('Cache-Control') ?? '')) || noTransform.test(wish)) return undefined;
  // Identity is what remains when a client wants none of ours.
  const negotiator: EncodingNegotiator = new Negotiator({ headers: { 'accept-encoding': String(accepted) } });
  const preferred = negotiator.encodings([...codings, 'identity'], { preferred: codings })[0];
  return codings.find((coding) => coding === preferred);
}

/** The bytes are no longer those that a strong ETag stands for: RFC 9110 §8.8.1. */
function setCoding(response: ServerResponse, coding: Coding): void {
  response.setHeader('Content-Encoding', coding);
  const tag = response.getHeader('ETag');
  if (typeof tag === 'string' && !tag.startsWith('W/')) response.setHeader('ETag', `W/${tag}`);
}

/** The whole of a body in the form in which it goes to this client; a promise of it where that takes work. */
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

/** Where a body goes that is made while it is sent: the answer itself, or what compresses it on its way, no faster than the client reads. */
export function openBody(request: IncomingMessage, response: ServerResponse): Writable {
  const coding = codingFor(request, response);
  if (coding === undefined) return response;
  setCoding(response, coding);
  response.removeHeader('Content-Length');
  // From here on no other answer can take its place.
  response.flushHeaders();
  const coder = coding === 'br' ? createBrotliCompress(brotliOptions) : createGzip(gzipOptions);
  let flushedBytes = 0;
  const flushing = setInterval(() => {
    if (coder.bytesWritten === flushedBytes || coder.writableNeedDrain) return;
    flushedBytes = coder.bytesWritten;
    coder.flush();
  }, flushMs).unref();
  coder.once('close', () => clearInterval(flushing));
  // A client that goes away takes the coder along; the writer hears of it by that. Not by stream.pipeline, which adds
  // seven listeners of 'close' to the answer: with those that every answer has, more than node takes for sound.
  coder.on('error', () => response.destroy());
  response.once('close', () => coder.destroy());
  coder.pipe(response);
  return coder;
}
