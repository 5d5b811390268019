import type { Clock } from '../clock.js';

/** A job does steps for so long, and leaves the rest to the next one: it stays far below what a job may take. */
const stepsMs = 15_000;

/**
 * Long work as a chain of jobs: each step commits its progress, and answers whether it was the last one. `sendOn` sends
 * the job that does the rest.
 */
export async function runInSteps(
  step: () => Promise<boolean>,
  signal: AbortSignal,
  clock: Clock,
  sendOn: () => Promise<unknown>,
): Promise<void> {
  const until = clock.now().getTime() + stepsMs;
  while (!(await step())) {
    if (!signal.aborted && clock.now().getTime() < until) continue;
    await sendOn();
    return;
  }
}
