import type { Transitions } from '../transitions.js';

// DIGEST §2c. From rated to billed leads only billing (DESIGN §8), never a client. What is rerated is marked to be rated
// again, and is not billed before it is.
export const usageTransitions: Transitions = {
  received: ['guided', 'rejected'],
  guided: ['rated', 'rejected'],
  rejected: ['recycled'],
  recycled: ['guided', 'rejected'],
  rated: ['rerated'],
  rerated: ['rated'],
  billed: [],
};
