import type { IncomingMessage } from 'node:http';
import { DomainError } from '../platform/errors.js';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Time for the whole of a body. */
const bodyMaxMs = 300_000;

/** Reads a request body as text: bounded, whole, UTF-8. An absent body is the empty text. */
export async function readText(request: IncomingMessage, maxBytes: number): Promise<string> {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new DomainError('UNSUPPORTED_MEDIA_TYPE', `Content-Encoding '${encoding}' is not supported`);
  }
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > maxBytes) throw tooLarge(request, maxBytes);
  const bytes = await readBytes(request, maxBytes);
  try {
    return decoder.decode(bytes);
  } catch {
    throw new DomainError('INVALID_BODY', 'the body is not UTF-8 text');
  }
}

/** By events: the async iterator of a stream costs more than the rest of reading a small body. */
function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else reject(tooLarge(request, maxBytes));
    });
    const late = setTimeout(() => request.destroy(), bodyMaxMs);
    request.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    request.once('error', reject);
    // A client that goes away in the middle of its body sends neither end nor error in every case.
    request.once('close', () => {
      clearTimeout(late);
      // An error that nobody would see costs more than the rest of reading.
      if (!request.complete) reject(new DomainError('INVALID_BODY', 'the body ended before its end'));
    });
  });
}

function tooLarge(request: IncomingMessage, maxBytes: number): DomainError {
  // What is still to come is read and dropped, so that the client gets to see the answer.
  request.resume();
  return new DomainError('BODY_TOO_LARGE', `the body is larger than the limit BODY_MAX_BYTES of ${maxBytes} bytes`);
}
