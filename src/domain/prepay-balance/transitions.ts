import type { Transitions } from '../transitions.js';

// DIGEST §1c. An expired bucket comes back only by a validity that goes on, be it brought by a top-up or by a change of validFor.
export const bucketTransitions: Transitions = {
  active: ['suspended', 'expired'],
  suspended: ['active', 'expired'],
  expired: [],
};

// DESIGN §12: by PATCH a status goes only to cancelled; of a completed action that is its reversal.
export const actionTransitions: Transitions = {
  created: ['cancelled'],
  completed: ['cancelled'],
  failed: [],
  cancelled: [],
};

/** Of an action that awaits its payment, clients tell what became of that. */
export const awaitedTransitions: Transitions = { ...actionTransitions, created: ['completed', 'failed', 'cancelled'] };
