import { canonicalJson } from '../../../platform/json-object.js';
import { withChanges } from '../../changes.js';
import { invalid } from '../../input.js';
import { decidingAttributes } from '../command/attributes.js';
import { payableOf } from '../command/stored-command.js';
import type { ActionChanges, ActionKind, BalanceActionRow } from '../model.js';
import { liveStatus } from '../transitions.js';
import { isAwaitingPayment } from './awaited.js';
import { notPatchable } from './refusals.js';
import { reschedule } from './reschedule.js';

/** Attributes of a calendar, which an action that awaits its payment does not follow. */
const scheduling: readonly (keyof BalanceActionRow)[] = ['requestedDate', 'recurringPeriod', 'numberOfPeriods'];

/**
 * The changes of an action, completed by what follows from them (its next due date). Throws DomainError when an attribute
 * may not change any more, or not like this.
 */
export function revise(
  kind: ActionKind,
  before: BalanceActionRow,
  changes: ActionChanges,
  now: Date,
  timeZone: string,
): ActionChanges {
  const deciding: readonly (keyof BalanceActionRow)[] = decidingAttributes[kind];
  const named = deciding.filter(
    (name) => name in changes && canonicalJson(changes[name] ?? null) !== canonicalJson(before[name] ?? null),
  );
  const [first] = named;
  const { id, status } = before;
  if (status !== liveStatus) {
    if (first)
      throw notPatchable(first, `${kind} '${id}' is ${status}, and what it did or was refused stays as it was`);
    return changes;
  }
  const required: readonly (keyof BalanceActionRow)[] = kind === 'adjustBalance' ? ['amount', 'usageType'] : ['amount'];
  for (const name of required) if (changes[name] === null) throw invalid(name, 'cannot be removed');
  if (kind === 'reserveBalance') return prolong(before, changes, named, now);
  if (kind === 'topupBalance' && !isAwaitingPayment(before)) return reschedule(before, changes, named, now, timeZone);
  const dated = named.find((name) => scheduling.includes(name));
  if (dated) throw notPatchable(dated, `${kind} '${id}' awaits its payment, and no date`);
  // Refuses what could not have been requested.
  payableOf(kind, withChanges(before, changes));
  return changes;
}

/** A live reservation already holds its amount: only its expirationDate may change. */
function prolong(
  before: BalanceActionRow,
  changes: ActionChanges,
  named: readonly (keyof BalanceActionRow)[],
  now: Date,
): ActionChanges {
  const other = named.find((name) => name !== 'expirationDate');
  const { id, nextDueDate } = before;
  if (other) throw notPatchable(other, `reserveBalance '${id}' holds already: release it and make another one`);
  if (!named.includes('expirationDate')) return changes;
  if (nextDueDate && new Date(nextDueDate) <= now)
    throw notPatchable('expirationDate', `reserveBalance '${id}' lapsed at ${nextDueDate}`);
  const { expirationDate, validFor } = withChanges(before, changes);
  const dueAt = expirationDate ?? validFor?.endDateTime ?? null;
  if (dueAt !== null && new Date(dueAt) <= now) throw invalid('expirationDate', `must be in the future: ${dueAt}`);
  return { ...changes, nextDueDate: dueAt };
}
