import { destination, pino, type DestinationStream, type Logger } from 'pino';
import { describeError } from './describe-error.js';
import { currentRequest } from './http/request-trace.js';

const warnLevel = 40;

/**
 * The log, which must not fail: it is what every error path ends in. Errors are described by us, since reading an error
 * may throw; a line that cannot be written is given up. Warnings and errors tell the request that they belong to.
 */
export function createLogger(level: string, stream: DestinationStream = toStdout()): Logger {
  return pino(
    {
      level,
      serializers: { err: describeError, error: describeError },
      mixin: (_line, lineLevel) => (lineLevel >= warnLevel ? { request: currentRequest() } : {}),
      hooks: {
        logMethod(parts, method) {
          try {
            method.apply(this, parts);
          } catch {
            // Neither can the reason be told: it came out of what was to be logged, or of the stream.
          }
        },
      },
    },
    stream,
  );
}

/** A full disk or a reader that went away is told as an event, which nobody's listening would make fatal. */
function toStdout(): DestinationStream {
  const stream = destination({ fd: 1, sync: true });
  stream.on('error', () => undefined);
  return stream;
}
