import { DomainError } from '../../../platform/errors.js';
import { withChanges } from '../../changes.js';
import { invalid } from '../../input.js';
import { areConvertible } from '../../units.js';
import { locatingAttributes } from '../command/attributes.js';
import { scheduledOf } from '../command/stored-command.js';
import type { ActionChanges, BalanceActionRow } from '../model.js';
import { notPatchable } from './refusals.js';
import { nextDueDate } from './schedule.js';

/**
 * The changes of a scheduled top-up, completed by its next due date. `named` are those that change when it acts or what it
 * does. Which bucket is meant is resolved when it is due. Throws DomainError for a change that is not possible.
 */
export function reschedule(
  before: BalanceActionRow,
  changes: ActionChanges,
  named: readonly (keyof BalanceActionRow)[],
  now: Date,
  timeZone: string,
): ActionChanges {
  const [first] = named;
  const relocated = named.find(
    (name) => name === 'usageType' || locatingAttributes.some((locating) => locating === name),
  );
  if (relocated && before.autoTopupThreshold)
    throw notPatchable(relocated, `topupBalance '${before.id}' watches its bucket: cancel it and make another one`);
  if (relocated === undefined) requireSameKindOfUnits(before, changes);
  const after = withChanges(before, changes);
  if (first === undefined) {
    // Even a descriptive change can make it impossible: a recurring top-up that is not automatic.
    scheduledOf(after);
    return changes;
  }
  if (changes.requestedDate === null) throw invalid('requestedDate', 'cannot be removed');
  const requestedDate = new Date(after.requestedDate);
  const isRedated = named.includes('requestedDate');
  if (isRedated && requestedDate < now)
    throw invalid('requestedDate', `must not be in the past: ${requestedDate.toISOString()}`);
  if (before.recurringPeriod ? changes.recurringPeriod === null : changes.recurringPeriod) {
    throw invalid(
      'recurringPeriod',
      'can be changed, but neither added nor removed: cancel the top-up and make another one',
    );
  }
  requireMorePeriods(after);
  const command = scheduledOf(after);
  if (command.threshold) {
    if (isRedated) throw invalid('requestedDate', 'does not go with autoTopupThreshold');
    return changes;
  }
  // A period that is due right now, and is not made yet, must not be skipped.
  if (!isRedated && !named.includes('recurringPeriod')) return changes;
  const isLater = requestedDate > now || (isRedated && requestedDate >= now);
  const due =
    command.recurringPeriod && !isLater
      ? nextDueDate(requestedDate, command.recurringPeriod, now, timeZone)
      : requestedDate;
  return { ...changes, nextDueDate: due.toISOString() };
}

function requireSameKindOfUnits(before: BalanceActionRow, changes: ActionChanges): void {
  if (changes.amount && !areConvertible(before.amount.units, changes.amount.units)) {
    throw new DomainError(
      'UNITS_MISMATCH',
      `topupBalance '${before.id}' adds ${before.amount.units}, not ${changes.amount.units}`,
    );
  }
}

function requireMorePeriods({ numberOfPeriods, periodsDone }: BalanceActionRow): void {
  const made = periodsDone ?? 0;
  if (numberOfPeriods && numberOfPeriods <= made) {
    throw invalid('numberOfPeriods', `must be more than the ${made} that were made already: ${numberOfPeriods}`);
  }
}
