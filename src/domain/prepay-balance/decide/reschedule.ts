import { DomainError } from '../../../platform/errors.js';
import { withoutNulls, type JsonObject } from '../../../platform/json-object.js';
import { areConvertible } from '../../units.js';
import { invalid } from '../../input.js';
import { locatingAttributes } from '../command/attributes.js';
import { notPatchable } from './refusals.js';
import { nextDueDate, scheduledOf } from './schedule.js';

/**
 * The changes of a scheduled top-up, of which those named change when it acts or what it will do, completed by when it
 * is due next. Which bucket is meant is found when it is due.
 */
export function reschedule(
  before: JsonObject,
  changes: JsonObject,
  named: readonly string[],
  now: Date,
  timeZone: string,
): JsonObject {
  const [first] = named;
  const moved = named.find((name) => locatingAttributes.includes(name) || name === 'usageType');
  if (moved && before['autoTopupThreshold'])
    throw notPatchable(
      moved,
      `topupBalance '${String(before['id'])}' watches its bucket: cancel it and make another one`,
    );
  if (moved === undefined) requireSameKindOfUnits(before, changes);
  const after: JsonObject = { ...before, ...changes };
  if (first === undefined) {
    // What only describes it can make it impossible, too: a recurring top-up that is not automatic.
    scheduledOf(withoutNulls(after));
    return changes;
  }
  const requestedDate = after['requestedDate'] ? new Date(String(after['requestedDate'])) : undefined;
  if (requestedDate === undefined) throw invalid('requestedDate', 'cannot be removed');
  const isMoved = named.includes('requestedDate');
  if (isMoved && requestedDate < now)
    throw invalid('requestedDate', `must not be in the past: ${requestedDate.toISOString()}`);
  const { recurringPeriod } = before;
  if ((recurringPeriod ?? null) === null ? changes['recurringPeriod'] : after['recurringPeriod'] === null) {
    throw invalid(
      'recurringPeriod',
      'can be changed, but neither added nor removed: cancel the top-up and make another one',
    );
  }
  requireMorePeriods(after);
  const command = scheduledOf(withoutNulls(after));
  if (command.threshold) {
    if (isMoved) throw invalid('requestedDate', 'does not go with autoTopupThreshold');
    return changes;
  }
  // A period that falls due just now, and is not made yet, is not to be passed over.
  if (!isMoved && !named.includes('recurringPeriod')) return changes;
  const isLater = requestedDate > now || (isMoved && requestedDate >= now);
  const due =
    command.recurringPeriod && !isLater
      ? nextDueDate(requestedDate, command.recurringPeriod, now, timeZone)
      : requestedDate;
  return { ...changes, nextDueDate: due.toISOString() };
}

function requireSameKindOfUnits(before: JsonObject, changes: JsonObject): void {
  const [one, other] = [before['amount'], changes['amount']] as ({ units: string } | undefined)[];
  if (one && other && !areConvertible(one.units, other.units)) {
    throw new DomainError(
      'UNITS_MISMATCH',
      `topupBalance '${String(before['id'])}' adds ${one.units}, not ${other.units}`,
    );
  }
}

function requireMorePeriods(after: JsonObject): void {
  const { numberOfPeriods, periodsDone } = after as { numberOfPeriods?: number | null; periodsDone?: number | null };
  if (numberOfPeriods && numberOfPeriods <= (periodsDone ?? 0)) {
    throw invalid('numberOfPeriods', `must be more than the ${periodsDone} that were made already: ${numberOfPeriods}`);
  }
}
