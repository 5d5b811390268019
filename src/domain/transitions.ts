import { DomainError } from '../platform/errors.js';
import { ownProperty } from '../platform/json.js';

/** From a status to the statuses a client may set by PATCH. Staying is always allowed. */
export type Transitions = Readonly<Record<string, readonly string[]>>;

/** Refuses a change of status that the table does not have, naming from, to and what is allowed. */
export function requireTransition(table: Transitions, what: string, from: string, to: string, path = 'status'): void {
  if (from === to) return;
  const allowed = ownProperty(table, from) ?? [];
  if (allowed.includes(to)) return;
  const choice = allowed.length > 0 ? `it may become ${allowed.join(' or ')}` : 'it may not change any more';
  throw new DomainError('CONFLICT', `${what} is ${from} and cannot become ${to}: ${choice}`, { path });
}
