import { StartError } from '../../platform/start-error.js';

const addressErrors = ['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES'];

/** @returns one line for the user about why the server cannot start; undefined when the reason is a bug of ours */
export function reasonForUser(error: unknown): string | undefined {
  const isForUser =
    error instanceof StartError || addressErrors.includes((error as NodeJS.ErrnoException | undefined)?.code ?? '');
  return isForUser ? (error as Error).message : undefined;
}

/** What is written about a start that failed: the reason for the user, or all that is known of a bug. */
export function describeStartFailure(error: unknown): string {
  return reasonForUser(error) ?? String((error as Error).stack ?? error);
}
