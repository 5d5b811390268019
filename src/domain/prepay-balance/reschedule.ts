import { DomainError } from '../../platform/errors.js';
import { canonicalJson, withoutNulls, type Plain } from '../../platform/plain.js';
import { areConvertible } from '../units.js';
import { invalid } from '../input.js';
import { nextDueDate, scheduledOf } from './schedule.js';

/** When a scheduled top-up acts, and what it will do: a PATCH may change it as long as it is `created` (DESIGN §12). */
const scheduleAttributes = ['amount', 'requestedDate', 'recurringPeriod', 'numberOfPeriods', 'validFor'];

/** The changes of a top-up, completed by when it is due next; refuses what a top-up may not change any more. */
export function reschedule(before: Plain, changes: Plain, now: Date, timeZone: string): Plain {
  const named = scheduleAttributes.filter((name) => name in changes && canonicalJson(changes[name] ?? null) !== canonicalJson(before[name] ?? null));
  const [first] = named;
  const { id, status } = before;
  if (status !== 'created') {
    if (first) throw invalid(first, `cannot be changed: topupBalance '${String(id)}' is not scheduled any more, but ${String(status)}`);
    return changes;
  }
  if (changes['amount'] === null) throw invalid('amount', 'cannot be removed');
  requireSameBucket(before, changes);
  requireSameKindOfUnits(before, changes);
  const after: Plain = { ...before, ...changes };
  if (first === undefined) {
    // What only describes it can make it impossible, too: a recurring top-up that is not automatic.
    scheduledOf(withoutNulls(after));
    return changes;
  }
  const requestedDate = after['requestedDate'] ? new Date(String(after['requestedDate'])) : undefined;
  if (requestedDate === undefined) throw invalid('requestedDate', 'cannot be removed');
  const isMoved = named.includes('requestedDate');
  if (isMoved && requestedDate < now) throw invalid('requestedDate', `must not be in the past: ${requestedDate.toISOString()}`);
  const { recurringPeriod } = before;
  if ((recurringPeriod ?? null) === null ? changes['recurringPeriod'] : after['recurringPeriod'] === null) {
    throw invalid('recurringPeriod', 'can be changed, but neither added nor removed: cancel the top-up and make another one');
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
  const due = command.recurringPeriod && !isLater ? nextDueDate(requestedDate, command.recurringPeriod, now, timeZone) : requestedDate;
  return { ...changes, nextDueDate: due.toISOString() };
}

/** Where nothing nearer to the balance is named, the parties say which bucket is meant, and locators stay. */
function requireSameBucket(before: Plain, changes: Plain): void {
  if (!('relatedParty' in changes) || canonicalJson(changes['relatedParty'] ?? null) === canonicalJson(before['relatedParty'] ?? null)) return;
  if (['bucket', 'product', 'logicalResource', 'partyAccount'].some((name) => (before[name] ?? null) !== null)) return;
  throw invalid('relatedParty', 'cannot be changed while the top-up is scheduled: it says which bucket is meant');
}

function requireSameKindOfUnits(before: Plain, changes: Plain): void {
  const [one, other] = [before['amount'], changes['amount']] as ({ units: string } | undefined)[];
  if (one && other && !areConvertible(one.units, other.units)) {
    throw new DomainError('UNITS_MISMATCH', `topupBalance '${String(before['id'])}' adds ${one.units}, not ${other.units}`);
  }
}

function requireMorePeriods(after: Plain): void {
  const { numberOfPeriods, periodsDone } = after as { numberOfPeriods?: number | null; periodsDone?: number | null };
  if (numberOfPeriods && numberOfPeriods <= (periodsDone ?? 0)) {
    throw invalid('numberOfPeriods', `must be more than the ${periodsDone} that were made already: ${numberOfPeriods}`);
  }
}
