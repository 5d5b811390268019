import type { Logger } from 'pino';

/** An error that nobody caught leaves a process that nobody knows the state of: it is logged with its request, and the process ends. */
export function exitOnUncaught(logger: Logger): void {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      try {
        logger.fatal(
          { err: error },
          `the process ends: ${event === 'uncaughtException' ? 'an error was not caught' : 'a promise was rejected and nobody looked'}`,
        );
      } finally {
        process.exit(1);
      }
    });
  }
  // Who reads what is printed may go away.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
}
