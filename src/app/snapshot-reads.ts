import type { Config } from '../platform/config.js';
import { nothingDue, Reads } from '../platform/plan/reads.js';
import type { SnapshotReads } from '../platform/read/snapshot.js';

/** Reads of one snapshot, in which nothing that is due can be processed. */
export function readsOf(
  snapshot: SnapshotReads,
  { countMax, countWaitMs, answerMaxBytes: bytesMax }: Pick<Config, 'countMax' | 'countWaitMs' | 'answerMaxBytes'>,
): Reads {
  return new Reads(snapshot, { countMax, countWaitMs, bytesMax }, nothingDue);
}
