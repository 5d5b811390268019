import { setTimeout as sleep } from 'node:timers/promises';

const waitMaxMs = 50_000;
const pollMs = 25;

/** Asks until there is an answer; bounded, so that a test that waits in vain ends. */
export async function eventually<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (const begin = performance.now(); performance.now() < begin + waitMaxMs; await sleep(pollMs)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  throw new Error(`waited ${waitMaxMs} ms in vain until ${what}`);
}
