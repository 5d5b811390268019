import { monotonicFactory } from 'ulid';

/** Makes ids: ULIDs, upper case, 26 characters, ascending within one process even inside a millisecond. */
export type IdSource = (at: Date) => string;

export function createIdSource(): IdSource {
  const next = monotonicFactory();
  return (at) => next(at.getTime());
}
