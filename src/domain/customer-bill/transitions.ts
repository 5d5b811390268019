import type { Transitions } from '../transitions.js';

/**
 * The states of a bill. Any may be put on hold; from there a bill goes back to the state it came from,
 * which is not in the table, or is validated anew.
 */
export const billTransitions: Transitions = {
  new: ['validated', 'onHold'],
  validated: ['sent', 'onHold'],
  sent: ['partiallyPaid', 'settled', 'onHold'],
  partiallyPaid: ['settled', 'onHold'],
  settled: ['onHold'],
  onHold: ['validated'],
};

/** Where payments, and their reversals, lead a bill; no client takes these ways by hand. */
export const paymentTransitions: Transitions = {
  sent: ['partiallyPaid', 'settled'],
  partiallyPaid: ['settled', 'sent'],
  settled: ['partiallyPaid', 'sent'],
};

/** The states that a bill may begin in. */
export const firstBillStates: readonly string[] = ['new', 'onHold'];

/** The state in which a request for a bill begins. */
export const firstOnDemandState = 'inProgress';

/** What a client may do to a request for a bill: withdraw it. To done and rejected leads only the work itself. */
export const onDemandTransitions: Transitions = {
  inProgress: ['terminatedWithError'],
  done: [],
  rejected: [],
  terminatedWithError: [],
};

/** The states of a run are the server's. */
export const runTransitions: Transitions = {
  inProgress: ['done', 'failed'],
  done: [],
  failed: [],
};

/** The state in which a run begins. */
export const firstRunState = 'inProgress';
