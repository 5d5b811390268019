import type { Config } from '../../platform/config.js';

/** The process ends at the latest this long after the signal to stop, whatever it is doing. */
const endMaxMs = 9_500;
/** Time that remains for stopping after a long SHUTDOWN_DELAY_SECONDS. */
const endAfterDelayMinMs = 6_500;

/** How long a process that is told to stop may live on. */
export function lifeAfterSignalMs({ shutdownDelaySeconds }: Config): number {
  return Math.max(endMaxMs, shutdownDelaySeconds * 1_000 + endAfterDelayMinMs);
}
