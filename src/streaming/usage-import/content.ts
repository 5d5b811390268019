import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { createGunzip, type Gunzip } from 'node:zlib';
import { DomainError } from '../../platform/errors.js';
import { limitExceeded } from '../../platform/limits.js';
import { TransferPace, describePace, type PaceLimits } from '../../platform/pace.js';
import { FILE_BYTES_MAX, FILE_UNPACK_RATIO_MAX } from '../limits.js';

/** FILE_UNPACK_RATIO_MAX holds from this size on: the first bytes of a good file may be packed as tightly. */
const packedFreeBytes = 16 * 1024 ** 2;
const unpackedChunkBytes = 64 * 1024;

/** The upload ended before the file was complete; the same file may be sent again. */
export class BrokenOff extends Error {}

/** Throws DomainError for a Content-Encoding other than gzip and identity, and for a charset other than UTF-8. */
export function requireReadable(headers: IncomingHttpHeaders): void {
  const encoding = encodingOf(headers);
  if (encoding !== 'gzip' && encoding !== 'identity')
    throw new DomainError('UNSUPPORTED_MEDIA_TYPE', `Content-Encoding '${encoding}' is not gzip or identity`);
  const [, charset = 'utf-8'] = /;\s*charset="?([^";]+)/i.exec(headers['content-type'] ?? '') ?? [];
  if (!/^utf-?8$/i.test(charset.trim()))
    throw new DomainError('UNSUPPORTED_MEDIA_TYPE', `charset '${charset.trim()}' is not utf-8`);
}

/** RFC 9110 §8.4.1: upper or lower case is one, and x-gzip is gzip. */
function encodingOf(headers: IncomingHttpHeaders): string {
  const encoding = headers['content-encoding']?.toLowerCase() ?? 'identity';
  return encoding === 'x-gzip' ? 'gzip' : encoding;
}

/**
 * The bytes of a body, unpacked, as they come: a slow reader lets the sender wait. Throws BrokenOff when they
 * end too early, and DomainError when they are not what they claim, too many, or come too slowly. The request outlives it, so that it
 * can be answered.
 */
export async function* contentOf(
  request: IncomingMessage,
  stopping: AbortSignal,
  limits: PaceLimits,
): AsyncGenerator<Buffer> {
  const packed = encodingOf(request.headers) === 'gzip' ? unpack(request) : undefined;
  const chunks = (packed ?? request).iterator({ destroyOnReturn: false });
  const sender = new Sender(request, stopping, limits);
  let bytes = 0;
  try {
    for (;;) {
      const next = (await sender.inTime(chunks.next())) as IteratorResult<Buffer, undefined>;
      if (next.done) return;
      const chunk = next.value;
      bytes += chunk.length;
      if (bytes > FILE_BYTES_MAX) throw tooLarge('FILE_BYTES_MAX', FILE_BYTES_MAX, 'the file has too many bytes');
      if (packed && bytes > packedFreeBytes && bytes > packed.bytesWritten * FILE_UNPACK_RATIO_MAX) {
        throw tooLarge(
          'FILE_UNPACK_RATIO_MAX',
          FILE_UNPACK_RATIO_MAX,
          `the file unpacks to more than ${FILE_UNPACK_RATIO_MAX} times its size`,
        );
      }
      yield chunk;
    }
  } catch (error) {
    throw toFailure(error);
  } finally {
    // For one that is still waited for it would wait, too.
    const returned = chunks.return?.();
    if (sender.isSlow) returned?.catch(() => undefined);
    else await returned;
    if (packed) request.unpipe(packed);
    packed?.destroy();
  }
}

/** Waits for the sender as long as it keeps its pace, which counts bytes as sent, compressed or not. */
class Sender {
  isSlow = false;
  private readonly pace: TransferPace;
  private seen: number;

  constructor(
    private readonly request: IncomingMessage,
    private readonly stopping: AbortSignal,
    private readonly limits: PaceLimits,
  ) {
    this.pace = new TransferPace(limits);
    this.seen = request.socket.bytesRead;
  }

  async inTime<T>(next: Promise<T>): Promise<T> {
    let isStopped = false;
    const stop = (): void => {
      isStopped = true;
      this.request.destroy();
    };
    this.stopping.addEventListener('abort', stop, { once: true });
    if (this.stopping.aborted) stop();
    try {
      return await this.atPace(next);
    } catch (error) {
      throw isStopped ? new BrokenOff('the server stops') : error;
    } finally {
      this.stopping.removeEventListener('abort', stop);
    }
  }

  private atPace<T>(next: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      let since = performance.now();
      let judging: NodeJS.Immediate | undefined;
      let timer: NodeJS.Timeout;
      const judge = (): boolean => {
        const now = performance.now();
        const { bytesRead } = this.request.socket;
        const isFast = this.pace.took(bytesRead - this.seen, now - since);
        this.seen = bytesRead;
        since = now;
        if (!isFast) {
          this.isSlow = true;
          reject(new DomainError('TIME_OUT', describePace(this.limits)));
        }
        return isFast;
      };
      // If this process was busy, bytes that arrived meanwhile are read first.
      const lookAgain = (): void => {
        timer = setTimeout(() => (judging = setImmediate(() => judge() && lookAgain())), this.pace.patienceMs);
      };
      const stopWatching = (): void => {
        clearTimeout(timer);
        clearImmediate(judging);
      };
      lookAgain();
      next.then(
        (result) => {
          stopWatching();
          if (judge()) resolve(result);
        },
        (error: unknown) => {
          stopWatching();
          reject(error as Error);
        },
      );
    });
  }
}

function toFailure(error: unknown): Error {
  if (error instanceof DomainError || error instanceof BrokenOff) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR') return new BrokenOff('the packed file is cut off');
  if (code.startsWith('Z_')) return new DomainError('INVALID_BODY', `the body is not gzip: ${message}`);
  return new BrokenOff('the connection was cut');
}

function unpack(request: IncomingMessage): Gunzip {
  const gunzip = createGunzip({ chunkSize: unpackedChunkBytes });
  // The reader sees a failure; one that comes when there is no reader any more must not end the process.
  gunzip.on('error', () => undefined);
  // A pipe does not pass a failure on. A pipeline would, and would destroy the request with it, so that it has no answer.
  const fail = (): void => void gunzip.destroy(new Error('the connection was cut'));
  request.once('error', fail).once('close', () => request.complete || fail());
  return request.pipe(gunzip);
}

function tooLarge(limit: string, max: number, what: string): DomainError {
  return limitExceeded(limit, max, what, undefined, 'BODY_TOO_LARGE');
}
