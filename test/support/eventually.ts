import { setTimeout as sleep } from 'node:timers/promises';

/** Less than jest gives a test (jest.config.js), so that it is told what was waited for. */
const waitMaxMs = 150_000;
const pollMs = 25;

/** Asks until there is an answer; bounded, so that a test that waits in vain ends. */
export async function eventually<T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
  { maxMs = waitMaxMs } = {},
): Promise<T> {
  for (const begin = performance.now(); performance.now() < begin + maxMs; await sleep(pollMs)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  throw new Error(`waited ${maxMs} ms in vain until ${what}`);
}
