import { toPlainObject, type Plain } from '../../platform/plain.js';
import type { Applier } from './applier.js';
import { eventsOf } from './bookkeeping.js';
import type { ScheduledTopupCommand, TopupCommand } from './commands.js';
import { isLive } from './refusals.js';
import { decide } from './rules.js';
import { isRefusal } from './ruling.js';
import { nextDueDate } from './schedule.js';
import type { ActionState, BucketState } from './state.js';
import { toActionState } from './store.js';

// Scheduled top-ups act later: at a date, in each of their periods (recurring), or when the balance falls below their
// threshold (auto top-ups).

/** When a scheduled top-up is due first; one that watches a threshold is not due by time at all. */
export function firstDueDate({ threshold, requestedDate }: ScheduledTopupCommand, now: Date): Date | undefined {
  return threshold ? undefined : (requestedDate ?? now);
}

/** A scheduled top-up was just made: what is due at once is done at once. Answers how it then stands. */
export function begin(applier: Applier, command: ScheduledTopupCommand, row: Plain, now: Date): Plain {
  const action = toActionState('topupBalance', row, []);
  applier.world.actions.set(action.id, action);
  applier.world.scheduled.set(action.id, command);
  if (action.dueAt && action.dueAt <= now) topUpDue(applier, action.id, now);
  const watched = row['bucket'] as { id: string } | undefined;
  if (command.threshold && watched) refill(applier, [applier.world.bucket(watched.id)], now);
  return applier.world.actions.get(action.id)?.snapshot ?? row;
}

/** A scheduled top-up is cancelled: its bucket is not watched any more. */
export function stop(applier: Applier, action: ActionState): void {
  for (const bucket of applier.world.buckets.values()) {
    if (bucket.autoTopup?.topupBalanceId === action.id) applier.put({ ...bucket, autoTopup: undefined });
  }
}

/** Fills the buckets in which less than their threshold remains. */
export function refill(applier: Applier, buckets: readonly BucketState[], now: Date): void {
  for (const { id } of buckets) {
    const { autoTopup, remaining } = applier.world.bucket(id);
    if (autoTopup === undefined || remaining.gte(autoTopup.threshold)) continue;
    const action = applier.world.actions.get(autoTopup.topupBalanceId);
    const command = applier.world.scheduled.get(autoTopup.topupBalanceId);
    // The order is being made by this very command: it fills the bucket when it is there.
    if (action === undefined || command === undefined || !isLive(action)) continue;
    makeTopup(applier, action, { ...command.topup, locator: { kind: 'bucket', bucketId: id } }, now, now);
    advance(applier, action.id, undefined, now);
  }
}

/** The time of a scheduled top-up has come: `time` is the present, the top-up is dated when it was due. */
export function topUpDue(applier: Applier, id: string, time: Date): void {
  const action = applier.world.actions.get(id);
  const command = applier.world.scheduled.get(id);
  if (action?.dueAt === undefined || command === undefined || !isLive(action) || action.dueAt > time) return;
  const { now } = applier.situationOf(command.topup, action.dueAt);
  if (command.recurringPeriod === undefined) {
    applyOnce(applier, action, command.topup, now);
    return;
  }
  makeTopup(applier, action, command.topup, action.dueAt, now);
  const anchor = new Date(String(action.snapshot['requestedDate']));
  advance(applier, id, nextDueDate(anchor, command.recurringPeriod, action.dueAt, applier.tools.timeZone), now);
}

/** A top-up for one date moves the balance itself; refused, it has failed like any other. */
function applyOnce(applier: Applier, action: ActionState, topup: TopupCommand, now: Date): void {
  const verdict = decide(topup, applier.situationOf(topup, now));
  if (isRefusal(verdict)) {
    const row = applier.end(action, 'failed', { failureCode: verdict.code, failureMessage: verdict.message }, now);
    applier.tell(eventsOf('topupBalance', ['Failure'], row, now, applier.tools.nextId));
    return;
  }
  const { impactedBucket, buckets } = applier.post(verdict, action, now);
  const usageType = topup.usageType ?? buckets[0]?.usageType ?? null;
  applier.end(action, 'completed', { confirmationDate: now.toISOString(), impactedBucket, usageType }, now);
}

/** One period of a recurring top-up, or one filling of an auto top-up: a top-up of its own, which names the one it comes from. */
function makeTopup(applier: Applier, parent: ActionState, topup: TopupCommand, dueAt: Date, now: Date): void {
  const known: Plain = {
    requestedDate: dueAt.toISOString(),
    isAutoTopup: true,
    relatedTopupBalance: { id: parent.id, role: 'parent' },
  };
  const verdict = decide(topup, applier.situationOf(topup, now));
  if (isRefusal(verdict)) applier.keepRefused(topup, verdict, toPlainObject(topup.amount), known, now);
  else applier.create(topup, verdict, now, known);
}

/** The scheduled top-up goes on, or has made as many top-ups as it was to. */
function advance(applier: Applier, id: string, nextDue: Date | undefined, now: Date): void {
  const action = applier.world.actions.get(id);
  if (action === undefined) throw new Error(`topupBalance ${id} is not locked`);
  const periodsDone = Number(action.snapshot['periodsDone'] ?? 0) + 1;
  if (periodsDone === action.snapshot['numberOfPeriods']) {
    stop(applier, action);
    applier.end(action, 'completed', { periodsDone }, now);
    return;
  }
  const row = applier.change(action, { periodsDone, nextDueDate: nextDue?.toISOString() ?? null }, now);
  applier.tell(eventsOf('topupBalance', ['AttributeValueChange'], row, now, applier.tools.nextId));
}
