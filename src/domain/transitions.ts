import { DomainError } from '../platform/errors.js';
import { ownProperty } from '../platform/json.js';

/** From each state to those that it may become. Staying is always allowed. */
export type Transitions = Readonly<Record<string, readonly string[]>>;

/** Refuses a change of state that the table does not have, naming from, to and what is allowed. Throws CONFLICT. */
export function requireTransition(table: Transitions, what: string, from: string, to: string, path = 'status'): void {
  if (from === to) return;
  const allowed = ownProperty(table, from) ?? [];
  if (allowed.includes(to)) return;
  const choice = allowed.length > 0 ? `it may become ${allowed.join(' or ')}` : 'it may not change any more';
  throw new DomainError('CONFLICT', `${what} is ${from} and cannot become ${to}: ${choice}`, { path });
}

/** For what the code itself decides: a change that its table does not have is a bug. */
export function assertTransition(table: Transitions, what: string, from: string, to: string): void {
  if (ownProperty(table, from)?.includes(to) !== true)
    throw new Error(`${what} goes from ${from} to ${to}, which the table of its states does not have`);
}
