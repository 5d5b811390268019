import { periodStart, type Period } from '../../../platform/calendar.js';
import { Decimal } from '../../../platform/decimal.js';
import type { JsonObject } from '../../../platform/json-object.js';
import type { Amount, ScheduledTopupCommand } from '../command/commands.js';
import { fromScheduledInput, type ActionInput, type TopupInput } from '../command/inputs.js';

/** What a scheduled top-up applies, read back from how it is kept. */
export function scheduledOf(snapshot: JsonObject): ScheduledTopupCommand {
  const { requestedDate, autoTopupThreshold } = snapshot;
  return fromScheduledInput({
    ...(inputOf(snapshot) as TopupInput),
    // Every action has one; only where it says when something is due does it matter.
    requestedDate: requestedDate && !autoTopupThreshold ? new Date(String(requestedDate)) : undefined,
  });
}

/** The input that an action is kept with, without what the server added to it. */
export function inputOf(snapshot: JsonObject): ActionInput {
  const { validFor, autoTopupThreshold, transferCost, ...rest } = snapshot as JsonObject & {
    validFor?: { startDateTime?: string; endDateTime?: string };
  };
  for (const name of setByServer) delete rest[name];
  return {
    ...(rest as unknown as ActionInput),
    amount: toAmount(snapshot['amount']) as Amount,
    ...(autoTopupThreshold && { autoTopupThreshold: toAmount(autoTopupThreshold) }),
    ...(transferCost && { transferCost: toAmount(transferCost) }),
    validFor: validFor && { startDateTime: toDate(validFor.startDateTime), endDateTime: toDate(validFor.endDateTime) },
  };
}

/** What the server adds to an action; the top-ups that a scheduled one makes have their own. */
const setByServer = [
  'id',
  'revision',
  'status',
  'updatedAt',
  'confirmationDate',
  'nextDueDate',
  'paymentDueDate',
  'periodsDone',
  'impactedBucket',
  'failureCode',
  'failureMessage',
];

function toAmount(quantity: JsonObject[string] | undefined): Amount | undefined {
  if (!quantity) return undefined;
  const { amount, units } = quantity as { amount: number; units: string };
  return { amount: new Decimal(amount), units };
}

function toDate(text: string | null | undefined): Date | undefined {
  return text ? new Date(text) : undefined;
}

/** Periods looked at to find the next one: hundreds of years of weeks. */
const periodsMax = 100_000;

/** The first period of a recurring top-up that begins after this instant; the first of all begins with the anchor itself. */
export function nextDueDate(anchor: Date, period: Period, after: Date, timeZone: string): Date {
  const days = Math.max(0, (after.getTime() - anchor.getTime()) / 86_400_000);
  // A guess that is never too late: no month has more than 31 days, and the zone's offset moves by hours only.
  const guess = Math.max(0, Math.floor(days / longestDays[period]) - 1);
  for (let index = guess; index < guess + periodsMax; index++) {
    const start = periodStart(anchor, period, index, timeZone);
    if (start > after) return start;
  }
  throw new Error(`no ${period} period of ${anchor.toISOString()} begins after ${after.toISOString()}`);
}

const longestDays: Readonly<Record<Period, number>> = { weekly: 7, fortnightly: 14, monthly: 31 };
