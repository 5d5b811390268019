import { decodeTime, monotonicFactory } from 'ulid';

/** Makes ids: ULIDs, upper case, 26 characters, ascending within one process even inside a millisecond. */
export type IdSource = (at: Date) => string;

const ulid = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** All ids are above the last one that is known, though the clock was put back since. */
export function createIdSource(last?: string): IdSource {
  const next = monotonicFactory();
  // From then on, an earlier time counts on from the last id.
  if (last !== undefined && ulid.test(last)) next(decodeTime(last) + 1);
  return (at) => next(at.getTime());
}
