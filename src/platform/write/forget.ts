import { DomainError } from '../errors.js';

/** Rows that one statement deletes: nobody waits long for it. */
const batchMax = 1_000;
/** Resources that are looked for at once; each is deleted in a transaction of its own. */
const foundMax = 100;

/**
 * Deletes batch after batch, until nothing is left or the signal is aborted. `deleteSome` deletes at most so many and answers
 * how many it did; servers that delete at the same time should skip each other's rows. Answers how many were deleted.
 */
export async function inBatches(deleteSome: (limit: number) => Promise<number>, signal: AbortSignal): Promise<number> {
  let total = 0;
  for (let deleted = batchMax; deleted === batchMax && !signal.aborted; total += deleted)
    deleted = await deleteSome(batchMax);
  return total;
}

/** A resource of some tenant, named by its key. */
export interface Outdated {
  readonly tenantId: string;
  readonly id: string;
}

/**
 * Deletes resources one by one, as a client would, with their events. `find` answers the next ones behind a key, in the order
 * of their keys. What may not be deleted now, or is gone, is left out. Answers how many were deleted.
 */
export async function deleteOutdated(
  find: (after: Outdated, limit: number) => Promise<Outdated[]>,
  remove: (one: Outdated) => Promise<unknown>,
  signal: AbortSignal,
): Promise<number> {
  let total = 0;
  let after: Outdated | undefined = { tenantId: '', id: '' };
  while (after !== undefined) {
    const found: Outdated[] = await find(after, foundMax);
    for (const one of found) {
      if (signal.aborted) return total;
      try {
        await remove(one);
        total++;
      } catch (error) {
        if (!(error instanceof DomainError && ['CONFLICT', 'NOT_FOUND'].includes(error.code))) throw error;
      }
    }
    after = found.length < foundMax ? undefined : found.at(-1);
  }
  return total;
}
