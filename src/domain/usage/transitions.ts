import type { Transitions } from '../transitions.js';

/**
 * From each status of a usage to those that a client may set (docs/standard/usage.md). From rated to billed leads only
 * billing. A usage that is rerated is marked to be rated again, and is not billed before it is.
 */
export const usageTransitions: Transitions = {
  received: ['guided', 'rejected'],
  guided: ['rated', 'rejected'],
  rejected: ['recycled'],
  recycled: ['guided', 'rejected'],
  rated: ['rerated'],
  rerated: ['rated'],
  billed: [],
};

/** The status of a usage that was collected. */
export const firstUsageStatus = 'received';

/** The statuses of an import are the server's: one that failed before its file was complete continues with the next upload. */
export const importTransitions: Transitions = {
  notStarted: ['running', 'failed'],
  running: ['succeeded', 'failed'],
  failed: ['running'],
  succeeded: [],
};

/** The statuses of an export are the server's: each download is a run of its own, and the task reports the last one. */
export const exportTransitions: Transitions = {
  notStarted: ['running'],
  running: ['succeeded', 'failed'],
  succeeded: ['running'],
  failed: ['running'],
};

/** The status in which imports and exports begin. */
export const firstTaskStatus = 'notStarted';
