import { toJsonObject, type JsonObject } from '../../../platform/json-object.js';
import type { CommandProcessor } from './command-processor.js';
import { eventsOf } from '../decide/bookkeeping.js';
import type { ScheduledTopupCommand, TopupCommand } from '../command/commands.js';
import { isLive } from '../decide/refusals.js';
import { decide } from '../decide/rules.js';
import { isRefusal } from '../decide/decision.js';
import { nextDueDate } from '../decide/schedule.js';
import type { ActionState, BucketState } from '../decide/state.js';
import { toActionState } from '../store/balance.store.js';

// Scheduled top-ups act later: at a date, in each of their periods (recurring), or when the balance falls below their
// threshold (auto top-ups).

/** When a scheduled top-up is due first; one that watches a threshold is not due by time at all. */
export function firstDueDate({ threshold, requestedDate }: ScheduledTopupCommand, now: Date): Date | undefined {
  return threshold ? undefined : (requestedDate ?? now);
}

/** A scheduled top-up was just made: what is due at once is done at once. Answers how it then stands. */
export function begin(
  processor: CommandProcessor,
  command: ScheduledTopupCommand,
  row: JsonObject,
  now: Date,
): JsonObject {
  const action = toActionState('topupBalance', row, []);
  processor.state.actions.set(action.id, action);
  processor.state.scheduled.set(action.id, command);
  if (action.dueAt && action.dueAt <= now) topUpDue(processor, action.id, now);
  const watched = row['bucket'] as { id: string } | undefined;
  if (command.threshold && watched) refill(processor, [processor.state.bucket(watched.id)], now);
  return processor.state.actions.get(action.id)?.snapshot ?? row;
}

/** A scheduled top-up is cancelled: its bucket is not watched any more. */
export function stop(processor: CommandProcessor, action: ActionState): void {
  for (const bucket of processor.state.buckets.values()) {
    if (bucket.autoTopup?.topupBalanceId === action.id) processor.put({ ...bucket, autoTopup: undefined });
  }
}

/** Fills the buckets in which less than their threshold remains. */
export function refill(processor: CommandProcessor, buckets: readonly BucketState[], now: Date): void {
  for (const { id } of buckets) {
    const { autoTopup, remaining } = processor.state.bucket(id);
    if (autoTopup === undefined || remaining.gte(autoTopup.threshold)) continue;
    const action = processor.state.actions.get(autoTopup.topupBalanceId);
    const command = processor.state.scheduled.get(autoTopup.topupBalanceId);
    // The order is being made by this very command: it fills the bucket when it is there.
    if (action === undefined || command === undefined || !isLive(action)) continue;
    makeTopup(processor, action, { ...command.topup, locator: { kind: 'bucket', bucketId: id } }, now, now);
    advance(processor, action.id, undefined, now);
  }
}

/** The time of a scheduled top-up has come: `time` is the present, the top-up is dated when it was due. */
export function topUpDue(processor: CommandProcessor, id: string, time: Date): void {
  const action = processor.state.actions.get(id);
  const command = processor.state.scheduled.get(id);
  if (action?.dueAt === undefined || command === undefined || !isLive(action) || action.dueAt > time) return;
  const { now } = processor.contextOf(command.topup, action.dueAt);
  if (command.recurringPeriod === undefined) {
    applyOnce(processor, action, command.topup, now);
    return;
  }
  makeTopup(processor, action, command.topup, action.dueAt, now);
  const anchor = new Date(String(action.snapshot['requestedDate']));
  advance(
    processor,
    id,
    nextDueDate(anchor, command.recurringPeriod, action.dueAt, processor.dependencies.timeZone),
    now,
  );
}

/** A top-up for one date moves the balance itself; refused, it has failed like any other. */
function applyOnce(processor: CommandProcessor, action: ActionState, topup: TopupCommand, now: Date): void {
  const decision = decide(topup, processor.contextOf(topup, now));
  if (isRefusal(decision)) {
    const row = processor.end(action, 'failed', { failureCode: decision.code, failureMessage: decision.message }, now);
    processor.emit(eventsOf('topupBalance', ['Failure'], row, now, processor.dependencies.nextId));
    return;
  }
  const { impactedBucket, buckets } = processor.post(decision, action, now);
  const usageType = topup.usageType ?? buckets[0]?.usageType ?? null;
  processor.end(action, 'completed', { confirmationDate: now.toISOString(), impactedBucket, usageType }, now);
}

/** One period of a recurring top-up, or one filling of an auto top-up: a top-up of its own, which names the one it comes from. */
function makeTopup(
  processor: CommandProcessor,
  parent: ActionState,
  topup: TopupCommand,
  dueAt: Date,
  now: Date,
): void {
  const known: JsonObject = {
    requestedDate: dueAt.toISOString(),
    isAutoTopup: true,
    relatedTopupBalance: { id: parent.id, role: 'parent' },
  };
  const decision = decide(topup, processor.contextOf(topup, now));
  if (isRefusal(decision)) processor.keepRefused(topup, decision, toJsonObject(topup.amount), known, now);
  else processor.create(topup, decision, now, known);
}

/** The scheduled top-up goes on, or has made as many top-ups as it was to. */
function advance(processor: CommandProcessor, id: string, nextDue: Date | undefined, now: Date): void {
  const action = processor.state.actions.get(id);
  if (action === undefined) throw new Error(`topupBalance ${id} is not locked`);
  const periodsDone = Number(action.snapshot['periodsDone'] ?? 0) + 1;
  if (periodsDone === action.snapshot['numberOfPeriods']) {
    stop(processor, action);
    processor.end(action, 'completed', { periodsDone }, now);
    return;
  }
  const row = processor.change(action, { periodsDone, nextDueDate: nextDue?.toISOString() ?? null }, now);
  processor.emit(eventsOf('topupBalance', ['AttributeValueChange'], row, now, processor.dependencies.nextId));
}
