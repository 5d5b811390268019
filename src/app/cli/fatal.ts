import type { Logger } from 'pino';

/** Logs an error that nobody caught, with its request, and ends the process, whose state is unknown by then. */
export function exitOnUncaught(logger: Logger): void {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      try {
        logger.fatal(
          { err: error },
          `the process ends: ${event === 'uncaughtException' ? 'an error was not caught' : 'a promise was rejected without a handler'}`,
        );
      } finally {
        process.exit(1);
      }
    });
  }
  // The reader of a pipe may go away.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
}
