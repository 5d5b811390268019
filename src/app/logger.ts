import { destination, pino, type DestinationStream, type Logger } from 'pino';
import { describeError } from './describe-error.js';
import { currentRequest, currentRequestInFull } from './http/request-trace.js';

const warnLevel = 40;

/**
 * The log, which never throws, as every error path ends in it. Errors go through describeError, since reading one may throw; a
 * line that cannot be written is dropped. Each has the id of the request it belongs to and
 * who sent it, warnings and errors its method and URL, too.
 */
export function createLogger(level: string, stream: DestinationStream = toStdout()): Logger {
  return pino(
    {
      level,
      serializers: { err: describeError, error: describeError },
      mixin: (_line, lineLevel) => {
        const request = lineLevel >= warnLevel ? currentRequestInFull() : currentRequest();
        return request ? { request } : {};
      },
      hooks: {
        logMethod(parts, method) {
          try {
            method.apply(this, parts);
          } catch {
            // The reason cannot be logged either: it came from the values to log, or from the stream.
          }
        },
      },
    },
    stream,
  );
}

/** A full disk or a closed pipe is an 'error' event, which would end the process without a listener. */
function toStdout(): DestinationStream {
  const stream = destination({ fd: 1, sync: true });
  stream.on('error', () => undefined);
  return stream;
}
