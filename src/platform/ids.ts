import { decodeTime, monotonicFactory } from 'ulid';

/** Makes ids: ULIDs, upper case, 26 characters, ascending within one process even inside a millisecond. */
export type IdSource = (at: Date) => string;

const ulid = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** @param last the greatest known id: new ids are greater, even if the clock was set back since */
export function createIdSource(last?: string): IdSource {
  const next = monotonicFactory();
  // From here on, ids of an earlier time continue from the last id.
  if (last !== undefined && ulid.test(last)) next(decodeTime(last) + 1);
  return (at) => next(at.getTime());
}
