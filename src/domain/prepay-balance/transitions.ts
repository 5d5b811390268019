import type { Transitions } from '../transitions.js';

/** The status of an action that holds, or waits for its date or its payment. */
export const liveStatus = 'created';
/** The status of an action that was applied. */
export const appliedStatus = 'completed';

/** An expired bucket comes back only with a new validity, by a top-up or by a change of validFor. */
export const bucketTransitions: Transitions = {
  active: ['suspended', 'expired'],
  suspended: ['active', 'expired'],
  expired: [],
};

/** By PATCH a status becomes only cancelled; for a completed action that is its reversal. */
export const actionTransitions: Transitions = {
  created: ['cancelled'],
  completed: ['cancelled'],
  failed: [],
  cancelled: [],
};

/** For an action that awaits its payment, clients report whether that came. */
export const awaitedTransitions: Transitions = { ...actionTransitions, created: ['completed', 'failed', 'cancelled'] };
