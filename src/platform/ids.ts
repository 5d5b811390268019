import { randomFillSync } from 'node:crypto';
import { decodeTime, encodeTime, monotonicFactory } from 'ulid';

/** Makes ids: ULIDs, upper case, 26 characters, ascending within one process even inside a millisecond. */
export type IdSource = (at: Date) => string;

const ulid = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** @param last the greatest known id: new ids are greater, even if the clock was set back since */
export function createIdSource(last?: string): IdSource {
  const next = monotonicFactory(randomSource());
  // From here on, ids of an earlier time continue from the last id.
  if (last !== undefined && ulid.test(last)) next(decodeTime(last) + 1);
  return (at) => next(at.getTime());
}

/** The least id that is made at an instant: those of what came before are less, as far as the clocks of servers agree. */
export function firstIdAt(at: Date): string {
  return encodeTime(Math.max(at.getTime(), 0), 10) + '0'.repeat(16);
}

const pool = new Uint32Array(1_024);

/** Numbers from 0 to 1, drawn many at once: drawn one by one they took longer than all else of an id. */
function randomSource(): () => number {
  let left = 0;
  return () => {
    if (left === 0) left = randomFillSync(pool).length;
    return (pool[--left] as number) / 2 ** 32;
  };
}
