import type { Clock } from '../clock.js';
import { beginSpan, spanned } from '../tracing.js';

/** A job runs steps for this long, and leaves the rest to the next job; far below the timeout of a job. */
const stepsMs = 15_000;

/**
 * Runs long work as a chain of jobs.
 * @param step commits its own progress, and returns true when it was the last one
 * @param sendNext sends the job that continues
 */
export async function runInSteps(
  step: () => Promise<boolean>,
  signal: AbortSignal,
  clock: Clock,
  sendNext: () => Promise<unknown>,
): Promise<void> {
  const until = clock.now().getTime() + stepsMs;
  while (!(await spanned(beginSpan(undefined, 'step'), step))) {
    if (!signal.aborted && clock.now().getTime() < until) continue;
    await sendNext();
    return;
  }
}
