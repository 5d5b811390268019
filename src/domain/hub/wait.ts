import { randomInt } from 'node:crypto';

const firstWaitMs = 500;
const longestWaitMs = 300_000;

/** How long is waited after so many failures: twice as long each time, and not for all at the same moment. */
export function waitOf(attempts: number): number {
  const whole = Math.min(firstWaitMs * 2 ** Math.min(attempts - 1, 30), longestWaitMs);
  return randomInt(whole / 2, whole);
}
