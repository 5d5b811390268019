import { DomainError } from '../../platform/errors.js';

/** From a status to the statuses a client may set by PATCH. Staying is always allowed. */
type Transitions = Readonly<Record<string, readonly string[]>>;

// DIGEST §1c. An expired bucket comes back only by a top-up that extends its validity.
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

/** Refuses a change of status that the table does not have, naming from, to and what is allowed. */
export function requireTransition(table: Transitions, what: string, from: string, to: string): void {
  if (from === to) return;
  const allowed = table[from] ?? [];
  if (allowed.includes(to)) return;
  const choice = allowed.length > 0 ? `it may become ${allowed.join(' or ')}` : 'it may not change any more';
  throw new DomainError('CONFLICT', `${what} is ${from} and cannot become ${to}: ${choice}`, { path: 'status' });
}
