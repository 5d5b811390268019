import type { IncomingMessage } from 'node:http';
import rawBody, { type RawBodyError } from 'raw-body';
import { DomainError } from '../../platform/errors.js';
import { TransferPace, describePace, type PaceLimits } from '../../platform/pace.js';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Bounds of a body that is read whole. */
export interface BodyLimits {
  maxBytes: number;
  pace: PaceLimits;
}

/**
 * Reads a request body as text; an absent body is the empty text. Throws DomainError when it is encoded, too large, too slow,
 * incomplete or not UTF-8.
 */
export async function readText(request: IncomingMessage, limits: BodyLimits): Promise<string> {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new DomainError('UNSUPPORTED_MEDIA_TYPE', `Content-Encoding '${encoding}' is not supported`);
  }
  const bytes = await readBytes(request, limits);
  try {
    return decoder.decode(bytes);
  } catch {
    throw new DomainError('INVALID_BODY', 'the body is not UTF-8 text');
  }
}

/** raw-body limits the size; the pace of the sender is watched here. */
function readBytes(request: IncomingMessage, { maxBytes, pace }: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let size = 0;
    const stopWatching = watch(
      pace,
      () => size,
      () => reject(dropRest(request, new DomainError('TIME_OUT', describePace(pace)))),
    );
    request.on('data', (chunk: Buffer) => (size += chunk.length));
    request.once('close', stopWatching);
    rawBody(request, { limit: maxBytes, length: request.headers['content-length'] })
      .then(resolve, (error: RawBodyError) => reject(dropRest(request, toRefusal(error, maxBytes))))
      .finally(stopWatching);
  });
}

/** raw-body fails for too many bytes; any other failure means that the body is incomplete. */
function toRefusal({ type }: RawBodyError, maxBytes: number): DomainError {
  return type === 'entity.too.large'
    ? new DomainError('BODY_TOO_LARGE', `the body is larger than the limit BODY_MAX_BYTES of ${maxBytes} bytes`)
    : new DomainError('INVALID_BODY', 'the body ended before its end');
}

/** Calls `onSlow` when too few bytes arrived for a whole window. Returns a function that stops watching. */
function watch(limits: PaceLimits, received: () => number, onSlow: () => void): () => void {
  const pace = new TransferPace(limits);
  let last = 0;
  const judge = (): void => {
    const size = received();
    if (!pace.took(size - last, limits.windowMs)) {
      clearInterval(windows);
      onSlow();
    }
    last = size;
  };
  let judging: NodeJS.Immediate | undefined;
  // If this process was busy, bytes that arrived meanwhile are read first.
  const windows = setInterval(() => (judging = setImmediate(judge)), limits.windowMs);
  return () => {
    clearInterval(windows);
    clearImmediate(judging);
  };
}

/** Reads and drops the rest of the body, so that the client sees the answer. */
function dropRest(request: IncomingMessage, refusal: DomainError): DomainError {
  request.resume();
  return refusal;
}
