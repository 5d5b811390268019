import { canonicalJson, withoutNulls, type JsonObject } from '../../../platform/json-object.js';
import { invalid } from '../../input.js';
import { awaitsPayment, payableOf } from './awaited.js';
import type { ActionKind } from '../command/commands.js';
import { completeLogicalResources, type LogicalResourceReference } from '../command/input-parts.js';
import { liveStatus } from '../command/inputs.js';
import { decidingAttributes } from '../command/attributes.js';
import { notPatchable } from './refusals.js';
import { reschedule } from './reschedule.js';

/** What belongs to a calendar, which an action that awaits its payment does not follow. */
const scheduling: readonly string[] = ['requestedDate', 'recurringPeriod', 'numberOfPeriods'];

/** The changes of an action, completed by what follows from them; refuses what it may not change any more, saying why. */
export function revise(
  kind: ActionKind,
  before: JsonObject,
  changes: JsonObject,
  now: Date,
  timeZone: string,
): JsonObject {
  const named = decidingAttributes[kind].filter(
    (name) => name in changes && canonicalJson(changes[name] ?? null) !== canonicalJson(before[name] ?? null),
  );
  const [first] = named;
  const { id, status } = before;
  if (status !== liveStatus) {
    if (first)
      throw notPatchable(
        first,
        `${kind} '${String(id)}' is ${String(status)}, and what it did or was refused stays as it was`,
      );
    return changes;
  }
  for (const name of ['amount', ...(kind === 'adjustBalance' ? ['usageType'] : [])]) {
    if (changes[name] === null) throw invalid(name, 'cannot be removed');
  }
  if (kind === 'reserveBalance') return prolong(before, changes, named, now);
  if (kind === 'topupBalance' && !awaitsPayment(before)) return reschedule(before, changes, named, now, timeZone);
  const dated = named.find((name) => scheduling.includes(name));
  if (dated) throw notPatchable(dated, `${kind} '${String(id)}' awaits its payment, and no date`);
  requirePayable(kind, { ...before, ...changes });
  return changes;
}

/** Refuses what the action could not have been asked for. */
export function requirePayable(kind: ActionKind, after: JsonObject): void {
  payableOf(kind, withoutNulls(after));
}

/** A logical resource may be named by its value alone. */
export function completed(changes: JsonObject): JsonObject {
  const { logicalResource, receiverLogicalResource } = changes as {
    logicalResource?: LogicalResourceReference[] | null;
    receiverLogicalResource?: LogicalResourceReference | null;
  };
  return {
    ...changes,
    ...(logicalResource && { logicalResource: completeLogicalResources(logicalResource) as unknown as JsonObject[] }),
    ...(receiverLogicalResource && {
      receiverLogicalResource: completeLogicalResources(
        [receiverLogicalResource],
        'receiverLogicalResource',
      )[0] as unknown as JsonObject,
    }),
  };
}

/** A live reservation holds already: only how long it does may change. */
function prolong(before: JsonObject, changes: JsonObject, named: readonly string[], now: Date): JsonObject {
  const other = named.find((name) => name !== 'expirationDate');
  const { id, nextDueDate } = before;
  if (other) throw notPatchable(other, `reserveBalance '${String(id)}' holds already: release it and make another one`);
  if (!named.includes('expirationDate')) return changes;
  if (typeof nextDueDate === 'string' && new Date(nextDueDate) <= now)
    throw notPatchable('expirationDate', `reserveBalance '${String(id)}' lapsed at ${nextDueDate}`);
  const { expirationDate, validFor } = { ...before, ...changes } as {
    expirationDate?: string | null;
    validFor?: { endDateTime?: string | null } | null;
  };
  const dueAt = expirationDate ?? validFor?.endDateTime ?? null;
  if (dueAt !== null && new Date(dueAt) <= now) throw invalid('expirationDate', `must be in the future: ${dueAt}`);
  return { ...changes, nextDueDate: dueAt };
}
